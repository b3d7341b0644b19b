"""Erasing whom old records are about: their salt and their pseudonyms. Every proof stays valid.

A leaf of the tree holds a commitment to the person, not the person (hub/proof/leaves.py). Without
its salt nobody can test a guess against it, and without the pseudonyms nothing is left to find.

A batch is one short transaction that also puts itself on record: it may stop anywhere, and the
next run goes on where it was. The sealer needs no more than to wait for one batch.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, delete, func, select, update

from hub import recording
from hub.ledger import holds
from hub.ledger.database import reading, writing
from hub.ledger.read_model import microseconds
from hub.ledger.store import LEDGER_SHARD, add_note
from hub.ledger.tables import acts, checkpoints, records, subjects
from schemas.records import RecordEvent

BATCH: Final = 1_000
"""Records in one transaction, at most."""


@dataclass(frozen=True, slots=True)
class Persons:
    """How many records there are whose person is to go, and how many a hold keeps."""

    due: int = 0
    kept: int = 0


def count(engine: Engine, before: datetime) -> Persons:
    """Return what `erase` would do now; changes nothing.

    `before`: records that were sealed by then, and are not erased yet.
    """
    due = left = 0
    with reading(engine) as connection:
        page = _Pages(connection, before)
        case = holds.kept(connection)
        while positions := page.next(connection):
            keeps = _kept(connection, case, positions)
            due += len(positions) - len(keeps)
            left += len(keeps)
    return Persons(due, left)


def erase(engine: Engine, before: datetime, at: datetime) -> Iterator[Persons]:
    """Erase the person of every record that was sealed before `before`, but what a hold keeps.

    Does a batch each time that it is asked for the next, and yields what was done so far: stop
    asking, and it stops. `at`: now, for the records of it. Idempotent.

    Raises:
        Unavailable: the database did not answer; the batches before it are done.

    """
    due = left = 0
    with reading(engine) as connection:
        page = _Pages(connection, before)
    while True:
        with writing(engine) as connection:
            positions = page.next(connection)
            keeps = _kept(connection, holds.kept(connection), positions) if positions else set()
            chosen = [each for each in positions if each not in keeps]
            if chosen:
                _erase(connection, chosen)
                add_note(connection, _record(chosen, at))
        if not positions:
            return
        due += len(chosen)
        left += len(keeps)
        yield Persons(due, left)


class _Pages:
    """The positions of records that have something to erase, a batch at a time, in order.

    Up to where an earlier run came, only what it had to keep is left: the index of the pseudonyms
    knows it, and nobody reads millions of records each night to find that nothing is in them.
    """

    def __init__(self, connection: Connection, before: datetime) -> None:
        sealed = select(func.max(checkpoints.c.size)).where(checkpoints.c.at < microseconds(before))
        self._end = int(connection.scalar(sealed) or 0)
        self._reached = min(self._end, _reached(connection))
        self._after = -1

    def next(self, connection: Connection) -> list[int]:
        """Return the next positions, at most `BATCH`; empty: that was all."""
        if self._after < self._reached - 1:
            found = self._list(connection, subjects.c.position, self._reached)
            if found:
                return found
            self._after = self._reached - 1
        return self._list(connection, records.c.position, self._end, records.c.salt.is_not(None))

    def _list(self, connection: Connection, column: Any, end: int, *where: Any) -> list[int]:
        query = (
            select(column)
            .where(column > self._after, column < end, *where)
            .distinct()
            .order_by(column)
            .limit(BATCH)
        )
        found = [int(position) for position in connection.scalars(query)]
        if found:
            self._after = found[-1]
        return found


def _reached(connection: Connection) -> int:
    """Return the position after the last one that was erased before."""
    query = (
        select(acts.c.object)
        .where(acts.c.event == RecordEvent.PERSON_ERASED.value)
        .where(acts.c.object_kind == "records")
    )
    ends = (str(each).rpartition("-")[2] for each in connection.scalars(query))
    return max((int(end) + 1 for end in ends if end.isdigit()), default=0)


def _kept(connection: Connection, case: holds.Case, positions: Iterable[int]) -> set[int]:
    """Return which of these records are about the case of a hold."""
    if not case.messages:
        return set()
    found: set[int] = set()
    for some in holds.portions(positions):
        rows = connection.execute(
            select(acts.c.position, acts.c.message, acts.c.about)
            .join(subjects, subjects.c.position == acts.c.position)
            .where(acts.c.position.in_(some))
        )
        found |= {row.position for row in rows if {row.message, row.about} & case.messages}
        tokens = select(subjects.c.position, subjects.c.token).where(subjects.c.position.in_(some))
        found |= {row.position for row in connection.execute(tokens) if row.token in case.tokens}
    return found


def _erase(connection: Connection, positions: list[int]) -> None:
    for some in holds.portions(positions):
        mine = records.c.position.in_(some)
        connection.execute(update(records).where(mine).values(salt=None, person=None))
        connection.execute(delete(subjects).where(subjects.c.position.in_(some)))


def _record(positions: list[int], at: datetime) -> bytes:
    return recording.plain(
        LEDGER_SHARD,
        at,
        RecordEvent.PERSON_ERASED,
        ("records", f"{positions[0]}-{positions[-1]}"),
        str(len(positions)),
    )
