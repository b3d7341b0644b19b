"""Legal holds: a case that is kept whatever its terms, until a person lifts the hold.

A hold names one message. Its case is every message that hangs together with it: by a pseudonym of
the person (bsn, ref), of the case or the report (case, report), by what answers what (id, cause),
and by corrections; and so on from each of those. It is found anew each time that it is asked for,
so what comes later is kept too. Rather too much than too little: lifting is easy, erasing is final.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine, Row, insert, select, update

from hub import recording
from hub.errors import NotFound
from hub.ledger.asking import moment
from hub.ledger.database import reading, writing
from hub.ledger.read_model import microseconds
from hub.ledger.store import LEDGER_SHARD, add_note
from hub.ledger.tables import acts, legal_holds, subjects
from hub.pseudonyms import KINDS
from schemas.records import RecordEvent

_PORTION: Final = 500  # values in one IN (…)
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Hold:
    """One legal hold, in force or lifted."""

    id: int
    message: str  #: the message by which it was placed
    reason: str
    placed_at: datetime  #: UTC
    placed_by: str  #: a role
    lifted_at: datetime | None
    lifted_by: str | None


@dataclass(frozen=True, slots=True)
class Case:
    """What hangs together: messages, acts on them among them, and every pseudonym in them."""

    messages: frozenset[str] = frozenset()
    tokens: frozenset[str] = frozenset()


def place(engine: Engine, message: str, reason: str, operator: str, at: datetime) -> Hold:
    """Keep the case of `message` from now on; on record in the same transaction. Not idempotent.

    `reason`: for good on record; the caller has checked that it holds no number of a person.

    Raises:
        NotFound: the ledger does not know the message (yet).

    """
    with writing(engine) as connection:
        known = select(acts.c.position).where(
            (acts.c.message == message) | (acts.c.about == message)
        )
        if connection.execute(known.limit(1)).first() is None:
            raise NotFound(
                f"the log does not know message {message}: give all 32 digits, or, if it was sent a"
                " moment ago, try again when it is sealed"
            )
        made = connection.execute(
            insert(legal_holds).values(
                message=message, reason=reason, placed_at=microseconds(at), placed_by=operator
            )
        )
        number = int(made.inserted_primary_key[0])  # type: ignore[index] # an INSERT has one
        add_note(
            connection, _record(RecordEvent.HOLD_PLACED, number, message, reason, operator, at)
        )
        return _hold(_one(connection, number))


def lift(engine: Engine, number: int, reason: str, operator: str, at: datetime) -> Hold:
    """Let the terms count again; on record in the same transaction.

    Raises:
        NotFound: there is no such hold, or it was lifted before.

    """
    with writing(engine) as connection:
        mine = (legal_holds.c.id == number) & legal_holds.c.lifted_at.is_(None)
        lifted = {"lifted_at": microseconds(at), "lifted_by": operator}
        if connection.execute(update(legal_holds).where(mine).values(lifted)).rowcount != 1:
            raise NotFound(f"no hold {number} is in force: list them to see which are")
        found = _hold(_one(connection, number))
        record = _record(RecordEvent.HOLD_LIFTED, number, found.message, reason, operator, at)
        add_note(connection, record)
        return found


def listed(engine: Engine, *, lifted: bool = False) -> list[Hold]:
    """Return the holds in force, oldest first; with `lifted` those that were lifted too."""
    query = select(legal_holds).order_by(legal_holds.c.id)
    if not lifted:
        query = query.where(legal_holds.c.lifted_at.is_(None))
    with reading(engine) as connection:
        return [_hold(row) for row in connection.execute(query)]


def kept(connection: Connection) -> Case:
    """Return what all holds in force keep, as far as the log knows by now."""
    held = select(legal_holds.c.message).where(legal_holds.c.lifted_at.is_(None)).distinct()
    return case_of(connection, connection.scalars(held).all())


def case_of(connection: Connection, messages: Iterable[str]) -> Case:
    """Return everything that hangs together with `messages`, themselves too."""
    found: set[str] = set(messages)
    tokens: set[str] = set()
    new_messages, new_tokens = set(found), set[str]()
    while new_messages or new_tokens:
        near = _near(connection, new_messages) | _with_tokens(connection, new_tokens)
        more = _tokens_of(connection, new_messages) - tokens
        new_messages = near - found
        new_tokens = more
        found |= new_messages
        tokens |= new_tokens
    return Case(frozenset(found), frozenset(tokens))


def known(connection: Connection, messages: Collection[str]) -> set[str]:
    """Return which of these messages the log knows."""
    found: set[str] = set()
    for some in portions(messages):
        query = select(acts.c.message).where(acts.c.message.in_(some)).distinct()
        found |= set(connection.scalars(query))
    return found


def portions(values: Iterable[_Value]) -> Iterator[list[_Value]]:
    """Yield the values in lists that a database takes as one list of parameters."""
    listed_values = list(values)
    for start in range(0, len(listed_values), _PORTION):
        yield listed_values[start : start + _PORTION]


def _near(connection: Connection, messages: Collection[str]) -> set[str]:
    """Return what acts on these messages, corrects them, or is acted upon or corrected by them."""
    found: set[str] = set()
    for some in portions(messages):
        for one, other in ((acts.c.message, acts.c.about), (acts.c.about, acts.c.message)):
            query = select(other).where(one.in_(some), other.is_not(None)).distinct()
            found |= set(connection.scalars(query))
    return found


def _tokens_of(connection: Connection, messages: Collection[str]) -> set[str]:
    found: set[str] = set()
    for some in portions(messages):
        for column in (acts.c.message, acts.c.about):
            query = (
                select(subjects.c.token)
                .join(acts, acts.c.position == subjects.c.position)
                .where(column.in_(some), subjects.c.kind.in_(KINDS))
                .distinct()
            )
            found |= set(connection.scalars(query))
    return found


def _with_tokens(connection: Connection, tokens: Collection[str]) -> set[str]:
    found: set[str] = set()
    for some in portions(tokens):
        query = (
            select(acts.c.message, acts.c.about)
            .join(subjects, acts.c.position == subjects.c.position)
            .where(subjects.c.token.in_(some), subjects.c.kind.in_(KINDS))
            .distinct()
        )
        for row in connection.execute(query):
            found |= {each for each in row if each is not None}
    return found


def _record(
    event: RecordEvent, number: int, message: str, reason: str, operator: str, at: datetime
) -> bytes:
    return recording.plain(
        LEDGER_SHARD,
        at,
        event,
        ("hold", str(number)),
        "ok",
        actor=("operator", operator),
        about=message,
        reason=reason,
    )


def _one(connection: Connection, number: int) -> Row[Any]:
    return connection.execute(select(legal_holds).where(legal_holds.c.id == number)).one()


def _hold(row: Row[Any]) -> Hold:
    return Hold(
        row.id,
        row.message,
        row.reason,
        moment(row.placed_at),
        row.placed_by,
        None if row.lifted_at is None else moment(row.lifted_at),
        row.lifted_by,
    )
