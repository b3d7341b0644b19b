"""The way of one shard through the pipeline: the next batch is planned while one is committed.

One committer for each shard, so that what came first is written first. While the broker works on
one batch, the next is read, decided and sealed here; at most `WAITING` of them wait. What waits
together is written together, `TOGETHER` steps in one call: under `appendfsync always` a call costs
a flush, but nobody else is served while it lasts.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from hub import log
from hub.errors import BrokerLost, NoMemory, NotAllowed, Unavailable
from hub.pipeline import TOGETHER, Pipeline
from hub.plans import Plan
from hub.steps import Entry

WAITING: Final = 2
"""Batches that were planned and wait for the one that is being committed."""


class Lane:
    """Takes the batches of one shard through, in the order in which they are put."""

    def __init__(self, pipeline: Pipeline, shard: str, failed: Callable[[Exception], None]) -> None:
        """`failed` is told of what no later batch can mend: the hub must stop."""
        self._pipeline = pipeline
        self._shard = shard
        self._failed = failed
        self._planning = asyncio.Lock()
        self._room = asyncio.Semaphore(WAITING)
        self._waiting: deque[Plan] = deque()
        self._committing: asyncio.Task[None] | None = None
        self.token = ""  #: of the lease under which this process reads the shard
        #: something was left pending since this was last set to False: read that first, in order.
        #: Until then all that is put is left pending too, because it would overtake
        self.behind = False

    async def put(self, entries: Sequence[Entry]) -> None:
        """Plan a batch and hand it to the committer; waits while `WAITING` others wait for it.

        What fails stays pending, so nothing is lost by not raising here.
        """
        async with self._planning:  # two that put at once do not overtake each other
            try:
                plan = await self._pipeline.plan(self._shard, entries)
            except Exception as error:  # noqa: BLE001 - said there; the entries stay pending
                await self._left_pending(entries, error)
                return
            await self._room.acquire()
            if self.behind:
                self._room.release()
                await self._pipeline.excuse(self._shard, entries, Unavailable())
                return
            self._waiting.append(plan)
            if self._committing is None or self._committing.done():
                self._committing = asyncio.create_task(self._commit(), name=f"commit:{self._shard}")

    async def drain(self) -> None:
        """Wait until all that was put is committed, or left pending.

        Whoever waits may be cancelled; what is being committed goes on.
        """
        while self._committing is not None and not self._committing.done():
            await asyncio.wait([self._committing])

    async def close(self) -> None:
        """Drain, and end. Idempotent."""
        await self.drain()

    async def _commit(self) -> None:
        while self._waiting:
            plans = self._next()
            try:
                await self._pipeline.commit(plans, self.token)
            except Exception as error:  # noqa: BLE001 - said there; the entries stay pending
                # What waits behind it stays pending as well: it would overtake.
                plans += [self._take() for _ in range(len(self._waiting))]
                entries = [entry for plan in plans for entry in plan.entries]
                await self._left_pending(entries, error)

    def _next(self) -> list[Plan]:
        """Take the next batch, and those after it that fit in the same call."""
        plans = [self._take()]
        count = len(plans[0].entries)
        while self._waiting and count + len(self._waiting[0].entries) <= TOGETHER:
            plans.append(self._take())
            count += len(plans[-1].entries)
        return plans

    def _take(self) -> Plan:
        self._room.release()
        return self._waiting.popleft()

    async def _left_pending(self, entries: Sequence[Entry], error: Exception) -> None:
        self.behind = True
        say = log.get().warning if isinstance(error, Unavailable) else log.get().error
        say("batch.failed", shard=self._shard, entries=len(entries), error=type(error).__name__)
        if isinstance(error, Unavailable):
            await self._pipeline.excuse(self._shard, entries, error)
        elif isinstance(error, (BrokerLost, NotAllowed)):
            self._failed(error)
        elif isinstance(error, MemoryError):  # nothing here can be relied on any more
            self._failed(
                NoMemory(
                    "this process has no memory left: is its limit too low, or is it an event?"
                )
            )
