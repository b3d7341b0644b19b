"""Publish simulated traffic: each party on a line of its own, with its own rights and order.

A line is what a partner has that uses no code of ours: a plain XADD of the event's bytes on its own
intake. Parties do not wait for each other, with one exception: an act is sent once the event that
it is about has been delivered, because nobody acts on what it has not got.
"""

import asyncio
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from redis.asyncio import Redis

from handlers.partitions import case_in
from hub.bootstrap import Hub
from hub.data_folder import running
from hub.errors import NotFound, Unavailable
from hub.simulation.delivered import Delivered
from hub.stores import keys
from hub.stores.connection import connect, translated
from hub.tasks import cancelled
from schemas.catalogue import ACTS
from schemas.identifiers import message_ref

Item = tuple[datetime, str, dict[str, Any]]
"""A moment, a party and an event, as `hub.simulation.generate` gives them."""

_IN_FLIGHT: Final = 2_000
_BATCH: Final = 50
_ATTEMPTS: Final = 8  # some 25 s: longer than a failover takes


@dataclass(frozen=True, slots=True)
class Sent:
    """One event that the broker has on disk."""

    party: str
    shard: str
    entry: str  #: its id in the intake
    message: str  #: `message_ref` of its (source, id)
    name: str  #: type without prefix


class Sending:
    """Publishes items at a running hub. `sent` grows while it runs, and tells after an interrupt.

    `rate`: events per second at most; None is as fast as it goes. `told` is called after each batch
    with how many events went out.
    """

    def __init__(
        self,
        hub: Hub,
        *,
        rate: float | None = None,
        told: Callable[[int], object] = lambda _: None,
    ) -> None:
        self.sent: list[Sent] = []
        self._hub = hub
        self._rate = rate
        self._told = told
        self._lines: dict[str, _Line] = {}
        self._room = asyncio.Semaphore(_IN_FLIGHT)
        self._delivered = Delivered(hub.store)

    async def run(self, items: Iterable[Item]) -> None:
        """Publish all `items` and return when the broker has them on disk.

        Raises:
            NotFound, NotAllowed: a party has no account at this broker, or may not write.
            Unavailable: the broker did not answer in several attempts.

        """
        watching = asyncio.create_task(self._delivered.watch())
        started = time.perf_counter()
        try:
            for number, (_, party, event) in enumerate(items):
                await self._pace(number, started)
                await self._room.acquire()
                self._line(party).add(event)
                self._raise_failure()
            await asyncio.gather(*(line.finish() for line in self._lines.values()))
        finally:
            await asyncio.gather(
                cancelled(watching), *(line.close() for line in self._lines.values())
            )

    async def _pace(self, number: int, started: float) -> None:
        wait = 0.0 if self._rate is None else started + number / self._rate - time.perf_counter()
        if wait > 0 or number % 20 == 0:
            await asyncio.sleep(max(wait, 0))  # 0: let the lines work

    def _line(self, party: str) -> "_Line":
        if party not in self._lines:
            self._lines[party] = _Line(self._hub, party, self._delivered.wait, self._note)
        return self._lines[party]

    def _note(self, done: list[Sent]) -> None:
        self.sent += done
        for _ in done:
            self._room.release()
        self._told(len(done))

    def _raise_failure(self) -> None:
        for line in self._lines.values():
            line.raise_failure()


class _Line:
    """The connection of one party, and what it has still to send."""

    def __init__(
        self,
        hub: Hub,
        party: str,
        wait: Callable[[str, str], Awaitable[None]],
        note: Callable[[list[Sent]], None],
    ) -> None:
        known = hub.book.parties.get(party)
        if known is None:
            raise NotFound(f"no party {party} in the role config; see: seinhuis check")
        self._hub = hub
        self._party = known
        self._wait = wait
        self._note = note
        self._queue: deque[dict[str, Any]] = deque()
        self._filled = asyncio.Event()
        self._ended = False
        self._task = asyncio.create_task(self._work(), name=f"line:{party}")

    def add(self, event: dict[str, Any]) -> None:
        self._queue.append(event)
        self._filled.set()

    async def finish(self) -> None:
        self._ended = True
        self._filled.set()
        await self._task

    async def close(self) -> None:
        await cancelled(self._task)

    def raise_failure(self) -> None:
        if self._task.done() and not self._task.cancelled():
            self._task.result()

    async def _work(self) -> None:
        redis = await self._connect()
        try:
            while self._queue or not self._ended:
                if not self._queue:
                    self._filled.clear()
                    await self._filled.wait()
                    continue
                self._note(await self._send(redis, await self._batch()))
        finally:
            await redis.aclose()

    async def _connect(self) -> Redis:
        hub, address = self._hub, self._hub.address
        if hub.settings.broker is None:
            address = running(hub.settings.data, self._party.id) or address
        return await connect(address.url, address.user, address.password)

    async def _batch(self) -> list[dict[str, Any]]:
        """Take what may go now: up to the next act, which waits for what it is about."""
        batch: list[dict[str, Any]] = []
        while self._queue and len(batch) < _BATCH:
            about = self._about(self._queue[0])
            if about is not None:
                if batch:
                    break
                await self._wait(*about)
            batch.append(self._queue.popleft())
        return batch

    def _about(self, event: dict[str, Any]) -> tuple[str, str] | None:
        if self._name(event) not in ACTS:
            return None
        link = event["data"]["betreft"]
        return link["shard"], link["bericht"]

    def _name(self, event: dict[str, Any]) -> str:
        return str(event["type"]).removeprefix(f"{self._hub.book.prefix}.")

    async def _send(self, redis: Redis, batch: list[dict[str, Any]]) -> list[Sent]:
        """Add the events in one go; after a lost connection again: a repeat is harmless."""
        raws = [
            json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode() for event in batch
        ]
        shards = [self._shard(event) for event in batch]
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                async with redis.pipeline(transaction=False) as pipe:
                    for shard, raw in zip(shards, raws, strict=True):
                        pipe.xadd(keys.intake(shard, self._party.intake), {"event": raw})
                    entries = await pipe.execute()
                break
            except Exception as error:
                problem = translated(error)
                if not isinstance(problem, Unavailable) or attempt == _ATTEMPTS:
                    raise problem from error
                await asyncio.sleep(0.1 * 2**attempt)
        return [
            Sent(
                self._party.id,
                shard,
                entry.decode(),
                message_ref(event["source"], event["id"]),
                self._name(event),
            )
            for shard, entry, event in zip(shards, entries, batch, strict=True)
        ]

    def _shard(self, event: dict[str, Any]) -> str:
        """Return the partition of the case, as the sender's own system works it out."""
        return self._hub.book.home(self._party.partner, case_in(event["data"]))
