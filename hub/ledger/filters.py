"""Which records are asked for: the filters of `seinhuis audit`, as conditions on the read model.

All of them must hold. What can match nothing because nobody bears that name is refused by
`problems`, with the nearest name; a right name without records is an empty answer.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, or_, select

from handlers.rulebook import Rulebook
from hub.ledger.read_model import UNREADABLE, microseconds
from hub.ledger.tables import acts, subjects, verdicts
from schemas.catalogue import CATALOGUE
from schemas.problems import Problem, nearest
from schemas.record_words import MEANINGS, PLACEHOLDERS
from schemas.records import RecordEvent

_MESSAGE: Final = re.compile(r"[0-9a-f]{1,32}")
_DIGEST: Final = re.compile(r"[0-9a-f]{1,64}")
_TOKEN: Final = re.compile(r"[0-9a-f]{32}")
_RESULTS: Final = {
    word for each in MEANINGS.values() for word in each.results if word not in PLACEHOLDERS
}
_MANY: Final = 20_000
"""So many matches or more are found by walking through the records from the newest on."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What is asked for; None asks for everything."""

    since: datetime | None = None  #: aware; this moment and later
    until: datetime | None = None  #: aware; this moment and earlier
    sender: str | None = None
    recipient: str | None = None  #: a decision gave it a copy, or it acted on one
    message: str | None = None  #: beginning of a `message_ref`; also what is about that message
    type: str | None = None  #: without prefix
    event: str | None = None  #: a word of `RecordEvent`
    result: str | None = None
    actor: str | None = None  #: id of who did it
    legal_basis: str | None = None  #: a verdict names it
    shard: str | None = None
    person: str | None = None  #: a token: 32 hexadecimal digits, of any kind
    config: str | None = None  #: beginning of the digest of a role config

    def said(self) -> dict[str, str]:
        """Return what is asked for as it goes on record: name -> text, without the person."""
        named = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: _text(value) for name, value in named.items() if value and name != "person"}


def conditions(connection: Connection, filters: Filters) -> list[ColumnElement[bool]]:
    """Return the conditions on `tables.acts`; `connection` only to see how much would match."""
    found = [acts.c[name] == value for name, value in _equal(filters)]
    if filters.since is not None:
        found.append(acts.c.at >= microseconds(filters.since))
    if filters.until is not None:
        found.append(acts.c.at <= microseconds(filters.until))
    if filters.message is not None:
        found.append(
            or_(
                beginning(acts.c.message, filters.message), beginning(acts.c.about, filters.message)
            )
        )
    if filters.config is not None:
        found.append(beginning(acts.c.config, filters.config))
    if filters.person is not None:
        found.append(
            acts.c.position.in_(
                select(subjects.c.position).where(subjects.c.token == filters.person)
            )
        )
    if filters.legal_basis is not None:
        named = verdicts.c.legal_basis == filters.legal_basis
        found.append(_with_verdict(connection, named))
    if filters.recipient is not None:
        given = and_(verdicts.c.party == filters.recipient, verdicts.c.outcome == "forward")
        acted = acts.c.party == filters.recipient
        found.append(or_(acted, _with_verdict(connection, given)))
    return found


def beginning(column: Any, text: str) -> ColumnElement[bool]:
    """Return that a column of hexadecimal digits begins with `text`; an index on it is used."""
    return and_(column >= text, column < f"{text}g")  # g comes after every hexadecimal digit


def problems(
    connection: Connection, filters: Filters, book: Callable[[], Rulebook | None]
) -> tuple[Problem, ...]:
    """Return which filters can match nothing whatever the log holds, each with the nearest name.

    `book`: the role config of today, asked for only when the log does not know a name; None: it
    cannot be used, and only the log counts. What was typed is not repeated: it could be a name.
    """
    return (*_shapes(filters), *_names(connection, filters, book))


def _text(value: str | datetime) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value


def _equal(filters: Filters) -> Iterable[tuple[str, str]]:
    for name in ("sender", "type", "event", "result", "actor", "shard"):
        if (value := getattr(filters, name)) is not None:
            yield name, value


def _with_verdict(connection: Connection, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return that a record has such a verdict.

    Few: they are looked up. Many: each record is looked at in turn, because then the newest fifty
    are soon found, and sorting half of the log is not soon done.
    """
    some = select(verdicts.c.position).where(condition).limit(_MANY).subquery()
    if (connection.scalar(select(func.count()).select_from(some)) or 0) < _MANY:
        return acts.c.position.in_(select(verdicts.c.position).where(condition))
    return exists().where(verdicts.c.position == acts.c.position, condition)


def _shapes(filters: Filters) -> Iterable[Problem]:
    shapes = (
        ("message", _MESSAGE, "the beginning of a message: digits and a to f, at most 32"),
        ("config", _DIGEST, "the beginning of a digest: digits and a to f, at most 64"),
        ("person", _TOKEN, "a pseudonym: 32 digits and a to f, as `seinhuis audit report` shows"),
    )
    for name, shape, rule in shapes:
        value = getattr(filters, name)
        if value is not None and not shape.fullmatch(value):
            yield Problem(_option(name), f"not {rule}", "copy it from where it was shown")
    if filters.since and filters.until and filters.since > filters.until:
        yield Problem("--until", "earlier than --since: nothing lies between", "exchange the two")


def _names(
    connection: Connection, filters: Filters, book: Callable[[], Rulebook | None]
) -> Iterable[Problem]:
    def of_today(names: Callable[[Rulebook], Iterable[str]]) -> Callable[[], set[str]]:
        def known() -> set[str]:
            found = book()
            return set(names(found)) if found is not None else set()

        return known

    parties = of_today(lambda found: found.parties)
    checks: tuple[tuple[str, tuple[Any, ...], Callable[[], set[str]]], ...] = (
        ("sender", (acts.c.sender,), parties),
        ("recipient", (acts.c.party, verdicts.c.party), parties),
        ("actor", (acts.c.actor,), of_today(lambda found: {*found.parties, "hub"})),
        ("type", (acts.c.type,), lambda: set(CATALOGUE)),
        ("event", (), lambda: {UNREADABLE, *(each.value for each in RecordEvent)}),
        ("result", (acts.c.result,), lambda: set(_RESULTS)),
        ("legal_basis", (verdicts.c.legal_basis,), of_today(lambda found: found.legal_bases)),
        ("shard", (acts.c.shard,), of_today(lambda found: {*found.shards(), "hub", "ledger"})),
    )
    for name, columns, vocabulary in checks:
        value = getattr(filters, name)
        if value is None or any(_holds(connection, column, value) for column in columns):
            continue
        known = vocabulary()
        if value in known:
            continue
        for column in columns:
            distinct: Select[Any] = select(column).where(column.is_not(None)).distinct()
            known |= set(connection.scalars(distinct))
        hint = nearest(value, known)
        yield Problem(
            _option(name),
            "neither the log nor the role config knows this name",
            f"perhaps: {hint}" if hint else _way_out(known),
        )


def _option(name: str) -> str:
    """Return the option of the command that sets a filter."""
    return {"config": "--digest"}.get(name, f"--{name.replace('_', '-')}")


def _holds(connection: Connection, column: Any, value: str) -> bool:
    return connection.scalar(select(column).where(column == value).limit(1)) is not None


def _way_out(known: set[str]) -> str:
    shown = ", ".join(sorted(known)[:12])
    return f"there are: {shown}" + (", …" if len(known) > 12 else "") if known else "leave it out"
