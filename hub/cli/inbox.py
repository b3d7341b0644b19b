"""`seinhuis inbox PARTY`: read an inbox, and act on what is in it."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from handlers.deliveries import State
from hub.bootstrap import Hub, attach, now
from hub.cli import mailbox, output
from hub.cli.defaulting import ListOfOne
from hub.cli.grounds import how
from hub.cli.options import AsJson, Broker, Config, Data, settings_from
from hub.cli.running import run
from hub.cli.tables import whole

inbox = typer.Typer(cls=ListOfOne, add_completion=False, rich_markup_mode=None)

InState = StrEnum(  # type: ignore[misc] # made from the states of handlers.deliveries
    "InState", [(word, word) for word in (*State, mailbox.NOTICE)]
)
_IN_STATE = f"Only what is {', '.join(State)} or a {mailbox.NOTICE}"

Message = Annotated[
    str, typer.Argument(metavar="MESSAGE", help="Its name, or enough of its beginning.")
]


@inbox.callback()
def _inbox(
    *,
    context: typer.Context,
    party: Annotated[str, typer.Argument(metavar="PARTY", help="Whose: ind, gm0363, lro, …")],
) -> None:
    """Read the inbox of a party, and act on it.

    Without a subcommand it lists. Acts are published as the party, on its own intake, as its own
    system would; the hub records them and tells the sender.

    For operators, training and small organisations: it reads with the rights of the hub.
    """
    context.obj = party


@inbox.command("list")
def list_mail(
    *,
    context: typer.Context,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, help="The newest N only.")
    ] = 50,
    state: Annotated[
        InState | None, typer.Option("--state", metavar="STATE", help=f"{_IN_STATE}.")
    ] = None,
    overdue: Annotated[
        bool, typer.Option("--overdue", help="Only what should have been acknowledged by now.")
    ] = False,
    data: Data = None,
    config: Config = None,
    broker: Broker = None,
    as_json: AsJson = False,
) -> None:
    """List what is in the inbox, oldest first; then the notices of the hub.

    A notice says what became of a message: about which, and by whom. Whether your own system took
    a notice is not shown: the hub does not keep it. Changes nothing, and shows no content. With
    --json one document a line.

    Exits with 0, also when there is nothing; 2 when there is no such state, 4 when no hub runs, 5
    when there is no such party.
    """
    party = str(context.obj)

    async def read() -> None:
        async with attach(settings_from(data=data, config=config, broker=broker)) as hub:
            mailbox.known_party(hub, party)
            found = await mailbox.all_mail(hub, party)
        at = now()
        kept = [
            mail
            for mail in found
            if (state is None or mail.state == state) and (not overdue or mail.overdue(at))
        ]
        if as_json:
            for mail in kept[-limit:]:
                output.document(mail.document(at))
        else:
            _print_list(party, kept, limit, len(found))

    run(read())


def _print_list(party: str, found: list[mailbox.Mail], limit: int, in_all: int) -> None:
    shown = found[-limit:]
    if not shown:
        of = f": none of its {output.plural(in_all, 'message')} is so" if in_all else ""
        output.line(f"nothing in the inbox of {party}{of}")
        return
    full = [mail.entry.message for mail in shown]
    names = dict(zip(full, mailbox.unique_beginnings(full), strict=True))
    messages = [mail for mail in shown if mail.state != mailbox.NOTICE]
    notices = [mail for mail in shown if mail.state == mailbox.NOTICE]
    if messages:
        _print_messages(messages, names)
    if messages and notices:
        output.line()
    if notices:
        _print_notices(notices, names)
    late = sum(mail.overdue(now()) for mail in messages)
    more = f" (of {len(found):,}: the newest)" if len(found) > limit else ""
    marked = f"{late} overdue, marked !" if late else "none overdue"
    output.line(
        f"{output.plural(len(messages), 'message')}, {marked};"
        f" {output.plural(len(notices), 'notice')}{more}"
    )


def _print_messages(found: list[mailbox.Mail], names: dict[str, str]) -> None:
    rows = [
        (
            names[mail.entry.message],
            output.moment(mail.received),
            mail.entry.sender,
            _deadline(mail),
            mail.state,
        )
        for mail in found
    ]
    columns = (*whole("message", "received"), "from", *whole("acknowledge by", "state"))
    output.table(columns, rows, [f"{mail.entry.type}, {mail.entry.urgency}" for mail in found])


def _print_notices(found: list[mailbox.Mail], names: dict[str, str]) -> None:
    rows = []
    for mail in found:
        about, by = mail.about() or ("(sealed)", "")
        what = mail.entry.type.removeprefix("berichten.")
        rows.append(
            (
                names[mail.entry.message],
                output.moment(mail.received),
                what,
                by,
                about[: output.SHORT],
            )
        )
    output.table((*whole("notice", "received"), "what", "by", *whole("about")), rows)


def _deadline(mail: mailbox.Mail) -> str:
    text = output.moment(datetime.fromisoformat(mail.entry.deadline))
    return f"! {text}" if mail.overdue(now()) else text


@inbox.command()
def show(
    *,
    context: typer.Context,
    message: Message,
    data: Data = None,
    config: Config = None,
    broker: Broker = None,
    as_json: AsJson = False,
) -> None:
    """Show what stands in the clear of one message, and how it got here.

    Changes nothing. The content of a copy is sealed; to see it there is `open`, which is on record.
    A notice without text is not sealed, and is shown whole.

    Exits with 0, 4 when no hub runs, 5 when there is no such party or message.
    """

    async def read() -> None:
        async with attach(settings_from(data=data, config=config, broker=broker)) as hub:
            mail = await mailbox.find(hub, str(context.obj), message)
            if as_json:
                output.document(await full_document(hub, mail))
            else:
                await print_mail(hub, mail)

    run(read())


async def full_document(hub: Hub, mail: mailbox.Mail) -> dict[str, Any]:
    """Return one message as programs read it, with its event when it may be read."""
    verdict = await how(hub, mail.entry)
    return {
        **mail.document(now()),
        "legal_basis": verdict.legal_basis if verdict else None,
        "purpose": verdict.purpose if verdict else None,
        **({} if mail.event is None else {"event": mail.event}),
    }


async def print_mail(hub: Hub, mail: mailbox.Mail) -> None:
    """Write one message for a person, with its content when it may be read."""
    for text in mailbox.readable(mail, await how(hub, mail.entry)):
        output.line(text)
