"""What only a real broker has: types of keys, plain commands on them, values as documented."""

from contextlib import closing

import pytest

from hub.data_folder import BrokerAddress
from hub.errors import BrokerError
from hub.ports import Correction, Outcome, StepResult
from hub.stores import keys
from hub.stores.valkey import ValkeyStore
from tests.conftest import sync_client
from tests.contract.conftest import DAY_MS, check_invariants
from tests.contract.steps import (
    a_copy,
    a_step,
    an_act,
    delivered,
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
            keys.sealed("ind"),
            keys.unfinished("ind"),
            keys.seen("ind", message("m1")),
            keys.delivery("ind", "gm0363", message("m1")),
            *(keys.inbox("ind", party) for party in ("gm0363", "lro", "ind")),
        }


class TestValues:
    """What the key map says of a value, as it stands on the server."""

    async def test_what_is_seen_stands_as_the_key_map_says(
        self, server_store: ValkeyStore, admin: BrokerAddress
    ):
        (entry,) = await taken(server_store, b"{}")
        await server_store.route("ind", [a_step(entry.id, to=["lro", "gm0363"], sender="tdm")])
        for name, withdraws in (("c1", False), ("c2", True)):
            (entry,) = await taken(server_store, b"{}")
            corrects = Correction(message("m1"), ("lro", "gm0363"), withdraws)
            await server_store.route("ind", [a_step(entry.id, name, (), corrects=corrects)])

        places = {
            party: (await server_store.inbox("ind", party))[0].id for party in ("lro", "gm0363")
        }
        with closing(sync_client(admin)) as reader:
            value = reader.get(keys.seen("ind", message("m1")))
            nobody = reader.get(keys.seen("ind", message("c1")))
            lives = reader.pttl(keys.seen("ind", message("m1")))
        parties = f"lro={places['lro']},gm0363={places['gm0363']}"
        assert value == f"{parties};from=tdm;withdrawn;corrected".encode()
        assert nobody == b";from=ind"
        assert 0 < lives <= DAY_MS

    async def test_a_delivery_stands_as_the_key_map_says(
        self, server_store: ValkeyStore, admin: BrokerAddress
    ):
        """Also when the act leaves the state as it is."""
        await delivered(server_store)
        await server_store.act("ind", an_act(to_state=""))
        with closing(sync_client(admin)) as reader:
            found = reader.hgetall(keys.delivery("ind", "gm0363", message("m1")))
        assert found == {
            b"state": b"delivered",
            b"at": b"2026-11-23T12:00:00+00:00",
            f"act:{message('act1')}".encode(): b"berichten.ingezien",
        }

    async def test_what_is_unfinished_stands_as_the_key_map_says(
        self, server_store: ValkeyStore, admin: BrokerAddress
    ):
        """Notices are nothing to finish."""
        for name in ("m1", "m2"):
            await delivered(server_store, name)
        await server_store.act("ind", an_act(to_state="acknowledged"))
        for ref in ("again", "last"):
            act = an_act("m2", "lro", ref, allowed_from=("delivered",), to_state="")
            await server_store.act("ind", act)
        with closing(sync_client(admin)) as reader:
            assert reader.hgetall(keys.unfinished("ind")) == {b"gm0363": b"1", b"lro": b"2"}
