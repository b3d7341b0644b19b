"""`seinhuis inbox PARTY ACT MESSAGE`: what a recipient does with its copy."""

from enum import StrEnum
from typing import Annotated

import typer

from hub.bootstrap import attach, now
from hub.cli import acts, mailbox, output
from hub.cli.exits import Exit
from hub.cli.failing import Stop
from hub.cli.inbox import Message, full_document, inbox, print_mail
from hub.cli.options import AsJson, Broker, Config, Data, settings_from
from hub.cli.running import run
from hub.config import Settings

__all__ = ["inbox"]


class Code(StrEnum):
    """Why a recipient refuses; the other codes of the message are those of the hub itself."""

    NOT_COMPETENT = "niet-bevoegd"
    WRONG_ADDRESSEE = "onjuiste-geadresseerde"
    INCOMPLETE = "onvolledig"
    DOUBLE = "dubbel"


class Level(StrEnum):
    """How much a recipient tells."""

    RECEIVED = "ontvangen"
    AT_WORK = "in-behandeling"
    DONE = "afgerond-zonder-inhoud"
    TEXT = "inhoud"


def _act(
    context: typer.Context,
    message: str,
    act: acts.Act,
    settings: Settings,
    *,
    as_json: bool,
    notices: bool = False,
) -> None:
    party = str(context.obj)

    async def do() -> None:
        async with attach(settings) as hub:
            mail = await mailbox.find(hub, party, message)
            done = await acts.perform(hub, mail, act, notices=notices)
            mail = mailbox.Mail(mail.entry, done.state)
            if as_json:
                output.document({**mail.document(now()), "changed": done.changed})
            else:
                output.line(f"{mail.entry.message} in the inbox of {party} {_said(done)}")

    run(do())


def _said(done: acts.Performed) -> str:
    if done.state == mailbox.NOTICE:
        return "is ticked off"
    if done.changed:
        return f"is now {done.state}"
    return f"is {done.state}: this was done before; nothing changed"


@inbox.command("open")
def open_(
    *,
    context: typer.Context,
    message: Message,
    data: Data = None,
    config: Config = None,
    broker: Broker = None,
    as_json: AsJson = False,
) -> None:
    """Open it (ingezien): the one way to see what it says.

    The hub hands over the key of this copy, and puts on record which party opened it, each time.
    The first time the state changes to opened and the sender is told. It holds personal data: open
    it only for your task. A notice without text is shown as it is, without a record.

    Exits with 0 when it is opened, 3 when the hub refused (with why: erased, or not allowed), 4
    when no hub runs or answers in time, 5 when there is no such party or message.
    """
    settings = settings_from(data=data, config=config, broker=broker)

    async def do() -> None:
        async with attach(settings) as hub:
            found = await mailbox.find(hub, str(context.obj), message)
            mail = await acts.open_copy(hub, found)
            if as_json:
                shown = await full_document(hub, mail)
                output.document({**shown, "changed": mail.state != found.state})
                return
            await print_mail(hub, mail)
            if mail.opened is not None:
                output.note("this opening is on record")

    run(do())


@inbox.command()
def acknowledge(
    *,
    context: typer.Context,
    message: Message,
    data: Data = None,
    config: Config = None,
    broker: Broker = None,
    as_json: AsJson = False,
) -> None:
    """Say that it is safe in your own system (ack).

    Publishes `ontvangst-bevestigd`. Changes the state to acknowledged; the sender is told, and the
    deadline is met. A notice of the hub is only ticked off.

    Exits with 0 when the hub did it, 3 when it refused (with why), 4 when no hub runs, 5 when
    there is no such party or message.
    """
    settings = settings_from(data=data, config=config, broker=broker)
    _act(context, message, lambda d: d.acknowledge(), settings, as_json=as_json, notices=True)


inbox.command("ack", hidden=True)(acknowledge)


@inbox.command("take-up")
def take_up(
    *,
    context: typer.Context,
    message: Message,
    case: Annotated[
        str | None, typer.Option("--case", metavar="REF", help="Your own case (zaakRef).")
    ] = None,
    data: Data = None,
    config: Config = None,
    broker: Broker = None,
    as_json: AsJson = False,
) -> None:
    """Say that you work on it (opgepakt).

    Changes the state to taken-up; the sender is told.

    Exits with 0 when the hub did it, 3 when it refused (with why), 4 when no hub runs, 5 when
    there is no such party or message.
    """
    settings = settings_from(data=data, config=config, broker=broker)
    _act(context, message, lambda d: d.take_up(case), settings, as_json=as_json)


@inbox.command("pass-on")
def pass_on(
    *,
    context: typer.Context,
    message: Message,
    to: Annotated[str, typer.Option("--to", metavar="PARTY", help="To whom: om, zvh-utrecht, …")],
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="TEXT", help="Why; one line, no names.")
    ] = None,
    data: Data = None,
    config: Config = None,
    broker: Broker = None,
    as_json: AsJson = False,
) -> None:
    """Pass it on to who should have it (doorzenden).

    The hub decides by `doorzenden` of your organisation in the role config; a derdenverbod stops
    it. The other party gets at most what this copy holds, and the sender is told.

    Exits with 0 when the hub did it, 3 when it refused (with why), 4 when no hub runs, 5 when
    there is no such party or message.
    """
    settings = settings_from(data=data, config=config, broker=broker)
    _act(context, message, lambda d: d.pass_on(to, reason), settings, as_json=as_json)


@inbox.command()
def refuse(
    *,
    context: typer.Context,
    message: Message,
    code: Annotated[
        Code,
        typer.Option(
            "--code",
            metavar="CODE",
            help="niet-bevoegd, onjuiste-geadresseerde, onvolledig or dubbel.",
        ),
    ],
    data: Data = None,
    config: Config = None,
    broker: Broker = None,
    as_json: AsJson = False,
) -> None:
    """Refuse it, with a code (geweigerd).

    Changes the state to refused, for good; the sender is told. The first code stands.

    Exits with 0 when the hub did it, 2 when there is no such code, 3 when it refused (with why), 4
    when no hub runs, 5 when there is no such party or message.
    """
    settings = settings_from(data=data, config=config, broker=broker)
    _act(context, message, lambda d: d.refuse(code.value), settings, as_json=as_json)


@inbox.command("feed-back")
def feed_back(
    *,
    context: typer.Context,
    message: Message,
    level: Annotated[
        Level,
        typer.Option(
            "--level",
            metavar="LEVEL",
            help="ontvangen, in-behandeling, afgerond-zonder-inhoud, or inhoud with --text.",
        ),
    ],
    text: Annotated[
        str | None, typer.Option("--text", metavar="TEXT", help="Only with --level inhoud.")
    ] = None,
    data: Data = None,
    config: Config = None,
    broker: Broker = None,
    as_json: AsJson = False,
) -> None:
    """Tell the sender what became of it.

    Publishes a `terugkoppeling`. The state stays as it is; the same words twice are one feedback.

    Exits with 0 when the hub did it, 2 when level and text do not fit, 3 when it refused (with
    why), 4 when no hub runs, 5 when there is no such party or message.
    """
    if level is Level.TEXT and not (text or "").strip():
        raise Stop(Exit.NOT_USABLE, "--level inhoud needs its text: add --text TEXT")
    if level is not Level.TEXT and text is not None:
        raise Stop(Exit.NOT_USABLE, "--text goes only with --level inhoud: leave one of them out")
    settings = settings_from(data=data, config=config, broker=broker)
    _act(context, message, lambda d: d.feed_back(level.value, text), settings, as_json=as_json)
