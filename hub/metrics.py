"""What a process counts and measures of itself, by name; `/metrics` shows it.

Plain numbers in memory: counting costs well under a microsecond and needs no lock, because only
the event loop counts and a reader takes copies. Labels are names from the role config (a shard, a
party) and our own words; never anything that a partner chose.
"""

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

PREFIX: Final = "seinhuis_"

Labels = tuple[str, ...]
"""The values of the labels of one series, in the order of `Metric.labels`."""

_SECONDS: Final = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 60.0, 600.0, 3_600.0),
)


class Kind(StrEnum):
    """What a number does: only grow, go up and down, or count how often a value was how large."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True, eq=False)
class Metric:
    """One metric: its name without prefix, its kind, what it means, and its labels."""

    name: str
    kind: Kind
    meaning: str
    labels: Labels = ()


def _counter(name: str, meaning: str, *labels: str) -> Metric:
    return Metric(name, Kind.COUNTER, meaning, labels)


def _gauge(name: str, meaning: str, *labels: str) -> Metric:
    return Metric(name, Kind.GAUGE, meaning, labels)


def _histogram(name: str, meaning: str) -> Metric:
    return Metric(name, Kind.HISTOGRAM, meaning)


EVENTS: Final = _counter("events_total", "Events that got a verdict, by what became of it.",
                         "shard", "result")  # fmt: skip
COPIES: Final = _counter("copies_total", "Copies put in an inbox.", "shard")
RECLAIMED: Final = _counter("reclaimed_total", "Entries taken over from a reader.", "shard")
BATCH_SECONDS: Final = _histogram("batch_seconds", "From the read of a batch to its commit.")
EVENT_TO_INBOX: Final = _histogram(
    "event_to_inbox_seconds",
    "From acceptance of an event by the broker to the commit of its copies; between two clocks.",
)
ALARM: Final = _gauge("alarm", "1: this alarm is raised.", "name")
BUILD: Final = _gauge("build_info", "Always 1; the version and the role config.",
                      "version", "config")  # fmt: skip
LEASES: Final = _gauge("reader_leases", "Shards that this process reads.")
READER: Final = _gauge("shard_reader", "1: somebody reads this shard.", "shard")
INTAKE: Final = _gauge("intake_entries", "Entries on the intakes, pending ones included.", "shard")
PENDING: Final = _gauge("intake_pending", "Entries handed out and not finished.", "shard")
INTAKE_OLDEST: Final = _gauge("intake_oldest_seconds", "Age of the oldest entry.", "shard")
HELD: Final = _gauge("held_entries", "Events that wait for a person.", "shard")
HELD_OLDEST: Final = _gauge("held_oldest_seconds", "Age of the oldest of them.", "shard")
DEAD: Final = _gauge("dead_entries", "Events refused or given up, not looked at yet.", "shard")
UNSEALED: Final = _gauge("unsealed_records", "Records that wait to be sealed.", "shard")
UNSEALED_LIMIT: Final = _gauge("unsealed_limit", "With so many nothing new is handled.")
SEAL_DELAY: Final = _gauge("seal_delay_seconds", "How long records wait with none sealed.")
SEAL_DELAY_LIMIT: Final = _gauge("seal_delay_limit_seconds", "Then nothing new is handled.")
SEALER_ACTIVE: Final = _gauge("sealer_active", "1: this process seals; 0: it stands by.")
SEAL_STALLED: Final = _gauge("seal_stalled_seconds", "How long it could not seal.")
LEDGER_RECORDS: Final = _gauge("ledger_records", "Records in the ledger, at its last look.")
INBOX: Final = _gauge("inbox_entries", "Copies and notices in the inboxes of a party.", "party")
UNFINISHED: Final = _gauge("inbox_unfinished", "Copies that it has not finished.", "party")
FULLEST: Final = _gauge("inbox_fullest", "The most of these in one of its inboxes.", "party")
INBOX_LIMIT: Final = _gauge("inbox_limit", "With so many in one inbox, further ones are held.")
OLDEST_UNREAD: Final = _gauge(
    "inbox_oldest_unread_seconds", "Age of the oldest copy that it has not opened.", "party"
)
PAST_DEADLINE: Final = _gauge(
    "inbox_past_deadline", "Unread copies past their deadline, as far as was looked.", "party"
)
ERASURE_FAILED: Final = _gauge("erasure_failed", "1: the last round of erasing failed.")
BROKER_UP: Final = _gauge("broker_up", "1: the broker answered at the last look.")
BROKER_MEMORY: Final = _gauge("broker_memory_bytes", "Memory that the broker uses.")
BROKER_MEMORY_LIMIT: Final = _gauge("broker_memory_limit_bytes", "Its maxmemory; 0: none.")
BROKER_AOF: Final = _gauge("broker_aof_bytes", "Size of the broker's append-only file.")
DISK_FREE: Final = _gauge("disk_free_bytes", "Room left on the disk of a folder.", "of")
DISK_SIZE: Final = _gauge("disk_size_bytes", "Size of that disk.", "of")
CLOCK_SKEW: Final = _gauge("clock_skew_seconds", "The clock of this machine minus the broker's.")
PROCESS_MEMORY: Final = _gauge("process_memory_bytes", "Memory resident of this process.")
LOOKED_AT: Final = _gauge("looked_at_seconds", "When these gauges were read; Unix time.")

METRICS: Final[Mapping[str, Metric]] = {
    PREFIX + each.name: each for each in list(globals().values()) if isinstance(each, Metric)
}
"""Full name -> metric: all that there are. `docs/howto/supervise.md` explains them."""


class Registry:
    """The numbers of one process. Written by one thread, read by any."""

    def __init__(self) -> None:
        self._values: dict[Metric, dict[Labels, float]] = {}
        self._buckets: dict[Metric, list[int]] = {}
        self._sums: dict[Metric, float] = {}

    def add(self, metric: Metric, amount: float, *labels: str) -> None:
        """Count `amount` more."""
        series = self._values.setdefault(metric, {})
        series[labels] = series.get(labels, 0) + amount

    def put(self, metric: Metric, value: float, *labels: str) -> None:
        """Set one series of a gauge."""
        self._values.setdefault(metric, {})[labels] = value

    def show(self, metric: Metric, series: Mapping[Any, float]) -> None:
        """Set all series of a gauge, by their `Labels`: one that is not named is gone."""
        self._values[metric] = dict(series)

    def observe(self, metric: Metric, values: Iterable[float]) -> None:
        """Count each of `values` (seconds, not negative) in its bucket."""
        buckets = self._buckets.setdefault(metric, [0] * (len(_SECONDS) + 1))
        total = 0.0
        for value in values:
            buckets[bisect_left(_SECONDS, value)] += 1
            total += value
        self._sums[metric] = self._sums.get(metric, 0.0) + total

    def value(self, metric: Metric, *labels: str) -> float:
        """Return one series; of a histogram the number of observations. 0: never counted."""
        if metric.kind is Kind.HISTOGRAM:
            return sum(self._buckets.get(metric, ()))
        return self._values.get(metric, {}).get(labels, 0)

    def text(self) -> str:
        """Return all in the text format of Prometheus, 0.0.4."""
        lines: list[str] = []
        for name, metric in METRICS.items():
            lines += (f"# HELP {name} {metric.meaning}", f"# TYPE {name} {metric.kind.value}")
            if metric.kind is Kind.HISTOGRAM:
                lines += self._histogram(name, metric)
            else:
                series = dict(self._values.get(metric, {}))
                lines += (
                    f"{name}{_braces(metric.labels, labels)} {_number(value)}"
                    for labels, value in sorted(series.items())
                )
        return "\n".join([*lines, ""])

    def _histogram(self, name: str, metric: Metric) -> Iterable[str]:
        buckets = list(self._buckets.get(metric, ()) or [0] * (len(_SECONDS) + 1))
        so_far = 0
        for bound, count in zip((*_SECONDS, math.inf), buckets, strict=True):
            so_far += count
            yield f'{name}_bucket{{le="{_number(bound)}"}} {so_far}'
        yield f"{name}_sum {_number(self._sums.get(metric, 0.0))}"
        yield f"{name}_count {so_far}"


PROCESS: Final = Registry()
"""The numbers of this process."""


def routed(
    shard: str,
    *,
    delivered: int = 0,
    held: int = 0,
    refused: int = 0,
    duplicates: int = 0,
    acts: int = 0,
    copies: int = 0,
) -> None:
    """Count what became of committed events; `delivered`: decided with nothing held.

    Each event counts once; `copies` is how many copies all of them brought about.
    """
    for result, amount in (
        ("delivered", delivered),
        ("held", held),
        ("refused", refused),
        ("duplicate", duplicates),
        ("act", acts),
    ):
        if amount:
            PROCESS.add(EVENTS, amount, shard, result)
    if copies:
        PROCESS.add(COPIES, copies, shard)


def took(seconds: float) -> None:
    """Count the time of one batch, from its read to its commit."""
    PROCESS.observe(BATCH_SECONDS, (seconds,))


def arrived(entries: Iterable[str], now_s: float) -> None:
    """Count how long events were on their way: `entries` (`<ms>-<n>`) are committed at `now_s`.

    A broker whose clock is ahead gives 0.
    """
    PROCESS.observe(
        EVENT_TO_INBOX,
        (max(0.0, now_s - int(entry.partition("-")[0]) / 1_000) for entry in entries),
    )


def reclaimed(shard: str, entries: int) -> None:
    """Count entries taken over."""
    PROCESS.add(RECLAIMED, entries, shard)


def leases(count: int) -> None:
    """Say how many shards this process reads."""
    PROCESS.put(LEASES, count)


def alarm(name: str, *, raised: bool) -> None:
    """Say whether an alarm is raised."""
    PROCESS.put(ALARM, int(raised), name)


def erasure(*, failed: bool) -> None:
    """Say whether the last round of erasing failed."""
    PROCESS.put(ERASURE_FAILED, int(failed))


def build(version: str, config: str) -> None:
    """Say which version and role config (its digest) this process works with."""
    PROCESS.show(BUILD, {(version, config): 1})


def _braces(names: Labels, values: Labels) -> str:
    if not names:
        return ""
    pairs = (f'{name}="{_escaped(value)}"' for name, value in zip(names, values, strict=True))
    return "{" + ",".join(pairs) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _number(value: float) -> str:
    if math.isinf(value):
        return "+Inf"
    return str(int(value)) if value == int(value) else repr(float(value))
