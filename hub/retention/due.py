"""What is due at a day: of one entry of an inbox, or of what waits for a person. Pure.

Days are Dutch calendar days; the last day of a term counts, so content goes on the day after.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Final

from handlers.calendar_day import dutch_day
from handlers.deadlines import retain_until
from handlers.deliveries import State
from handlers.rulebook import Rulebook
from hub.ports import InboxEntry, ParkedEntry, Progress
from hub.steps import Queue
from schemas.roles import Settings

_FINISHED: Final = frozenset({State.ACKNOWLEDGED.value, State.TAKEN_UP.value, State.REFUSED.value})


class What(StrEnum):
    """Why something goes; `soon`: it does not yet."""

    FINISHED = "finished"  #: its recipient finished it so long ago
    TERM = "term"  #: finished, and its last day has passed
    UNREAD = "unread"  #: its last day has passed and nobody finished it: an alarm
    NOTICE = "notice"  #: a notice to a sender, past its last day
    HELD = "held"  #: it still waits for a person past its last day: an alarm
    DEAD = "dead"  #: the same, of what was refused
    SOON = "soon"  #: nobody finished it, and its last day is near: a warning


ALARMS: Final = frozenset({What.UNREAD, What.HELD, What.DEAD})


@dataclass(frozen=True, slots=True)
class Due:
    """One thing whose term is over, or nearly."""

    what: What
    shard: str
    party: str  #: whose copy or notice; of what waits for a person: who sent it, or ""
    entry: str
    message: str  #: empty: what waits is not an event
    type: str
    sender: str
    until: date  #: the last day that it may be kept
    queue: str  #: inbox, held or dead
    opened: bool = False  #: somebody opened it, and went no further
    kept: bool = False  #: a legal hold keeps it


def of_copy(entry: InboxEntry, progress: Progress, day: date, settings: Settings) -> Due | None:
    """Return what is due of one entry of an inbox on `day`; None: nothing."""
    until = _last_day(entry, settings)
    finished = progress.state in _FINISHED
    what = None
    if entry.notice:
        what = What.NOTICE if day > until else None
    elif finished:
        what, until = _of_finished(progress, until, day, settings)
    elif day > until:
        what = What.UNREAD
    elif day + timedelta(days=settings.warn_before_days) > until:
        what = What.SOON
    if what is None:
        return None
    return Due(
        what,
        entry.shard,
        entry.party,
        entry.id,
        entry.message,
        entry.type,
        entry.sender,
        until,
        "inbox",
        opened=progress.state != State.DELIVERED.value,
    )


def of_parked(found: ParkedEntry, queue: Queue, day: date, book: Rulebook) -> Due | None:
    """Return what is due of an event that waits for a person, by the rules of `book`; or None.

    Its last day is `bewarenTot` of the event, and at the latest so many days after it came as the
    rules that hold it allow (the settings, where they are no more).
    """
    settings = book.config.settings
    days = _days(found, queue, book)
    until = retain_until(dutch_day(arrival(found.id)), days, _asked(found.parked.event))
    if day > until:
        what = What.HELD if queue is Queue.HELD else What.DEAD
    elif day + timedelta(days=settings.warn_before_days) > until:
        what = What.SOON
    else:
        return None
    parked = found.parked
    return Due(
        what,
        found.shard,
        parked.sender,
        found.id,
        parked.message,
        parked.type,
        parked.sender,
        until,
        queue.value,
    )


def arrival(entry: str) -> datetime:
    """Return when an entry of a stream was written, UTC: its id begins with the milliseconds."""
    return datetime.fromtimestamp(int(entry.partition("-")[0]) / 1_000, UTC)


def oldest(dues: Iterable[Due]) -> str:
    """Return the earliest last day among them, as the log writes it."""
    return min(due.until for due in dues).isoformat()


def _of_finished(
    progress: Progress, until: date, day: date, settings: Settings
) -> tuple[What | None, date]:
    """Return why it goes, by the term that ended first."""
    if progress.finished:
        days = timedelta(days=settings.erase_after_days)
        after = dutch_day(datetime.fromisoformat(progress.finished)) + days
        if after < until:
            return (What.FINISHED if day > after else None), after
    return (What.TERM if day > until else None), until


def _last_day(entry: InboxEntry, settings: Settings) -> date:
    """Return the last day that stands beside a copy; where none can be read, the settings' term."""
    try:
        return date.fromisoformat(entry.retain_until)
    except ValueError:
        return dutch_day(arrival(entry.id)) + timedelta(days=settings.retention_days)


def _days(found: ParkedEntry, queue: Queue, book: Rulebook) -> int:
    if queue is Queue.HELD:
        holding = _rules(found.parked.reasons)
        sender = book.parties.get(found.parked.sender)
        rules = book.rules_for(sender.partner, found.parked.type) if sender is not None else ()
        days = [rule.retention_days for rule in rules if rule.rule.id in holding]
        if days:
            return max(days)
    return book.config.settings.retention_days


def _rules(reasons: bytes) -> set[str]:
    """Return the rules that hold an entry; none when another version wrote what we cannot read."""
    try:
        return {str(each["rule"]) for each in json.loads(reasons)}
    except (ValueError, KeyError, TypeError):
        return set()


def _asked(event: bytes) -> date | None:
    """Return `bewarenTot` of an event, also of one that is not valid otherwise."""
    try:
        return date.fromisoformat(json.loads(event)["data"]["bewarenTot"])
    except (ValueError, KeyError, TypeError):
        return None
