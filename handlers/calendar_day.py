"""The Dutch calendar day of a moment: laws, mandates and gemeenten begin and end on one."""

from datetime import date, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

_AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")


@lru_cache(maxsize=256)  # every event of a batch is decided at the same moment
def dutch_day(at: datetime) -> date:
    """Return the calendar day in the Netherlands at the aware moment `at`.

    >>> from datetime import UTC, datetime
    >>> dutch_day(datetime(2026, 12, 31, 23, 30, tzinfo=UTC))
    datetime.date(2027, 1, 1)
    """
    return at.astimezone(_AMSTERDAM).date()
