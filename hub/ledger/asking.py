"""Records that match, in order, a few at a time: the answer never stands in memory as a whole."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select

from hub.ledger.documents import document, octets
from hub.ledger.filters import Filters, conditions
from hub.ledger.tables import acts, positions, records

_PAGE: Final = 500
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Line:
    """One record with its place; `raw` are the bytes that were sealed."""

    position: int  #: leaf of the tree, from 0
    shard: str
    seq: int
    raw: bytes
    at: datetime  #: UTC
    event: str
    message: str | None
    about: str | None
    party: str | None
    actor: str

    @property
    def place(self) -> str:
        """Where it stands: `ind/12`."""
        return f"{self.shard}/{self.seq}"

    @property
    def record(self) -> Mapping[str, Any]:
        """What it says; empty when the bytes are no record, which is sealed all the same."""
        return document(self.raw)

    def as_json(self) -> str:
        """Return it for programs: the record byte for byte, beside its place.

        What is no record, or would break the line, is there as a text.
        """
        place = {"position": self.position, "shard": self.shard, "seq": self.seq}
        head = json.dumps(place, separators=(",", ":"))
        text = self.raw.decode("utf-8", "replace")
        if len(text.splitlines()) != 1 or not self.record:
            text = json.dumps(text)
        return f'{head[:-1]},"record":{text}}}'


def newest(connection: Connection, filters: Filters, limit: int = 0) -> Iterator[Line]:
    """Yield the newest `limit` records that match (0: all), by their own time, oldest first."""
    chosen: Select[Any] = select(acts.c.position).where(*conditions(connection, filters))
    if limit:
        last = (acts.c.at.desc(), acts.c.position.desc())
        inner = chosen.order_by(*last).limit(limit).subquery()
        chosen = select(inner.c.position)
        found = _lines().where(acts.c.position.in_(chosen))
    else:
        found = _lines().where(*conditions(connection, filters))
    yield from _streamed(connection, found.order_by(acts.c.at, acts.c.position))


def after(connection: Connection, filters: Filters, position: int = -1) -> Iterator[Line]:
    """Yield every record that matches after `position`, in the order of the log."""
    yield from matching(connection, *conditions(connection, filters), acts.c.position > position)


def matching(connection: Connection, *where: ColumnElement[bool]) -> Iterator[Line]:
    """Yield the records that meet conditions on `tables.acts`, in the order of the log."""
    yield from _streamed(connection, _lines().where(*where).order_by(acts.c.position))


def size(connection: Connection) -> int:
    """Return how many records the log has."""
    last = connection.scalar(select(func.max(records.c.position)))
    return 0 if last is None else int(last) + 1


def numbers(connection: Connection) -> dict[str, int]:
    """Return up to which number each shard is sealed, in the broker's own counting."""
    found = connection.execute(select(positions.c.shard, positions.c.seq, positions.c.shift))
    return {row.shard: row.seq - row.shift for row in found}


def moment(microseconds: int) -> datetime:
    """Return a moment of the read model, UTC."""
    return _EPOCH + timedelta(microseconds=microseconds)


def _lines() -> Select[Any]:
    return select(
        *(records.c.position, records.c.shard, records.c.seq, records.c.record),
        *(acts.c.at, acts.c.event, acts.c.message, acts.c.about, acts.c.party, acts.c.actor),
    ).join_from(acts, records, acts.c.position == records.c.position)


def _streamed(connection: Connection, wanted: Select[Any]) -> Iterator[Line]:
    found = connection.execute(wanted.execution_options(yield_per=_PAGE))
    yield from map(_line, found)


def _line(row: Row[Any]) -> Line:
    at = moment(row.at)
    rest = (row.event, row.message, row.about, row.party, row.actor)
    return Line(row.position, row.shard, row.seq, octets(row.record), at, *rest)
