"""The ledger's rows: what the sealer reads of them, and how a batch is written."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Table, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from hub.ledger.bulk import Row, insert_rows
from hub.ledger.intake import Position
from hub.ledger.read_model import Projection, insert_projections
from hub.ledger.tables import checkpoints, configs, notes, positions, records, tiles
from hub.proof.errors import MissingTile
from hub.proof.tiles import HASH_BYTES, Tile

LEDGER_SHARD: Final = "ledger"
"""The shard of the sealer's own records; its numbers are given in the sealing transaction."""


@dataclass(frozen=True, slots=True)
class Growth:
    """What a batch adds to the ledger: rows, not yet written."""

    size: int  #: of the tree with the batch
    root: bytes
    records: Sequence[Row]
    made: Sequence[Projection]  #: one for each record, in order
    tiles: Mapping[tuple[int, int], bytes]


@dataclass(frozen=True, slots=True)
class Note:
    """A record of who reads or keeps the ledger, waiting to be sealed."""

    id: int
    record: bytes
    person: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """The newest checkpoint of the database."""

    size: int
    root: bytes
    note: str


def write(
    connection: Connection,
    growth: Growth,
    note: str,
    at: int,
    moved: Mapping[str, Position],
    documents: Mapping[str, bytes],
    sealed_notes: Sequence[int],
) -> None:
    """Write a batch: records, read model, tiles, checkpoint, positions. Atomic with the caller's.

    `note`: the signed checkpoint of `growth`; `at`: now, microseconds; `documents`: digest -> role
    config (zlib JSON), what is known already may be among them; `sealed_notes`: ids to remove.
    """
    insert_rows(connection, records, growth.records)
    insert_projections(connection, growth.made)
    _put(
        connection,
        tiles,
        [{"level": at[0], "number": at[1], "hashes": row} for at, row in growth.tiles.items()],
    )
    connection.execute(
        insert(checkpoints).values(size=growth.size, at=at, root=growth.root, note=note)
    )
    _put(
        connection,
        positions,
        [
            {"shard": shard, "seq": to.seq, "entry": to.entry, "shift": to.shift}
            for shard, to in moved.items()
        ],
    )
    for digest in documents.keys() - known_configs(connection, documents):
        connection.execute(
            insert(configs).values(digest=digest, first_at=at, document=documents[digest])
        )
    if sealed_notes:
        connection.execute(delete(notes).where(notes.c.id.in_(sealed_notes)))


def newest_checkpoint(connection: Connection) -> Head | None:
    """Return the newest checkpoint; None: nothing is sealed yet."""
    row = connection.execute(
        select(checkpoints.c.size, checkpoints.c.root, checkpoints.c.note)
        .order_by(checkpoints.c.size.desc())
        .limit(1)
    ).first()
    return Head(row.size, row.root, row.note) if row else None


def newest_time_stamp(connection: Connection) -> int | None:
    """Return when the newest time-stamped checkpoint was made, microseconds; None: none was."""
    query = select(checkpoints.c.at).where(checkpoints.c.timestamp.is_not(None))
    found: int | None = connection.scalar(query.order_by(checkpoints.c.size.desc()).limit(1))
    return found


def put_time_stamp(connection: Connection, size: int, token: bytes) -> None:
    """Keep an RFC 3161 token with the checkpoint of `size`."""
    connection.execute(
        update(checkpoints).where(checkpoints.c.size == size).values(timestamp=token)
    )


def read_positions(connection: Connection) -> dict[str, Position]:
    """Return how far each shard is sealed, `LEDGER_SHARD` too."""
    columns = (positions.c.shard, positions.c.seq, positions.c.entry, positions.c.shift)
    rows = connection.execute(select(*columns))
    return {row.shard: Position(row.seq, row.entry, row.shift) for row in rows}


def waiting_notes(connection: Connection, most: int) -> list[Note]:
    """Return the oldest notes that are not sealed yet."""
    query = select(notes.c.id, notes.c.record, notes.c.person).order_by(notes.c.id).limit(most)
    return [Note(row.id, row.record, row.person or b"") for row in connection.execute(query)]


def add_note(connection: Connection, record: bytes, person: bytes = b"") -> None:
    """Leave a record for the sealer, in the transaction of `connection`; durable once committed.

    For who reads or keeps the ledger: written before anything is shown or done.
    """
    connection.execute(insert(notes).values(record=record, person=person or None))


def sealed_bytes(connection: Connection, shard: str, numbers: Iterable[int]) -> dict[int, bytes]:
    """Return number -> the record that is sealed under it, for those of `numbers` that are."""
    query = select(records.c.seq, records.c.record).where(
        records.c.shard == shard, records.c.seq.in_(list(numbers))
    )
    return {row.seq: row.record for row in connection.execute(query)}


def known_configs(connection: Connection, digests: Iterable[str]) -> set[str]:
    """Return which of these role configs the ledger has."""
    wanted = list(digests)
    if not wanted:
        return set()
    return set(connection.scalars(select(configs.c.digest).where(configs.c.digest.in_(wanted))))


def read_tile(connection: Connection, tile: Tile) -> bytes:
    """Return the hashes of a tile: at least `tile.width` of them.

    Raises:
        MissingTile: the database has it not, or not so wide.

    """
    where = (tiles.c.level == tile.level) & (tiles.c.number == tile.number)
    hashes: bytes = connection.scalar(select(tiles.c.hashes).where(where)) or b""
    if len(hashes) < tile.width * HASH_BYTES:
        raise MissingTile(f"the database of the ledger does not have {tile.path()}")
    return hashes


def _put(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows, or put them in the place of those with the same primary key."""
    if not rows:
        return
    made = postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert
    statement = made(table)
    key = [column.name for column in table.primary_key]
    rest = {c.name: statement.excluded[c.name] for c in table.columns if c.name not in key}
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=rest), rows)
