"""When things happen: mostly in office hours, a little in the evening, seldom at night."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from hub.simulation.chance import Dice

_AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")

_NIGHT, _EVENING, _EDGE, _OFFICE = 0.03, 0.15, 0.5, 1.0
_BY_HOUR: Final = (
    *(_NIGHT,) * 6, _EVENING, _EVENING, _EDGE, *(_OFFICE,) * 8, _EDGE,
    *(_EVENING,) * 4, _NIGHT, _NIGHT,
)  # fmt: skip
_WEEKEND: Final = 0.15
_FULL_HOURS: Final = sum(_BY_HOUR)  # so many office hours' worth of traffic lie in a working day


def intensity(at: datetime) -> float:
    """Return how busy it is at the aware moment `at`: 1 is a working day in office hours."""
    local = at.astimezone(_AMSTERDAM)
    return _BY_HOUR[local.hour] * (_WEEKEND if local.weekday() >= 5 else 1.0)


def arrivals(dice: Dice, start: datetime, per_day: float) -> Iterator[datetime]:
    """Yield moments after `start`, for ever: about `per_day` of them on a working day."""
    apart = _FULL_HOURS * 60 / per_day  # minutes between two, in office hours
    at = start
    while True:
        at += timedelta(minutes=dice.waiting(apart))
        if dice.maybe(intensity(at)):
            yield at


def later(dice: Dice, at: datetime, minutes: float, *, waits: bool = True) -> datetime:
    """Return a moment about `minutes` after `at`; with `waits`, when somebody is likely at work."""
    moment = at + timedelta(minutes=dice.between(0.6, 1.4) * minutes)
    while waits and not dice.maybe(max(intensity(moment), 0.05)):
        moment += timedelta(minutes=dice.between(20, 90))
    return moment
