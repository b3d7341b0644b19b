"""One look at a hub as a person or a program reads it; what is empty and well is left out."""

import itertools
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from hub.cli import output
from hub.cli.tables import Layout, folded_at, whole
from hub.supervision.alarms import Beyond
from hub.supervision.alerting import PAGES
from hub.supervision.readings import PartyReading, Readings, ShardReading

_MINUTE: Final = 60
_HOUR: Final = 3_600
_DAY: Final = 86_400
_PLACES: Final = 3  # of one alarm; the tables below show the others


def document(readings: Readings, alarms: Sequence[Beyond], *, everything: bool) -> dict[str, Any]:
    """Return it for programs. Ages in seconds, sizes in bytes."""
    return {
        "at": output.rfc3339(readings.at.replace(microsecond=0)),
        "well": not alarms,
        "alarms": [
            {
                "alarm": each.rule.name,
                "place": each.place or None,
                "severity": each.rule.severity.value,
                "value": round(each.value, 3),
                "bound": each.begins,
                "page": f"{PAGES}{each.rule.name}.md",
            }
            for each in alarms
        ],
        "broker": {
            "answers": readings.broker_answers,
            "silent_s": round(readings.silent_s, 1),
            "memory": readings.broker_memory,
            "memory_limit": readings.broker_memory_limit or None,
            "aof": readings.broker_aof or None,
        },
        "shards": [
            {
                "shard": each.shard,
                "intake": each.intake,
                "pending": each.pending,
                "oldest_s": round(each.oldest_s, 1),
                "held": each.held,
                "held_oldest_s": round(each.held_oldest_s, 1),
                "dead": each.dead,
                "unsealed": each.unsealed,
                "seal_delay_s": round(each.seal_delay_s, 1),
                "reader": each.reader or None,
            }
            for each in shards_shown(readings, everything=everything)
        ],
        "parties": [
            {
                "party": each.party,
                "entries": each.entries,
                "unfinished": each.unfinished,
                "fullest": each.fullest,
                "oldest_unread_s": round(each.oldest_unread_s, 1),
                "past_deadline": each.past_deadline,
            }
            for each in parties_shown(readings, everything=everything)
        ],
        "disks": {each.of: {"free": each.free, "size": each.size} for each in readings.disks},
        "clock_skew_s": round(readings.clock_skew_s, 3),
    }


def shards_shown(readings: Readings, *, everything: bool) -> list[ShardReading]:
    """Return the shards in which something waits, or that nobody reads, by name; or all."""
    return [
        each
        for each in readings.shards
        if everything or not each.reader or any((each.intake, each.held, each.dead, each.unsealed))
    ]


def parties_shown(readings: Readings, *, everything: bool) -> list[PartyReading]:
    """Return the parties that have something to do, those that need help first; or all."""
    shown = [
        each for each in readings.parties if everything or each.unfinished or each.past_deadline
    ]
    return sorted(shown, key=lambda each: (-each.past_deadline, -each.fullest, each.party))


def lines(readings: Readings, alarms: Sequence[Beyond], *, everything: bool) -> Iterator[str]:
    """Yield it for people: what is wrong first, and never wider than the terminal."""
    told = (
        output.plural(len({each.rule.name for each in alarms}), "alarm")
        if alarms
        else "all is well"
    )
    yield f"Seinhuis, {output.second(readings.at)}: {told}"
    yield from _alarms(alarms)
    if not readings.broker_answers:
        yield f"the broker is silent for {age(readings.silent_s)}; what follows is the last known"
    yield ""
    yield from _shards(readings, shards_shown(readings, everything=everything))
    yield ""
    yield from _parties(readings, parties_shown(readings, everything=everything))
    yield ""
    yield from _machine(readings)


def _alarms(alarms: Sequence[Beyond]) -> Iterator[str]:
    """Yield one row for each alarm, with its worst places."""
    if not alarms:
        return
    by_rule = [list(same) for _, same in itertools.groupby(alarms, lambda each: each.rule.name)]
    yield ""
    rows = [
        (f"! {same[0].rule.severity.value}", same[0].rule.name, _told(same)) for same in by_rule
    ]
    yield from Layout((*whole("how soon", "alarm"), "what"), rows).lines()
    yield f"what to do: {PAGES}ALARM.md"


