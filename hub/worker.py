"""The worker: from the intakes to the pipeline, on FastStream.

FastStream reads the intake of every partner in batches. Around it stand the measures without which
it loses or doubles events on streams: groups made beforehand at the very beginning, a bounded read,
no acknowledgement of its own (the FUNCTION acknowledges), a parser that never raises, no replies,
and a watch that turns every unasked stop into a failure.

A worker reads the shards of which it has the lease (`hub.leases`), each with a reader of its own
(`hub.shard_reader`); several workers on one broker share them.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from faststream import AckPolicy
from faststream.redis import StreamSub
from faststream.redis.message import RedisBatchStreamMessage

from hub import last_resort, streaming
from hub.data_folder import BrokerAddress
from hub.errors import HubError, NoMemory
from hub.lane import Lane
from hub.leases import Leases, Readers
from hub.pipeline import Pipeline
from hub.ports import Store
from hub.shard_reader import Reading, ShardReader
from hub.steps import Entry
from hub.tasks import cancelled
from hub.watchdog import Watchdog

_FINISH_S: Final = 30.0  # what is under way may take so long when we stop
_WITHOUT_MEMORY_S: Final = 10  # and so long when nothing can be relied on


@dataclass(frozen=True, slots=True)
class Intakes:
    """Where the worker reads; see `hub.stores.keys`."""

    shards: Mapping[str, Sequence[str]]  #: shard -> its intakes
    stream_of: Callable[[str], str]  #: the intake of the sender itself
    group: str
    event_of: Callable[[Mapping[bytes, bytes]], bytes]  #: the event in the fields of an entry


class Worker:
    """Reads its share of the shards of one broker until it is told to stop."""

    def __init__(
        self,
        pipeline: Pipeline,
        store: Store,
        intakes: Intakes,
        address: BrokerAddress,
        reading: Reading,
        *,
        lease_ms: int,
        idle_work: Callable[[str], Awaitable[int]],
        broker_ended: Callable[[], bool] = lambda: False,
    ) -> None:
        """`idle_work` is done for a shard now and then.

        `broker_ended` tells that our own broker is gone for good.
        """
        self._pipeline = pipeline
        self._intakes = intakes
        self._reading = reading
        self._failure: asyncio.Future[None] | None = None
        self._broker = streaming.broker_for(address, len(intakes.shards) + 8, self._lost)
        alone = asyncio.Lock()
        self._readers = {
            shard: ShardReader(
                shard,
                names,
                store,
                reading,
                lane=self._lane_of(shard),
                subscribe=self._subscriber_of(shard) if "" in names else None,
                idle_work=idle_work,
                failed=self._fail,
                alone=alone,
            )
            for shard, names in intakes.shards.items()
        }
        readers = Readers(self._begin, self._end, self._again)
        self._leases = Leases(store, intakes.shards, reading.consumer, lease_ms, readers)
        self._watchdog = Watchdog(store, intakes.shards, broker_ended)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; then finish the batches under way, and give the shards back.

        Raises:
            HubError: it stopped for another reason. What was not finished stays pending.

        """
        self._failure = asyncio.get_running_loop().create_future()
        await self._broker.connect()
        tasks = [
            asyncio.create_task(self._leases.run(), name="leases"),
            asyncio.create_task(self._watchdog.run(), name="watch"),
        ]
        stopping = asyncio.create_task(stop.wait())
        try:
            watched: list[asyncio.Future[Any]] = [stopping, self._failure, *tasks]
            await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
            if not stop.is_set():
                self._raise_why(tasks)
        finally:
            await cancelled(*tasks, stopping)  # their errors are told by `_raise_why`
            with contextlib.suppress(Exception):  # a broker that is gone cannot be told goodbye
                async with asyncio.timeout(_FINISH_S):
                    await self._leases.close()
                    await self._broker.stop()
            if not self._failure.done():
                self._failure.cancel()

    def _raise_why(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        for future in (self._failure, *tasks):
            if future is not None and future.done() and (error := future.exception()) is not None:
                raise error
        raise HubError("the worker stopped by itself")

    def _fail(self, error: Exception) -> None:
        if isinstance(error, NoMemory):
            last_resort.end_within(_WITHOUT_MEMORY_S)
        if self._failure is not None and not self._failure.done():
            self._failure.set_exception(error)

    def _begin(self, shard: str, token: str) -> None:
        self._readers[shard].begin(token)

    async def _end(self, shard: str) -> None:
        await self._readers[shard].end()

    def _again(self) -> None:
        for reader in self._readers.values():
            reader.again()

    def _lost(self, streams: Iterable[str]) -> None:
        for shard, reader in self._readers.items():
            if self._intakes.stream_of(shard) in streams:
                reader.lost()

    def _lane_of(self, shard: str) -> Callable[[], Lane]:
        return lambda: Lane(self._pipeline, shard, self._fail)

    def _subscriber_of(
        self, shard: str
    ) -> Callable[[Callable[[list[Entry]], Awaitable[None]]], Any]:
        def subscribe(put: Callable[[list[Entry]], Awaitable[None]]) -> Any:
            subscriber = self._broker.subscriber(
                stream=StreamSub(
                    self._intakes.stream_of(shard),
                    group=self._intakes.group,
                    consumer=self._reading.consumer,
                    batch=True,
                    max_records=self._reading.batch,
                    polling_interval=self._reading.poll_ms,
                    declare=False,  # a stream that is gone is not made anew: it was lost
                ),
                parser=_pass_through,
                decoder=self._entries,
                ack_policy=AckPolicy.MANUAL,
                no_reply=True,
                title=f"intake of {shard}",
            )
            subscriber(put)
            return subscriber

        return subscribe

    async def _entries(self, message: RedisBatchStreamMessage) -> list[Entry]:
        raw = message.raw_message
        event_of = self._intakes.event_of
        return [
            Entry(place.decode() if isinstance(place, bytes) else place, "", event_of(fields))
            for place, fields in zip(raw["message_ids"], raw["data"], strict=True)
        ]


async def _pass_through(message: Any, original: Callable[..., Awaitable[Any]]) -> Any:
    """Parse nothing: FastStream's own parser would take a CloudEvent apart, and may raise.

    The original parser is called with an empty envelope, because it binds the reader group.
    """
    parsed = await original({**message, "data": []})
    parsed.raw_message = message
    parsed.reply_to = ""  # a sender may not make the hub publish anywhere
    return parsed
