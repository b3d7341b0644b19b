"""Tells people what began and what ended: a line in the log, and the gauge `seinhuis_alarm`.

Nothing is sent from here: who carries it to a person (Alertmanager, a collector of logs) can wait,
repeat, escalate and know who is on duty, and all of that is not for the process that is in trouble.
"""

from collections.abc import Mapping
from typing import Final

from hub import log, metrics
from hub.supervision.alarm_rules import RULES, Severity
from hub.supervision.alarms import Alarms, Change
from hub.supervision.readings import Readings

PAGES: Final = "docs/howto/alarms/"


class Alerting:
    """Judges each look of a process and tells what changed."""

    def __init__(self, begins: Mapping[str, float]) -> None:
        """`begins`: as `alarms.bounds` returns it."""
        self._alarms = Alarms(begins)
        self._show()

    def look(self, readings: Readings) -> None:
        """Take one look into account. Raises nothing."""
        for change in self._alarms.judge(readings):
            _tell(change)
        self._show()

    def _show(self) -> None:
        on = {name for name, _ in self._alarms.on()}
        for rule in RULES:
            metrics.alarm(rule.name, raised=rule.name in on)


def _tell(change: Change) -> None:
    rule = change.rule
    said = {
        "alarm": rule.name,
        "place": change.place,
        "value": round(change.value, 3),
        "bound": round(change.bound, 3),
    }
    if not change.began:
        log.get().info("alarm.cleared", **said, for_s=round(change.for_s))
        return
    say = log.get().error if rule.severity is Severity.CRITICAL else log.get().warning
    say("alarm.raised", **said, severity=rule.severity.value, page=f"{PAGES}{rule.name}.md")
