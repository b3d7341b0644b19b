"""Erases content that is due, a page at a time: alarm, record and notice come first, always.

Each copy is erased with its record in one atomic step of the store, and what waits for a person
leaves its queue with its record in one; so it may die anywhere. Only the record that a term passed
is written before, and once more after a crash in between: it is never left out.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from handlers.calendar_day import dutch_day
from handlers.rulebook import Party, Rulebook
from hub import log, notices, recording
from hub.errors import HubError, NotSealed
from hub.plans import UNSEALED
from hub.ports import Store
from hub.retention.due import ALARMS, Due, What, oldest
from hub.steps import Copy, Erasure, Outcome, Queue, Step
from schemas.messages.berichten import MessageLink
from schemas.problems import Problem
from schemas.records import RecordEvent

_RESULTS: Final = {
    What.FINISHED: "finished",
    What.TERM: "term",
    What.NOTICE: "term",
    What.UNREAD: "unread",
    What.HELD: "unread",
    What.DEAD: "unread",
}


class Eraser:
    """Erases what is due at `at`, in the name of the hub."""

    def __init__(self, store: Store, book: Rulebook, at: datetime) -> None:
        self._store = store
        self._book = book
        self._at = at

    async def copies(self, dues: Sequence[Due]) -> list[Due]:
        """Erase copies and notices of one inbox; return those that were there still.

        Raises:
            Unavailable: some may be done; the same call again is safe.

        """
        if not dues:
            return []
        _alarm(dues)
        shard = dues[0].shard
        passed = [due for due in dues if due.what in ALARMS]
        known = await self._store.known(shard, [due.message for due in passed])
        told = {
            due.message: each.sender
            for due, each in zip(passed, known, strict=True)
            if each is not None
        }
        for due in passed:
            await self._store.note(shard, self._passed(due))
        erasures = [self._erasure(due, told.get(due.message) or due.sender) for due in dues]
        done = await self._store.erase(shard, erasures)
        return [due for due, erased in zip(dues, done, strict=True) if erased]

    async def parked(self, dues: Sequence[Due]) -> list[Due]:
        """Remove what waits for a person; return what was there still.

        Raises:
            Unavailable: some may be done; the same call again is safe. NotSealed: nothing is
                removed until records are sealed again.
            HubError: one could not be removed, and those after it were not tried.

        """
        _alarm(dues)
        found = []
        for due in dues:
            await self._store.note(due.shard, self._passed(due))
            (result,) = await self._store.route(due.shard, [self._step(due)])
            if result.detail == UNSEALED:
                raise NotSealed(due.shard)
            if result.outcome is Outcome.BLOCKED:
                raise HubError(
                    f"the {due.queue} entry {due.shard}/{due.entry} could not be removed:"
                    f" {result.detail} is in the way; see what wrote it"
                )
            if result.outcome is Outcome.DONE:
                found.append(due)
        return found

    def _erasure(self, due: Due, sender: str) -> Erasure:
        return Erasure(
            party=due.party,
            message=due.message,
            entry=due.entry,
            at=self._at,
            record=self._record(due, RecordEvent.ERASED, _RESULTS[due.what]),
            notice=self._notice(due, sender) if due.what is What.UNREAD else None,
        )

    def _step(self, due: Due) -> Step:
        party = self._reached(due.sender)
        problem = Problem(
            "the event",
            f"it waited for a person until its last day ({due.until.isoformat()}), and was erased",
            "send it anew, under a new id, if it may still be used and is still needed",
        )
        told: tuple[Copy, ...] = ()
        if party is not None:
            about = MessageLink(shard=due.shard, ref=due.message) if due.message else None
            given = (self._book, party.id, self._at, due.entry, [problem], about, "vervallen")
            told = (notices.refusal(*given),)
        return Step(
            queue=Queue(due.queue),
            entry=due.entry,
            record=self._record(due, RecordEvent.ERASED, _RESULTS[due.what]),
            notices=told,
        )

    def _passed(self, due: Due) -> bytes:
        if due.what is What.UNREAD:
            result = "unfinished" if due.opened else "unread"
        else:
            result = "waiting"
        return self._record(due, RecordEvent.RETENTION_PASSED, result)

    def _record(self, due: Due, what: RecordEvent, result: str) -> bytes:
        copy = due.queue == "inbox"
        return recording.plain(
            due.shard,
            self._at,
            what,
            ("delivery", f"{due.party}:{due.message}") if copy else ("entry", due.entry),
            result,
            message_type=due.type or None,
            sender=due.sender or None,
            party=due.party if copy else None,
            about=None if copy else due.message or None,
            reason=due.until.isoformat(),
        )

    def _notice(self, due: Due, sender: str) -> Copy | None:
        """Return the notice to who sent it; None: nobody is there to read it any more."""
        party = self._reached(sender)
        if party is None:
            return None
        return notices.retention_passed(
            self._book, party.id, self._at, due.shard, due.message, due.party, due.until
        )

    def _reached(self, sender: str) -> Party | None:
        return self._book.reachable(sender, dutch_day(self._at))


def _alarm(dues: Sequence[Due]) -> None:
    """Say it before it is erased: somebody should have looked."""
    if passed := [due for due in dues if due.what in ALARMS]:
        first = passed[0]
        log.get().error(
            "retention.unread",
            shard=first.shard,
            party=first.party,
            queue=first.queue,
            copies=len(passed),
            oldest=oldest(passed),
        )
