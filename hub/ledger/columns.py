"""A record as one row of a table: for exports in CSV and Parquet.

Every column is made from the record itself, so a row says nothing that the record does not; the
record and its commitment stand in the last columns, exactly as they were hashed. Pseudonyms only
when they are asked for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any, Final

from hub.ledger.projections.sealed import Sealed

Cell = int | str | bytes | datetime | None


class Kind(Enum):
    """What a cell holds."""

    NUMBER = auto()
    TEXT = auto()
    MOMENT = auto()  #: aware, UTC
    BYTES = auto()


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, what its cells hold, and how a cell is made."""

    name: str
    kind: Kind
    cell: Callable[[Sealed, Mapping[str, Any]], Cell]


def _of(name: str, kind: Kind = Kind.TEXT) -> Column:
    return Column(name, kind, lambda _, record: record.get(name))


def _within(name: str, outer: str, inner: str) -> Column:
    return Column(name, Kind.TEXT, lambda _, record: (record.get(outer) or {}).get(inner))


def _verdicts(name: str, outcome: str, *fields: str) -> Column:
    """Make a column of what the verdicts of one outcome say: distinct, in order, by spaces."""

    def cell(_: Sealed, record: Mapping[str, Any]) -> str | None:
        lines = (one for one in record.get("verdicts") or () if one["outcome"] == outcome)
        said = (":".join(str(one.get(field) or "-") for field in fields) for one in lines)
        return " ".join(dict.fromkeys(said)) or None

    return Column(name, Kind.TEXT, cell)


COLUMNS: Final = (
    Column("position", Kind.NUMBER, lambda sealed, _: sealed.position),
    Column("shard", Kind.TEXT, lambda sealed, _: sealed.shard),
    Column("seq", Kind.NUMBER, lambda sealed, _: sealed.seq),
    Column("time", Kind.MOMENT, lambda _, record: _moment(record.get("time"))),
    _of("event"),
    _within("object_kind", "object", "kind"),
    _within("object", "object", "id"),
    _of("about"),
    _of("result"),
    _within("actor_kind", "actor", "kind"),
    _within("actor", "actor", "id"),
    _within("origin_oin", "origin", "oin"),
    _within("origin_system", "origin", "system"),
    _of("type"),
    _of("sender"),
    _of("party"),
    _verdicts("provided_to", "forward", "party"),
    _verdicts("legal_bases", "forward", "legal_basis"),
    _verdicts("purposes", "forward", "purpose"),
    _verdicts("held", "hold", "party", "reason"),
    _verdicts("withheld", "withhold", "party", "reason"),
    _of("reason"),
    _of("problems", Kind.NUMBER),
    _of("config"),
    _of("config_before"),
    _of("trace_id"),
    _of("processing_activity"),
    Column("commitment", Kind.BYTES, lambda sealed, _: sealed.commitment),
    Column("record", Kind.BYTES, lambda sealed, _: sealed.record),
)
"""What may be exported: what `seinhuis audit show` may show, and nothing beside it."""

PERSON_COLUMNS: Final = (
    Column("salt", Kind.BYTES, lambda sealed, _: sealed.salt),
    Column("person", Kind.BYTES, lambda sealed, _: _person(sealed)),
)
"""Pseudonyms, and the salt with which they can be held against the commitment."""


def row(columns: tuple[Column, ...], sealed: Sealed) -> dict[str, Cell]:
    """Return the cells of one record, in the order of `columns`."""
    record = sealed.document
    return {column.name: column.cell(sealed, record) for column in columns}


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _person(sealed: Sealed) -> bytes | None:
    """Return whom it is about: empty when about nobody, None when that was erased."""
    return None if sealed.salt is None else sealed.person or b""
