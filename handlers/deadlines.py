"""From urgency to a deadline, and from a rule to the last day that a copy may be kept."""

from datetime import date, datetime, timedelta
from functools import cache

from schemas.roles import Terms
from schemas.vocabulary import Urgency


def deadline(urgency: Urgency, terms: Terms, at: datetime) -> datetime:
    """Return the moment by which a recipient must have acknowledged; aware, as `at` is.

    Clock minutes, not office hours: a veiligheidsmelding does not wait for Monday.
    """
    return at + _minutes(terms.minutes(urgency))


def retain_until(day: date, days: int, asked: date | None) -> date:
    """Return the last day a copy may be kept: the rule's term, or earlier if the sender says so.

    >>> from datetime import date
    >>> retain_until(date(2026, 1, 1), 30, date(2026, 1, 10))
    datetime.date(2026, 1, 10)
    """
    limit = day + _days(days)
    return limit if asked is None or limit < asked else asked


@cache
def _minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


@cache
def _days(count: int) -> timedelta:
    return timedelta(days=count)
