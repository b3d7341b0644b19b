"""One shard in memory: what functions.lua does, in a language that you know.

Nothing else runs while one of these methods runs: so each is atomic, like a function on the server.
"""

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from hub.errors import Unavailable
from hub.ports import (
    Act,
    ActOutcome,
    ActResult,
    Copy,
    InboxEntry,
    Outcome,
    Parked,
    ParkedEntry,
    Queue,
    RecordEntry,
    Step,
    StepResult,
)


@dataclass(slots=True)
class Seen:
    """What is known of a message: who received it, and until when that is remembered."""

    until: float  #: `time.monotonic()`
    parties: list[str] = field(default_factory=list)
    withdrawn: bool = False


@dataclass(slots=True)
class Pending:
    """An entry that a worker has: since when, and how often it was handed out."""

    since: float  #: `time.monotonic()`
    deliveries: int


@dataclass(slots=True)
class Delivery:
    """The state of a delivery after its first act, and the acts that were done."""

    state: str
    acts: set[str] = field(default_factory=set)


class MemoryShard:
    """Everything of one shard. Every mapping is in order of entry id."""

    def __init__(
        self, name: str, seen_s: float, inbox_cap: int, next_id: Callable[[], str]
    ) -> None:
        self.name = name
        self._seen_s = seen_s
        self._inbox_cap = inbox_cap
        self._next_id = next_id
        self.intakes: dict[str, dict[str, bytes]] = defaultdict(dict)
        self.pending: dict[tuple[str, str], Pending] = {}
        self.seen: dict[str, Seen] = {}
        self.inboxes: dict[str, dict[str, InboxEntry]] = defaultdict(dict)
        self.deliveries: dict[tuple[str, str], Delivery] = {}
        self.records: dict[str, RecordEntry] = {}
        self.parked: dict[Queue, dict[str, ParkedEntry]] = {Queue.HELD: {}, Queue.DEAD: {}}

    def known(self, message: str) -> Seen | None:
        """Return what is remembered of a message."""
        seen = self.seen.get(message)
        return seen if seen and seen.until > time.monotonic() else None

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
                self.record(step.duplicate_record)
            return StepResult(Outcome.DUPLICATE)
        self._write(step, seen)
        return StepResult(Outcome.DONE)

    def _obstacle(self, step: Step, seen: Seen | None) -> StepResult | None:
        if seen and seen.withdrawn and step.copies:
            return StepResult(Outcome.BLOCKED, "withdrawn")
        for copies, room in ((step.copies, 1), (step.notices, 2)):
            for copy in copies:
                if len(self.inboxes[copy.party]) >= room * self._inbox_cap:
                    return StepResult(Outcome.BLOCKED, f"inbox-full:{copy.party}")
        if step.corrects:
            original = self.known(step.corrects.message)
            if original is None or set(original.parties) != set(step.corrects.received_by):
                return StepResult(Outcome.CHANGED)
        return None

    def _fence(self, step: Step) -> bool:
        """Take the entry out of its queue; False: somebody else did."""
        if step.queue is not Queue.INTAKE:
            return self.parked[step.queue].pop(step.entry, None) is not None
        if self.pending.pop((step.intake, step.entry), None) is None:
            return False
        del self.intakes[step.intake][step.entry]
        return True

    def _write(self, step: Step, seen: Seen | None) -> None:
        self.record(step.record)
        until = time.monotonic() + self._seen_s
        now_seen = seen or Seen(until)
        for copy in step.copies:
            if copy.party not in now_seen.parties:
                now_seen.parties.append(copy.party)
                self._deliver(copy)
        for notice in step.notices:
            self._deliver(notice, is_notice=True)
        if step.message:
            now_seen.until = until
            self.seen[step.message] = now_seen
        if step.corrects and step.corrects.withdraws:
            original = self.seen[step.corrects.message]
            original.withdrawn, original.until = True, until
        for queue, parked in ((Queue.HELD, step.held), (Queue.DEAD, step.dead)):
            if parked:
                self._park(queue, parked)

    def act(self, act: Act) -> ActResult:
        """Apply an act; a refused one is on record too."""
        seen = self.known(act.message)
        delivery = self.deliveries.get((act.party, act.message))
        state = delivery.state if delivery else "delivered"
        if delivery and act.act in delivery.acts:
            return ActResult(ActOutcome.ALREADY, state)
        refusal = None
        if delivery is None and (seen is None or act.party not in seen.parties):
            refusal, state = ActOutcome.UNKNOWN, ""
        elif state not in act.allowed_from:
            refusal = ActOutcome.NOT_ALLOWED
        elif act.copy and seen and seen.withdrawn:
            refusal = ActOutcome.WITHDRAWN
        if refusal:
            self.record(act.refused_record)
            return ActResult(refusal, state)
        if act.copy:
            self._pass_on(act.message, act.copy, seen)
        self.record(act.record)
        delivery = delivery or Delivery(state)
        delivery.state = act.to_state
        delivery.acts.add(act.act)
        self.deliveries[act.party, act.message] = delivery
        if act.notice:
            self._deliver(act.notice, is_notice=True)
        return ActResult(ActOutcome.DONE, act.to_state)

    def _pass_on(self, message: str, copy: Copy, seen: Seen | None) -> None:
        if seen and copy.party in seen.parties:
            return
        if len(self.inboxes[copy.party]) >= self._inbox_cap:
            raise Unavailable(f"inbox-full:{copy.party}: the party must first read; try again")
        seen = seen or Seen(0)
        seen.until = time.monotonic() + self._seen_s
        seen.parties.append(copy.party)
        self.seen[message] = seen
        self._deliver(copy)

    def record(self, record: bytes) -> int:
        """Append a record; return its `seq`."""
        entry, seq = self._next_id(), len(self.records) + 1
        self.records[entry] = RecordEntry(self.name, entry, seq, record)
        return seq

    def _park(self, queue: Queue, parked: Parked) -> None:
        entry = self._next_id()
        self.parked[queue][entry] = ParkedEntry(self.name, entry, parked)

    def _deliver(self, copy: Copy, *, is_notice: bool = False) -> None:
        entry = self._next_id()
        self.inboxes[copy.party][entry] = InboxEntry(
            shard=self.name,
            id=entry,
            party=copy.party,
            message=copy.message,
            type=copy.type,
            rule=copy.rule,
            sender=copy.sender,
            urgency=copy.urgency,
            deadline=copy.deadline.isoformat(),
            retain_until=copy.retain_until,
            content=copy.content,
            notice=is_notice,
        )
