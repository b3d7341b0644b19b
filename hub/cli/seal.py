"""`seinhuis seal`: the sealer alone, in the foreground: a process or a machine of its own."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from importlib.metadata import version
from typing import Annotated

import typer

from hub import log, metrics, recording
from hub.access import SEALER_USER, users
from hub.bootstrap import HUB_SHARD, now, rulebook
from hub.cli import output
from hub.cli.options import AsJson, Broker, Config, Data, settings_from
from hub.config import Settings
from hub.data_folder import BrokerAddress, running
from hub.errors import BrokerMissing, NotUsable
from hub.failed_access import FailedAccess
from hub.ledger.database import writing
from hub.ledger.process import ledger, sealer
from hub.ledger.store import LEDGER_SHARD, add_note
from hub.stores.connection import without_password
from hub.supervision.http import serving
from hub.supervision.sealing import sealer_answers
from hub.vault.interface import LOG
from hub.vault.keyring import FileKeyring
from schemas.records import RecordEvent


def seal(
    *,
    log_format: Annotated[
        str | None,
        typer.Option("--log", metavar="console|json", help="Log format [SEINHUIS_LOG]."),
    ] = None,
    log_level: Annotated[
        str | None,
        typer.Option("--log-level", metavar="LEVEL", help="Log level [SEINHUIS_LOG_LEVEL]."),
    ] = None,
    data: Data = None,
    config: Config = None,
    broker: Broker = None,
    as_json: AsJson = False,
) -> None:
    """Seal the records of a hub here, until Ctrl-C.

    For a sealer on a machine or under an account of its own, beside hubs with `up --no-seal`: it
    has the keys of the log and the ledger, and they have not. Reads the broker as user `sealer`
    (SEINHUIS_SEALER_PASSWORD_FILE), also what the broker refused, and publishes checkpoints.
    Several may run: one seals, the others wait for it to end. With --json one document on stdout
    when it begins.

    Exits with 0 when it was asked to stop, 1 when a person must look at the ledger first, 2 when a
    setting or the keyring cannot be used, 4 when no hub runs here or the database does not answer.
    """
    settings = settings_from(
        data=data, config=config, broker=broker, log=log_format, log_level=log_level
    )
    log.configure(json=settings.log_json, level=settings.log_level)
    address = _address(settings)
    book = rulebook(settings)
    keyring = FileKeyring(settings.keys, now)
    work = sealer(settings, address, [*book.shards(), HUB_SHARD], keyring, now)
    _first_key_on_record(settings, keyring)
    inboxes = [party.id for party in book.parties.values() if party.has_inbox]
    accounts = {user.name for user in users(book.shards(), inboxes)}
    stop = threading.Event()
    if as_json:
        output.document(
            {"sealing": True, "url": without_password(address.url), "log": str(settings.log_folder)}
        )
    metrics.build(version("seinhuis"), book.digest[:12])
    with (
        serving(settings.metrics, sealer_answers(work.status)),
        _stopped_by_signals(stop),
        _refusals(settings, address, accounts, stop),
    ):
        work.run(stop)


def _address(settings: Settings) -> BrokerAddress:
    if settings.broker is None:
        found = running(settings.data, SEALER_USER)
        if found is None:
            raise BrokerMissing(
                f"no hub is running on the data folder {settings.data}: start one with `seinhuis"
                " up`, or name another with --data or --broker"
            )
        return found
    if not settings.sealer_password:
        raise NotUsable(
            "the password of user `sealer` at your broker is not given: name the file that holds it"
            " in SEINHUIS_SEALER_PASSWORD_FILE (`seinhuis accounts` writes it)"
        )
    return BrokerAddress(settings.broker, SEALER_USER, settings.sealer_password)


def _first_key_on_record(settings: Settings, keyring: FileKeyring) -> None:
    """Make the key of the log if there is none, and put on record what no hub does here."""
    keyring.signer(settings.log_origin)
    made = [key_id for key_id in keyring.take_created() if key_id.partition(".")[0] == LOG]
    if not made:
        return
    engine = ledger(settings)
    try:
        with writing(engine) as connection:
            for key_id in made:
                record = recording.plain(
                    LEDGER_SHARD, now(), RecordEvent.KEY_CREATED, ("key", key_id), "ok"
                )
                add_note(connection, record)
    finally:
        engine.dispose()
    keyring.recorded(made)


@contextlib.contextmanager
def _stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    """Set `stop` at Ctrl-C or SIGTERM; the second time the process ends at once."""

    def asked(number: int, _: object) -> None:
        stop.set()
        signal.signal(number, signal.SIG_DFL)

    before = {number: signal.signal(number, asked) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _refusals(
    settings: Settings, address: BrokerAddress, accounts: set[str], stop: threading.Event
) -> Iterator[None]:
    """Take over beside the work what the broker refuses."""
    engine = ledger(settings)
    watch = FailedAccess(address, engine, accounts, now)
    thread = threading.Thread(target=watch.run, args=(stop,), name="refusals", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        engine.dispose()
