"""`seinhuis send`: publish events as their own sender, and wait for the decision when asked."""

import contextlib
from collections.abc import Iterator
from typing import Annotated, Any, Final

import typer

from handlers.rulebook import Party, Rulebook
from hub.bootstrap import Hub, attach, rulebook
from hub.cli import output, verdicts
from hub.cli.events import events_in
from hub.cli.exits import Exit
from hub.cli.failing import Stop
from hub.cli.following import Published, last_records, outcomes, refusal
from hub.cli.options import AsJson, Broker, Config, Data, settings_from
from hub.cli.running import run
from hub.client import Client
from hub.config import Settings
from schemas.identifiers import oin_of
from schemas.problems import InvalidEvent, Problem
from schemas.reading import parse
from schemas.records import Record, RecordEvent

_MANY: Final = 20  # from here on a progress bar is worth its line


def send(
    *,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="Events: one, an array, NDJSON; - is stdin.")
    ],
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait until the hub decided, and show each verdict.")
    ] = False,
    timeout: Annotated[
        float,
        typer.Option("--timeout", metavar="SECONDS", min=0.1, help="With --wait: how long."),
    ] = 30.0,
    data: Data = None,
    config: Config = None,
    broker: Broker = None,
    as_json: AsJson = False,
) -> None:
    """Publish events of a file as their own sender.

    Each event goes onto the intake of the party whose OIN stands in its `source`. When the command
    ends with 0, all are on the disk of the broker. Sending the same event again is safe: the hub
    delivers the same (source, id) once. With --wait it follows the records of the hub and shows
    who got a copy, on which legal basis, which fields the rule lets it see, and why others did not.

    An event that is not valid is not sent: all its problems are shown, and the others go on.

    Exits with 0 when all were sent (and with --wait accepted), 3 when one was not valid or was
    refused, 2 when the file cannot be read (a folder, say) or is empty, 4 when no hub runs or it
    did not decide in time, 5 when there is no such file.
    """
    events = events_in(file)
    settings = settings_from(data=data, config=config, broker=broker)
    sending = _Sending(rulebook(settings), len(events), as_json=as_json)
    run(sending.run(settings, events, timeout if wait else None))
    sending.end()


