"""The inboxes and the records of one shard in memory: what is in them, and how a copy is erased."""

import math
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from hub.ports import InboxEntry, Progress, RecordEntry
from hub.steps import Copy, Erasure
from hub.stores.calls import Bounds

UNFINISHED: Final = ("delivered", "opened")
"""The states in which a copy still takes up room in the inbox of its party."""


@dataclass(slots=True)
class Delivery:
    """The state of a delivery after its first act, the acts that were done, and its end."""

    state: str
    acts: set[str] = field(default_factory=set)
    finished: str = ""
    erased: str = ""
    until: float = math.inf  #: `time.monotonic()`; it ends only once it is erased


class MemoryInboxes:
    """Every mapping is in order of entry id."""

    def __init__(self, name: str, bounds: Bounds, next_id: Callable[[], str]) -> None:
        self.name = name
        self._bounds = bounds
        self._next_id = next_id
        self.inboxes: dict[str, dict[str, InboxEntry]] = defaultdict(dict)
        self.keys: dict[tuple[str, str], bytes] = {}
        self.unfinished: dict[str, int] = defaultdict(int)
        self.deliveries: dict[tuple[str, str], Delivery] = {}
        self.records: dict[str, RecordEntry] = {}
        self.sealed_seq = 0
        self.sealed_at = self._since = now_ms()

    @property
    def is_unsealed(self) -> bool:
        """Whether so much is not sealed, or for so long, that nothing new is accepted."""
        waiting = len(self.records) - self.sealed_seq
        still = now_ms() - max(self._since, self.sealed_at)
        too_long = waiting > 0 and still >= self._bounds.unsealed_ms
        return waiting >= self._bounds.unsealed_max or too_long

    def record(self, record: bytes, person: bytes = b"") -> int:
        """Append a record; return its `seq`."""
        if len(self.records) <= self.sealed_seq:
            self._since = now_ms()
        entry, seq = self._next_id(), len(self.records) + 1
        self.records[entry] = RecordEntry(self.name, entry, seq, record, person)
        return seq

    def delivery(self, party: str, message: str) -> Delivery | None:
        """Return the state of a delivery; None: no act yet, or forgotten after its erasure."""
        delivery = self.deliveries.get((party, message))
        return delivery if delivery and delivery.until > time.monotonic() else None

    def progress(self, party: str, message: str) -> Progress:
        """Return how far a delivery is."""
        delivery = self.delivery(party, message)
        if delivery is None:
            return Progress()
        return Progress(delivery.state, delivery.finished, delivery.erased)

    def remember(self, party: str, message: str) -> None:
        """Let what is known of an erased copy live on, as what is known of the message does."""
        delivery = self.delivery(party, message)
        if delivery and delivery.erased:
            delivery.until = self._until()

    def erase(self, erasure: Erasure) -> bool:
        """Erase the content of a copy or notice; False: it was erased before."""
        place = (erasure.party, erasure.message)
        inbox = self.inboxes[erasure.party]
        entry = inbox.get(erasure.entry)
        if entry and entry.message != erasure.message:
            entry = None
        if entry is None and place not in self.keys:
            return False
        self.record(erasure.record, erasure.person)
        self.keys.pop(place, None)
        if entry:
            del inbox[entry.id]
        delivery = self.delivery(*place)
        if delivery is None and entry and not entry.notice:
            delivery = self.deliveries[place] = Delivery("delivered")
        if delivery:
            if delivery.state in UNFINISHED and not delivery.erased:
                self.finish(erasure.party)
            delivery.erased = erasure.at.isoformat()
            delivery.until = self._until()
        if erasure.notice:
            self.notify(erasure.notice)
        return True

    def finish(self, party: str) -> None:
        """Count one copy less that the party has not finished."""
        self.unfinished[party] = max(0, self.unfinished[party] - 1)

    def notify(self, notice: Copy) -> None:
        """Tell the sender, unless it has stopped reading: its inbox blocks nobody else."""
        if len(self.inboxes[notice.party]) < 2 * self._bounds.room:
            self.append(notice, is_notice=True)

    def append(self, copy: Copy, *, is_notice: bool = False) -> None:
        """Put a copy or a notice in its inbox, and its key beside it."""
        entry = self._next_id()
        if copy.key:
            self.keys[copy.party, copy.message] = copy.key
        self.inboxes[copy.party][entry] = InboxEntry(
            shard=self.name,
            id=entry,
            party=copy.party,
            message=copy.message,
            type=copy.type,
            rule=copy.rule,
            sender=copy.sender,
            urgency=copy.urgency,
            deadline=copy.deadline.isoformat(timespec="seconds"),
            retain_until=copy.retain_until,
            content=copy.content,
            notice=is_notice,
        )

    def _until(self) -> float:
        return time.monotonic() + self._bounds.seen_ms / 1_000


def now_ms() -> int:
    """Return Unix milliseconds."""
    return time.time_ns() // 1_000_000
