"""What one partner sent and received in a period, and how fast it answered. From the read model.

Counts are of messages and of copies, never of persons.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, func, select

from hub.ledger.asking import moment
from hub.ledger.documents import document, octets
from hub.ledger.read_model import microseconds
from hub.ledger.tables import acts, records, verdicts
from schemas.records import RecordEvent as E

_SENT: Final = [each.value for each in (E.DECIDED, E.CORRECTED, E.WITHDRAWN)]
_PROVIDING: Final = [
    each.value
    for each in (*(E.DECIDED, E.CORRECTED, E.WITHDRAWN), *(E.RELEASED, E.RE_DECIDED, E.REDELIVERED))
]
_ANSWERS: Final = [each.value for each in (E.ACKNOWLEDGED, E.TAKEN_UP, E.REFUSED)]
_PAGE: Final = 1_000

Counts = dict[str, int]
"""Name -> how many, the most first, then by name."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What it published."""

    messages: int
    by_type: Counts
    results: Counts  #: delivered, held, withheld, delivered+held
    copies: int  #: provided to others
    by_recipient: Counts
    by_legal_basis: Counts
    withheld: Counts  #: reason -> how often a party did not get it
    held: Counts  #: reason -> how often a person had to look
    refused: Counts  #: reason -> events that the hub refused
    duplicates: int


@dataclass(frozen=True, slots=True)
class Received:
    """What it was given, and what it did with that."""

    copies: int
    by_sender: Counts
    by_type: Counts  #: without what was passed on
    by_legal_basis: Counts  #: without what was passed on
    passed_on: int  #: of these: passed on by another recipient
    acts: Counts  #: opened, acknowledged, …: how often, acts that were not allowed too
    answered: int  #: copies that it acknowledged, took up or refused, of those in this period
    open: int  #: copies that it has not
    overdue: int  #: answered after the deadline, or not answered while that has passed
    median: timedelta | None  #: from delivered to the first answer; None: nothing was answered
    p90: timedelta | None


@dataclass(frozen=True, slots=True)
class PartnerReport:
    """The answer for one party."""

    party: str
    since: datetime
    until: datetime
    sent: Sent
    received: Received


@dataclass(slots=True)
class _Copy:
    at: datetime
    deadline: datetime | None
    passed_on: bool = False
    answered: datetime | None = field(default=None)


def report_of(
    connection: Connection, party: str, since: datetime, until: datetime
) -> PartnerReport:
    """Return the report on a party for [since, until): aware moments.

    Answers count also when they came after `until`. Empty counts when there is nothing. One entry
    in memory for each copy that the party received in the period.
    """
    within = and_(acts.c.at >= microseconds(since), acts.c.at < microseconds(until))
    return PartnerReport(
        party,
        since,
        until,
        _sent(connection, party, within),
        _received(connection, party, within, until),
    )


def _sent(connection: Connection, party: str, within: ColumnElement[bool]) -> Sent:
    own = and_(acts.c.sender == party, within)
    published = and_(own, acts.c.event.in_(_SENT))
    provided = and_(own, acts.c.event.in_(_PROVIDING))

    def lines(outcome: str, column: Any) -> Counts:
        joined = select(column, func.count()).join_from(
            acts, verdicts, verdicts.c.position == acts.c.position
        )
        return _counted(connection, joined.where(provided, verdicts.c.outcome == outcome))

    by_type = _counted(connection, select(acts.c.type, func.count()).where(published))
    by_recipient = lines("forward", verdicts.c.party)
    refused = and_(own, acts.c.event == E.DEAD_LETTERED.value)
    duplicate = and_(own, acts.c.event == E.DUPLICATE.value)
    return Sent(
        messages=sum(by_type.values()),
        by_type=by_type,
        results=_counted(connection, select(acts.c.result, func.count()).where(published)),
        copies=sum(by_recipient.values()),
        by_recipient=by_recipient,
        by_legal_basis=lines("forward", verdicts.c.legal_basis),
        withheld=lines("withhold", verdicts.c.reason),
        held=lines("hold", verdicts.c.reason),
        refused=_counted(connection, select(acts.c.reason, func.count()).where(refused)),
        duplicates=connection.scalar(select(func.count()).select_from(acts).where(duplicate)) or 0,
    )


