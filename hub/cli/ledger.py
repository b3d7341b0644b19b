"""`seinhuis ledger`: look after the ledger; asking it something is `seinhuis audit`."""

import contextlib
from collections.abc import Iterator
from typing import Annotated

import typer
from sqlalchemy import Connection

from hub.bootstrap import HUB_SHARD, now, rulebook
from hub.cli import ledger_state, output
from hub.cli.exits import Exit
from hub.cli.ledger_state import LedgerState
from hub.cli.options import AsJson, Broker, Config, Data, settings_from
from hub.cli.reasons import Reason, Yes, checked, confirm
from hub.config import Settings
from hub.errors import HubError, NotFound
from hub.ledger import asking, faults, store
from hub.ledger.database import reading
from hub.ledger.growth import Tree
from hub.ledger.live import misplaced
from hub.ledger.process import ledger as open_migrated
from hub.ledger.process import published_keys
from hub.ledger.read_model import rebuild as made_anew
from hub.ledger.reading import open_log
from hub.proof.bundle import CHECKPOINT
from hub.proof.checkpoints import Checkpoint
from hub.proof.errors import ProofError
from hub.proof.notes import split_note
from hub.proof.showing import progress_bar

ledger = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)


@ledger.callback()
def group() -> None:
    """Look after the ledger: status, checks and gaps.

    The ledger is a database (SEINHUIS_LEDGER) with every record of what the hub did, sealed. What
    stands in it is asked with `seinhuis audit`.
    """


@ledger.command()
def status(
    *,
    data: Data = None,
    config: Config = None,
    broker: Broker = None,
    as_json: AsJson = False,
) -> None:
    """Say what is sealed, what waits, and who seals.

    Changes nothing. What waits is known only while a broker answers. For a monitor: with --json one
    document, and the exit code.

    Exits with 0 when all is well, 1 when sealing is behind or a shard waits for a person, 4 when
    the database does not answer, 5 when there is no ledger yet.
    """
    settings = settings_from(data=data, config=config, broker=broker)
    state = state_of(settings)
    if as_json:
        output.document(state.document())
    else:
        _tell(state)
    if state.problems():
        raise typer.Exit(Exit.UNEXPECTED)


