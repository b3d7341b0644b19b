"""`seinhuis held` and `seinhuis dead`: what waits for a person, and what one may do with it."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

import typer

from hub.bootstrap import attach
from hub.cli import output, waiting
from hub.cli.defaulting import ListByDefault
from hub.cli.exits import Exit
from hub.cli.failing import Stop
from hub.cli.options import AsJson, Broker, Config, Data, settings_from
from hub.cli.running import run
from hub.config import Settings
from hub.desk import Desk, Done
from hub.errors import HubError
from hub.ports import ParkedEntry
from hub.steps import Queue
from schemas.identifiers import holds_bsn

_LONGEST_REASON: Final = 200

Action = Callable[[Desk, str, str], Awaitable[Done | None]]

EntryName = Annotated[
    str, typer.Argument(metavar="SHARD/ENTRY", help="As the list shows it: ind/1795452437661-0.")
]
Reason = Annotated[
    str,
    typer.Option("--reason", metavar="TEXT", help="Why, for the record: a code, never a name."),
]


def _group(queue: Queue) -> typer.Typer:
    """Return the subcommands that both queues have."""
    group = typer.Typer(cls=ListByDefault, add_completion=False, rich_markup_mode=None)

    @group.command("list")
    def list_(
        *,
        shard: Annotated[str | None, typer.Option("--shard", help="Of this sender only.")] = None,
        data: Data = None,
        config: Config = None,
        broker: Broker = None,
        as_json: AsJson = False,
    ) -> None:
        """List them, oldest first.

        Changes nothing, and shows no content. With --json one document a line.

        Exits with 0, also when there is none; 4 when no hub runs, 5 when there is no such shard.
        """
        settings = settings_from(data=data, config=config, broker=broker)
        found = run(_read(settings, queue, shard))
        if as_json:
            for each in found:
                output.document(waiting.document(each, queue))
        else:
            waiting.print_list(found, queue)

    @group.command()
    def show(
        *,
        entry: EntryName,
        content: Annotated[
            bool, typer.Option("--content", help="Also the event (personal data); on record.")
        ] = False,
        data: Data = None,
        config: Config = None,
        broker: Broker = None,
        as_json: AsJson = False,
    ) -> None:
        """Show one, with every reason.

        Changes nothing. The event itself only with --content: then it is on record, before it is
        shown, that the operator saw it.

        Exits with 0, 4 when no hub runs (or that could not be put on record), 5 when there is no
        such entry.
        """
        settings = settings_from(data=data, config=config, broker=broker)
        found = run(_find(settings, queue, entry, look=content))
        if as_json:
            output.document(waiting.document(found, queue, content=content))
        else:
            waiting.print_one(found, queue, content=content)

    @group.command("decide-again")
    def decide_again(
        *,
        entry: EntryName,
        reason: Reason,
        data: Data = None,
        config: Config = None,
        broker: Broker = None,
        as_json: AsJson = False,
    ) -> None:
        """Decide again by the role config of today.

        For when a register or a rule was mended. Whoever has a copy gets no second one. What still
        cannot be decided is held anew; what is still not valid or not allowed stays where it is.

        Exits with 0 when decided, 2 when it cannot be decided again, 3 when the event is not valid
        or not allowed, 4 when no hub runs, 5 when there is no such entry (any more).
        """
        settings = settings_from(data=data, config=config, broker=broker)

        async def action(desk: Desk, shard: str, place: str) -> Done:
            return await desk.decide_again(shard, queue, place, reason)

        _do(queue, entry, reason, settings, action, as_json=as_json)

    @group.command()
    def discard(
        *,
        entry: EntryName,
        reason: Reason,
        data: Data = None,
        config: Config = None,
        broker: Broker = None,
        as_json: AsJson = False,
    ) -> None:
        """Throw it away for good.

        Nobody gets it any more. The reason is on record, and the sender gets a notice with it.

        Exits with 0 when it is gone, 2 when the reason cannot be used, 4 when no hub runs, 5 when
        there is no such entry (any more).
        """
        settings = settings_from(data=data, config=config, broker=broker)

        async def action(desk: Desk, shard: str, place: str) -> None:
            await desk.discard(shard, queue, place, reason)

        _do(queue, entry, reason, settings, action, as_json=as_json)

    return group


held = _group(Queue.HELD)
dead = _group(Queue.DEAD)


@held.callback()
def _held() -> None:
    """What waits for a person: list, show, release and more.

    Events that the hub could not decide alone: no gemeente known, a gemeente that split, a
    competence that is not on record, a full inbox, a correction without its original. Without a
    subcommand it lists. What a person does here is on record, in the role of SEINHUIS_OPERATOR.
    """


@dead.callback()
def _dead() -> None:
    """What was refused: list, show, decide again, discard.

    Events that are not valid or not allowed for their sender, and those that stopped a worker time
    and again. The sender has a notice with the reasons. Without a subcommand it lists.
    """


@held.command()
def release(
    *,
    entry: EntryName,
    to: Annotated[str, typer.Option("--to", metavar="PARTY", help="Who gets it.")],
    reason: Reason,
    rule: Annotated[
        str, typer.Option("--rule", help="Which held rule, when there are several.")
    ] = "",
    data: Data = None,
    config: Config = None,
    broker: Broker = None,
    as_json: AsJson = False,
) -> None:
    """Deliver what is held to a party that you name.

    Puts a copy with the fields of the held rule in the inbox of that party and takes it off the
    list, in one step. What is held under other rules stays held.

    Exits with 0 when delivered, 2 when the party or the rule is not right, 4 when no hub runs, 5
    when there is no such entry (any more).
    """
    settings = settings_from(data=data, config=config, broker=broker)

    async def action(desk: Desk, shard: str, place: str) -> Done:
        return await desk.release(shard, place, to, rule, reason)

    _do(Queue.HELD, entry, reason, settings, action, as_json=as_json)


@held.command("deliver-again")
def deliver_again(
    *,
    entry: EntryName,
    reason: Reason,
    data: Data = None,
    config: Config = None,
    broker: Broker = None,
    as_json: AsJson = False,
) -> None:
    """Deliver again to the same parties.

    For when their inbox was full; under the same rules. Nothing is decided anew; for that there
    is decide-again.

    Exits with 0 when delivered, 2 when nothing in it was decided before, 4 when no hub runs, 5
    when there is no such entry (any more).
    """
    settings = settings_from(data=data, config=config, broker=broker)

    async def action(desk: Desk, shard: str, place: str) -> Done:
        return await desk.deliver_again(shard, place, reason)

    _do(Queue.HELD, entry, reason, settings, action, as_json=as_json)


@dead.command("deliver-again")
def offer_again(
    *,
    entry: EntryName,
    reason: Reason,
    data: Data = None,
    config: Config = None,
    broker: Broker = None,
    as_json: AsJson = False,
) -> None:
    """Put it back on its intake, as it came.

    For what was given up because handling it failed, and for an act that came too early. It is
    read, decided and delivered as if its sender offered it again; what is still not valid comes
    back here. To decide an event without its intake there is decide-again.

    Exits with 0 when it is on the intake, 2 when its sender is no party any more, 4 when no hub
    runs, 5 when there is no such entry (any more).
    """
    settings = settings_from(data=data, config=config, broker=broker)

    async def action(desk: Desk, shard: str, place: str) -> Done:
        return await desk.offer_again(shard, place, reason)

    _do(Queue.DEAD, entry, reason, settings, action, as_json=as_json)


async def _read(settings: Settings, queue: Queue, shard: str | None) -> list[ParkedEntry]:
    async with attach(settings) as hub:
        return [each async for each in waiting.entries(hub, queue, shard)]


async def _find(settings: Settings, queue: Queue, name: str, *, look: bool) -> ParkedEntry:
    async with attach(settings) as hub:
        found = await waiting.find(hub, queue, name)
        if look:
            await hub.desk().look(found)
        return found


def _do(
    queue: Queue, name: str, reason: str, settings: Settings, action: Action, *, as_json: bool
) -> None:
    """Do `action(desk, shard, entry)` and say what it brought about."""
    if not reason.strip() or len(reason) > _LONGEST_REASON or holds_bsn(reason):
        raise Stop(
            Exit.NOT_USABLE,
            f"--reason is 1 to {_LONGEST_REASON} characters that stay on record for good:"
            " a code or a ticket number, no burgerservicenummer and no name",
        )

    async def do() -> dict[str, Any]:
        async with attach(settings) as hub:
            found = await waiting.find(hub, queue, name)
            try:
                done = await action(hub.desk(), found.shard, found.id)
            except HubError as error:
                if type(error) is HubError:  # it cannot be done so; the message says how it can
                    raise Stop(Exit.NOT_USABLE, str(error)) from error
                raise
        return {
            "shard": found.shard,
            "entry": found.id,
            "discarded": done is None,
            "delivered": list(done.delivered) if done else [],
            "still_held": done.still_held if done else 0,
            "held_entry": (done.entry or None) if done else None,
            "intake_entry": (done.offered or None) if done else None,
        }

    result = run(do())
    if as_json:
        output.document(result)
        return
    which = f"{result['shard']}/{result['entry']}"
    if result["discarded"]:
        output.line(f"{which} is discarded; the sender has a notice")
        return
    if result["intake_entry"]:
        output.line(f"{which} is back on its intake, as {result['intake_entry']}")
        return
    parties = ", ".join(result["delivered"])
    output.line(f"{which}: {f'new copies for {parties}' if parties else 'no new copies'}")
    if result["held_entry"]:
        rest = output.plural(result["still_held"], "part")
        output.line(f"  {rest} still held, now as {result['shard']}/{result['held_entry']}")
