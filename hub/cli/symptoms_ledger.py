"""The checks of `seinhuis doctor` about keys, ledger, sealer, published folder, retention, disk."""

import contextlib
import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

from redis.asyncio import Redis
from sqlalchemy import Connection, func, select

from hub.bootstrap import HUB_SHARD, now, rulebook
from hub.cli import ledger_state, output
from hub.cli.ledger import folder_problems
from hub.cli.symptoms import FAIL, OK, WARN, Finding
from hub.config import Settings
from hub.errors import HubError, LedgerBroken, NotFound
from hub.keyring_identity import stranger
from hub.ledger import asking, store
from hub.ledger.database import open_ledger, reading
from hub.ledger.growth import Tree
from hub.ledger.migrations import is_current
from hub.ledger.process import refuse_other_keys
from hub.ledger.read_model import microseconds
from hub.ledger.tables import acts
from hub.stores.config_documents import ConfigDocuments
from hub.vault.keyring import FileKeyring
from schemas.records import RecordEvent

_LEAST_FREE: Final = 1_000_000_000
_A_WEEK: Final = timedelta(days=7)
_RESTORE: Final = "see Restore in docs/howto/run.md"


def of_ledger(settings: Settings) -> Iterator[Finding]:
    """Yield what can be said of keys and ledger; changes nothing and makes nothing."""
    yield _keyring(settings)
    yield from _disk(settings)
    try:
        with _opened(settings) as connection:
            yield from _of(connection, settings)
    except NotFound as none:
        lost = list(folder_problems(settings, None))
        if lost:
            yield Finding("ledger", FAIL, lost[0], _RESTORE)
        else:
            yield Finding("ledger", OK, str(none))
    except HubError as error:
        way_out = "is its server running? see SEINHUIS_LEDGER in docs/howto/run.md"
        yield Finding("ledger", FAIL, str(error), way_out)


async def of_keyring(redis: Redis, settings: Settings) -> Finding | None:
    """Say whether the keyring is that of the broker; None: it is. May raise what redis raises."""
    try:
        ring = FileKeyring(settings.keys, now)
    except HubError:
        return None  # told before
    problem = await stranger(ConfigDocuments(redis), ring, settings.keys)
    if not problem:
        return None
    return Finding("keyring", FAIL, "it is not the one of this broker", problem)


@contextlib.contextmanager
def _opened(settings: Settings) -> Iterator[Connection]:
    path = settings.ledger.removeprefix("sqlite:///")
    if path != settings.ledger and not Path(path).is_file():
        raise NotFound(f"{path} is not there yet; a sealer makes it")
    engine = open_ledger(settings.ledger, settings.ledger_password)
    try:
        if not is_current(engine):
            raise NotFound("its tables are not of this version yet; a start of the hub makes them")
        with reading(engine) as connection:
            yield connection
    finally:
        engine.dispose()


def _of(connection: Connection, settings: Settings) -> Iterator[Finding]:
    head = store.newest_checkpoint(connection)
    size = asking.size(connection)
    try:
        Tree.load(connection, head)
        yield Finding("ledger", OK, f"{output.plural(size, 'record')}, their tree is whole")
    except LedgerBroken as error:
        way_out = f"keep all files; then: {output.command('audit', 'verify')}"
        yield Finding("ledger", FAIL, str(error), way_out)
    yield from _sealer(connection, settings)
    problems = list(folder_problems(settings, head))
    for problem in problems:
        # A moment behind is how it is between two rounds of the sealer.
        behind = "is not running" in problem or "start a sealer" in problem
        way_out = output.command("doctor") if behind else _RESTORE
        yield Finding("published", WARN if behind else FAIL, problem, way_out)
    if not problems and head is not None:
        yield Finding("published", OK, f"{settings.log_folder} shows the newest checkpoint")
    yield from _retention(connection, settings)


def _sealer(connection: Connection, settings: Settings) -> Iterator[Finding]:
    shards = asking.numbers(connection).keys() - {store.LEDGER_SHARD}
    with contextlib.suppress(HubError):
        shards = {*shards, *rulebook(settings).shards(), HUB_SHARD}
    state = ledger_state.look(connection, settings, shards)
    problems = state.problems()
    for what, way_out in problems:
        yield Finding("sealer", FAIL, what, way_out)
    if problems:
        return
    if state.unsealed is None:
        what = "no broker answers: what waits there is not known"
        yield Finding("sealer", WARN, what, "start the hub, or its broker")
        return
    waiting = output.plural(sum(state.unsealed.values()), "record")
    who = f"{state.holder} seals" if state.active else "nobody seals now, and nothing waits"
    yield Finding("sealer", OK, f"{who}; {waiting} not sealed yet")


def _keyring(settings: Settings) -> Finding:
    try:
        ring = FileKeyring(settings.keys, now)
        found = ring.names()
        refuse_other_keys(settings, ring)
    except HubError as error:
        return Finding("keyring", FAIL, str(error), "docs/howto/run.md: keys and their backup")
    if not found:
        return Finding("keyring", OK, f"none yet in {settings.keys}; a hub makes it")
    if _is_below(settings.keys, settings.data):
        what = f"{settings.keys} is inside the data folder: one backup would have both"
        return Finding("keyring", WARN, what, "move it elsewhere, and name it in SEINHUIS_KEYS")
    return Finding("keyring", OK, f"{output.plural(len(found), 'key')}, for this user only")


def _is_below(folder: Path, other: Path) -> bool:
    return folder.absolute().is_relative_to(other.absolute())


def _disk(settings: Settings) -> Iterator[Finding]:
    if not settings.data.is_dir():
        return
    usage = shutil.disk_usage(settings.data)
    what = f"{usage.free / 1e9:,.1f} GB free where {settings.data} is"
    if usage.free < _LEAST_FREE:
        way_out = "make room: on a full disk nothing is accepted, and nothing is sealed"
        yield Finding("disk", FAIL, what, way_out)
    else:
        yield Finding("disk", OK, what)


def _retention(connection: Connection, settings: Settings) -> Iterator[Finding]:
    """Say when something was last erased, and which alarms of a week stand open for a person."""
    gone = (RecordEvent.ERASED.value, RecordEvent.PERSON_ERASED.value)
    last = connection.scalar(select(func.max(acts.c.at)).where(acts.c.event.in_(gone)))
    since = microseconds(now() - _A_WEEK)
    alarms = connection.scalar(
        select(func.count())
        .select_from(acts)
        .where(acts.c.event == RecordEvent.RETENTION_PASSED.value, acts.c.at > since)
    )
    if alarms:
        what = f"{alarms:,} times this week a term ended and nobody had finished what was there"
        show = output.command("audit", "show", "--event", RecordEvent.RETENTION_PASSED.value)
        yield Finding("retention", WARN, what, f"ask those recipients; which: {show}")
    with contextlib.suppress(OSError, ValueError, AttributeError):
        said = json.loads((settings.data / "retention.json").read_bytes())
        if said.get("pending"):
            what = (
                "something was erased, and the files of the ledger were not written anew after it"
            )
            way_out = "look in the log of the hub for retention.failed: the next run does it again"
            yield Finding("retention", WARN, what, way_out)
            return
    if last is not None:
        when = output.moment(asking.moment(last))
        yield Finding("retention", OK, f"something was last erased on {when}")
    elif not alarms:
        yield Finding("retention", OK, "nothing was erased yet")
