"""One shard in memory: what route.lua and act.lua do, in a language that you know.

Nothing else runs while one of these methods runs: so each is atomic, like a function on the server.
"""

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from hub.ports import ParkedEntry
from hub.steps import Act, ActOutcome, ActResult, Copy, Outcome, Parked, Queue, Step, StepResult
from hub.stores.calls import Bounds
from hub.stores.memory_inboxes import UNFINISHED, Delivery, MemoryInboxes


@dataclass(slots=True)
class Seen:
    """What is known of a message: who received it, and until when that is remembered."""

    until: float  #: `time.monotonic()`
    sender: str
    parties: list[str] = field(default_factory=list)
    withdrawn: bool = False
    corrected: bool = False


@dataclass(slots=True)
class Pending:
    """An entry that a worker has: who, since when, and how often it was handed out."""

    consumer: str

    since: float  #: `time.monotonic()`
    deliveries: int


class MemoryShard(MemoryInboxes):
    """Everything of one shard. Every mapping is in order of entry id."""

    def __init__(self, name: str, bounds: Bounds, next_id: Callable[[], str]) -> None:
        super().__init__(name, bounds, next_id)
        self.intakes: dict[str, dict[str, bytes]] = defaultdict(dict)
        self.pending: dict[tuple[str, str], Pending] = {}
        self.seen: dict[str, Seen] = {}
        self.parked: dict[Queue, dict[str, ParkedEntry]] = {Queue.HELD: {}, Queue.DEAD: {}}

    def known(self, message: str) -> Seen | None:
        """Return what is remembered of a message."""
        seen = self.seen.get(message)
        return seen if seen and seen.until > time.monotonic() else None

    def overtakes(self, intake: str, entry: str, worker: str) -> bool:
        """Whether somebody else than `worker` was handed this, or what came before it."""
        return any(
            pending.consumer != worker and _numbers(other) <= _numbers(entry)
            for (place, other), pending in self.pending.items()
            if place == intake
        )

    def step(self, step: Step) -> StepResult:
        """Apply a step: look first at all that could be in the way, and write only then."""
        seen = self.known(step.message) if step.message else None
        is_duplicate = seen is not None and step.queue is Queue.INTAKE
        obstacle = None if is_duplicate else self._obstacle(step, seen)
        if obstacle:
            return obstacle
        if not self._fence(step):
            return StepResult(Outcome.GONE)
        if is_duplicate:
            if step.duplicate_record:
                self.record(step.duplicate_record, step.person)
            return StepResult(Outcome.DUPLICATE)
        self._write(step, seen)
        return StepResult(Outcome.DONE)

    def _obstacle(self, step: Step, seen: Seen | None) -> StepResult | None:
        if seen and seen.withdrawn and step.copies:
            return StepResult(Outcome.BLOCKED, "withdrawn")
        if seen and seen.corrected and step.copies:
            return StepResult(Outcome.BLOCKED, "corrected")
        for copy in step.copies:
            if self._is_full(copy.party, seen):
                return StepResult(Outcome.BLOCKED, f"inbox-full:{copy.party}")
        if step.corrects:
            original = self.known(step.corrects.message)
            if original is None or set(original.parties) != set(step.corrects.received_by):
                return StepResult(Outcome.CHANGED)
        return None

    def _is_full(self, party: str, seen: Seen | None) -> bool:
        """Tell whether there is no room for this copy; a party that has it needs none."""
        has_it = seen is not None and party in seen.parties
        return not has_it and self.unfinished[party] >= self._bounds.room

    def _fence(self, step: Step) -> bool:
        """Take the entry out of its queue; False: somebody else did."""
        if step.queue is not Queue.INTAKE:
            return self.parked[step.queue].pop(step.entry, None) is not None
        if self.pending.pop((step.intake, step.entry), None) is None:
            return False
        del self.intakes[step.intake][step.entry]
        return True

    def _write(self, step: Step, seen: Seen | None) -> None:
        self.record(step.record, step.person)
        until = self._until()
        now_seen = seen or Seen(until, step.sender)
        for copy in step.copies:
            self._deliver(copy, now_seen)
        for notice in step.notices:
            self.notify(notice)
        if step.message:
            now_seen.until, now_seen.sender = until, now_seen.sender or step.sender
            self.seen[step.message] = now_seen
        if step.corrects:
            original = self.seen[step.corrects.message]
            original.until = until
            if step.corrects.withdraws:
                original.withdrawn = True
            else:
                original.corrected = True
            for party in original.parties:
                self.remember(party, step.corrects.message)
        for queue, parked in ((Queue.HELD, step.held), (Queue.DEAD, step.dead)):
            if parked:
                self._park(queue, parked)

    def act(self, act: Act) -> ActResult:
        """Apply an act; a refused one is on record too."""
        seen = self.known(act.message)
        delivery = self.delivery(act.party, act.message)
        state = delivery.state if delivery else "delivered"
        if delivery and act.act in delivery.acts:
            return ActResult(ActOutcome.ALREADY, state)
        received = seen is not None and act.party in seen.parties
        if not received and delivery is None and (act.party, act.message) not in self.keys:
            self.record(act.refused_record, act.person)
            return ActResult(ActOutcome.UNKNOWN)
        if state in act.no_op_from:
            if act.again_record:
                self.record(act.again_record, act.person)
                self._done(act, delivery, state)
            return ActResult(ActOutcome.ALREADY, state)
        if refusal := self._refusal(act, state, seen):
            self.record(act.refused_record, act.person)
            return ActResult(refusal, state)
        self.record(act.record, act.person)
        after = act.to_state or state
        self._done(act, delivery, after)
        if act.copy:
            self._pass_on(act.message, act.copy, seen)
        if act.notice:
            self.notify(act.notice)
        return ActResult(ActOutcome.DONE, after)

    def _done(self, act: Act, delivery: Delivery | None, after: str) -> None:
        """Remember that this act was done, and count what it finishes."""
        if delivery is None:
            delivery = self.deliveries[act.party, act.message] = Delivery("delivered")
        if delivery.state in UNFINISHED and after not in UNFINISHED:
            delivery.finished = delivery.finished or act.at.isoformat()
            if not delivery.erased:  # an erased copy takes up no room any more
                self.finish(act.party)
        delivery.state = after
        delivery.acts.add(act.act)
        self.remember(act.party, act.message)

    def _refusal(self, act: Act, state: str, seen: Seen | None) -> ActOutcome | None:
        if state not in act.allowed_from:
            return ActOutcome.NOT_ALLOWED
        if act.copy is None:
            return None
        if seen and seen.withdrawn:
            return ActOutcome.WITHDRAWN
        if seen and seen.corrected:
            return ActOutcome.CORRECTED
        return ActOutcome.FULL if self._is_full(act.copy.party, seen) else None

    def _pass_on(self, message: str, copy: Copy, seen: Seen | None) -> None:
        if seen and copy.party in seen.parties:
            return
        seen = seen or Seen(0, "")
        seen.until = self._until()
        self.seen[message] = seen
        self._deliver(copy, seen)

    def _park(self, queue: Queue, parked: Parked) -> None:
        entry = self._next_id()
        self.parked[queue][entry] = ParkedEntry(self.name, entry, parked)

    def _deliver(self, copy: Copy, seen: Seen) -> None:
        """Put a copy in the inbox of a party that does not have the message yet."""
        if copy.party not in seen.parties:
            seen.parties.append(copy.party)
            if copy.key and (copy.party, copy.message) in self.keys:
                return  # it has a copy that is older than what is known of the message
            self.unfinished[copy.party] += 1
            self.append(copy)


def _numbers(entry: str) -> tuple[int, ...]:
    return tuple(map(int, entry.split("-")))
