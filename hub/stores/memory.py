"""The store in memory: for tests, and as the readable reference.

Not durable: that is the one promise it cannot keep. One process, one event loop. What a step and an
act do is in `hub.stores.memory_shard`.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from itertools import islice, takewhile
from typing import TypeVar

from hub.errors import NotSealed
from hub.ports import InboxEntry, ParkedEntry, Progress, RecordEntry
from hub.steps import Act, ActResult, Entry, Erasure, Known, Outcome, Queue, Step, StepResult
from hub.stores.calls import Bounds
from hub.stores.memory_inboxes import now_ms
from hub.stores.memory_leases import MemoryLeases
from hub.stores.memory_shard import MemoryShard, Pending

_Item = TypeVar("_Item")
_SUSPECT_DELIVERIES = 2


class MemoryStore(MemoryLeases):
    """The store of `hub.ports.Store` in memory; the settings are those of `ValkeyStore`."""

    def __init__(
        self,
        duplicate_ms: int = 86_400_000,
        inbox_cap: int = 100_000,
        *,
        unsealed_max: int = 100_000,
        unsealed_ms: int = 900_000,
    ) -> None:
        super().__init__()
        self._bounds = Bounds(duplicate_ms, inbox_cap, unsealed_max, unsealed_ms)
        self._shards: dict[str, MemoryShard] = {}
        self._answers: dict[tuple[str, str, str], tuple[float, bytes]] = {}
        self._last_id = (0, 0)

    async def prepare(self, shards: Mapping[str, Sequence[str]]) -> None:
        """There is nothing to make ready."""

    async def submit(self, shard: str, event: bytes, intake: str = "") -> str:
        """Append the event to the intake."""
        entry = self._next_id()
        self._shard(shard).intakes[intake][entry] = event
        return entry

    async def move(self, shard: str, entries: Sequence[Entry], to: str) -> None:
        """Append each to its intake in `to`, and then remove it here."""
        s = self._shard(shard)
        for entry in entries:
            await self.submit(to, entry.event, entry.intake)
            s.intakes[entry.intake].pop(entry.id, None)
            s.pending.pop((entry.intake, entry.id), None)

    async def take(
        self,
        shard: str,
        intakes: Sequence[str],
        consumer: str,
        count: int,
        wait_ms: int,
    ) -> list[Entry]:
        """Hand out what nobody has yet; looks again every few milliseconds while it waits."""
        s = self._shard(shard)
        deadline = time.monotonic() + wait_ms / 1_000
        while True:
            new = [
                Entry(id=entry, intake=intake, event=event)
                for intake in intakes
                for entry, event in islice(
                    ((e, b) for e, b in s.intakes[intake].items() if (intake, e) not in s.pending),
                    count,
                )
            ]
            if new or time.monotonic() >= deadline:
                break
            await asyncio.sleep(0.005)
        for entry in new:
            s.pending[entry.intake, entry.id] = Pending(consumer, time.monotonic(), 1)
        return new

    async def reclaim(
        self,
        shard: str,
        intakes: Sequence[str],
        consumer: str,
        idle_ms: int,
        count: int,
        after: Entry | None = None,
    ) -> list[Entry]:
        """Take over what is idle, in order; a suspect alone."""
        s, now = self._shard(shard), time.monotonic()
        start = ((-1, 0), "") if after is None else (_order(after.id), after.intake)
        idle = [
            (place, pending)
            for place, pending in s.pending.items()
            if place[0] in intakes
            and now - pending.since >= idle_ms / 1_000
            and (_order(place[1]), place[0]) > start
        ]
        idle.sort(key=lambda item: (_order(item[0][1]), item[0][0]))
        innocent = takewhile(lambda item: item[1].deliveries < _SUSPECT_DELIVERIES, idle)
        taken = list(islice(innocent, count)) or idle[:1]
        for _, pending in taken:
            pending.consumer, pending.since = consumer, now
            pending.deliveries += 1
        return [
            Entry(entry, intake, s.intakes[intake][entry], pending.deliveries)
            for (intake, entry), pending in taken
        ]

    async def route(self, shard: str, steps: Sequence[Step], token: str = "") -> list[StepResult]:
        """Apply the steps one after the other."""
        s = self._shard(shard)
        worker = self.holder(shard, token) if token else None
        fenced = {
            (step.intake, step.entry)
            for step in steps
            if token and (worker is None or s.overtakes(step.intake, step.entry, worker))
        }
        blocked = StepResult(Outcome.BLOCKED, "unsealed") if s.is_unsealed else None
        results: list[StepResult] = []
        was_full = False
        for step in steps:
            if (step.intake, step.entry) in fenced:
                result = StepResult(Outcome.FENCED)
            elif was_full:
                result = StepResult(Outcome.BLOCKED, "after-full")
            else:
                result = blocked or s.step(step)
            was_full = was_full or result.detail.startswith("inbox-full:")
            results.append(result)
        return results

    async def excuse(self, shard: str, entries: Sequence[Entry]) -> None:
        """Take the hand-out off their number, unless they were handed out again."""
        for entry in entries:
            pending = self._shard(shard).pending.get((entry.intake, entry.id))
            if pending and pending.deliveries == entry.deliveries:
                pending.deliveries -= 1

    async def known(self, shard: str, messages: Sequence[str]) -> list[Known | None]:
        """Look in what is remembered."""
        found = [self._shard(shard).known(message) for message in messages]
        return [
            None
            if seen is None
            else Known(tuple(seen.parties), seen.sender, seen.withdrawn, seen.corrected)
            for seen in found
        ]

    async def act(self, shard: str, act: Act) -> ActResult:
        """Apply the act."""
        s = self._shard(shard)
        if s.is_unsealed:
            raise NotSealed(shard)
        return s.act(act)

    async def inbox(
        self, shard: str, party: str, after: str = "-", count: int = 100
    ) -> list[InboxEntry]:
        """Read on in an inbox."""
        return _page(self._shard(shard).inboxes[party], after, count)

    async def find_delivery(self, shard: str, party: str, message: str) -> InboxEntry | None:
        """Search the inbox from its end."""
        inbox = self._shard(shard).inboxes[party]
        return next((e for e in reversed(inbox.values()) if e.message == message), None)

    async def states(self, shard: str, party: str, messages: Sequence[str]) -> list[str]:
        """Look up the state of each delivery."""
        return [self._shard(shard).progress(party, message).state for message in messages]

    async def parked(
        self, shard: str, queue: Queue, after: str = "-", count: int = 100
    ) -> list[ParkedEntry]:
        """Read on in the held or the dead stream."""
        return _page(self._shard(shard).parked[queue], after, count)

    async def records(self, shard: str, after: str = "-", count: int = 100) -> list[RecordEntry]:
        """Read on in the records."""
        return _page(self._shard(shard).records, after, count)

    async def note(self, shard: str, record: bytes, person: bytes = b"") -> int:
        """Append one record."""
        return self._shard(shard).record(record, person)

    async def progress(self, shard: str, party: str, messages: Sequence[str]) -> list[Progress]:
        """Look up how far each delivery is."""
        return [self._shard(shard).progress(party, message) for message in messages]

    async def copy_key(self, shard: str, party: str, message: str) -> bytes | None:
        """Look up the key of a copy."""
        return self._shard(shard).keys.get((party, message))

    async def replace_key(
        self, shard: str, party: str, message: str, old: bytes, new: bytes
    ) -> bool:
        """Compare and set."""
        keys = self._shard(shard).keys
        if keys.get((party, message)) != old:
            return False
        keys[party, message] = new
        return True

    async def answer(self, shard: str, party: str, act: str, value: bytes, keep_ms: int) -> None:
        """Keep the answer, and until when it counts."""
        self._answers[shard, party, act] = time.monotonic() + keep_ms / 1_000, value

    async def hand_over(
        self,
        shard: str,  # noqa: ARG002 - the port has these; here nothing is sealed
        party: str,  # noqa: ARG002
        message: str,  # noqa: ARG002
        act: str,  # noqa: ARG002
        public_key: bytes,  # noqa: ARG002
    ) -> bool:
        """There is nothing to hand over."""
        return True

    async def erase(self, shard: str, erasures: Sequence[Erasure]) -> list[bool]:
        """Erase one after the other."""
        return [self._shard(shard).erase(erasure) for erasure in erasures]

    async def answered(self, shard: str, party: str, act: str) -> bytes | None:
        """Return an answer, as its reader finds it on a server; not part of the port."""
        until, value = self._answers.get((shard, party, act), (0.0, b""))
        return value if until > time.monotonic() else None

    def sealed(self, shard: str, seq: int) -> None:
        """Take it that the records up to `seq` are sealed: what a sealer tells a server."""
        s = self._shard(shard)
        s.sealed_seq, s.sealed_at = seq, now_ms()

    async def depths(self, shard: str, intakes: Sequence[str]) -> Mapping[str, int]:
        """Count."""
        s = self._shard(shard)
        return {
            "intake": sum(len(s.intakes[intake]) for intake in intakes),
            "pending": sum(intake in intakes for intake, _ in s.pending),
            "held": len(s.parked[Queue.HELD]),
            "dead": len(s.parked[Queue.DEAD]),
            "records": len(s.records),
        }

    async def close(self) -> None:
        """There is nothing to close."""

    def _shard(self, name: str) -> MemoryShard:
        if name not in self._shards:
            self._shards[name] = MemoryShard(name, self._bounds, self._next_id)
        return self._shards[name]

    def _next_id(self) -> str:
        """Return the milliseconds of now and a number: larger than every one before."""
        now = time.time_ns() // 1_000_000
        last_ms, last = self._last_id
        self._last_id = (now, 0) if now > last_ms else (last_ms, last + 1)
        return "{}-{}".format(*self._last_id)


def _order(entry: str) -> tuple[int, int]:
    milliseconds, _, number = entry.partition("-")
    return int(milliseconds), int(number)


def _page(stream: Mapping[str, _Item], after: str, count: int) -> list[_Item]:
    """Return at most `count` items of a stream after an entry id; "-": from the start."""
    start = (-1, 0) if after == "-" else _order(after)
    return list(islice((item for e, item in stream.items() if _order(e) > start), count))