class _Sending:
    """One call of the command: what was sent, refused, and decided."""

    def __init__(self, book: Rulebook, total: int, *, as_json: bool) -> None:
        self.book = book
        self.total = total
        self.as_json = as_json
        self.published: list[Published] = []
        self.refused = 0
        self.undecided = 0
        self.waited = False

    async def run(self, settings: Settings, events: list[bytes], patience_s: float | None) -> None:
        ready = [
            (number, raw, party)
            for number, raw in enumerate(events, 1)
            if (party := self._sender(number, raw)) is not None
        ]
        if not ready:
            return
        async with attach(settings, self.book) as hub:
            partners = {party.partner for _, _, party in ready}
            shards = [shard for each in partners for shard in self.book.shards_of(each)]
            last = await last_records(hub.store, shards)
            await self._publish(hub, ready, quiet=patience_s is not None)
            if patience_s is not None:
                self.waited = True
                await self._follow(hub, last, patience_s)

    async def _publish(
        self, hub: Hub, ready: list[tuple[int, bytes, Party]], *, quiet: bool
    ) -> None:
        clients: dict[str, Client] = {}
        with _progress("sending", len(ready)) as bar:
            async with contextlib.AsyncExitStack() as stack:
                for number, raw, party in ready:
                    if party.id not in clients:
                        opened = await hub.client(party.id)
                        clients[party.id] = await stack.enter_async_context(opened)
                    receipt = await clients[party.id].publish(raw)
                    each = Published(number, party.id, self.book.shards_of(party.partner), receipt)
                    self.published.append(each)
                    bar()
                    if not quiet and self.as_json:
                        output.document({**_about(each), "result": "published"})

    async def _follow(self, hub: Hub, last: dict[str, int], patience_s: float) -> None:
        missing = {each.number for each in self.published}
        with _progress("deciding", len(missing)) as bar:
            async for each, record in outcomes(hub.store, self.published, last, patience_s):
                missing.discard(each.number)
                bar()
                problems: tuple[Problem, ...] = ()
                if record.event is RecordEvent.DEAD_LETTERED:
                    self.refused += 1
                    problems = await refusal(hub.store, self.book, each)
                self._decided(each, record, problems)
        self.undecided = len(missing)

    def _sender(self, number: int, raw: bytes) -> Party | None:
        """Return the party that sends this event, or say what is wrong with it."""
        try:
            event = parse(raw, self.book.prefix)
        except InvalidEvent as invalid:
            problems = invalid.problems
        else:
            party = self.book.by_oin.get(oin_of(event.source))
            if party is not None:
                return party
            rule = "the OIN is not that of a party in the role config"
            problems = (
                Problem("source", rule, "use the OIN of the sender, as in the role config"),
            )
        self.refused += 1
        self._show_problems({"event": number}, "invalid", problems)
        return None

    def _decided(self, each: Published, record: Record, problems: tuple[Problem, ...]) -> None:
        about = _about(each)
        if record.event is RecordEvent.DEAD_LETTERED:
            self._show_problems(about, "refused", problems)
            return
        found = verdicts.as_documents(record.verdicts or ())
        if self.as_json:
            output.document({**about, "result": record.event.value, "verdicts": found})
            return
        if self.total > 1:
            output.line(f"event {each.number}: {record.type} of {each.party}: {_summary(record)}")
            return
        output.line(f"{record.type} of {each.party}, message {each.receipt.message[:8]}")
        if found:
            verdicts.show(found)
        else:
            output.line(_summary(record))

    def _show_problems(
        self, about: dict[str, Any], result: str, problems: tuple[Problem, ...]
    ) -> None:
        if self.as_json:
            listed = [{"place": p.place, "rule": p.rule, "way_out": p.way_out} for p in problems]
            output.document({**about, "result": result, "problems": listed})
            return
        output.line(f"event {about['event']}: {result}")
        for problem in problems:
            output.line(f"  {problem}")

    def end(self) -> None:
        """Say how it went, and end with the code that belongs to it."""
        sent = len(self.published)
        if not self.as_json and not self.waited:
            output.line(f"{output.plural(sent, 'event')} sent")
        if self.undecided:
            raise Stop(
                Exit.NO_HUB,
                f"{output.plural(self.undecided, 'event')} on the intake and not decided in time:"
                f" is a worker running ({output.command('up')})? Nothing is lost; sending again"
                " is safe",
            )
        if self.refused:
            raise Stop(
                Exit.REFUSED,
                f"{self.refused} of {output.plural(self.total, 'event')} not accepted, see above",
            )


def _about(each: Published) -> dict[str, Any]:
    return {
        "event": each.number,
        "sender": each.party,
        "source": each.receipt.source,
        "id": each.receipt.id,
        "message": each.receipt.message,
        "entry": each.receipt.entry,
    }


def _summary(record: Record) -> str:
    if record.event is RecordEvent.DUPLICATE:
        return "was sent before, the same (source, id); nothing was delivered again"
    if record.event is RecordEvent.ACT_ACCEPTED:
        return "done; the sender of the message has a notice"
    found = record.verdicts or ()
    parties = [line.party or "" for line in found if line.outcome == "forward"]
    held = sorted({line.reason or "" for line in found if line.outcome == "hold"})
    parts = [f"copies for {', '.join(parties)}"] if parties else []
    parts += [f"held ({', '.join(held)})"] if held else []
    return "; ".join(parts)


@contextlib.contextmanager
def _progress(what: str, total: int) -> Iterator[Any]:
    """Give a function to call for each event done; it draws only for many, on a terminal."""
    from rich.console import Console  # noqa: PLC0415 - takes long to import
    from rich.progress import Progress  # noqa: PLC0415

    console = Console(stderr=True)
    with Progress(
        console=console, transient=True, disable=total < _MANY or not console.is_terminal
    ) as progress:
        task = progress.add_task(what, total=total)
        yield lambda: progress.advance(task)
