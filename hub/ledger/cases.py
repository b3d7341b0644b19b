"""Which messages belong together: a case, as far as the pseudonyms in the log tell."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, select

from hub.ledger.asking import moment
from hub.ledger.tables import acts, subjects
from schemas.records import RecordEvent

_LINKS: Final = ("case", "report", "id", "cause")
"""Kinds of pseudonyms that join messages. Not bsn and ref: one person may have several cases."""

_NOT_ITS_OWN: Final = (RecordEvent.ACT_ACCEPTED.value, RecordEvent.DUPLICATE.value)
MOST: Final = 500
"""A case with more messages is shown up to here, and that is said."""


@dataclass(slots=True)
class Member:
    """One message of a case."""

    message: str
    at: datetime  #: of its first record; UTC
    position: int  #: of that record in the log
    shard: str
    type: str | None
    sender: str | None
    result: str
    about: str | None = None  #: the original, when it is a correction
    trace_id: str | None = None
    tokens: dict[str, str] = field(default_factory=dict, repr=False)  #: kind -> pseudonym
    links: list[str] = field(default_factory=list)  #: how it hangs together with the others


def case_of(connection: Connection, message: str) -> list[Member]:
    """Return the messages that hang together with `message`, itself too, in order of time.

    At most `MOST`. Empty when nothing is known of it.
    """
    known: dict[str, Member] = {}
    asked: set[str] = set()
    waiting = {message}
    while waiting and len(known) < MOST:
        new = _members(connection, waiting)
        known.update(new)
        tokens = {t for each in new.values() for t in each.tokens.values()} - asked
        traces = {each.trace_id for each in new.values() if each.trace_id}
        names = {each.message for each in new.values()}
        originals = {each.about for each in new.values() if each.about}
        asked |= tokens
        waiting = (_joined(connection, tokens, traces, names) | originals) - known.keys()
        waiting = set(sorted(waiting)[: MOST - len(known)])
    listed = sorted(known.values(), key=lambda each: (each.at, each.position))
    for each in listed:
        each.links = list(_links(each, listed))
    return listed


def _members(connection: Connection, messages: Iterable[str]) -> dict[str, Member]:
    """Return the first record of each message of its own, with its pseudonyms."""
    found: dict[str, Member] = {}
    for some in _portions(messages):
        rows = connection.execute(
            select(acts, subjects.c.kind, subjects.c.token)
            .outerjoin(
                subjects,
                and_(subjects.c.position == acts.c.position, subjects.c.kind.in_(_LINKS)),
            )
            .where(acts.c.message.in_(some), acts.c.object_kind == "message")
            .where(acts.c.event.not_in(_NOT_ITS_OWN))
            .order_by(acts.c.position)
        )
        for row in rows:
            member = found.setdefault(row.message, _member(row))
            if row.kind is not None:
                member.tokens.setdefault(row.kind, row.token)
    return found


def _member(row: Row[Any]) -> Member:
    return Member(
        row.message,
        moment(row.at),
        row.position,
        row.shard,
        row.type,
        row.sender,
        row.result,
        row.about,
        row.trace_id,
    )


def _joined(
    connection: Connection, tokens: Iterable[str], traces: Iterable[str], names: Iterable[str]
) -> set[str]:
    """Return the messages of records that have one of these."""
    own = (acts.c.object_kind == "message", acts.c.event.not_in(_NOT_ITS_OWN))
    wanted = select(acts.c.message).where(*own).distinct()
    found: set[str] = set()
    for some in _portions(tokens):
        joined = wanted.join(subjects, subjects.c.position == acts.c.position)
        of_case = (subjects.c.token.in_(some), subjects.c.kind.in_(_LINKS))
        found |= set(connection.scalars(joined.where(*of_case).limit(MOST)))
    for some in _portions(traces):
        found |= set(connection.scalars(wanted.where(acts.c.trace_id.in_(some)).limit(MOST)))
    for some in _portions(names):
        found |= set(connection.scalars(wanted.where(acts.c.about.in_(some)).limit(MOST)))
    return found


def _portions(values: Iterable[str]) -> Iterable[list[str]]:
    listed = sorted(values)
    return [listed[start : start + 200] for start in range(0, len(listed), 200)]


def _links(one: Member, all_: list[Member]) -> Iterable[str]:
    """Say how a message hangs together with those before it, the closest way first."""
    if one.about:
        yield f"about {one.about[:8]}"
    for other in all_:
        if other is not one and _same(one.tokens.get("cause"), other.tokens.get("id")):
            yield f"answers {other.message[:8]}"
    for kind, said in (("report", "same report"), ("case", "same case")):
        if any(other is not one and _same_kind(one, other, kind) for other in all_):
            yield said
    if any(other is not one and _same(one.trace_id, other.trace_id) for other in all_):
        yield "same trace"


def _same_kind(one: Member, other: Member, kind: str) -> bool:
    return _same(one.tokens.get(kind), other.tokens.get(kind))


def _same(one: str | None, other: str | None) -> bool:
    return one is not None and one == other
