"""What only a real broker has: types of keys, plain commands on them, values as documented."""

from contextlib import closing
from dataclasses import replace

import pytest

from hub.data_folder import BrokerAddress
from hub.errors import BrokerError, HubError
from hub.steps import Correction, Outcome, StepResult
from hub.stores import keys
from hub.stores.connection import client
from hub.stores.valkey import ValkeyStore
from tests.conftest import sync_client
from tests.contract.conftest import DAY_MS, check_invariants
from tests.contract.steps import (
    a_copy,
    a_step,
    an_act,
    an_erasure,
    delivered,
    message,
    parked,
    received_by,
    records,
    sealed_copy,
    taken,
)

pytestmark = pytest.mark.broker

NEEDED_BY_A_STEP = {
    "inbox": keys.inbox("ind", "lro"),
    "audit": keys.audit("ind"),
    "head": keys.head("ind"),
    "sealed": keys.sealed("ind"),
    "open": keys.unfinished("ind"),
    "held": keys.held("ind"),
    "dead": keys.dead("ind"),
    "seen": keys.seen("ind", message("m1")),
    "seen of the original": keys.seen("ind", message("original")),
    "keys": keys.copy_keys("ind", message("m1")),
    "keys of the notice": keys.copy_keys("ind", message("n")),
}