def _received(
    connection: Connection, party: str, within: ColumnElement[bool], until: datetime
) -> Received:
    copies: dict[str, _Copy] = {}
    by: dict[str, Counter[str]] = {"type": Counter(), "sender": Counter(), "basis": Counter()}
    for row, verdict in _deliveries(connection, party, within):
        if row.message in copies:
            continue
        deadline = verdict.get("deadline") if verdict else None
        copies[row.message] = _Copy(
            moment(row.at), datetime.fromisoformat(deadline) if deadline else None, not verdict
        )
        by["sender"][row.sender or "-"] += 1
        if verdict:  # the record of a passing on names the act, and neither type nor basis
            by["type"][row.type or "-"] += 1
            by["basis"][verdict["legal_basis"]] += 1
    acted = and_(acts.c.actor == party, acts.c.object_kind == "delivery")
    answers = select(acts.c.message, acts.c.at).where(acted, acts.c.event.in_(_ANSWERS))
    for message, at in connection.execute(answers.order_by(acts.c.at.desc())):
        if message in copies:
            copies[message].answered = moment(at)
    times = sorted(one.answered - one.at for one in copies.values() if one.answered)
    done = select(acts.c.event, func.count()).where(acted, within)
    return Received(
        copies=len(copies),
        by_type=_sorted(by["type"]),
        by_sender=_sorted(by["sender"]),
        by_legal_basis=_sorted(by["basis"]),
        passed_on=sum(one.passed_on for one in copies.values()),
        acts=_counted(connection, done),
        answered=len(times),
        open=len(copies) - len(times),
        overdue=sum(_is_overdue(one, until) for one in copies.values()),
        median=_quantile(times, 0.5),
        p90=_quantile(times, 0.9),
    )


def _deliveries(
    connection: Connection, party: str, within: ColumnElement[bool]
) -> Iterator[tuple[Any, Mapping[str, Any] | None]]:
    """Yield every copy that the party got, with its verdict; None: it was passed on to it."""
    columns = (acts.c.position, acts.c.at, acts.c.message, acts.c.type, acts.c.sender)
    given = (
        select(*columns, records.c.record, verdicts.c.number)
        .join_from(acts, verdicts, verdicts.c.position == acts.c.position)
        .join(records, records.c.position == acts.c.position)
        .where(within, verdicts.c.party == party, verdicts.c.outcome == "forward")
        .where(acts.c.message.is_not(None))
        .order_by(acts.c.position)
    )
    for row in connection.execute(given.execution_options(yield_per=_PAGE)):
        given_then = document(octets(row.record)).get("verdicts") or ()
        if row.number < len(given_then):  # else somebody changed the read model: `audit verify`
            yield row, given_then[row.number]
    passed = select(*columns).where(
        within, acts.c.party == party, acts.c.event == E.FORWARDED.value
    )
    for each in connection.execute(passed.order_by(acts.c.position)):
        yield each, None


def _is_overdue(one: _Copy, until: datetime) -> bool:
    return one.deadline is not None and (one.answered or until) > one.deadline


def _quantile(times: list[timedelta], part: float) -> timedelta | None:
    """Return the least time within which this part of them was (nearest rank)."""
    return times[math.ceil(len(times) * part) - 1] if times else None


def _counted(connection: Connection, query: Select[Any]) -> Counts:
    """Return what `query` counts (a name and a count) for each name; `-` stands for none."""
    rows = connection.execute(query.group_by(next(iter(query.selected_columns))))
    return _sorted({str(name or "-"): int(count) for name, count in rows})


def _sorted(counter: Mapping[str, int]) -> Counts:
    return dict(sorted(counter.items(), key=lambda each: (-each[1], each[0])))
