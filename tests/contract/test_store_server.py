"""What only a real broker can get wrong: types, rights, lost functions, restarts."""

import asyncio
from contextlib import closing
from pathlib import Path

import pytest

from hub.data_folder import BrokerAddress
from hub.embedded import EmbeddedBroker
from hub.errors import BrokerError, BrokerLost, BrokerMissing, NotAllowed, Unavailable
from hub.ports import Correction, Outcome, Queue, StepResult
from hub.stores import keys, library
from hub.stores.connection import client, connect
from hub.stores.valkey import ValkeyStore
from tests.conftest import sync_client
from tests.contract.conftest import DAY_MS, check_invariants
from tests.contract.steps import (
    a_copy,
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

NEEDED_BY_A_STEP = {
    "inbox": keys.inbox("ind", "lro"),
    "audit": keys.audit("ind"),
    "head": keys.head("ind"),
    "open": keys.unfinished("ind"),
    "held": keys.held("ind"),
    "dead": keys.dead("ind"),
    "seen": keys.seen("ind", message("m1")),
    "seen of the original": keys.seen("ind", message("original")),
}


def a_busy_step(entry: str):
    """Return a step that touches every kind of key."""
    return a_step(
        entry,
        to=["gm0363", "lro"],
        notices=(a_copy("ind", "n"),),
        held=parked(),
        dead=parked(),
        corrects=Correction(message("original"), (), withdraws=True),
    )


class TestWrongType:
    @pytest.mark.parametrize("key", NEEDED_BY_A_STEP.values(), ids=NEEDED_BY_A_STEP)
    async def test_a_key_of_the_wrong_type_blocks_without_a_write(
        self, server_store: ValkeyStore, admin: BrokerAddress, key: str
    ):
        """Nothing at all is written, the result names the key, and once mended all goes on."""
        (original,) = await taken(server_store, b"{}")
        await server_store.route("ind", [a_step(original.id, "original", ())])
        (entry,) = await taken(server_store, b"{}")
        with closing(sync_client(admin)) as mess:
            existed = bool(mess.exists(key))
            if existed:
                mess.rename(key, f"{key}:aside")
            mess.lpush(key, "not ours")
            before = mess.dbsize(), mess.hgetall(keys.head("ind")) if "head" not in key else 0

            assert await server_store.route("ind", [a_busy_step(entry.id)]) == [
                StepResult(Outcome.BLOCKED, key)
            ]

            after = mess.dbsize(), mess.hgetall(keys.head("ind")) if "head" not in key else 0
            assert before == after
            assert mess.xpending(keys.intake("ind"), "hub")["pending"] == 1
            assert mess.xlen(keys.inbox("ind", "gm0363")) == 0
            mess.delete(key)
            if existed:
                mess.rename(f"{key}:aside", key)
        assert await server_store.route("ind", [a_busy_step(entry.id)]) == [
            StepResult(Outcome.DONE)
        ]
        await check_invariants(server_store)

    @pytest.mark.parametrize(
        "key",
        [
            keys.delivery("ind", "gm0363", message("m1")),
            keys.seen("ind", message("m1")),
            keys.audit("ind"),
            keys.head("ind"),
            keys.unfinished("ind"),
            keys.inbox("ind", "ind"),
            keys.inbox("ind", "zvh-haaglanden"),
        ],
    )
    async def test_an_act_on_a_key_of_the_wrong_type_does_nothing(
        self, server_store: ValkeyStore, admin: BrokerAddress, key: str
    ):
        await delivered(server_store)
        act = an_act(copy=a_copy("zvh-haaglanden"))
        with closing(sync_client(admin)) as mess:
            existed = bool(mess.exists(key))
            if existed:
                mess.rename(key, f"{key}:aside")
            mess.lpush(key, "not ours")
            before = mess.dbsize()
            with pytest.raises(BrokerError, match="wrong type"):
                await server_store.act("ind", act)
            assert mess.dbsize() == before
            mess.delete(key)
            if existed:
                mess.rename(f"{key}:aside", key)
        assert await records(server_store) == [b"decided m1"]
        assert (await server_store.act("ind", act)).outcome == "done"

    async def test_a_note_on_a_key_of_the_wrong_type_leaves_no_gap(
        self, server_store: ValkeyStore, admin: BrokerAddress
    ):
        with closing(sync_client(admin)) as mess:
            mess.set(keys.audit("ind"), "not ours")
            with pytest.raises(BrokerError, match="wrong type"):
                await server_store.note("ind", b"n")
            mess.delete(keys.audit("ind"))
        assert await server_store.note("ind", b"n") == 1


class TestPlainStreams:
    async def test_an_event_of_a_partner_without_our_code_is_taken(
        self, server_store: ValkeyStore, admin: BrokerAddress
    ):
        """A plain XADD with one field, as documented for partners."""
        with closing(sync_client(admin)) as partner:
            partner.execute_command("XADD", "hub:{ind}:in", "*", "event", '{"id":"1"}')
        (entry,) = await server_store.take("ind", [""], "w", 10, 0)
        assert entry.event == b'{"id":"1"}'

    async def test_an_entry_without_the_field_keeps_what_came(
        self, server_store: ValkeyStore, admin: BrokerAddress
    ):
        """It is not an event, but the dead letter must show what came; nobody else is stopped."""
        with closing(sync_client(admin)) as partner:
            partner.xadd("hub:{ind}:in", {"evnt": '{"id":"1"}', "x": b"\xff"})
            partner.xadd("hub:{ind}:in", {"event": "{}"})
        wrong, right = await server_store.take("ind", [""], "w", 10, 0)
        assert wrong.event == '{"evnt": "{\\"id\\":\\"1\\"}", "x": "\ufffd"}'.encode()
        assert right.event == b"{}"

    async def test_an_inbox_can_be_read_with_plain_commands(
        self, server_store: ValkeyStore, admin: BrokerAddress
    ):
        """The fields that the documentation names, and no other."""
        await delivered(server_store)
        with closing(sync_client(admin)) as reader:
            ((_, fields),) = reader.xrange("hub:{ind}:inbox:gm0363")
        names = "message type rule sender urgency deadline retain copy"
        assert [name.decode() for name in fields] == names.split()

    async def test_no_key_holds_more_than_the_hub_s_own_names(
        self, server_store: ValkeyStore, admin: BrokerAddress
    ):
        """Every key of the store is in the key map."""
        await delivered(server_store)
        await server_store.act("ind", an_act())
        with closing(sync_client(admin)) as reader:
            found = {key.decode() for key in reader.keys("*{ind}*")}
        assert found == {
            keys.intake("ind"),
            keys.audit("ind"),
            keys.head("ind"),
            keys.unfinished("ind"),
            keys.seen("ind", message("m1")),
            keys.delivery("ind", "gm0363", message("m1")),
            *(keys.inbox("ind", party) for party in ("gm0363", "lro", "ind")),
        }


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

    async def test_weak_settings_are_reported(
        self, server_store: ValkeyStore, admin: BrokerAddress
    ):
        """What the rights allow to see; the hub's own user does not see the flush setting."""
        assert await server_store.setting_problems() == []
        everything = ValkeyStore(client(admin.url, admin.user, admin.password), DAY_MS, 10)
        with closing(sync_client(admin)) as broker:
            broker.config_set("appendfsync", "everysec")
            try:
                (problem,) = await everything.setting_problems()
            finally:
                broker.config_set("appendfsync", "always")
        assert problem.startswith("appendfsync is not always")
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