def a_busy_step(entry: str):
    """Return a step that touches every kind of key."""
    return a_step(
        entry,
        to=["gm0363", "lro"],
        notices=(a_copy("ind", "n", key=b"of the notice"),),
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
            keys.sealed("ind"),
            keys.unfinished("ind"),
            keys.inbox("ind", "ind"),
            keys.inbox("ind", "zvh-haaglanden"),
            keys.copy_keys("ind", message("m1")),
            keys.copy_keys("ind", message("notice act1")),
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

    @pytest.mark.parametrize(
        "key",
        [
            keys.audit("ind"),
            keys.head("ind"),
            keys.sealed("ind"),
            keys.unfinished("ind"),
            keys.delivery("ind", "gm0363", message("m1")),
            keys.inbox("ind", "gm0363"),
            keys.inbox("ind", "ind"),
        ],
    )
    async def test_an_erasure_on_a_key_of_the_wrong_type_does_nothing(
        self, server_store: ValkeyStore, admin: BrokerAddress, key: str
    ):
        """The key of the copy is still there: it can be erased once this is mended."""
        entry = await sealed_copy(server_store)
        erasure = an_erasure(entry, notice=a_copy("ind", "n"))
        with closing(sync_client(admin)) as mess:
            existed = bool(mess.exists(key))
            if existed:
                mess.rename(key, f"{key}:aside")
            mess.lpush(key, "not ours")
            before = mess.dbsize()
            with pytest.raises(BrokerError, match="wrong type"):
                await server_store.erase("ind", [erasure])
            assert mess.dbsize() == before
            mess.delete(key)
            if existed:
                mess.rename(f"{key}:aside", key)
        assert await records(server_store) == [b"decided m1"]
        assert await server_store.copy_key("ind", "gm0363", message("m1")) == b"key of m1"
        assert await server_store.erase("ind", [erasure]) == [True]
        await check_invariants(server_store)

    async def test_what_is_no_key_of_a_copy_is_not_replaced(
        self, server_store: ValkeyStore, admin: BrokerAddress
    ):
        key = keys.copy_keys("ind", message("m1"))
        with closing(sync_client(admin)) as mess:
            mess.lpush(key, "not ours")
            place = ("ind", "gm0363", message("m1"))
            assert await server_store.replace_key(*place, b"not ours", b"new") is False
            assert mess.type(key) == b"list"

    async def test_a_note_on_a_key_of_the_wrong_type_leaves_no_gap(
        self, server_store: ValkeyStore, admin: BrokerAddress
    ):
        with closing(sync_client(admin)) as mess:
            mess.set(keys.audit("ind"), "not ours")
            with pytest.raises(BrokerError, match="wrong type"):
                await server_store.note("ind", b"n")
            mess.delete(keys.audit("ind"))
        assert await server_store.note("ind", b"n") == 1


class TestABatch:
    """What is looked at, and written, for all steps of a call at once."""

    async def test_a_step_that_fails_halfway_takes_no_number_twice(
        self, server_store: ValkeyStore, admin: BrokerAddress
    ):
        """It should not be possible; here a user may not write to an inbox. The records stand."""
        first, second = await taken(server_store, b"{}", b"{}")
        everything = ["on", "nopass", "resetchannels", "+@all", "~hub:*"]
        with closing(sync_client(admin)) as mess:
            mess.execute_command("ACL", "SETUSER", "limping", *everything, "-xadd")
            mess.execute_command("ACL", "SETUSER", "limping", "(~hub:{ind}:audit +xadd)")
            address = replace(admin, user="limping", password="-")
            limping = client(address.url, address.user, address.password)
            store = ValkeyStore(limping, DAY_MS, 100)
            with pytest.raises(HubError):
                await store.route("ind", [a_step(first.id)])
            await store.close()
            mess.execute_command("ACL", "DELUSER", "limping")
            assert mess.hget(keys.head("ind"), "seq") == b"1"
        assert await server_store.route("ind", [a_step(second.id, "m2")]) == [
            StepResult(Outcome.DONE)
        ]
        assert [entry.seq for entry in await server_store.records("ind")] == [1, 2]

    async def test_the_same_message_twice_in_a_call_is_delivered_once(
        self, server_store: ValkeyStore
    ):
        """The second sees what the first wrote, though both were looked up before."""
        entries = await taken(server_store, b"{}", b"{}", b"{}")
        steps = [a_step(entry.id, name) for entry, name in zip(entries, "aba", strict=True)]
        results = await server_store.route("ind", steps)
        assert ["done", "done", "duplicate"] == [result.outcome for result in results]
        await check_invariants(server_store)

    async def test_a_message_known_beside_new_ones_is_a_duplicate(self, server_store: ValkeyStore):
        """One that is known changes nothing for the others of its batch."""
        await delivered(server_store, "known")
        entries = await taken(server_store, b"{}", b"{}", b"{}")
        names = ("a", "known", "b")
        steps = [a_step(entry.id, name) for entry, name in zip(entries, names, strict=True)]
        results = await server_store.route("ind", steps)
        assert ["done", "duplicate", "done"] == [result.outcome for result in results]
        assert len(await server_store.inbox("ind", "lro")) == 3
        await check_invariants(server_store)

    async def test_a_message_of_which_a_key_is_left_spoils_nothing_for_the_others(
        self, server_store: ValkeyStore, admin: BrokerAddress
    ):
        """A copy that outlives the duplicate check keeps its key, also when others are new."""
        await sealed_copy(server_store)
        with closing(sync_client(admin)) as mess:
            mess.delete(keys.seen("ind", message("m1")))
        old, new = await taken(server_store, b"{}", b"{}")
        again = (a_copy("gm0363", key=b"another"), a_copy("lro", key=b"of lro"))
        steps = [a_step(old.id, copies=again), a_step(new.id, "m2")]
        results = await server_store.route("ind", steps)
        assert ["done", "done"] == [result.outcome for result in results]
        assert await server_store.copy_key("ind", "gm0363", message("m1")) == b"key of m1"
        assert await server_store.copy_key("ind", "lro", message("m1")) == b"of lro"
        held = [entry.message for entry in await server_store.inbox("ind", "gm0363")]
        assert [message("m1"), message("m2")] == held
        await check_invariants(server_store)

    async def test_one_event_may_have_more_recipients_than_a_command_has_words(
        self, server_store: ValkeyStore
    ):
        """What Lua hands over at once is limited; so it goes in parts."""
        parties = [f"gm{number:04d}" for number in range(4_500)]
        copies = tuple(a_copy(party, key=party.encode()) for party in parties)
        (entry,) = await taken(server_store, b"{}")
        assert await server_store.route("ind", [a_step(entry.id, copies=copies)]) == [
            StepResult(Outcome.DONE)
        ]
        for party in (parties[0], parties[999], parties[1_000], parties[-1]):
            assert await server_store.copy_key("ind", party, message("m1")) == party.encode()
            assert len(await server_store.inbox("ind", party)) == 1
        assert tuple(parties) == await received_by(server_store)

    async def test_what_was_done_is_no_longer_on_the_intake(
        self, server_store: ValkeyStore, admin: BrokerAddress
    ):
        """The sender's bytes go with the step, all of a batch; what is blocked stays."""
        entries = await taken(server_store, *[b"{}"] * 5)
        steps = [a_step(entry.id, f"m{entry.id}") for entry in entries]
        with closing(sync_client(admin)) as look:
            look.rpush(keys.seen("ind", steps[2].message), "not ours")
            results = await server_store.route("ind", steps)
            left = [place.decode() for place, _ in look.xrange(keys.intake("ind"))]
        assert [entries[2].id] == left
        assert ["done", "done", "blocked", "done", "done"] == [each.outcome for each in results]


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
        names = "message type about copy"
        assert [name.decode() for name in fields] == names.split()

    async def test_no_key_holds_more_than_the_hub_s_own_names(
        self, server_store: ValkeyStore, admin: BrokerAddress
    ):
        """Every key of the store is in the key map."""
        await sealed_copy(server_store)
        await server_store.act("ind", an_act())
        await server_store.answer("ind", "gm0363", message("act1"), b"sealed", 60_000)
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
            keys.copy_keys("ind", message("m1")),
            keys.opened("ind", "gm0363", message("act1")),
            *(keys.inbox("ind", party) for party in ("gm0363", "ind")),
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

    async def test_a_record_stands_as_the_key_map_says(
        self, server_store: ValkeyStore, admin: BrokerAddress
    ):
        """The sealer reads it by plain commands; a record about nobody has no person."""
        await server_store.note("ind", b"one", b"p")
        await server_store.note("ind", b"two")
        with closing(sync_client(admin)) as reader:
            found = [fields for _, fields in reader.xrange(keys.audit("ind"))]
        assert found == [
            {b"seq": b"1", b"record": b"one", b"person": b"p"},
            {b"seq": b"2", b"record": b"two"},
        ]

    async def test_a_parked_event_stands_as_the_key_map_says(
        self, server_store: ValkeyStore, admin: BrokerAddress
    ):
        await delivered(server_store, to=(), held=parked())
        with closing(sync_client(admin)) as reader:
            ((_, fields),) = reader.xrange(keys.held("ind"))
        names = "event reasons message type sender key"
        assert [name.decode() for name in fields] == names.split()

    async def test_what_is_sealed_stands_as_the_key_map_says(
        self, server_store: ValkeyStore, admin: BrokerAddress
    ):
        """At first nothing, as of now; and `since` is when the first record was written."""
        with closing(sync_client(admin)) as reader:

            def now() -> int:
                seconds, micros = reader.time()
                return seconds * 1_000 + micros // 1_000

            sealed = reader.hgetall(keys.sealed("ind"))
            before = now()
            await server_store.note("ind", b"one")
            after = now()
            await server_store.note("ind", b"two")
            head = reader.hgetall(keys.head("ind"))
        assert set(sealed) == {b"seq", b"at"}
        assert sealed[b"seq"] == b"0"
        assert before - 60_000 < int(sealed[b"at"]) <= before
        assert set(head) == {b"seq", b"since"}
        assert before <= int(head[b"since"]) <= after

    async def test_a_delivery_ends_only_once_it_is_erased_and_not_before_its_message(
        self, server_store: ValkeyStore, admin: BrokerAddress
    ):
        """An act or a correction lets the message live on, and the delivery with it."""
        entry = await sealed_copy(server_store)
        await server_store.act("ind", an_act())
        key = keys.delivery("ind", "gm0363", message("m1"))
        act = an_act(ref="a2", allowed_from=("opened",), to_state="acknowledged")
        corrects = Correction(message("m1"), ("gm0363",), withdraws=False)
        with closing(sync_client(admin)) as reader:
            assert reader.pttl(key) == -1
            await server_store.erase("ind", [an_erasure(entry)])
            assert 1_000 < reader.pttl(key) <= DAY_MS
            reader.pexpire(key, 1_000)
            await server_store.act("ind", act)
            assert reader.pttl(key) > 1_000
            reader.pexpire(key, 1_000)
            await delivered(server_store, "c1", ["gm0363"], corrects=corrects)
            assert reader.pttl(key) > 1_000
            assert reader.hget(key, "finished") == b"2026-11-23T12:00:00+00:00"
            assert reader.hget(key, "erased") == b"2026-11-23T12:00:00+00:00"
