"""READ FIRST: a batch of entries in, one atomic step for each event out.

    read and admit ─► decide ─► minimise ─► route (one FUNCTION call for the whole batch)

The decision is on record in the same step as the deliveries: if the record cannot be written,
nothing is delivered. Every await may fail or be the last thing this process does; the entry stays
pending until its step is applied, and the step is applied once: a repeat finds the entry gone.
"""

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from handlers.corrections import NOT_ITS_SENDER, decide_correction, may_correct, original_of
from handlers.routing import decide
from handlers.rulebook import Rulebook
from hub import log, planning
from hub.acting import perform
from hub.errors import NotSealed, Unavailable
from hub.planning import Read, What
from hub.ports import Correction, Entry, Outcome, Step, StepResult, Store
from hub.pseudonyms import Pseudonyms
from schemas.decisions import Decision, Forward, Hold, HoldReason, Verdict
from schemas.problems import Problem
from schemas.records import RecordEvent

Clock = Callable[[], datetime]
"""The moment now, aware, UTC."""

GIVE_UP_AFTER = 5
"""An entry that was handed out this often without a result is dead-lettered unread."""

UNSEALED = "unsealed"
"""In the way of a step: the store takes nothing new before more is sealed (`hub.ports`)."""

_FULL = "inbox-full:"
_TELL_S = 10.0


@dataclass(frozen=True, slots=True)
class _Planned:
    """A step with what it was made from, so that it can be made again."""

    step: Step
    read: Read | None = None
    decision: Decision | None = None
    what: RecordEvent = RecordEvent.DECIDED


@dataclass(slots=True)
class Report:
    """What became of a batch; counts for the log and the metrics."""

    entries: int = 0
    delivered: int = 0  #: copies
    held: int = 0
    refused: int = 0
    duplicates: int = 0
    acts: int = 0
    blocked: list[str] = field(default_factory=list)  #: entries that stay pending


