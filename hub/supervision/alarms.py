"""When an alarm begins and ends: readings in, changes out. Pure; the table is `alarm_rules`.

An alarm begins when its value was beyond its bound for a number of looks in a row, and ends when it
was at or below a lower one for as many: what swings around a bound calls nobody twice. It is told
once at its beginning and once at its end, for each shard, party or disk apart.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.errors import NotUsable
from hub.supervision.alarm_rules import RULES, Rule
from hub.supervision.readings import Readings


@dataclass(frozen=True, slots=True)
class Beyond:
    """A value beyond its bound."""

    rule: Rule
    place: str
    value: float
    begins: float


@dataclass(frozen=True, slots=True)
class Change:
    """An alarm that began or ended at this look."""

    rule: Rule
    place: str
    began: bool
    value: float
    bound: float  #: that it went beyond, or came back to
    for_s: float = 0.0  #: how long it was on, when it ends


def bounds(text: str) -> dict[str, float]:
    """Return name -> the bound above which each alarm begins, changed by `NAME=NUMBER,…`.

    `NAME=off` turns one off.

    >>> bounds("dead-letters=100")["dead-letters"], bounds("")["dead-letters"]
    (100.0, 20.0)

    Raises:
        NotUsable: there is no such alarm, or no number.

    """
    found = {rule.name: rule.begins for rule in RULES}
    for given in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = given.partition("=")
        if name not in found:
            raise NotUsable(
                f"SEINHUIS_ALARMS names the alarm {name!r}; there are: {', '.join(found)}"
            )
        found[name] = _number(name, value)
    return found


def _number(name: str, text: str) -> float:
    try:
        number = math.inf if text == "off" else float(text)
    except ValueError:
        number = math.nan
    if not number >= 0:
        raise NotUsable(f"SEINHUIS_ALARMS: {name}= takes a number of at least 0, or off")
    return number


def beyond(readings: Readings, begins: Mapping[str, float]) -> Iterator[Beyond]:
    """Yield what is beyond its bound at this one look, worst first within an alarm."""
    for rule in RULES:
        bound = begins[rule.name]
        values = rule.measure(readings) or {}
        for place, value in sorted(values.items(), key=lambda item: (-item[1], item[0])):
            if value > bound:
                yield Beyond(rule, place, value, bound)


@dataclass(slots=True)
class _State:
    since: datetime | None = None  #: when it began; None: it is not on
    streak: int = 0  #: looks in a row that say that it should change


class Alarms:
    """Follows look after look. One for each process that tells people."""

    def __init__(self, begins: Mapping[str, float]) -> None:
        """`begins`: as `bounds` returns it."""
        self._begins = begins
        self._states: dict[tuple[str, str], _State] = {}

    def judge(self, readings: Readings) -> list[Change]:
        """Take one look into account; return what began or ended with it."""
        changes = []
        for rule in RULES:
            values = rule.measure(readings)
            if values is None:
                continue
            gone = [place for name, place in self._states if name == rule.name]
            for place in dict.fromkeys([*values, *gone]):
                change = self._step(rule, place, values.get(place, 0.0), readings.at)
                if change is not None:
                    changes.append(change)
        return changes

    def on(self) -> Sequence[tuple[str, str]]:
        """Return (name, place) of every alarm that is on, in order."""
        return sorted(key for key, state in self._states.items() if state.since is not None)

    def _step(self, rule: Rule, place: str, value: float, at: datetime) -> Change | None:
        begins = self._begins[rule.name]
        state = self._states.get((rule.name, place), _State())
        is_on = state.since is not None
        turns = value <= rule.over(begins) if is_on else value > begins
        state.streak = state.streak + 1 if turns else 0
        if state.since is None and not state.streak:
            self._states.pop((rule.name, place), None)
            return None
        self._states[rule.name, place] = state
        if state.streak < rule.looks:
            return None
        state.streak = 0
        if state.since is None:
            state.since = at
            return Change(rule, place, began=True, value=value, bound=begins)
        del self._states[rule.name, place]
        lasted = (at - state.since).total_seconds()
        return Change(rule, place, False, value, rule.over(begins), max(0.0, lasted))
