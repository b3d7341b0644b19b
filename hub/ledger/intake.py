"""What is to be sealed next: the entries of every shard, in order, without a gap. Writes nothing.

A number that is missing, or that comes again with other bytes, stops its shard: what comes after is
not sealed until a person has said why (`hub.ledger.faults`). The other shards go on.
"""

import heapq
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from hub import log
from hub.ledger.source import BEGINNING, AuditEntry, AuditSource, ShardRead, order
from schemas.records import RecordEvent

_LOOK_AGAIN_MS: Final = 2_000  # at a shard that is stopped
_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Position:
    """How far a shard is sealed. `shift`: the ledger's number is the broker's plus this."""

    seq: int = 0
    entry: str = BEGINNING
    shift: int = 0

    @property
    def broker_seq(self) -> int:
        """The broker's number of the last record that is sealed."""
        return self.seq - self.shift


@dataclass(frozen=True, slots=True)
class Sealable:
    """One record with the place that it gets: `seq` is the ledger's number in its shard."""

    shard: str
    seq: int
    entry: str  #: in the audit stream; empty for a record of the sealer itself
    record: bytes
    person: bytes = b""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a shard is not sealed further. `first` and `last` are the broker's numbers.

    GAP_FOUND: these records are missing. SHARD_SET_BACK: these were sealed, and the shard gives
    them out again. `resume`: the entry after which sealing goes on, once a person has accepted it.
    """

    shard: str
    kind: RecordEvent
    first: int
    last: int
    resume: str

    @property
    def span(self) -> str:
        """The numbers, as they stand in the record."""
        return f"{self.first}-{self.last}"


AreSealed = Callable[[str, Sequence[AuditEntry]], set[str]]
"""(shard, entries) -> the ids of those that are sealed, with these bytes under this number."""


class Intake:
    """What was read and is not sealed yet. Not safe for several threads; dropped after an error."""

    def __init__(
        self, source: AuditSource, positions: Mapping[str, Position], are_sealed: AreSealed
    ) -> None:
        """Carry on at `positions`: one for each shard that is to be sealed."""
        self.ahead = dict(positions)  #: as `positions` will be when all that was read is sealed
        self.faults: dict[str, Fault] = {}
        self.heads: dict[str, int] = {}
        self.now_ms = 0
        self._source = source
        self._are_sealed = are_sealed
        self._waiting: dict[str, deque[Sealable]] = {shard: deque() for shard in positions}
        self._looked: dict[str, int] = {}  # a stopped shard -> when to look again
        self._marks = {shard: at.broker_seq for shard, at in positions.items()}

    def fill(self, count: int) -> None:
        """Read on in every shard of which all was taken: at most `count` entries of each."""
        wanted = {
            shard: self.ahead[shard].entry
            for shard, queue in self._waiting.items()
            if not queue and self._looked.get(shard, 0) <= self.now_ms
        }
        reading = self._source.read(wanted, count)
        self.now_ms = reading.now_ms
        for shard, found in reading.shards.items():
            self._looked.pop(shard, None)
            self._accept(shard, found)

    def marked(self, marks: Mapping[str, int]) -> None:
        """Remember what the broker was told is sealed: if it forgets, it was set back."""
        self._marks.update(marks)

    def take(self, most: int) -> list[Sealable]:
        """Take out at most `most` records, the oldest of all shards first."""
        queues = [queue for queue in self._waiting.values() if queue]
        merged = heapq.merge(*queues, key=lambda each: order(each.entry))
        taken = [each for each, _ in zip(merged, range(most), strict=False)]
        for each in taken:
            self._waiting[each.shard].popleft()
        return taken

    def drained(self, shard: str) -> bool:
        """Say whether nothing of this shard waits."""
        return not self._waiting[shard]

    def unsealed(self, sealed: Mapping[str, Position]) -> int:
        """Return how many records wait to be sealed, as far as was seen."""
        return sum(max(0, head - sealed[shard].broker_seq) for shard, head in self.heads.items())

    def oldest(self) -> str | None:
        """Return the entry id of the oldest record that was read and not taken."""
        firsts = [queue[0].entry for queue in self._waiting.values() if queue]
        return min(firsts, key=order) if firsts else None

    def resume(self, shard: str, first: int, last: int) -> bool:
        """Go on behind a fault that was accepted; False: there is no such fault (any more).

        All that stands before a fault is sealed by the time that it is found.
        """
        fault = self.faults.get(shard)
        if fault is None or (fault.first, fault.last) != (first, last):
            return False
        at = self.ahead[shard]
        if fault.kind is RecordEvent.GAP_FOUND:
            self.ahead[shard] = replace(at, seq=last + at.shift)
        else:
            self.ahead[shard] = Position(at.seq, fault.resume, at.seq - (first - 1))
        del self.faults[shard]
        self._looked.pop(shard, None)
        return True

    def _accept(self, shard: str, found: ShardRead) -> None:
        """Queue what is next, as far as it is without a gap; look into what is not."""
        before = at = self.ahead[shard]
        queue = self._waiting[shard]
        self.heads[shard] = found.head
        self.faults.pop(shard, None)
        if found.marked < self._marks[shard]:
            # Set back, or this mark was never written. Its ids may have overtaken ours since.
            self._marks[shard] = found.marked
            self._examine(shard, at.broker_seq)
            if shard in self.faults or self.ahead[shard] != at:
                return
        there: int | None = None  # up to here records are missing, if that is what is wrong
        for entry in found.entries:
            if entry.seq == at.broker_seq + 1:
                at = Position(at.seq + 1, entry.id, at.shift)
                queue.append(Sealable(shard, at.seq, entry.id, entry.record, entry.person))
            elif entry.seq:
                there = entry.seq - 1
                break
            else:
                log.get().error("ledger.foreign_entry", shard=shard, entry=entry.id)
                at = replace(at, entry=entry.id)
        else:
            if found.head < before.broker_seq or (found.head > at.broker_seq and not found.more):
                there = found.head
        self.ahead[shard] = at
        # What waits is sealed first; then the next reading comes here again.
        if there is not None and not queue:
            self._examine(shard, there)

    def _examine(self, shard: str, there: int) -> None:
        """Say what is wrong: numbers that were given out again, or else records that are missing.

        Looks from the beginning of the stream: what is new may have lower ids than the last that
        was sealed, when the clock of the broker was set back with it.
        """
        at, last = self.ahead[shard], BEGINNING
        while True:
            found = self._source.read({shard: last}, _PAGE).shards[shard]
            sealed = self._are_sealed(shard, found.entries)
            for entry in found.entries:
                if entry.seq > at.broker_seq:
                    break
                if entry.seq and entry.id not in sealed:
                    self._stop(shard, RecordEvent.SHARD_SET_BACK, entry.seq, at.broker_seq, last)
                    return
                last = entry.id
            else:
                if found.more:
                    continue
            break
        if found.head < at.broker_seq:
            self._stop(shard, RecordEvent.SHARD_SET_BACK, found.head + 1, at.broker_seq, last)
        elif there > at.broker_seq:
            self._stop(shard, RecordEvent.GAP_FOUND, at.broker_seq + 1, there, at.entry)
        elif order(last) > order(at.entry):
            self.ahead[shard] = replace(at, entry=last)  # what was sealed before stood there twice

    def _stop(self, shard: str, kind: RecordEvent, first: int, last: int, resume: str) -> None:
        self.faults[shard] = Fault(shard, kind, first, last, resume)
        self._looked[shard] = self.now_ms + _LOOK_AGAIN_MS


def fault_text(fault: Fault) -> str:
    """Say to the operator what it means and what to do; holds nothing of a record."""
    what = (
        f"records {fault.span} of shard {fault.shard} are missing from the audit stream"
        if fault.kind is RecordEvent.GAP_FOUND
        else f"shard {fault.shard} gives out the numbers {fault.span} again: it was set back"
    )
    return (
        f"{what}; it is not sealed further. Find out why (a restored backup? somebody with the"
        f" rights of the hub?), then: seinhuis ledger accept-gap {fault.shard} --reason …"
    )
