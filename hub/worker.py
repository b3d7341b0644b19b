"""The worker: from the intakes to the pipeline. The only file that knows FastStream.

FastStream reads the intake of every partner in batches. Around it stand the measures without which
it loses or doubles events on streams: groups made beforehand at the very beginning, a bounded read,
no acknowledgement of its own (the FUNCTION acknowledges), a parser that never raises, no replies,
a reclaimer, and a watchdog that turns every unasked stop into a failure.

Gemeenten and houses share a shard, and units and groups have an intake in that of their partner:
one loop for each shard reads all of these over one connection, because a subscriber each would
take hundreds.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from faststream import AckPolicy, FastStream
from faststream.redis import RedisBroker, StreamSub
from faststream.redis.message import RedisBatchStreamMessage
from faststream.security import SASLPlaintext

from hub import log
from hub.data_folder import BrokerAddress
from hub.errors import BrokerLost, BrokerMissing, HubError, Unavailable
from hub.pipeline import Pipeline
from hub.ports import Entry, Store

_MAX_TASKS: Final = 16  # FastStream restarts a failing read as a new task, without a pause
_WATCH_S: Final = 1.0
_TELL_S: Final = 10.0  # between two warnings that the broker is silent
_SILENT_S: Final = 120.0  # a broker that loads a long file is silent too
_IDLE_ROUNDS: Final = 2  # rounds of the reclaimer for one of the work that can wait


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """How a worker reads."""

    consumer: str  #: its name in the reader group; the same after a restart
    batch: int = 100  #: entries in one read; at most one read is under way for each shard
    poll_ms: int = 2_000  #: a read waits this long; keep under redis-py's 5 s socket timeout
    idle_ms: int = 10_000  #: entries unfinished for so long are taken over; well above one batch

    @property
    def reclaim_s(self) -> float:
        """Pause between two looks for such entries; each asks hundreds of intakes."""
        return self.idle_ms / 2_000


class Worker:
    """Reads all shards of one broker until it is told to stop."""

    def __init__(
        self,
        pipeline: Pipeline,
        store: Store,
        shards: Mapping[str, Sequence[str]],
        address: BrokerAddress,
        settings: WorkerSettings,
        *,
        stream_of: Callable[[str], str],
        group: str,
        event_of: Callable[[Mapping[bytes, bytes]], bytes],
        idle_work: Callable[[str], Awaitable[int]],
        broker_ended: Callable[[], bool] = lambda: False,
    ) -> None:
        """`stream_of` gives the intake of a shard, `event_of` the event in the fields of an entry.

        `idle_work` is done for a shard now and then; `broker_ended` tells that our own broker is
        gone for good.
        """
        self._pipeline = pipeline
        self._store = store
        self._shards = shards
        self._settings = settings
        self._stream_of = stream_of
        self._group = group
        self._event_of = event_of
        self._broker_ended = broker_ended
        self._idle_work = idle_work
        self._under_way: set[asyncio.Task[None]] = set()
        self._failure: asyncio.Future[None] | None = None
        self._own = [shard for shard, intakes in shards.items() if "" in intakes]
        self._further = {
            shard: further
            for shard, intakes in shards.items()
            if (further := tuple(intake for intake in intakes if intake))
        }
        self._broker = RedisBroker(
            address.url,
            security=SASLPlaintext(address.user, address.password),
            apply_types=False,
            logger=None,  # type: ignore[arg-type] # documented: no log of its own
            max_connections=len(shards) + 8,
            graceful_timeout=15.0,
        )
        self._subscribers = [self._subscribe(shard) for shard in self._own]
        self.app = FastStream(self._broker, logger=None)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; then finish the batches under way.

        Raises:
            HubError: it stopped for another reason. What was not finished stays pending.

        """
        loop = asyncio.get_running_loop()
        self._failure = loop.create_future()
        await self.app.start()
        tasks = [
            asyncio.create_task(self._read_further(shard, intakes), name=f"read:{shard}")
            for shard, intakes in self._further.items()
        ]
        tasks += [
            asyncio.create_task(self._reclaim(), name="reclaim"),
            asyncio.create_task(self._watch(), name="watch"),
        ]
        stopping = asyncio.create_task(stop.wait())
        try:
            watched: list[asyncio.Future[Any]] = [stopping, self._failure, *tasks]
            await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
            if not stop.is_set():
                self._raise_why(tasks)
        finally:
            await _end([*tasks, stopping])
            await asyncio.gather(*self._under_way, return_exceptions=True)
            with contextlib.suppress(Exception):  # a broker that is gone cannot be told goodbye
                await self.app.stop()
            if not self._failure.done():
                self._failure.cancel()

    def _raise_why(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        for future in (self._failure, *tasks):
            if future is not None and future.done() and (error := future.exception()) is not None:
                raise error
        raise HubError("the worker stopped by itself")

    def _subscribe(self, shard: str) -> Any:
        subscriber = self._broker.subscriber(
            stream=StreamSub(
                self._stream_of(shard),
                group=self._group,
                consumer=self._settings.consumer,
                batch=True,
                max_records=self._settings.batch,
                polling_interval=self._settings.poll_ms,
            ),
            parser=_pass_through,
            decoder=self._entries,
            ack_policy=AckPolicy.MANUAL,
            no_reply=True,
            title=f"intake of {shard}",
        )

        async def route(entries: list[Entry]) -> None:
            await self._run(shard, entries)

        subscriber(route)
        return subscriber

    async def _run(self, shard: str, entries: Sequence[Entry]) -> None:
        """Run a batch. What fails stays pending, so nothing is lost by not raising here."""
        try:
            await self._pipeline.run(shard, entries)
        except Unavailable as error:
            log.get().warning(
                "batch.failed", shard=shard, entries=len(entries), error=type(error).__name__
            )
        except Exception as error:  # noqa: BLE001  (whatever it is: say so; the entries are pending)
            log.get().error(
                "batch.failed", shard=shard, entries=len(entries), error=type(error).__name__
            )
            if isinstance(error, BrokerLost):
                self._fail(error)

    async def _entries(self, message: RedisBatchStreamMessage) -> list[Entry]:
        raw = message.raw_message
        return [
            Entry(place.decode() if isinstance(place, bytes) else place, "", self._event_of(fields))
            for place, fields in zip(raw["message_ids"], raw["data"], strict=True)
        ]

    async def _finish(self, shard: str, entries: Sequence[Entry]) -> None:
        """Run a batch to its end, also when the reader is cancelled meanwhile."""
        task = asyncio.create_task(self._run(shard, entries))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        await asyncio.shield(task)

    async def _read_further(self, shard: str, intakes: Sequence[str]) -> None:
        settings = self._settings
        while True:
            try:
                entries = await self._store.take(
                    shard, intakes, settings.consumer, settings.batch, settings.poll_ms
                )
            except Unavailable:
                await asyncio.sleep(_WATCH_S)
                continue
            if entries:
                await self._finish(shard, entries)

    async def _reclaim(self) -> None:
        settings = self._settings
        rounds = 0
        while True:
            for shard, intakes in self._shards.items():
                with contextlib.suppress(Unavailable):
                    while entries := await self._store.reclaim(
                        shard, intakes, settings.consumer, settings.idle_ms, settings.batch
                    ):
                        log.get().warning("entries.reclaimed", shard=shard, entries=len(entries))
                        await self._finish(shard, entries)
                if rounds % _IDLE_ROUNDS == 0:
                    await self._idle(shard)
            rounds += 1
            await asyncio.sleep(settings.reclaim_s)

    async def _idle(self, shard: str) -> None:
        """Do what can wait. Nothing in it may stop the worker: it is tried again."""
        try:
            if applied := await self._idle_work(shard):
                log.get().info("correction.applied", shard=shard, entries=applied)
        except Unavailable:
            pass
        except Exception as error:  # noqa: BLE001  (say so, and go on: routing is what matters)
            log.get().error("batch.failed", shard=shard, entries=0, error=type(error).__name__)

    async def _watch(self) -> None:
        silent_since: float | None = None
        while True:
            await asyncio.sleep(_WATCH_S)
            if self._broker_ended():
                raise BrokerLost("the embedded broker ended; its log is in the data folder")
            silent_since = await self._listen(silent_since)
            for subscriber, shard in zip(self._subscribers, self._own, strict=True):
                if not subscriber.running:
                    raise BrokerLost(
                        f"the intake of {shard} or its reader group is gone: the broker lost its"
                        " data, or was replaced. Restore it from its append-only file, then start"
                    )
                if len(subscriber.tasks) > _MAX_TASKS:
                    raise HubError(
                        f"reading the intake of {shard} fails again and again: is the broker"
                        " read-only, or was the access list changed?"
                    )

    async def _listen(self, silent_since: float | None) -> float | None:
        """Return since when the broker is silent (monotonic seconds), or None when it answers.

        Raises:
            BrokerMissing: it was silent for too long; somebody must look.

        """
        try:
            await self._store.depths(next(iter(self._shards)), ())
        except Unavailable:
            now = time.monotonic()
            since = silent_since if silent_since is not None else now
            if silent_since is None or (now - since) % _TELL_S < _WATCH_S:
                log.get().warning("broker.waiting", attempt=1, wait_s=round(now - since))
            if now - since > _SILENT_S:
                raise BrokerMissing(
                    f"the broker has not answered for {round(now - since)} seconds; start it, then"
                    " the hub. Nothing is lost: what was accepted is on its disk"
                ) from None
            return since
        return None

    def _fail(self, error: Exception) -> None:
        if self._failure is not None and not self._failure.done():
            self._failure.set_exception(error)


async def _end(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """Cancel until all have ended: redis-py can swallow one that comes while it connects."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=_WATCH_S)
    await asyncio.gather(*tasks, return_exceptions=True)  # their errors are told by `_raise_why`


async def _pass_through(message: Any, original: Callable[..., Awaitable[Any]]) -> Any:
    """Parse nothing: FastStream's own parser would take a CloudEvent apart, and may raise.

    The original parser is called with an empty envelope, because it binds the reader group.
    """
    parsed = await original({**message, "data": []})
    parsed.raw_message = message
    parsed.reply_to = ""  # a sender may not make the hub publish anywhere
    return parsed
