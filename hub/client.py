"""What an engineer of a partner or a gemeente imports: publish events, read an inbox, act on it.

    async with await Client.connect("redis://127.0.0.1:6390", party="ind", password=…) as client:
        receipt = await client.publish(event)

    async with await Client.connect(url, party="gm0363", password=…) as client:
        async for delivery in client.inbox():
            store(await delivery.open())
            await delivery.acknowledge()

The copies in an inbox are sealed: opening one asks the hub for its key, and is on record.

The client holds no decision and no rule: a partner that uses none of our code does the same with
XADD and XREADGROUP (docs/howto/emit-events.md). Publishing is safe to repeat: the same (source, id)
is delivered once. Reading is at least once: what was not acknowledged comes again.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self

from redis.asyncio import Redis
from redis.exceptions import NoPermissionError, RedisError, ResponseError

from handlers.partitions import case_of, partition_of, shard_name
from hub.answers import flat, wait
from hub.delivery import Delivery, Receipt
from hub.errors import NotAllowed, Unavailable
from hub.stores import keys, packing
from hub.stores.config_documents import read_partitions
from hub.stores.connection import connect, translated
from hub.stores.replicated import replicated
from schemas.catalogue import DEFAULT_PREFIX
from schemas.identifiers import message_ref
from schemas.reading import parse

__all__ = ["SHARDS", "Client", "Delivery", "Receipt", "shard_of"]

SHARDS: Final = (
    "aivd", "dji", "dtv", "ess", "gemeente", "ind", "kmar", "liv", "lse", "nctv", "om", "politie",
    "rn", "ror", "rvdk", "zvh",
)  # fmt: skip
"""An inbox is the union of its streams in these shards: the sixteen partners of the table."""

_ATTEMPTS: Final = 6
_FIRST_WAIT_S: Final = 0.2
_BLOCK_MS: Final = 2_000
_LOOK_S: Final = 30.0  # between two looks whether a sender got more partitions


class Client:
    """One party at one broker. Not for several tasks at once; open a client for each."""

    def __init__(
        self,
        redis: "Redis",
        party: str,
        source: str,
        *,
        shard: str | None = None,
        prefix: str = DEFAULT_PREFIX,
        shards: Sequence[str] = SHARDS,
        partitions: Mapping[str, int] | None = None,
        replicas: int = 0,
    ) -> None:
        """`source` is the URN of your system, with the OIN of your organisation.

        `shard` is that of your organisation: derived for a partner, a gemeente and a house; a unit
        names it (`shard="politie"` for `cter`). `partitions`: over how many each
        sender is divided; `connect` asks the broker. `replicas`: how many servers of the broker,
        beside the one that accepts, must have an event before `publish` returns; ask your operator.
        """
        self._redis = redis
        self._replicas = replicas
        self.party = party
        self.source = source
        self.prefix = prefix
        self._shards = tuple(shards)
        self._partitions = dict(partitions or {})
        self._shard = shard or shard_of(party)

    @classmethod
    async def connect(
        cls,
        url: str,
        *,
        party: str,
        source: str,
        password: str,
        user: str | None = None,
        shard: str | None = None,
        prefix: str = DEFAULT_PREFIX,
        replicas: int = 0,
    ) -> Self:
        """Connect as `party`. `url`: `redis://host:port`, `rediss://…` or `unix:///path`.

        Or of several servers: `redis+sentinel://host:port,host:port/name` and
        `redis+cluster://host:port,host:port`, with `rediss+` for TLS.
        `replicas`: see `__init__`.

        Raises:
            BrokerMissing: nobody answered within 10 seconds.
            NotAllowed: the user or the password is not right.

        """
        redis = await connect(url, user or party, password)
        client = cls(redis, party, source, shard=shard, prefix=prefix, replicas=replicas)
        await client._look_for_partitions()
        return client

    async def _look_for_partitions(self) -> None:
        """Look over how many partitions each sender is divided now; `connect` and `inbox` do so.

        An account from before there were any may not look: then nobody counts as divided.

        Raises:
            Unavailable: the broker did not answer.

        """
        with contextlib.suppress(NotAllowed):
            found = await self._call(self._redis.get(keys.partitions()))
            self._partitions = read_partitions(found)

    async def __aenter__(self) -> Self:
        """Return the client itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        await self.close()

    async def close(self) -> None:
        """Close the connection; idempotent."""
        await self._redis.aclose()

    async def publish(self, event: Mapping[str, Any] | bytes | str) -> Receipt:
        """Put one event on your intake; on return it is on the broker's disk.

        It is checked here first, so that a mistake shows at once. A lost connection is tried again
        with the same bytes: the hub delivers the same (source, id) once.

        Raises:
            InvalidEvent: with every problem; nothing was sent.
            NotAllowed: this user may not write to this intake.
            Unavailable: the broker did not answer in six attempts; publish the same event again.

        """
        if isinstance(event, Mapping):
            raw = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
        else:
            raw = event.encode() if isinstance(event, str) else event
        parsed = parse(raw, self.prefix)
        count = self._partitions.get(self._shard, 1)
        shard = shard_name(self._shard, partition_of(case_of(parsed.data), count))
        intake = keys.intake(shard, "" if self.party == self._shard else self.party)
        entry = await self._add(intake, raw)
        message = message_ref(parsed.source, parsed.id)
        return Receipt(entry, message, parsed.id, parsed.source, shard)

    async def inbox(
        self, *, follow: bool = True, consumer: str = "reader-1"
    ) -> AsyncIterator[Delivery]:
        """Yield deliveries: first what was handed out and not acknowledged, then what is new.

        With `follow` it waits for more, for ever; without, it ends when the inbox is read out.
        Two readers with different `consumer` names share the work. Order is that of arrival within
        a sender; between senders it is not defined.

        Raises:
            Unavailable: the broker did not answer; begin again, nothing is lost.
            NotAllowed: this user may not read this inbox.

        """
        streams: list[str] = []
        look_at = 0.0
        while True:
            if time.monotonic() >= look_at:  # a sender may have got more partitions meanwhile
                await self._look_for_partitions()
                look_at = time.monotonic() + _LOOK_S
                more = [each for each in self._inboxes() if each not in streams]
                for stream in more:
                    await self._make_group(stream)
                async for delivery in self._unfinished(more, consumer):
                    yield delivery
                streams += more
            new: dict[Any, Any] = dict.fromkeys(streams, ">")
            found = await self._read(consumer, new, _BLOCK_MS if follow else None)
            for stream, entries in found:
                for entry, fields in entries:
                    yield self._delivery(stream, entry, fields)
            if not found and not follow:
                return

    def _inboxes(self) -> list[str]:
        return [
            keys.inbox(shard_name(sender, number), self.party)
            for sender in self._shards
            for number in range(self._partitions.get(sender, 1))
        ]

    async def _unfinished(self, streams: Sequence[str], consumer: str) -> AsyncIterator[Delivery]:
        """Yield what this consumer was handed and did not acknowledge; a page at a time."""
        position: dict[Any, Any] = dict.fromkeys(streams, "0")
        while position:
            for stream, entries in await self._read(consumer, position, None):
                if not entries:
                    del position[stream]
                for entry, fields in entries:
                    position[stream] = entry
                    if fields:  # empty: it was erased meanwhile
                        yield self._delivery(stream, entry, fields)

    async def tick_off(self, delivery: Delivery) -> None:
        """Take a delivery off the list of what comes again; the copy stays in the inbox."""
        stream = keys.inbox(delivery.shard, self.party)
        await self._call(self._redis.xack(stream, keys.READER_GROUP, delivery.entry))

    async def answer(self, delivery: Delivery, opening: Receipt, patience_s: float) -> bytes:
        """Wait for the answer to an opening; see `hub.answers.wait`."""
        place = keys.opened(delivery.shard, self.party, opening.message)
        own = keys.inbox(opening.shard or self._shard, self.party)
        return await wait(
            lambda: self._call(self._redis.get(place)),
            lambda after: self._call(self._redis.xrange(own, f"({after}", "+", count=100)),
            opening.entry,
            patience_s,
        )

    def _delivery(self, stream: str, entry: str, fields: Mapping[str, bytes]) -> Delivery:
        def text(name: str) -> str:
            return fields.get(name, b"").decode()

        rule, sender, urgency, deadline, retain_until = packing.about(fields.get("about", b""))
        return Delivery(
            shard=stream.partition("{")[2].partition("}")[0],
            entry=entry,
            message=text("message"),
            type=text("type"),
            sender=sender,
            rule=rule,
            urgency=urgency,
            deadline=deadline,
            retain_until=retain_until,
            notice=fields.get("notice") == b"1",
            copy=fields.get("copy", b""),
            _client=self,
        )

    async def _add(self, intake: str, raw: bytes) -> str:
        wait = _FIRST_WAIT_S
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                entry: bytes = await self._call(
                    replicated(self._redis, self._replicas, "XADD", intake, "*", "event", raw)
                )
                return entry.decode()
            except Unavailable:
                if attempt == _ATTEMPTS:
                    raise
                await asyncio.sleep(wait)
                wait *= 2
        raise Unavailable("not reached")  # the loop returns or raises

    async def _make_group(self, stream: str) -> None:
        try:
            await self._call(
                self._redis.xgroup_create(stream, keys.READER_GROUP, id="0", mkstream=True)
            )
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    async def _read(
        self, consumer: str, position: dict[Any, Any], block: int | None
    ) -> list[tuple[str, list[tuple[str, dict[str, bytes]]]]]:
        found = await self._call(
            self._redis.xreadgroup(keys.READER_GROUP, consumer, position, count=100, block=block)
        )
        pairs = found.items() if isinstance(found, dict) else (found or ())
        return [
            (
                stream.decode(),
                [
                    (entry.decode(), {k.decode(): v for k, v in (fields or {}).items()})
                    for entry, fields in flat(entries)
                ],
            )
            for stream, entries in pairs
        ]

    async def _call(self, command: Any) -> Any:
        try:
            return await command
        except NoPermissionError as error:
            raise NotAllowed(
                f"the broker does not allow {self.party} this: ask the operator for an account"
            ) from error
        except ResponseError as error:
            if isinstance(problem := translated(error), Unavailable):
                raise problem from error  # a failover, say: the broker cannot do this now
            raise
        except (RedisError, OSError, AttributeError, TypeError) as error:
            # redis-py raises the last two on a dead connection (redis-py#4287)
            raise Unavailable("the broker did not answer") from error


def shard_of(party: str) -> str:
    """Return the shard in which this party publishes.

    >>> shard_of("ind"), shard_of("gm0363"), shard_of("zvh-haaglanden")
    ('ind', 'gemeente', 'zvh')
    """
    if party.startswith("gm") and party[2:].isdigit():
        return "gemeente"
    return "zvh" if party.startswith("zvh-") else party
