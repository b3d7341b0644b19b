"""READ FIRST: a batch of entries in, one atomic step for each event out.

    read and admit ─► decide ─► minimise ─► route (one FUNCTION call for the whole batch)

The decision is on record in the same step as the deliveries: if the record cannot be written,
nothing is delivered. Every await may fail or be the last thing this process does; the entry stays
pending until its step is applied, and the step is applied once: a repeat finds the entry gone.
"""

import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from time import monotonic, perf_counter
from typing import Final

from handlers.corrections import NOT_ITS_SENDER, decide_correction, may_correct, original_of
from handlers.partitions import partner_of
from handlers.routing import decide
from handlers.rulebook import Rulebook
from hub import log, metrics, planning, tracing
from hub.acting import perform
from hub.errors import Fenced, NotSealed, Unavailable
from hub.homing import elsewhere, where_known
from hub.planning import Read, What
from hub.plans import (
    AFTER_FULL,
    UNSEALED,
    Moved,
    Plan,
    Planned,
    Report,
    full_for,
    goes_to,
    is_unsealed,
    traced,
    with_held,
)
from hub.ports import Store
from hub.pseudonyms import Pseudonyms
from hub.steps import Correction, Entry, Outcome, Step, StepResult
from hub.tracing import Times
from schemas.decisions import Decision
from schemas.problems import Problem
from schemas.records import RecordEvent

Clock = Callable[[], datetime]
"""The moment now, aware, UTC."""

Seal = Callable[[str, Sequence[Step]], Awaitable[Sequence[Step]]]
"""Returns the steps of a shard as they may lie on the broker: `SealedStore.sealed_steps`."""

TOGETHER: Final = 200
"""Steps in one call of the store: some 10 ms of its time, in which it serves nobody else."""

COPIES_TOGETHER: Final = 500
"""Copies in one call, for the same reason; only one event alone may have more."""

GIVE_UP_AFTER = 5
"""An entry that was handed out this often without a result is dead-lettered unread."""

_TELL_S = 10.0


