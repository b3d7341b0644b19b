"""What only a real broker can get wrong: rights, lost functions, no room, versions, restarts."""

import asyncio
from contextlib import closing
from pathlib import Path

import pytest

from hub.data_folder import BrokerAddress
from hub.embedded import EmbeddedBroker
from hub.errors import BrokerLost, BrokerMissing, NotAllowed, Unavailable
from hub.steps import Queue
from hub.stores import keys, library
from hub.stores.connection import client, connect
from hub.stores.valkey import ValkeyStore
from tests.conftest import sync_client
from tests.contract.conftest import DAY_MS
from tests.contract.steps import (
    a_step,
    an_act,
    delivered,
    inbox,
    message,
    parked,
    records,
    taken,
)

pytestmark = pytest.mark.broker


class TestFailure:
    async def test_a_broker_that_came_back_empty_is_lost(
        self, server_store: ValkeyStore, admin: BrokerAddress
    ):
        """Carrying on would hide the loss: both routing and taking say so."""
        (entry,) = await taken(server_store, b"{}")
        with closing(sync_client(admin)) as broker:
            broker.flushall()
            broker.function_flush()
        with pytest.raises(BrokerLost):
            await server_store.route("ind", [a_step(entry.id)])
        with pytest.raises(BrokerLost):
            await server_store.take("ind", [""], "w", 10, 0)
        with pytest.raises(BrokerLost):
            await server_store.reclaim("ind", [""], "w", 0, 10)
        with pytest.raises(BrokerLost):
            await server_store.note("ind", b"n")
        with pytest.raises(BrokerLost):
            await server_store.excuse("ind", [entry])

    async def test_a_user_without_the_right_is_not_allowed(
        self, address: BrokerAddress, admin: BrokerAddress
    ):
        with closing(sync_client(admin)) as broker:
            broker.execute_command("ACL", "SETUSER", "weak", "on", ">pw", "~*", "+ping")
        weak = ValkeyStore(client(address.url, "weak", "pw"), DAY_MS, 10)
        with pytest.raises(NotAllowed):
            await weak.submit("ind", b"{}")
        with pytest.raises(NotAllowed):
            await weak.states("ind", "lro", ["m"])
        await weak.close()

    async def test_a_wrong_password_is_not_allowed_and_not_waited_for(self, address):
        with pytest.raises(NotAllowed, match="password"):
            await connect(address.url, "hub", "wrong", wait_s=60)

    async def test_nobody_home_is_missing_after_the_wait(self, tmp_path: Path):
        with pytest.raises(BrokerMissing, match="no broker answered at unix:"):
            await connect(f"unix://{tmp_path}/nothing", wait_s=0.1)

    async def test_a_store_without_a_server_is_unavailable(self, tmp_path: Path):
        store = ValkeyStore(client(f"unix://{tmp_path}/nothing"), DAY_MS, 10)
        with pytest.raises(Unavailable):
            await store.submit("ind", b"{}")
        with pytest.raises(Unavailable):
            await store.depths("ind", [""])
        await store.close()

    async def test_a_full_server_refuses_as_a_whole(
        self, server_store: ValkeyStore, admin: BrokerAddress
    ):
        """Maxmemory reached: unavailable, nothing half done; with room again, all is done."""
        (entry,) = await taken(server_store, b"{}")
        with closing(sync_client(admin)) as broker:
            broker.config_set("maxmemory", "1mb")
            try:
                with pytest.raises(Unavailable):
                    await server_store.route("ind", [a_step(entry.id)])
            finally:
                broker.config_set("maxmemory", "0")
        assert await records(server_store) == []
        assert (await server_store.route("ind", [a_step(entry.id)]))[0].outcome == "done"

    async def test_a_full_server_uses_up_no_tries(
        self, server_store: ValkeyStore, admin: BrokerAddress
    ):
        """Handing out goes on when writing does not: only the excuse keeps the entry from dead."""
        (entry,) = await taken(server_store, b"{}")
        with closing(sync_client(admin)) as broker:
            broker.config_set("maxmemory", "1mb")
            try:
                for _ in range(20):
                    with pytest.raises(Unavailable):
                        await server_store.route("ind", [a_step(entry.id)])
                    await server_store.excuse("ind", [entry])
                    (entry,) = await server_store.reclaim("ind", [""], "w2", 0, 10)
            finally:
                broker.config_set("maxmemory", "0")
        assert entry.deliveries == 1
        assert (await server_store.route("ind", [a_step(entry.id)]))[0].outcome == "done"

    async def test_a_read_only_server_uses_up_no_tries(
        self, server_store: ValkeyStore, admin: BrokerAddress
    ):
        """After a failover, say: it hands nothing out, so there is nothing to excuse."""
        (entry,) = await taken(server_store, b"{}")
        with closing(sync_client(admin)) as broker:
            broker.replicaof("127.0.0.1", 1)
            try:
                for _ in range(5):
                    with pytest.raises(Unavailable):
                        await server_store.route("ind", [a_step(entry.id)])
                    with pytest.raises(Unavailable):
                        await server_store.excuse("ind", [entry])
                    with pytest.raises(Unavailable):
                        await server_store.reclaim("ind", [""], "w2", 0, 10)
            finally:
                broker.replicaof("NO", "ONE")
        (again,) = await server_store.reclaim("ind", [""], "w2", 0, 10)
        assert (again.id, again.deliveries) == (entry.id, 2)

    async def test_what_was_excused_stays_with_who_has_it(
        self, server_store: ValkeyStore, admin: BrokerAddress
    ):
        """And the count that the server keeps is one less."""
        entries = await taken(server_store, b"{}", b"2")
        await server_store.excuse("ind", entries[:1])
        with closing(sync_client(admin)) as broker:
            found = broker.xpending_range(keys.intake("ind"), "hub", "-", "+", 10)
        assert [(each["consumer"], each["times_delivered"]) for each in found] == [
            (b"w1", 0),
            (b"w1", 1),
        ]

    @pytest.mark.parametrize(
        ("setting", "weak"), [("appendfsync", "everysec"), ("stream-node-max-entries", "100")]
    )
    async def test_a_weak_setting_is_reported(
        self, server_store: ValkeyStore, admin: BrokerAddress, setting: str, weak: str
    ):
        """As far as the rights allow to see: the hub's own user sees neither of these."""
        assert await server_store.setting_problems() == []
        strong = {"appendfsync": "always", "stream-node-max-entries": "1"}
        everything = ValkeyStore(client(admin.url, admin.user, admin.password), DAY_MS, 10)
        with closing(sync_client(admin)) as broker:
            before = broker.config_get(*strong)
            broker.config_set(*(word for pair in strong.items() for word in pair))
            try:
                assert await everything.setting_problems() == []
                broker.config_set(setting, weak)
                (problem,) = await everything.setting_problems()
            finally:
                broker.config_set(*(word for pair in before.items() for word in pair))
        assert problem.startswith(f"{setting} is not {strong[setting]}")
        await everything.close()


