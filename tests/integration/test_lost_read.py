"""An answer of the broker with entries in it is lost: they come before what is read next."""

import asyncio
import json

import pytest
from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import ResponseError

from hub import streaming
from hub.bootstrap import now
from hub.embedded import EmbeddedBroker
from hub.pipeline import Pipeline
from hub.shard_reader import Reading
from hub.stores import keys, packing
from hub.stores.connection import connect
from hub.stores.valkey import ValkeyStore
from hub.worker import Intakes, Worker
from schemas.identifiers import message_ref
from tests.acceptance.test_pipeline import a_signal
from tests.builders import as_bytes
from tests.config_builders import a_book, a_rule


async def test_what_was_in_a_lost_answer_is_not_overtaken(tmp_path, monkeypatch):
    """Only the connection of the reader breaks: nothing else in the hub sees it."""
    losing, lost = asyncio.Event(), asyncio.Event()
    made = streaming.client

    def breaks_once(*args):
        client = made(*args)
        read = client.xreadgroup

        async def xreadgroup(*args, **options):
            reply = await read(*args, **options)
            if reply and losing.is_set():
                losing.clear()
                lost.set()
                raise ConnectionLost
            return reply

        client.xreadgroup = xreadgroup
        return client

    monkeypatch.setattr(streaming, "client", breaks_once)
    book = a_book(a_rule())

    async def no_idle_work(_shard):
        return 0

    with EmbeddedBroker(tmp_path / "data") as broker:
        address = broker.address()
        store = ValkeyStore(
            await connect(address.url, address.user, address.password), 10_000_000, 1_000
        )
        await store.prepare(book.shards())
        worker = Worker(
            Pipeline(store, book, now),
            store,
            Intakes(book.shards(), keys.intake, keys.HUB_GROUP, packing.event_bytes),
            address,
            Reading("w1", poll_ms=200, idle_ms=600_000),
            lease_ms=10_000,
            idle_work=no_idle_work,
        )
        stop = asyncio.Event()
        working = asyncio.create_task(worker.run(stop))
        names = {}

        async def sent(name):
            event = a_signal(name)
            names[message_ref(event["source"], event["id"])] = name
            await store.submit("ind", as_bytes(event))

        async def decided(count):
            async with asyncio.timeout(60):
                while len(records := await store.records("ind")) < count:
                    await asyncio.sleep(0.05)
            return [names[json.loads(each.record)["object"]["id"]] for each in records]

        try:
            await sent("before")
            await decided(1)
            losing.set()
            await sent("first")
            await asyncio.wait_for(lost.wait(), 60)
            await sent("second")
            assert ["before", "first", "second"] == await decided(3)
        finally:
            stop.set()
            await working
            await store.close()


async def test_a_reader_group_that_is_lost_is_not_made_anew(tmp_path):
    """FastStream would, from what is new on: all that waits would be passed over in silence."""
    with EmbeddedBroker(tmp_path / "data") as broker:
        address = broker.address()
        store = ValkeyStore(
            await connect(address.url, address.user, address.password), 10_000_000, 1_000
        )
        reading = streaming.broker_for(address, 10)
        try:
            await store.submit("ind", b"{}")
            client = await reading.connect()
            with pytest.raises(ResponseError, match="already exists"):
                await client.xgroup_create(name=keys.intake("ind"), groupname="hub", id="$")
            assert [] == await client.xinfo_groups(keys.intake("ind"))
        finally:
            await reading.stop()
            await store.close()
