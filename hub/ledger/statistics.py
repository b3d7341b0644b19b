"""Counts over the log: of messages, copies and records. No person is ever what is counted by.

A message counts once: in the record that decided it. A party that got a message twice counts once.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Select, distinct, func, select, text

from hub.ledger.asking import moment
from hub.ledger.filters import Filters, conditions
from hub.ledger.tables import acts, verdicts
from schemas.records import RecordEvent

_AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")
_HOUR_US: Final = 3_600_000_000
_FIRST: Final = tuple(
    each.value for each in (RecordEvent.DECIDED, RecordEvent.CORRECTED, RecordEvent.WITHDRAWN)
)
"""A message that was not refused has exactly one record with one of these."""

MEANINGS: Final[Mapping[str, str]] = {
    "day": "messages decided, by day (Amsterdam)",
    "hour": "messages decided, by hour of the day (Amsterdam)",
    "sender": "messages decided, by sender",
    "type": "messages decided, by type",
    "recipient": "messages that each recipient got",
    "legal-basis": "messages that went to somebody, by legal basis",
    "reason": "messages that somebody did not get or not yet, by reason",
    "event": "records, by what happened",
}
"""What can be counted by -> what is counted."""


def counts(connection: Connection, by: str, filters: Filters) -> dict[str, int]:
    """Return name -> how many, `by` one of `MEANINGS`; KeyError: it is none of them.

    Days and hours in order of time, those without a message too; others with the most first.
    """
    where = conditions(connection, filters)
    return _COUNTED[by](connection, where)


def _by_act(column: Any) -> Callable[[Connection, list[ColumnElement[bool]]], dict[str, int]]:
    def counted(connection: Connection, where: list[ColumnElement[bool]]) -> dict[str, int]:
        of_first = [] if column is acts.c.event else [acts.c.event.in_(_FIRST)]
        wanted = select(column, func.count()).where(*where, *of_first).group_by(column)
        return _most_first(connection, wanted)

    return counted


def _by_verdict(
    column: Any, outcomes: tuple[str, ...]
) -> Callable[[Connection, list[ColumnElement[bool]]], dict[str, int]]:
    def counted(connection: Connection, where: list[ColumnElement[bool]]) -> dict[str, int]:
        wanted = (
            select(column, func.count(distinct(acts.c.message)))
            .join_from(acts, verdicts, acts.c.position == verdicts.c.position)
            .where(*where, verdicts.c.outcome.in_(outcomes), column.is_not(None))
            .group_by(column)
        )
        return _most_first(connection, wanted)

    return counted


def _by_hour(connection: Connection, where: list[ColumnElement[bool]]) -> dict[str, int]:
    found = {f"{hour:02}:00": 0 for hour in range(24)}
    for at, count in _hours(connection, where):
        found[f"{moment(at).astimezone(_AMSTERDAM).hour:02}:00"] += count
    return found if any(found.values()) else {}


def _by_day(connection: Connection, where: list[ColumnElement[bool]]) -> dict[str, int]:
    found: Counter[date] = Counter()
    for at, count in _hours(connection, where):
        found[moment(at).astimezone(_AMSTERDAM).date()] += count
    if not found:
        return {}
    first, last = min(found), max(found)
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return {day.isoformat(): found[day] for day in days}


def _hours(connection: Connection, where: list[ColumnElement[bool]]) -> list[tuple[int, int]]:
    """Return (begin of an hour, messages): whole hours, because a day begins in Amsterdam."""
    hour = (acts.c.at - acts.c.at % _HOUR_US).label("hour")
    wanted = select(hour, func.count()).where(*where, acts.c.event.in_(_FIRST))
    wanted = wanted.group_by(text("hour"))  # by name: PostgreSQL sees two numbers in two formulas
    return [(int(row[0]), int(row[1])) for row in connection.execute(wanted)]


def _most_first(connection: Connection, wanted: Select[Any]) -> dict[str, int]:
    found = {str(name): int(count) for name, count in connection.execute(wanted)}
    return dict(sorted(found.items(), key=lambda each: (-each[1], each[0])))


_COUNTED: Final = {
    "day": _by_day,
    "hour": _by_hour,
    "sender": _by_act(acts.c.sender),
    "type": _by_act(acts.c.type),
    "recipient": _by_verdict(verdicts.c.party, ("forward",)),
    "legal-basis": _by_verdict(verdicts.c.legal_basis, ("forward",)),
    "reason": _by_verdict(verdicts.c.reason, ("withhold", "hold")),
    "event": _by_act(acts.c.event),
}
