"""The ledger as the verifier reads it: the live database in the form of an export folder.

And what only a live ledger has: the read model, which must say what the records say.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Row, Table, func, select

from hub.ledger.documents import octets
from hub.ledger.read_model import projected
from hub.ledger.store import read_tile
from hub.ledger.tables import acts, checkpoints, positions, records, subjects, verdicts
from hub.proof.bundle import Bundle, Published
from hub.proof.errors import Malformed

_PAGE: Final = 1_000
_TOLD: Final = 20
_NAMES: Final = {
    table.name: tuple(column.name for column in table.columns)
    for table in (acts, verdicts, subjects)
}


@dataclass(slots=True)
class ReadModel:
    """Compares the read model with what the records say: what people ask is made from it."""

    checked: int = 0
    wrong: list[int] = field(default_factory=list)  #: positions, the first twenty
    more: int = 0  #: how many others

    def take(self, connection: Connection, page: Sequence[Row[Any]]) -> None:
        """Compare the rows of these records, which follow each other in the log."""
        first, last = page[0].position, page[-1].position
        found = {
            table.name: _rows(connection, table, first, last)
            for table in (acts, verdicts, subjects)
        }
        for row in page:
            made = projected(row.position, row.shard, octets(row.record), octets(row.person))
            expected = ((acts, [made.act]), (verdicts, made.verdicts), (subjects, made.subjects))
            right = all(
                _as_rows(table, rows) == found[table.name].pop(row.position, [])
                for table, rows in expected
            )
            self.checked += 1
            if not right:
                self._tell(row.position)
        for left in found.values():
            for position in left:
                self._tell(position)

    def close(self, connection: Connection, size: int) -> None:
        """Look for rows about records that there are not."""
        for table in (acts, verdicts, subjects):
            beyond = select(table.c.position).where(
                (table.c.position >= size) | (table.c.position < 0)
            )
            for position in connection.scalars(beyond.distinct().limit(_TOLD)):
                self._tell(position)

    def _tell(self, position: int) -> None:
        if position in self.wrong:
            return
        if len(self.wrong) < _TOLD:
            self.wrong.append(position)
        else:
            self.more += 1


class LiveLog(Bundle):
    """One state of the ledger in a database, as a bundle. Use once."""

    def __init__(self, connection: Connection, read_model: ReadModel, name: str) -> None:
        """Read over `connection`, in one transaction; compare the read model on the way.

        `name`: of the database, for people.
        """
        self.folder = Path(name)
        self.tiles = partial(read_tile, connection)  # type: ignore[assignment]  # a ReadTile too
        self._connection = connection
        self._read_model = read_model

    @cached_property
    def has_tiles(self) -> bool:
        """The tree is always there."""
        return True

    @cached_property
    def record_files(self) -> tuple[Path, ...]:
        """All records are in one place."""
        return (self.folder,)

    @cached_property
    def export(self) -> dict[str, Any]:
        """It is no export, and has every record."""
        return {}

    def lines(self) -> Iterator[tuple[str, bytes]]:
        """Yield every record in the form of an export, salt and person too where they are."""
        wanted = select(records).order_by(records.c.position).execution_options(yield_per=_PAGE)
        size = 0
        for page in self._connection.execute(wanted).partitions():
            self._read_model.take(self._connection, page)
            for row in page:
                yield "records", _line(row)
            size = page[-1].position + 1
        self._read_model.close(self._connection, size)

    def checkpoints(self) -> Iterator[Published | Malformed]:
        """Yield every checkpoint, by size."""
        for row in self._connection.execute(select(checkpoints).order_by(checkpoints.c.size)):
            stamp = octets(row.timestamp) if row.timestamp is not None else None
            yield Published(
                octets(row.note).decode(errors="replace"), f"checkpoint {row.size}", stamp
            )

    def cosigned(self) -> Iterator[Published | Malformed]:
        """Witnesses sign the published folder, which is compared as a copy."""
        return iter(())


def misplaced(connection: Connection) -> list[str]:
    """Return the shards whose last sealed number, as noted, is not that of their last record."""
    noted = {row.shard: row.seq for row in connection.execute(select(positions))}
    last = select(records.c.shard, func.max(records.c.seq).label("seq")).group_by(records.c.shard)
    found: Mapping[str, int] = {row.shard: row.seq for row in connection.execute(last)}
    return sorted(shard for shard, seq in noted.items() if seq < found.get(shard, 0)) + sorted(
        found.keys() - noted.keys()
    )


def _rows(
    connection: Connection, table: Table, first: int, last: int
) -> dict[int, list[tuple[Any, ...]]]:
    """Return position -> its rows in a table, in the order of the primary key."""
    within = select(table).where(table.c.position.between(first, last))
    found: dict[int, list[tuple[Any, ...]]] = {}
    for row in connection.execute(within.order_by(*table.primary_key.columns)):
        found.setdefault(row[0], []).append(tuple(row))
    return found


def _as_rows(table: Table, made: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    """Return what the records say in the same form: by column, sorted by position and what next."""
    names = _NAMES[table.name]
    rows = [tuple(row[name] for name in names) for row in made]
    return rows if len(rows) < 2 else sorted(rows, key=lambda row: row[:2])


def _line(row: Row[Any]) -> bytes:
    """Return one record as a line of an export; what is no text cannot be in it, and shows so."""
    value: dict[str, Any] = {
        "position": row.position,
        "shard": row.shard,
        "seq": row.seq,
        "commitment": octets(row.commitment).hex(),
        "record": octets(row.record).decode("utf-8", "surrogateescape"),
    }
    if row.salt is not None:
        value["salt"] = octets(row.salt).hex()
        value["person"] = octets(row.person).decode("utf-8", "surrogateescape")
    return json.dumps(value).encode()
