"""The table of alarms: what is measured for each, and beyond which bound it begins. Pure.

What to do is in docs/howto/alarms/, a page for each name; a test keeps table and pages together.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from hub.supervision.readings import Readings, ShardReading

Values = Mapping[str, float]
"""Place (shard, party, disk, server; "" for the hub as a whole) -> value."""


class Severity(StrEnum):
    """How soon a person must look."""

    CRITICAL = "critical"  #: now, also at night
    WARNING = "warning"  #: today


@dataclass(frozen=True, slots=True)
class Rule:
    """One alarm."""

    name: str
    severity: Severity
    meaning: str
    begins: float  #: a value above this is too much
    unit: str  #: of the value, for people; empty: it is so (1) or not (0)
    ends: float  #: share of `begins` at or below which it is over
    looks: int  #: so many in a row, for the beginning and for the end
    #: None: it cannot be known at this look, so nothing changes
    measure: Callable[[Readings], Values | None]

    def over(self, begins: float) -> float:
        """Return the value at or below which the alarm ends, when it begins above `begins`."""
        return begins * self.ends


def _by_shard(of: Callable[..., float]) -> Callable[[Readings], Values | None]:
    def measure(readings: Readings) -> Values | None:
        return _asked(readings, {each.shard: of(each) for each in readings.shards})

    return measure


def _asked(readings: Readings, values: Values) -> Values | None:
    """Return what the broker said; None while it is silent: then these are the last known."""
    return values if readings.broker_answers else None


def _inboxes(readings: Readings) -> Values | None:
    limit = readings.inbox_limit
    return _asked(
        readings, {each.party: each.fullest / limit for each in readings.parties if limit}
    )


def _past_deadline(readings: Readings) -> Values | None:
    return _asked(readings, {each.party: each.past_deadline for each in readings.parties})


def _with_records(readings: Readings) -> tuple[ShardReading, ...]:
    """Return the shards, and the hub's own, which has records and nothing else."""
    return readings.shards if readings.own is None else (*readings.shards, readings.own)


def _seal_delay(readings: Readings) -> Values | None:
    return _asked(readings, {each.shard: each.seal_delay_s for each in _with_records(readings)})


def _towards_the_stop(readings: Readings) -> Values | None:
    most, longest = readings.unsealed_limit, readings.seal_delay_limit_s
    return _asked(
        readings,
        {
            each.shard: max(
                each.unsealed / most if most else 0.0,
                each.seal_delay_s / longest if longest else 0.0,
            )
            for each in _with_records(readings)
        },
    )


def _memory(readings: Readings) -> Values | None:
    limit = readings.broker_memory_limit
    return _asked(readings, {"": readings.broker_memory / limit if limit else 0.0})


def _short_of_replicas(readings: Readings) -> Values | None:
    return _asked(readings, dict.fromkeys(readings.replicas_short, 1.0))


def _disks(readings: Readings) -> Values:
    """Return what must stay free, of what is free. A file that is written anew needs its own size.

    The file of the broker is on the disk of the data only with the embedded broker; counting it in
    always is on the safe side.
    """
    needed = {"data": max(DISK_LEAST, readings.broker_aof)}
    return {each.of: needed.get(each.of, DISK_LEAST) / max(1, each.free) for each in readings.disks}


DISK_LEAST: Final = 2_000_000_000
"""Bytes that must stay free on every disk."""

_HOUR: Final = 3_600.0

RULES: Final = (
    Rule(
        "intake-lag", Severity.CRITICAL, "events wait on an intake and are not taken",
        60.0, "s", 1 / 6, 3,
        # What was handed out is older than what was not, so most of it tells which of two it is.
        _by_shard(lambda each: each.oldest_s if each.pending * 2 < each.intake else 0.0),
    ),
    Rule(
        "entries-pending", Severity.CRITICAL, "events were handed to a worker and not finished",
        60.0, "s", 1 / 6, 3,
        _by_shard(lambda each: each.oldest_s if each.pending * 2 >= each.intake else 0.0),
    ),
    Rule(
        "held-waiting", Severity.WARNING, "an event waits too long for a decision of a person",
        4 * _HOUR, "s", 0.75, 1, _by_shard(lambda each: each.held_oldest_s),
    ),
    Rule(
        "dead-letters", Severity.WARNING, "many events of a sender were refused or given up",
        20.0, "entries", 0.5, 1, _by_shard(lambda each: each.dead),
    ),
    Rule(
        "inbox-full", Severity.WARNING, "an inbox is nearly full: its party does not finish copies",
        0.8, "of its room", 0.75, 3, _inboxes,
    ),
    Rule(
        "unread-past-deadline", Severity.WARNING, "nobody opened copies before their deadline",
        0.0, "copies", 0.5, 6, _past_deadline,
    ),
    Rule(
        "seal-delay", Severity.WARNING, "records wait to be sealed",
        30.0, "s", 1 / 6, 3, _seal_delay,
    ),
    Rule(
        "not-sealing", Severity.CRITICAL, "records are not sealed; soon nothing new is handled",
        0.5, "of the bound", 0.2, 1, _towards_the_stop,
    ),
    Rule(
        "broker-silent", Severity.CRITICAL, "the broker does not answer",
        10.0, "s", 0.0, 1, lambda readings: {"": readings.silent_s},
    ),
    Rule(
        "broker-memory", Severity.CRITICAL, "the broker is nearly out of memory",
        0.8, "of its limit", 0.875, 3, _memory,
    ),
    Rule(
        "replica-missing", Severity.CRITICAL, "a primary has too few replicas: it takes nothing",
        0.0, "", 0.0, 2, _short_of_replicas,
    ),
    Rule(
        "disk-space", Severity.CRITICAL, "a disk has too little room left",
        1.0, "of the free space is needed", 0.8, 3, _disks,
    ),
    Rule(
        "erasure-failed", Severity.WARNING, "what had to be erased is still there",
        0.0, "", 0.0, 1, lambda readings: {"": float(readings.erasure_failed)},
    ),
    Rule(
        "no-reader", Severity.CRITICAL, "no worker reads a shard",
        0.0, "", 0.0, 6, _by_shard(lambda each: float(not each.reader)),
    ),
    Rule(
        "clock-skew", Severity.WARNING, "the clocks of this machine and of the broker differ",
        2.0, "s", 0.5, 3, lambda readings: _asked(readings, {"": abs(readings.clock_skew_s)}),
    ),
)  # fmt: skip
"""Every alarm, with its default bounds."""