class Pipeline:
    """Takes entries from intake to inboxes. One instance serves all shards of a process."""

    def __init__(
        self, store: Store, book: Rulebook, clock: Clock, pseudonyms: Pseudonyms | None = None
    ) -> None:
        """Without `pseudonyms` no record has a personal part, and nobody can be asked for."""
        self._store = store
        self._clock = clock
        self._pseudonyms = pseudonyms
        self._told_unsealed = -_TELL_S
        self.book = book

    async def run(self, shard: str, entries: Sequence[Entry]) -> Report:
        """Take `entries` of one shard through, in order. Safe to call twice with the same.

        Raises:
            Unavailable: some entries may be done; the others stay pending and come again.
            NotSealed: the same, because so much is not sealed yet that nothing new is accepted.

        """
        try:
            return await self._run(shard, entries)
        except Unavailable as error:
            if isinstance(error, NotSealed):
                self._tell_unsealed(shard, entries)
            # The store was away, which no entry can help: or an outage would use up their tries.
            with contextlib.suppress(Unavailable):
                await self._store.excuse(shard, entries)
            raise

    async def _run(self, shard: str, entries: Sequence[Entry]) -> Report:
        started = time.perf_counter()
        at = self._clock()
        report = Report(entries=len(entries))
        planned: list[_Planned] = []
        for entry in entries:
            if entry.deliveries > GIVE_UP_AFTER:
                log.get().error(
                    "entry.given_up", shard=shard, entry=entry.id, deliveries=entry.deliveries
                )
                planned.append(_Planned(planning.given_up(shard, entry, self.book, at)))
                continue
            read = planning.read(entry, self.book, shard, self._pseudonyms)
            if read.what in {What.CORRECTION, What.ACT}:
                # What came before it must be committed first: it may be about exactly that.
                await self._apply(shard, planned, report)
                planned.clear()
            if read.what is What.CORRECTION:
                await self._correct(shard, read, report, at)
            elif read.what is What.ACT:
                await self._act(shard, read, report, at)
            else:
                planned.append(self._plan(shard, read, at))
        await self._apply(shard, planned, report)
        log.get().info(
            "batch.routed",
            shard=shard,
            entries=report.entries,
            delivered=report.delivered,
            held=report.held,
            refused=report.refused,
            duplicates=report.duplicates,
            acts=report.acts,
            took_ms=round((time.perf_counter() - started) * 1_000, 1),
        )
        return report

    def _plan(self, shard: str, read: Read, at: datetime) -> _Planned:
        if read.what is What.REFUSED or read.event is None:
            return _Planned(self._refused(shard, read, at, read.problems))
        decision = decide(read.event, self.book, at)
        return _Planned(self._routed(shard, read, decision), read, decision)

    def _routed(
        self,
        shard: str,
        read: Read,
        decision: Decision,
        corrects: Correction | None = None,
        what: RecordEvent = RecordEvent.DECIDED,
    ) -> Step:
        publisher = planning.publisher_of(read, self.book, shard)
        event = planning.event_of(read)
        return planning.routed(
            shard, read.entry, event, decision, publisher, corrects, what, read.person
        )

    def _refused(
        self,
        shard: str,
        read: Read,
        at: datetime,
        problems: Sequence[Problem],
        code: str = "ongeldig",
    ) -> Step:
        return planning.refused(
            shard, read.entry, self.book, at, problems, read.event, code=code, person=read.person
        )

    async def _correct(self, shard: str, read: Read, report: Report, at: datetime) -> None:
        event = planning.event_of(read)
        original = original_of(event)
        by = self.book.parties[read.entry.intake or shard]
        withdraws = event.type.endswith("ingetrokken")
        what = RecordEvent.WITHDRAWN if withdraws else RecordEvent.CORRECTED
        outcome = Outcome.CHANGED
        while outcome is Outcome.CHANGED:  # the original reached somebody else meanwhile
            (known,) = await self._store.known(shard, [original])
            if known is not None and not may_correct(by, known.sender):
                step = self._refused(shard, read, at, [NOT_ITS_SENDER], "niet-bevoegd")
                await self._apply(shard, [_Planned(step)], report)
                return
            received_by = known.received_by if known is not None else None
            decision = decide_correction(event, self.book, at, received_by)
            corrects = None if received_by is None else Correction(original, received_by, withdraws)
            step = self._routed(shard, read, decision, corrects, what)
            planned = _Planned(step, read, decision, what)
            (outcome,) = await self._apply(shard, [planned], report)

    async def _act(self, shard: str, read: Read, report: Report, at: datetime) -> None:
        event = planning.event_of(read)
        by = self.book.parties[read.entry.intake or shard]
        problems = await perform(self._store, self.book, by, event, at, read.person)
        if problems:
            step = self._refused(shard, read, at, problems, "niet-toegestaan")
        else:
            step = planning.acted(shard, read, by, self.book, at)
            report.acts += 1
        await self._apply(shard, [_Planned(step)], report)

    async def _apply(
        self, shard: str, planned: Sequence[_Planned], report: Report
    ) -> list[Outcome]:
        if not planned:
            return []
        results = await self._store.route(shard, [each.step for each in planned])
        if any(map(_is_unsealed, results)):
            raise NotSealed(shard)  # nothing helps but the sealer: hold nothing, try nothing else
        for each, result in zip(planned, results, strict=True):
            if result.outcome is Outcome.DONE:
                report.delivered += len(each.step.copies)
                report.held += each.step.held is not None
                report.refused += each.step.dead is not None
            elif result.outcome is Outcome.DUPLICATE:
                report.duplicates += 1
            elif result.outcome is Outcome.BLOCKED:
                await self._unblock(shard, each, result.detail, report)
        return [result.outcome for result in results]

    def _tell_unsealed(self, shard: str, entries: Sequence[Entry]) -> None:
        """Say loudly that nothing is accepted, but not for every batch of every shard."""
        now = time.monotonic()
        if now - self._told_unsealed >= _TELL_S:
            self._told_unsealed = now
            log.get().error("step.blocked", shard=shard, entry=entries[0].id, detail=UNSEALED)

    async def _unblock(self, shard: str, blocked: _Planned, detail: str, report: Report) -> None:
        """Hold the copy for a full inbox, so that the other recipients get theirs.

        Anything else in the way (a key of the wrong type) leaves the entry pending: it comes again,
        and the operator sees it in the log.
        """
        party = detail.removeprefix(_FULL) if detail.startswith(_FULL) else None
        read, decision = blocked.read, blocked.decision
        if read is None or decision is None or all(f.party != party for f in decision.forwards):
            log.get().error("step.blocked", shard=shard, entry=blocked.step.entry, detail=detail)
            report.blocked.append(blocked.step.entry)
            return
        held = replace(
            decision, verdicts=tuple(_hold_if(verdict, party) for verdict in decision.verdicts)
        )
        step = self._routed(shard, read, held, blocked.step.corrects, blocked.what)
        await self._apply(shard, [_Planned(step, read, held, blocked.what)], report)


def _is_unsealed(result: StepResult) -> bool:
    return result.outcome is Outcome.BLOCKED and result.detail == UNSEALED


def _hold_if(verdict: Verdict, party: str | None) -> Verdict:
    if isinstance(verdict, Forward) and verdict.party == party:
        return Hold(verdict.party, verdict.rule, verdict.role, HoldReason.INBOX_FULL)
    return verdict
