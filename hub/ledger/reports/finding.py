"""Find every record about one person: by pseudonyms, and one hop further.

A pseudonym stands with the record of an event that named the person. From these records follow the
messages, and from the messages everything that was done with them: the acts of recipients, the
corrections, the erasure.

One hop: an event that was found by a BSN also has the sender's own reference for that person, and
other events may have only that reference. These are found too, and marked as linked: that they are
about the same person is what that sender says. It goes no further than one hop, and not to an event
with another BSN: a sender that used one reference for two people has not made them one.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, func, or_, select

from hub.ledger.asking import moment
from hub.ledger.documents import octets
from hub.ledger.projections.sealed import Sealed
from hub.ledger.tables import acts, records, subjects
from schemas.records import RecordEvent

NAMING: Final = ("bsn", "ref")
"""The kinds of pseudonym that stand for a person; the others stand for a case or a message."""

_CHUNK: Final = 500
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found:
    """What the log has about one person, in the order of the log."""

    sealed: tuple[Sealed, ...]
    messages: frozenset[str]  #: every message about this person, linked ones too
    linked: frozenset[str]  #: of these: found by a reference only
    readings: tuple[Sealed, ...]  #: who asked the log for this person before


@dataclass(frozen=True, slots=True)
class Unknown:
    """Records of which nobody can say any more whom they are about: salt and pseudonym are gone."""

    count: int
    first: datetime | None
    last: datetime | None


def find(connection: Connection, tokens: Collection[str]) -> Found:
    """Return everything about whom these pseudonyms (32 hex each) stand for; empty when nothing."""
    direct = _positions(connection, tokens)
    naming = _tokens_at(connection, direct)
    linked = _positions(connection, naming - set(tokens)) - direct
    linked -= _others(connection, tokens, direct, linked)
    found = _messages(connection, direct)
    linked_messages = _messages(connection, linked) - found
    positions = direct | linked | _about(connection, found | linked_messages)
    return Found(
        sealed=tuple(_read(connection, sorted(positions))),
        messages=frozenset(found | linked_messages),
        linked=frozenset(linked_messages),
        readings=tuple(_read(connection, sorted(_asked(connection, tokens)))),
    )


def unknown(connection: Connection) -> Unknown:
    """Return how many records have lost their personal part, and of which time they are."""
    row = connection.execute(
        select(func.count(), func.min(acts.c.at), func.max(acts.c.at))
        .join_from(records, acts, acts.c.position == records.c.position)
        .where(records.c.salt.is_(None))
    ).one()
    if not row[0]:
        return Unknown(0, None, None)
    return Unknown(int(row[0]), moment(row[1]), moment(row[2]))


def _positions(connection: Connection, tokens: Iterable[str]) -> set[int]:
    """Return where these tokens stand for whom or what an event is about."""
    found: set[int] = set()
    for some in _chunks(tokens):
        query = select(subjects.c.position).where(
            subjects.c.token.in_(some), subjects.c.kind.not_like("asked%")
        )
        found.update(connection.scalars(query))
    return found


def _tokens_at(connection: Connection, positions: Iterable[int]) -> set[str]:
    found: set[str] = set()
    for some in _chunks(positions):
        query = select(subjects.c.token).where(
            subjects.c.position.in_(some), subjects.c.kind.in_(NAMING)
        )
        found.update(connection.scalars(query))
    return found


def _others(
    connection: Connection, tokens: Collection[str], direct: Iterable[int], linked: Iterable[int]
) -> set[int]:
    """Return which of the linked records are about somebody else: under a BSN that was not asked.

    None when it was not asked by BSN; then nobody knows which BSN is the right one.
    """
    by_bsn = any(bsn in tokens for _, bsn in _bsns(connection, direct))
    found = _bsns(connection, linked) if by_bsn else ()
    return {position for position, bsn in found if bsn not in tokens}


def _bsns(connection: Connection, positions: Iterable[int]) -> Iterator[tuple[int, str]]:
    for some in _chunks(positions):
        query = select(subjects.c.position, subjects.c.token).where(
            subjects.c.position.in_(some), subjects.c.kind == "bsn"
        )
        for row in connection.execute(query):
            yield row.position, row.token


def _messages(connection: Connection, positions: Iterable[int]) -> set[str]:
    """Return the messages of these records.

    Not by the record of a duplicate: a sender that uses an id again for another person gives that
    person none of what others received about the first.
    """
    found: set[str] = set()
    for some in _chunks(positions):
        query = select(acts.c.message).where(
            acts.c.position.in_(some),
            acts.c.message.is_not(None),
            acts.c.event != RecordEvent.DUPLICATE.value,
        )
        found.update(connection.scalars(query))
    return found


def _about(connection: Connection, messages: Iterable[str]) -> set[int]:
    """Return every record of these messages, and of what corrects or takes them back."""
    found: set[int] = set()
    for some in _chunks(messages):
        query = select(acts.c.position).where(
            or_(acts.c.message.in_(some), acts.c.about.in_(some)), acts.c.object_kind != "log"
        )
        found.update(connection.scalars(query))
    return found


def _asked(connection: Connection, tokens: Iterable[str]) -> set[int]:
    found: set[int] = set()
    for some in _chunks(tokens):
        query = select(subjects.c.position).where(
            subjects.c.token.in_(some), subjects.c.kind.like("asked%")
        )
        found.update(connection.scalars(query))
    return found


def _read(connection: Connection, positions: Sequence[int]) -> Iterator[Sealed]:
    for some in _chunks(positions):
        query = (
            select(
                records.c.position,
                records.c.shard,
                records.c.seq,
                records.c.record,
                records.c.commitment,
            )
            .where(records.c.position.in_(some))
            .order_by(records.c.position)
        )
        for row in connection.execute(query):
            sealed = octets(row.record), octets(row.commitment)
            yield Sealed(row.position, row.shard, row.seq, *sealed)


def _chunks(values: Iterable[T]) -> Iterator[list[Any]]:
    """Yield them a few at a time: a database takes so many values in one question."""
    rest = iter(values)
    while some := list(islice(rest, _CHUNK)):
        yield some
