"""What can be asked of the records, made from their bytes alone; so it can always be made anew.

`projected` never fails: a record that cannot be read is sealed and found all the same, as event
`unreadable`. Texts are cut to the width of their column: the record itself has them whole.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from pydantic_core import from_json
from sqlalchemy import Connection, Engine, String, Table, delete, func, select

from hub.ledger.bulk import Row, insert_rows
from hub.ledger.database import writing
from hub.ledger.tables import acts, records, subjects, verdicts

UNREADABLE: Final = "unreadable"
_PAGE: Final = 2_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Projection:
    """The rows that one record becomes."""

    act: Row
    verdicts: list[Row] = field(default_factory=list)
    subjects: list[Row] = field(default_factory=list)


def projected(position: int, shard: str, record: bytes, person: bytes) -> Projection:
    """Return the rows of a record. Pure.

    `record` and `person` as they are sealed; `person` empty: about nobody, or erased.
    """
    try:
        said = from_json(record)
        act = _act(position, shard, said)
        lines = [_verdict(position, *each) for each in enumerate(said.get("verdicts") or ())]
    except (ValueError, TypeError, KeyError, AttributeError):
        act, lines = _unreadable(position, shard), []
    return Projection(act, lines, _subjects(position, person))


def insert_projections(connection: Connection, made: Iterable[Projection]) -> None:
    """Write what `projected` made, in the transaction of `connection`."""
    listed = list(made)
    insert_rows(connection, acts, [each.act for each in listed])
    insert_rows(connection, verdicts, [row for each in listed for row in each.verdicts])
    insert_rows(connection, subjects, [row for each in listed for row in each.subjects])


def rebuild(engine: Engine, progress: Callable[[int, int], None] = lambda _, __: None) -> int:
    """Make the read model anew from the records and return how many there are.

    In one transaction: who asks meanwhile sees the old one, and it may be stopped at any moment
    without harm. Sealing waits for it on SQLite. `progress`: (done, of how many).
    """
    with writing(engine) as connection:
        size = (connection.scalar(select(func.max(records.c.position))) or -1) + 1
        if connection.scalar(select(func.count()).select_from(records)) == 0:
            size = 0
        for table in (acts, verdicts, subjects):
            connection.execute(delete(table).where(table.c.position < size))
        for start in range(0, size, _PAGE):
            page = connection.execute(
                select(records.c.position, records.c.shard, records.c.record, records.c.person)
                .where(records.c.position >= start, records.c.position < start + _PAGE)
                .where(records.c.position < size)
                .order_by(records.c.position)
            )
            insert_projections(
                connection, [projected(row[0], row[1], row[2], row[3] or b"") for row in page]
            )
            progress(min(start + _PAGE, size), size)
    return size


def microseconds(moment: datetime) -> int:
    """Return an aware moment as whole microseconds since 1970, UTC: how the ledger keeps it."""
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _act(position: int, shard: str, said: Mapping[str, Any]) -> Row:
    kind, name = said["object"]["kind"], said["object"]["id"]
    message = {"message": name, "delivery": name.rpartition(":")[2]}.get(kind)
    party = name.rpartition(":")[0] if kind == "delivery" else None
    text = _WIDTHS[acts.name]
    return {
        "position": position,
        "at": microseconds(datetime.fromisoformat(said["time"])),
        "event": _cut(said["event"], text["event"]),
        "shard": shard,
        "object_kind": _cut(kind, text["object_kind"]),
        "object": _cut(name, text["object"]),
        "message": _cut(message, text["message"]),
        "about": _cut(said.get("about"), text["about"]),
        "result": _cut(said["result"], text["result"]),
        "type": _cut(said.get("type"), text["type"]),
        "sender": _cut(said.get("sender"), text["sender"]),
        "party": _cut(said.get("party") or party, text["party"]),
        "actor_kind": _cut(said["actor"]["kind"], text["actor_kind"]),
        "actor": _cut(said["actor"]["id"], text["actor"]),
        "reason": _cut(said.get("reason"), None),
        "config": _cut(said.get("config"), text["config"]),
        "trace_id": _cut(said.get("trace_id"), text["trace_id"]),
        "processing_activity": _cut(said.get("processing_activity"), text["processing_activity"]),
    }


def _verdict(position: int, number: int, line: Mapping[str, Any]) -> Row:
    text = _WIDTHS[verdicts.name]
    return {
        "position": position,
        "number": number,
        "party": _cut(line.get("party"), text["party"]),
        "rule": _cut(line["rule"], text["rule"]),
        "role": _cut(line["role"], text["role"]),
        "outcome": _cut(line["outcome"], text["outcome"]),
        "reason": _cut(line.get("reason"), text["reason"]),
        "legal_basis": _cut(line.get("legal_basis"), text["legal_basis"]),
        "purpose": _cut(line.get("purpose"), text["purpose"]),
    }


def _subjects(position: int, person: bytes) -> list[Row]:
    """Return a row for each pseudonym; `key` only says which key made them."""
    if not person:
        return []
    try:
        tokens = from_json(person)
        return [
            {"position": position, "kind": _cut(kind, 16), "token": _cut(token, 32)}
            for kind, token in tokens.items()
            if kind != "key"
        ]
    except (ValueError, TypeError, AttributeError):
        return []


def _unreadable(position: int, shard: str) -> Row:
    row: dict[str, Any] = dict.fromkeys(acts.columns.keys())
    needed = ("event", "object_kind", "object", "result", "actor_kind", "actor")
    return {
        **row,
        **dict.fromkeys(needed, UNREADABLE),
        "position": position,
        "shard": shard,
        "at": 0,
    }


def _widths(table: Table) -> dict[str, int | None]:
    return {
        column.name: column.type.length
        for column in table.columns
        if isinstance(column.type, String)
    }


_WIDTHS: Final = {table.name: _widths(table) for table in (acts, verdicts)}


def _cut(text: str | None, width: int | None) -> str | None:
    """Return a text as its column takes it. TypeError: it is none."""
    if text is None:
        return None
    if text.__class__ is not str:
        raise TypeError
    if "\0" in text:
        text = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    return text if width is None or len(text) <= width else text[:width]
