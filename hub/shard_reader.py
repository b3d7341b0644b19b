"""The reader of one shard, while this worker has its lease: from the intakes to the lane.

    pending entries, in order ─► new entries ─► (something was left, or fails) ─► from the start

What is pending comes first: it was handed out before, to us or to who had the shard before us, and
what comes after it may be of the same case. The intake of the sender itself is read by FastStream,
in batches; those of its units, or of all gemeenten in a shared shard, by one loop over one
connection, because a subscriber each would take hundreds.

FastStream restarts a read that the broker refuses without any pause, and one of which the answer
was lost after some seconds, with what is new. So whatever is wrong, reading is stopped, and begun
again after a pause that grows: what heals by itself (a broker that loads, is full or read-only for
a while) is waited for; what does not, stops the hub.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hub import log, metrics, pulse
from hub.errors import NotAllowed, Unavailable
from hub.lane import Lane
from hub.ports import Store
from hub.steps import Entry
from hub.stores.connection import translated
from hub.tasks import cancelled, to_the_end

SUSPECT: Final = 2
"""An entry that was handed out more often than this comes alone, and is waited for."""

_LOOK_S: Final = 0.2  # between two looks whether reading goes well
_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 5.0
_WELL_S: Final = 10.0  # after reading for so long, a new problem is a new problem
_IDLE_ROUNDS: Final = 2  # looks for what is idle for one of the work that can wait


@dataclass(frozen=True, slots=True)
class Reading:
    """How a worker reads."""

    consumer: str  #: its name in the reader group; the same after a restart
    batch: int = 100  #: entries in one read
    poll_ms: int = 2_000  #: a read waits this long; keep under redis-py's 5 s socket timeout
    idle_ms: int = 10_000  #: what stays pending for so long is tried again; well above one batch

    @property
    def reclaim_s(self) -> float:
        """Pause between two looks for such entries; each asks hundreds of intakes."""
        return self.idle_ms / 2_000


class ShardReader:
    """Reads one shard, between `begin` and `end`, as often as this worker has its lease."""

    def __init__(
        self,
        shard: str,
        intakes: Sequence[str],
        store: Store,
        reading: Reading,
        *,
        lane: Callable[[], Lane],
        subscribe: Callable[[Callable[[list[Entry]], Awaitable[None]]], Any] | None,
        idle_work: Callable[[str], Awaitable[int]],
        failed: Callable[[Exception], None],
        alone: asyncio.Lock,
    ) -> None:
        """`lane` makes a new lane of this shard. `alone` is one for all readers of a process.

        `subscribe` makes FastStream's subscriber of the intake of the sender itself, not started;
        None: it has no such intake. `idle_work` is done now and then. `failed` is told of what
        does not heal.
        """
        self._shard = shard
        self._intakes = intakes
        self._further = tuple(intake for intake in intakes if intake)
        self._store = store
        self._reading = reading
        self._lane_of = lane
        self._subscriber = subscribe(self._put) if subscribe is not None else None
        self._idle_work = idle_work
        self._failed = failed
        self._alone = alone
        self._lane: Lane | None = None
        self._task: asyncio.Task[None] | None = None
        self._again = asyncio.Event()
        self._waiting_since: float | None = None

    def begin(self, token: str) -> None:
        """Read, under the lease with this token."""
        lane = self._lane_of()
        lane.token = token
        self._lane = lane
        self._task = asyncio.create_task(self._run(lane), name=f"read:{self._shard}")

    async def end(self) -> None:
        """Read no more; return when all that was read is committed, or left pending. Idempotent."""
        if self._task is not None:
            await cancelled(self._task)
        if self._lane is not None:
            await self._lane.close()
        self._task = self._lane = None

    def again(self) -> None:
        """Begin again with what is pending: the store was away."""
        self._again.set()

    def lost(self) -> None:
        """Begin again too, and put nothing more before that: an answer of the store was lost."""
        if self._lane is not None:
            self._lane.behind = True
        self._again.set()

    async def _run(self, lane: Lane) -> None:
        pause = _FIRST_PAUSE_S
        while True:
            self._again.clear()
            began = time.monotonic()
            try:
                await self._catch_up(lane)
                await self._read_on(lane)
            except Exception as error:  # noqa: BLE001 - redis-py raises anything on a dead line
                problem = translated(error)
                if not isinstance(problem, Unavailable):
                    self._failed(problem)
                    return
                self._say_waiting(error, problem)
            if time.monotonic() - began > _WELL_S:
                pause = _FIRST_PAUSE_S
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)

    async def _catch_up(self, lane: Lane) -> None:
        """Take everything that is pending through, in order, each entry once."""
        await lane.drain()
        lane.behind = False
        after: Entry | None = None
        while entries := await self._take_over(lane, 0, after):
            after = entries[-1]
            if lane.behind:
                break
        await lane.drain()
        if lane.behind:
            raise Unavailable("what is pending could not be taken through")

    async def _read_on(self, lane: Lane) -> None:
        """Read what is new, until something was left behind or we are to begin again.

        Raises:
            Exception: why reading fails, in the words of redis-py.

        """
        idle_at, rounds = time.monotonic() + self._reading.reclaim_s, 0
        async with self._reads() as reads:
            self._say_resumed()
            while not (self._again.is_set() or lane.behind):
                pulse.beat(pulse.READER)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._again.wait(), _LOOK_S)
                self._look(reads)
                if time.monotonic() >= idle_at:
                    await self._look_for_idle(lane)
                    if rounds % _IDLE_ROUNDS == 0:
                        await self._idle()
                    rounds += 1
                    idle_at = time.monotonic() + self._reading.reclaim_s

    @contextlib.asynccontextmanager
    async def _reads(self) -> AsyncIterator[list[asyncio.Task[None]]]:
        """Read both kinds of intakes meanwhile; yields the task of the further ones."""
        tasks: list[asyncio.Task[None]] = []
        try:
            if self._subscriber is not None:
                try:
                    await self._subscriber.start()
                except Exception as error:
                    if isinstance(translated(error), NotAllowed):
                        raise
                    # What is pending, and its reader group, tell what is wrong.
                    raise Unavailable(f"reading did not begin ({type(error).__name__})") from error
            if self._further:
                tasks.append(asyncio.create_task(self._read_further(), name="further"))
            yield tasks
        finally:
            # Whoever gives up here would go on reading what is another's by then.
            await to_the_end(self._stop_reading(tasks))

    async def _stop_reading(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        await cancelled(*tasks)
        if self._subscriber is not None:
            await self._subscriber.stop()

    def _look(self, reads: Sequence[asyncio.Task[None]]) -> None:
        """Raise why reading fails, if it does."""
        tasks = [*reads, *(self._subscriber.tasks if self._subscriber is not None else ())]
        for task in tasks:
            if task.done() and not task.cancelled() and (error := task.exception()) is not None:
                raise error
        if self._subscriber is not None and not self._subscriber.running:
            raise Unavailable("reading stopped")  # a lost group: taking up what is pending tells

    async def _read_further(self) -> None:
        reading = self._reading
        while True:
            entries = await self._store.take(
                self._shard, self._further, reading.consumer, reading.batch, reading.poll_ms
            )
            if entries:
                await self._put(entries)

    async def _put(self, entries: list[Entry]) -> None:
        if (lane := self._lane) is None:
            return
        await lane.put(entries)
        if lane.behind:
            self._again.set()
            await asyncio.sleep(_LOOK_S)  # or we would be handed all that waits, for nothing

    async def _look_for_idle(self, lane: Lane) -> None:
        """Try again what stays pending: something was in its way."""
        await lane.drain()  # or we would take over what is under way here
        while not lane.behind and await self._take_over(lane, self._reading.idle_ms):
            await lane.drain()

    async def _take_over(self, lane: Lane, idle_ms: int, after: Entry | None = None) -> list[Entry]:
        """Hand out what is pending and take it through; return it.

        While a suspect is under way no reader of this process is handed another: if it kills the
        process, it must not count as a try of whoever is under way in another shard.
        """
        async with self._alone:
            entries = await self._reclaim(idle_ms, after)
            if entries and entries[0].deliveries > SUSPECT:
                await self._take_through(lane, entries)
                return entries
        if entries:
            await self._take_through(lane, entries)
        return entries

    async def _reclaim(self, idle_ms: int, after: Entry | None) -> list[Entry]:
        reading = self._reading
        return await self._store.reclaim(
            self._shard, self._intakes, reading.consumer, idle_ms, reading.batch, after
        )

    async def _take_through(self, lane: Lane, entries: Sequence[Entry]) -> None:
        log.get().warning("entries.reclaimed", shard=self._shard, entries=len(entries))
        metrics.reclaimed(self._shard, len(entries))
        await lane.put(entries)
        if entries[0].deliveries > SUSPECT:
            await lane.drain()

    def _say_waiting(self, error: Exception, problem: Unavailable) -> None:
        if self._waiting_since is None:
            self._waiting_since = time.monotonic()
            log.get().warning(
                "reader.waiting",
                shard=self._shard,
                error=type(error).__name__,
                reason=str(problem),
            )

    def _say_resumed(self) -> None:
        if self._waiting_since is not None:
            for_s = round(time.monotonic() - self._waiting_since, 1)
            log.get().info("reader.resumed", shard=self._shard, for_s=for_s)
            self._waiting_since = None

    async def _idle(self) -> None:
        """Do what can wait. Nothing in it may stop the reader: it is tried again."""
        try:
            if applied := await self._idle_work(self._shard):
                log.get().info("correction.applied", shard=self._shard, entries=applied)
        except Unavailable:
            pass
        except Exception as error:  # noqa: BLE001  (say so, and go on: routing is what matters)
            log.get().error(
                "batch.failed", shard=self._shard, entries=0, error=type(error).__name__
            )
