"""`seinhuis inbox PARTY`: read an inbox, and act on what is in it."""

import json
from datetime import datetime
from typing import Annotated, Any

import typer

from hub.bootstrap import Hub, attach, now
from hub.cli import mailbox, output
from hub.cli.defaulting import ListOfOne
from hub.cli.options import AsJson, Broker, Config, Data, settings_from
from hub.cli.running import run

inbox = typer.Typer(cls=ListOfOne, add_completion=False, rich_markup_mode=None)

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
        str | None, typer.Option("--state", metavar="STATE", help="In this state only.")
    ] = None,
    overdue: Annotated[
        bool, typer.Option("--overdue", help="Only what should have been acknowledged by now.")
    ] = False,
    data: Data = None,
    config: Config = None,
    broker: Broker = None,
    as_json: AsJson = False,
) -> None:
    """List what is in the inbox, oldest first.

    Changes nothing, and shows no content. With --json one document a line.

    Exits with 0, also when the inbox is empty; 4 when no hub runs, 5 when there is no such party.
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
        _print_list(party, kept, limit, as_json=as_json)

    run(read())


def _print_list(party: str, found: list[mailbox.Mail], limit: int, *, as_json: bool) -> None:
    at = now()
    shown = found[-limit:]
    if as_json:
        for mail in shown:
            output.document(mail.document(at))
        return
    if not shown:
        output.line(f"nothing in the inbox of {party}")
        return
    names = mailbox.unique_beginnings([mail.entry.message for mail in shown])
    rows = [
        (
            name,
            output.moment(mail.received),
            mail.entry.sender,
            mail.entry.type.replace(".", ".\n"),
            mail.entry.urgency,
            _deadline(mail),
            mail.state,
        )
        for name, mail in zip(names, shown, strict=True)
    ]
    columns = ("message", "received", "from", "type", "urgency", "deadline", "state")
    output.table(columns, rows)
    late = sum(mail.overdue(at) for mail in shown)
    more = f" of {len(found):,}, the newest" if len(found) > limit else ""
    output.line(f"{output.plural(len(shown), 'message')}{more}; {late} overdue")


def _deadline(mail: mailbox.Mail) -> str:
    if mail.state == mailbox.NOTICE:
        return ""
    text = output.moment(datetime.fromisoformat(mail.entry.deadline))
    return f"! {text} overdue" if mail.overdue(now()) else text


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
    """Show one message, and how it got here.

    Changes nothing: to mark it as opened there is `open`. It holds personal data; look at it only
    for your task.

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
    """Return one message as programs read it, with its content."""
    verdict = await mailbox.how(hub, mail)
    return {
        **mail.document(now()),
        "legal_basis": verdict.legal_basis if verdict else None,
        "purpose": verdict.purpose if verdict else None,
        "event": json.loads(mail.entry.content),
    }


async def print_mail(hub: Hub, mail: mailbox.Mail) -> None:
    """Write one message with its content, for a person."""
    for text in mailbox.readable(mail, await mailbox.how(hub, mail)):
        output.line(text)