class TestVersions:
    async def test_two_versions_of_the_functions_live_side_by_side(
        self, server_store: ValkeyStore, admin: BrokerAddress
    ):
        """A newer worker does not take away what an older one calls."""
        other = library.CODE.replace(library.VERSION, "0" * 12)
        with closing(sync_client(admin)) as broker:
            broker.function_load(other)
        await delivered(server_store)
        assert await inbox(server_store, "lro") == [message("m1")]

    async def test_two_hubs_can_make_ready_at_once(self, address: BrokerAddress):
        """Both start on an empty broker at the same moment."""
        stores = [
            ValkeyStore(client(address.url, address.user, address.password), DAY_MS, 10)
            for _ in range(4)
        ]
        await asyncio.gather(*(store.prepare({"ind": ("",)}) for store in stores))
        for store in stores:
            await store.close()


class TestDurable:
    async def test_what_was_written_survives_kill_9_of_the_broker(self, tmp_path: Path):
        """Events, pending entries, copies, states, records: all as they were."""
        with EmbeddedBroker(tmp_path) as broker:
            address = broker.address()
            redis = await connect(address.url, address.user, address.password)
            store = ValkeyStore(redis, DAY_MS, 100)
            await store.prepare({"ind": ("",)})
            await delivered(store)
            await store.act("ind", an_act())
            first, second = await taken(store, b"{}", b"2")
            await store.route("ind", [a_step(first.id, "m2", (), held=parked())])
            before = await store.depths("ind", [""])
            broker._server.kill()
            broker._server.wait()
            with pytest.raises(Unavailable):
                await store.submit("ind", b"{}")
            await store.close()

        with EmbeddedBroker(tmp_path) as broker:
            address = broker.address()
            redis = await connect(address.url, address.user, address.password)
            store = ValkeyStore(redis, DAY_MS, 100)
            assert await store.depths("ind", [""]) == before
            assert await records(store) == [b"decided m1", b"act act1", b"decided m2"]
            assert await inbox(store, "gm0363") == [message("m1")]
            assert await store.states("ind", "gm0363", [message("m1")]) == ["opened"]
            assert len(await store.parked("ind", Queue.HELD)) == 1
            (again,) = await store.reclaim("ind", [""], "w9", 0, 10)
            assert (again.id, again.event, again.deliveries) == (second.id, b"2", 2)
            await store.close()


async def test_who_dies_while_it_moves_an_event_leaves_none_that_nobody_looks_for(
    server_store: ValkeyStore, monkeypatch: pytest.MonkeyPatch
):
    """An event on an intake that is not pending, and not new either, would lie there for ever."""
    send = server_store._pipelined

    async def only_the_first(commands, **options):
        await send(list(commands)[:1], **options)
        raise Unavailable

    entries = await taken(server_store, b"{}")
    monkeypatch.setattr(server_store, "_pipelined", only_the_first)
    with pytest.raises(Unavailable):
        await server_store.move("ind", entries, "politie.3")
    monkeypatch.undo()

    pending = await server_store.reclaim("ind", [""], "w", 0, 10)
    left = await server_store.depths("ind", [""])
    assert len(pending) == left["intake"]
    assert (await server_store.depths("politie.3", [""]))["intake"] == 1