def _told(same: Sequence[Beyond]) -> str:
    """Return what it means and where; `same`: the same alarm at every place, worst first."""
    rule = same[0].rule
    where = [" ".join(filter(None, (each.place, _value(each)))) for each in same[:_PLACES]]
    more = [f"{len(same) - _PLACES} more"] if len(same) > _PLACES else []
    told = ", ".join(filter(None, [*where, *more]))
    return f"{rule.meaning}: {told}" if told else rule.meaning


def _value(each: Beyond) -> str:
    unit = each.rule.unit
    if unit == "s":
        return age(each.value)
    if unit.startswith("of "):
        return f"{each.value:.0%} {unit}"
    return f"{each.value:g} {unit}" if unit else ""


def _shards(readings: Readings, shown: Sequence[ShardReading]) -> Iterator[str]:
    if shown:
        rows = [
            (
                each.shard,
                f"{each.intake:,}",
                f"{each.pending:,}",
                age(each.oldest_s) if each.intake else "-",
                f"{each.held:,}",
                f"{each.dead:,}",
                f"{each.unsealed:,}",
                age(each.seal_delay_s) if each.unsealed else "-",
                each.reader or "! nobody",
            )
            for each in shown
        ]
        columns = whole("shard", "intake", "pending", "oldest", "held", "dead", "unsealed", "delay")
        yield from Layout((*columns, "reader"), rows).lines()
    left = len(readings.shards) - len(shown)
    if left:
        yield f"{output.plural(left, 'other shard')}: read, and nothing waits"
    readers = Counter(each.reader for each in readings.shards if each.reader)
    if readers:
        told = ", ".join(f"{name} reads {count}" for name, count in sorted(readers.items()))
        yield from folded_at(f"workers: {told}", shutil.get_terminal_size((80, 24)).columns)


def _parties(readings: Readings, shown: Sequence[PartyReading]) -> Iterator[str]:
    if shown:
        rows = [
            (
                each.party,
                f"{each.entries:,}",
                f"{each.unfinished:,}",
                age(each.oldest_unread_s) if each.oldest_unread_s else "-",
                f"! {each.past_deadline:,}" if each.past_deadline else "-",
            )
            for each in shown
        ]
        columns = ("party", "inbox", "unfinished", "unread for", "too late")
        yield from Layout(whole(*columns), rows).lines()
    left = len(readings.parties) - len(shown)
    if left:
        yield f"{output.plural(left, 'other party', 'other parties')}: nothing to do"


def _machine(readings: Readings) -> Iterator[str]:
    limit = f" of {size(readings.broker_memory_limit)}" if readings.broker_memory_limit else ""
    told = [f"broker {size(readings.broker_memory)}{limit} in memory"]
    if readings.broker_aof:
        told.append(f"{size(readings.broker_aof)} on disk")
    told += [f"{size(each.free)} free for {each.of}" for each in readings.disks]
    yield from folded_at(", ".join(told), shutil.get_terminal_size((80, 24)).columns)


def age(seconds: float) -> str:
    """Return an age in the unit that a person would use.

    >>> age(0.2), age(59.9), age(3600), age(200_000)
    ('0 s', '59 s', '60 min', '55 h')
    """
    if seconds < 2 * _MINUTE:
        return f"{int(seconds)} s"
    if seconds < 2 * _HOUR:
        return f"{int(seconds / _MINUTE)} min"
    if seconds < 3 * _DAY:
        return f"{int(seconds / _HOUR)} h"
    return f"{int(seconds / _DAY):,} d"


def size(count: float) -> str:
    """Return a number of bytes as people read it.

    >>> size(999), size(1_500_000), size(2_000_000_000)
    ('999 B', '1.5 MB', '2.0 GB')
    """
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1_000:
            return f"{count:.1f} {unit}" if unit != "B" else f"{count:.0f} B"
        count /= 1_000
    return f"{count:.1f} TB"