class Pipeline:
    """Takes entries from intake to inboxes. One instance serves all shards of a process."""

    def __init__(
        self,
        store: Store,
        book: Rulebook,
        clock: Clock,
        pseudonyms: Pseudonyms | None = None,
        *,
        seal: Seal | None = None,
    ) -> None:
        """Without `pseudonyms` no record has a personal part, and nobody can be asked for.

        `seal` makes steps ready for a store that seals, while an earlier batch is being written;
        without it the store does so itself, when its turn has come.
        """
        self._store = store
        self._clock = clock
        self._pseudonyms = pseudonyms
        self._seal = seal
        self._told_unsealed = -_TELL_S
        self.book = book

    async def run(self, shard: str, entries: Sequence[Entry], token: str = "") -> Report:
        """Take `entries` of one shard through, in order. Safe to call twice with the same.

        Raises:
            Unavailable: some entries may be done; the others stay pending and come again.
            NotSealed: the same, because so much is not sealed yet that nothing new is accepted.

        """
        try:
            plan = await self.plan(shard, entries)
            await self.commit([plan], token)
        except Unavailable as error:
            await self.excuse(shard, entries, error)
            raise
        return plan.report

    async def plan(self, shard: str, entries: Sequence[Entry]) -> Plan:
        """Read, decide, minimise and seal; nothing is written. May be done while others commit.

        Raises:
            Unavailable: the keyring does not answer, or of a sender with partitions the store.

        """
        plan = Plan(shard, entries, self._clock(), perf_counter(), Report(len(entries)), [])
        reads = [self._read(shard, entry) for entry in entries]
        self._decide_all(plan, reads, await elsewhere(self._store, self.book, shard, reads))
        if self._seal is not None:
            planned = [part for part in plan.parts if isinstance(part, Planned)]
            sealed = await self._seal(shard, [each.step for each in planned])
            for each, step in zip(planned, sealed, strict=True):
                each.step = step
        plan.planned = perf_counter() - plan.started
        return plan

    async def commit(self, plans: Sequence[Plan], token: str = "") -> None:
        """Write plans of one shard, in order, in as few calls as their corrections and acts allow.

        `token`: of the lease under which the shard is read. Errors as `run`, which says what to do.
        """
        steps: list[Planned] = []
        copies = 0
        for plan in plans:
            for part in plan.parts:
                if isinstance(part, Planned):
                    more = len(part.step.copies)
                    if len(steps) == TOGETHER or copies + more > COPIES_TOGETHER:
                        await self._apply(plan.shard, steps, token)
                        steps, copies = [], 0
                    steps.append(part)
                    copies += more
                    continue
                # What came before it must be committed first: it may be about exactly that.
                await self._apply(plan.shard, steps, token)
                steps, copies = [], 0
                if isinstance(part, Moved):
                    await self._move(plan, part)
                elif part.what is What.CORRECTION:
                    await self._correct(plan, part, token)
                else:
                    await self._act(plan, part, token)
        await self._apply(plans[0].shard, steps, token)
        for plan in plans:
            self._tell(plan)
            if blocked := [each for each in plan.entries if each.id in plan.report.blocked]:
                # Something on the broker is in the way, which no entry can help either.
                with contextlib.suppress(Unavailable):
                    await self._store.excuse(plan.shard, blocked)

    async def excuse(self, shard: str, entries: Sequence[Entry], error: Unavailable) -> None:
        """Take back the hand-out of `entries`, which could not be committed; they stay pending.

        The store was away, which no entry can help: or an outage would use up their tries.
        """
        if isinstance(error, NotSealed):
            self._tell_unsealed(shard, entries)
        with contextlib.suppress(Unavailable):
            await self._store.excuse(shard, entries)

    def _decide_all(
        self, plan: Plan, reads: Sequence[Read | None], moved: Mapping[str, str]
    ) -> None:
        """Fill in the parts of a plan.

        Stage by stage over the whole batch, instead of event by event: code that stays in the cache
        of the processor takes a quarter less time.
        """
        shard, book, at, report = plan.shard, self.book, plan.at, plan.report
        decisions = [
            decide(read.event, book, at)
            if read is not None
            and read.what is What.EVENT
            and read.event is not None
            and read.entry.id not in moved
            else None
            for read in reads
        ]
        for entry, read, decision in zip(plan.entries, reads, decisions, strict=True):
            if read is None:
                step = planning.given_up(shard, entry, book, at)
                plan.parts.append(Planned(step, report))
            elif (to := moved.get(entry.id)) is not None:
                plan.parts.append(Moved(entry, to))
            elif decision is not None:
                step = self._routed(shard, read, decision)
                plan.parts.append(Planned(step, report, read, decision))
            elif read.what is What.REFUSED:
                plan.parts.append(Planned(self._refused(plan, read, read.problems), report))
            else:
                plan.parts.append(read)

    def _read(self, shard: str, entry: Entry) -> Read | None:
        """Read and admit an entry; None: it is given up, unread."""
        if entry.deliveries > GIVE_UP_AFTER:
            log.get().error(
                "entry.given_up", shard=shard, entry=entry.id, deliveries=entry.deliveries
            )
            return None
        return planning.read(entry, self.book, shard, self._pseudonyms)

    def _tell(self, plan: Plan) -> None:
        report, took = plan.report, perf_counter() - plan.started
        log.get().info(
            "batch.routed",
            shard=plan.shard,
            entries=report.entries,
            delivered=report.delivered,
            held=report.held,
            refused=report.refused,
            duplicates=report.duplicates,
            acts=report.acts,
            moved=report.moved,
            took_ms=round(took * 1_000, 1),
        )
        metrics.took(took)
        metrics.arrived((entry.id for entry in plan.entries), self._clock().timestamp())
        metrics.routed(
            plan.shard,
            delivered=report.passed,
            held=report.held,
            refused=report.refused,
            duplicates=report.duplicates,
            acts=report.acts,
            copies=report.delivered,
        )
        if report.traced:
            read, now = plan.at.timestamp(), self._clock().timestamp()
            tracing.committed(report.traced, Times(read, read + plan.planned, now))

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
        self, plan: Plan, read: Read, problems: Sequence[Problem], code: str = "ongeldig"
    ) -> Step:
        return planning.refused(
            plan.shard,
            read.entry,
            self.book,
            plan.at,
            problems,
            read.event,
            code=code,
            person=read.person,
        )

    async def _correct(self, plan: Plan, read: Read, token: str) -> None:
        shard, report = plan.shard, plan.report
        event = planning.event_of(read)
        original = original_of(event)
        by = self.book.parties[read.entry.intake or partner_of(shard)]
        there = await where_known(self._store, self.book, shard, original)
        if there != shard:
            await self._move(plan, Moved(read.entry, there))
            return
        withdraws = event.type.endswith("ingetrokken")
        what = RecordEvent.WITHDRAWN if withdraws else RecordEvent.CORRECTED
        outcome = Outcome.CHANGED
        while outcome is Outcome.CHANGED:  # the original reached somebody else meanwhile
            (known,) = await self._store.known(shard, [original])
            if known is not None and not may_correct(by, known.sender):
                step = self._refused(plan, read, [NOT_ITS_SENDER], "niet-bevoegd")
                await self._apply(shard, [Planned(step, report)], token)
                return
            received_by = known.received_by if known is not None else None
            decision = decide_correction(event, self.book, plan.at, received_by)
            corrects = None if received_by is None else Correction(original, received_by, withdraws)
            step = self._routed(shard, read, decision, corrects, what)
            planned = Planned(step, report, read, decision, what)
            (outcome,) = await self._apply(shard, [planned], token)

    async def _move(self, plan: Plan, part: Moved) -> None:
        await self._store.move(plan.shard, [part.entry], part.to)
        plan.report.moved += 1

    async def _act(self, plan: Plan, read: Read, token: str) -> None:
        shard, report = plan.shard, plan.report
        event = planning.event_of(read)
        by = self.book.parties[read.entry.intake or partner_of(shard)]
        problems = await perform(self._store, self.book, by, event, plan.at, read.person)
        if problems:
            step = self._refused(plan, read, problems, "niet-toegestaan")
        else:
            step = planning.acted(shard, read, by, self.book, plan.at)
            report.acts += 1
        await self._apply(shard, [Planned(step, report, read)], token)

    async def _apply(self, shard: str, planned: Sequence[Planned], token: str) -> list[Outcome]:
        """Apply steps in order, and return what became of each.

        A copy for a full inbox is held, so that the other recipients get theirs, and before the
        steps after it are applied. What they have for the same inbox is held as well: should there
        be room again by now, it would overtake.
        """
        outcomes = [Outcome.BLOCKED] * len(planned)
        waiting = list(enumerate(planned))
        while waiting:
            steps = [each.step for _, each in waiting]
            results = await self._store.route(shard, steps, token)
            if any(result.outcome is Outcome.FENCED for result in results):
                raise Fenced(
                    shard
                )  # what was done in the same call is done; a repeat finds it gone
            if any(map(is_unsealed, results)):
                raise NotSealed(shard)  # nothing helps but the sealer: hold nothing, try no other
            full, again = "", []
            for (place, each), result in zip(waiting, results, strict=True):
                if result.outcome is Outcome.BLOCKED and result.detail == AFTER_FULL:
                    again.append((place, each))
                elif party := full_for(each, result):
                    full = party
                    again.append((place, each))
                else:
                    outcomes[place] = result.outcome
                    self._count(shard, each, result)
            waiting = [(place, self._held_for(shard, each, full)) for place, each in again]
        return outcomes

    def _count(self, shard: str, each: Planned, result: StepResult) -> None:
        report = each.report
        if result.outcome is Outcome.DONE:
            report.delivered += len(each.step.copies)
            report.passed += each.decision is not None and each.step.held is None
            if tracing.on():
                report.traced += traced(shard, each, self.book.prefix)
            report.held += each.step.held is not None
            report.refused += each.step.dead is not None
        elif result.outcome is Outcome.DUPLICATE:
            report.duplicates += 1
        elif result.outcome is Outcome.BLOCKED:
            # A key of the wrong type, say: the entry comes again, and the operator sees it.
            entry, detail = each.step.entry, result.detail
            log.get().error("step.blocked", shard=shard, entry=entry, detail=detail)
            report.blocked.append(entry)

    def _tell_unsealed(self, shard: str, entries: Sequence[Entry]) -> None:
        """Say loudly that nothing is accepted, but not for every batch of every shard."""
        now = monotonic()
        if now - self._told_unsealed >= _TELL_S:
            self._told_unsealed = now
            log.get().error("step.blocked", shard=shard, entry=entries[0].id, detail=UNSEALED)

    def _held_for(self, shard: str, each: Planned, party: str) -> Planned:
        """Return the step again, with the copy for this party held; as it is when it has none."""
        if not goes_to(each, party) or each.read is None or each.decision is None:
            return each
        held = with_held(each.decision, party)
        step = self._routed(shard, each.read, held, each.step.corrects, each.what)
        return Planned(step, each.report, each.read, held, each.what)
