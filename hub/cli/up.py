"""`seinhuis up`: the hub in the foreground, until it is asked to stop."""

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer
from redis.exceptions import RedisError

from hub import log
from hub.bootstrap import Hub, start
from hub.cli import output
from hub.cli.options import AsJson, Broker, Config, Data, settings_from
from hub.cli.running import run
from hub.config import Settings
from hub.data_folder import credentials_file, running
from hub.errors import HubError, NotFound, NotUsable
from hub.stores import keys
from hub.stores.connection import translated, without_password
from hub.working import work

_EXAMPLE = ("ind", "gm0363")


def up(
    *,
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            min=0,
            max=65_535,
            metavar="PORT",
            help="Also listen on this port of 127.0.0.1; 0 picks a free one [SEINHUIS_PORT].",
        ),
    ] = None,
    log_format: Annotated[
        str | None,
        typer.Option("--log", metavar="console|json", help="Log format [SEINHUIS_LOG]."),
    ] = None,
    log_level: Annotated[
        str | None,
        typer.Option("--log-level", metavar="LEVEL", help="Log level [SEINHUIS_LOG_LEVEL]."),
    ] = None,
    no_seal: Annotated[
        bool,
        typer.Option("--no-seal", help="Leave the sealing to `seinhuis seal` [SEINHUIS_SEAL=0]."),
    ] = False,
    data: Data = None,
    config: Config = None,
    broker: Broker = None,
    as_json: AsJson = False,
) -> None:
    """Start the hub here, until Ctrl-C.

    Starts the bundled broker on the data folder (or uses --broker), makes it ready, and routes
    events until Ctrl-C or SIGTERM; then it finishes what is under way. Everything that was
    accepted is on disk and goes on at the next start. One hub at a time has a data folder.

    It also seals the records in the ledger, unless --no-seal: then a `seinhuis seal` elsewhere
    must, for beyond a bound nothing new is handled.

    The log is on stderr. With --json the first line on stdout is a document that says where the
    broker listens; it is written when events can be published.

    Exits with 0 when it was asked to stop, 1 when it stopped by itself, 2 when a setting, the
    data folder, the port or the role config cannot be used, 4 when the broker does not start or
    was lost.
    """
    settings = settings_from(
        data=data,
        config=config,
        broker=broker,
        port=port,
        log=log_format,
        log_level=log_level,
        seal=0 if no_seal else None,
    )
    log.configure(json=settings.log_json, level=settings.log_level)
    run(_serve(settings, as_json=as_json))


async def _serve(settings: Settings, *, as_json: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def asked(number: signal.Signals) -> None:
        if not stop.is_set():
            if not settings.log_json:
                output.note("stopping: finishing what is under way (once more to stop at once)")
            signal.signal(number, signal.SIG_DFL)
            loop.remove_signal_handler(number)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked, number)
    try:
        async with start(settings) as hub:
            if as_json:
                output.document(_where(hub))
            else:
                _welcome(hub)
            await work(hub, stop)
    except NotUsable:
        raise  # of what was asked, and not of a hub that ran: one line says it
    except (HubError, RedisError) as error:
        problem = translated(error)
        log.get().error("hub.failed", error=type(problem).__name__, reason=str(problem))
        if problem is error:
            raise  # or it would be its own cause
        raise problem from error


def _where(hub: Hub) -> dict[str, object]:
    settings = hub.settings
    return {
        "ready": True,
        "url": without_password(hub.address.url),
        "tcp": _tcp(settings),
        "data": None if settings.broker else str(settings.data.absolute()),
        "credentials": None if settings.broker else str(_credentials(settings)),
        "config": hub.book.digest,
        "parties": len(hub.book.parties),
    }


def _tcp(settings: Settings) -> str | None:
    try:
        found = None if settings.broker else running(settings.data, tcp=True)
    except NotFound:
        return None
    return found.url if found else None


def _credentials(settings: Settings) -> Path:
    return credentials_file(settings.data.absolute())


def _welcome(hub: Hub) -> None:
    settings = hub.settings
    sender, reader = _EXAMPLE
    lines = [
        f"Seinhuis is up: {len(hub.book.parties)} parties, role config {hub.book.digest[:12]}",
        "",
        f"  broker       {without_password(hub.address.url)}",
    ]
    if tcp := _tcp(settings):
        lines.append(f"               {tcp}")
    if not settings.broker:
        lines += [
            f"  passwords    {_credentials(settings)}",
            "               each party is a user of the broker under its own name",
        ]
    lines.append(f"  keyring      {settings.keys}: back it up, apart from the data")
    elsewhere = settings.data if settings.data != Path("data") else None
    output.remember(broker=settings.broker, data=None if settings.broker else elsewhere)
    lines += [
        f"  publish      {output.command('send', 'FILE', '--wait')}",
        f"               or as {sender}: XADD {keys.intake(sender)} * event '{{…}}'",
        f"  read         {output.command('inbox', reader)}",
        "  stop         Ctrl-C",
        "",
    ]
    for text in lines:
        output.line(text)
    output.flush()