@ledger.command()
def check(
    *,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Check quickly that tree, positions and published folder agree.

    Reads no record; `seinhuis audit verify` does. Changes nothing.

    Exits with 0 when they agree, 3 when not (each fault is told), 4 when the database does not
    answer, 5 when there is no ledger yet.
    """
    settings = settings_from(data=data)
    with _opened(settings) as connection:
        size = asking.size(connection)
        found = list(_disagreements(connection, settings))
    if as_json:
        output.document({"size": size, "faults": found})
    else:
        for each in found:
            output.line(f"FAULT: {each}")
        if not found:
            output.line(f"{output.plural(size, 'record')}: tree, positions and folder agree")
    if found:
        raise typer.Exit(Exit.REFUSED)


@ledger.command()
def rebuild(
    *,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Make the read model anew from the records.

    When `seinhuis audit verify` says that it differs. The records stay as they are, and who asks
    meanwhile sees the old one. On SQLite sealing waits for it. Safe to stop and to repeat.

    Exits with 0, 4 when the database does not answer, 5 when there is no ledger yet, 130 when
    stopped with Ctrl-C: then nothing was changed.
    """
    settings = settings_from(data=data)
    with open_log(settings, now) as log, progress_bar(wanted=not as_json) as progress:
        size = made_anew(log.engine, progress or (lambda _, __: None))
    if as_json:
        output.document({"records": size})
    else:
        output.line(f"the read model of {output.plural(size, 'record')} is made anew")


@ledger.command("accept-gap")
def accept_gap(
    *,
    shard: Annotated[str, typer.Argument(metavar="SHARD", help="As `ledger status` names it.")],
    reason: Reason,
    yes: Yes = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Let sealing go on behind a gap that was looked into.

    A shard is not sealed further when numbers are missing or come again: records were lost, removed
    or set back. Find out which before this; verifiers will always show the gap, with your reason.

    Exits with 0, 2 when it was not confirmed or the reason cannot be used, 4 when the database does
    not answer, 5 when that shard is not stopped.
    """
    settings = settings_from(data=data)
    words = checked(reason)
    with open_log(settings, now) as log:
        with reading(log.engine) as connection:
            fault = faults.open_faults(connection).get(shard)
        if fault is None:
            raise NotFound(
                "that shard is not stopped: there is no gap to accept; see: seinhuis ledger status"
            )
        what = f"{fault.first}-{fault.last} of shard {shard}"
        confirm(
            f"The log will say for good that {what} were accepted ({fault.kind.value}).", yes=yes
        )
        operator = ("operator", settings.operator)
        span = faults.accept(log.engine, shard, words, operator, now())
    if as_json:
        output.document({"shard": shard, "accepted": span})
    else:
        output.line(f"{span} of shard {shard} accepted; the sealer goes on within a moment")


@ledger.command()
def migrate(
    *,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Make the tables, or bring them to this version.

    A hub does so at its start; this is for who makes the database beforehand, with another account.
    Make a backup first. Idempotent.

    Exits with 0, 2 when a newer Seinhuis wrote the ledger or it cannot be written, 4 when the
    database does not answer.
    """
    settings = settings_from(data=data)
    open_migrated(settings).dispose()
    if as_json:
        output.document({"migrated": True})
    else:
        output.line("the ledger has the tables of this version")


def state_of(settings: Settings) -> LedgerState:
    """Look at the ledger of these settings, and at the broker when one answers."""
    try:
        shards = {*rulebook(settings).shards(), HUB_SHARD}
    except HubError:
        shards = {HUB_SHARD}
    with _opened(settings) as connection:
        known = asking.numbers(connection).keys() - {store.LEDGER_SHARD}
        return ledger_state.look(connection, settings, shards | known)


@contextlib.contextmanager
def _opened(settings: Settings) -> Iterator[Connection]:
    with open_log(settings, now) as log, reading(log.engine) as connection:
        yield connection


def _tell(state: LedgerState) -> None:
    size = f"{state.bytes / 1_000_000:,.1f} MB" if state.bytes is not None else "size not known"
    output.line(f"{output.plural(state.size, 'record')} sealed; {size}")
    if state.checkpoint_at is not None:
        output.line(f"last checkpoint   {output.second(asking.moment(state.checkpoint_at))}")
    output.line(
        f"sealer            {state.holder or 'none yet'}{'' if state.active else ' (not active)'}"
    )
    if state.unsealed is None:
        output.line("waiting           not known: no broker answers here")
    else:
        count = sum(state.unsealed.values())
        oldest = f", the oldest for {state.oldest_s:,.1f} s" if count else ""
        output.line(f"waiting           {output.plural(count, 'record')}{oldest}")
        for shard, number in sorted(state.unsealed.items()):
            output.line(f"                  {shard} {number:,}")
    if state.notes:
        output.line(f"notes             {state.notes:,} not sealed yet")
    for what, way_out in state.problems():
        output.line(f"! {what}")
        output.line(f"  -> {way_out}")


def _disagreements(connection: Connection, settings: Settings) -> Iterator[str]:
    head = store.newest_checkpoint(connection)
    try:
        Tree.load(connection, head)
    except HubError as error:
        yield str(error)
    for shard in misplaced(connection):
        yield f"the position of shard {shard} is not that of its last record: see `audit verify`"
    yield from folder_problems(settings, head)


def folder_problems(settings: Settings, head: store.Head | None) -> Iterator[str]:
    """Say in what the published folder differs from the newest checkpoint of the database."""
    file = settings.log_folder / CHECKPOINT
    size = head.size if head else 0
    try:
        shown = Checkpoint.parse(split_note(file.read_text(encoding="utf-8"))[0])
        published_keys(settings)
    except FileNotFoundError:
        if head is None:
            return
        yield f"{settings.log_folder} has no checkpoint: start a sealer, which writes it anew"
        return
    except (OSError, ValueError, ProofError, HubError):
        yield f"{file}, or key.pub beside it, cannot be read: somebody changed it; keep it"
        return
    if shown.size > size:
        yield (
            f"{settings.log_folder} shows {output.plural(shown.size, 'record')} and the database"
            f" has {size:,}: the database was set back; put its newest copy back"
        )
    elif head is None or (shown.size, shown.root) == (head.size, head.root):
        return
    elif shown.size == size:
        yield f"{settings.log_folder} shows another root than the database: a forked log; keep both"
    else:
        yield (
            f"{settings.log_folder} shows {shown.size:,} of {size:,} records: the sealer is not"
            " running, or cannot write there"
        )
