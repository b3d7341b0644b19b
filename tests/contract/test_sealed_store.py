"""Whatever store is beneath: what lies there is unreadable, and opens for whom it was meant."""

import contextlib
from collections.abc import Callable
from dataclasses import replace
from itertools import count

import pytest

from hub.errors import NotUsable, Unavailable
from hub.ports import InboxEntry, Store
from hub.rewrapping import count_under, rewrap
from hub.sealed_store import KEEP_MS, SealedStore
from hub.steps import Copy, Erasure, Queue
from hub.stores import keys
from hub.stores.memory import MemoryStore
from hub.stores.valkey import ValkeyStore
from hub.vault.envelope import CannotOpen, is_sealed, key_id_of, key_pair, open_sealed, read_answer
from hub.vault.keyring import FileKeyring, KeyringUnavailable
from tests.conftest import sync_client
from tests.contract.conftest import SHARDS
from tests.contract.steps import AT, a_copy, a_step, an_act, delivered, message, parked, taken

NAME = b"Testpersoon Voorbeeld"
SECRET = b'{"data":{"naam":"Testpersoon Voorbeeld"}}'


class Counted(FileKeyring):
    """A keyring that counts what it is asked, and may be away."""

    away = False
    wraps = unwraps = 0

    async def wrap(self, wanted):
        self._asked()
        self.wraps += 1
        return await super().wrap(wanted)

    async def unwrap(self, items):
        self._asked()
        self.unwraps += 1
        return await super().unwrap(items)

    def _asked(self) -> None:
        if self.away:
            raise KeyringUnavailable("away")


@pytest.fixture
def keyring(tmp_path) -> Counted:
    return Counted(tmp_path / "keys")


@pytest.fixture
def sealed(store: Store, keyring: Counted) -> Store:
    """A sealed store on each kind of store; that it is one is checked by its type."""
    sealing: Store = SealedStore(store, keyring)
    return sealing


@pytest.fixture
def everything(request, store: Store) -> Callable[[], bytes]:
    """Return all that is in the store, as one text: every value of every key."""
    if isinstance(store, MemoryStore):
        return lambda: repr(
            [
                {name: value for name, value in vars(shard).items() if name != "_next_id"}
                for shard in store._shards.values()
            ]
        ).encode()
    kind = request.node.callspec.params["make_store"]
    if kind == "cluster":
        nodes = request.getfixturevalue("plain_cluster")
        return lambda: b"".join(_values(nodes.admin(node)) for node in nodes.nodes)
    admin = request.getfixturevalue("broker_admin" if kind == "valkey" else "redis7_admin")
    return lambda: _values(sync_client(admin))


def _values(server) -> bytes:
    read = {
        b"stream": lambda client, key: client.xrange(key),
        b"string": lambda client, key: client.get(key),
        b"hash": lambda client, key: client.hgetall(key),
    }
    with contextlib.closing(server) as client:
        found = [(key, read[client.type(key)](client, key)) for key in client.scan_iter()]
    return repr(found).encode()


async def put(store: Store, *copies: Copy, name: str = "m1", **changes) -> None:
    """Route one event that brings these copies, and whatever else is named."""
    (entry,) = await taken(store, b"{}")
    (result,) = await store.route(
        "ind", [replace(a_step(entry.id, name, ()), copies=copies, **changes)]
    )
    assert result.outcome == "done"


async def only(store: Store, party: str, shard: str = "ind") -> InboxEntry:
    (entry,) = await store.inbox(shard, party)
    return entry


async def opened(store: Store, party: str, name: str = "m1", act: str = "a1") -> bytes:
    """Open a copy as its recipient does: ask with a fresh key, read the answer, open the copy."""
    private, public = key_pair()
    assert await store.hand_over("ind", party, message(name), message(act), public)
    answer = await answered(store, party, act)
    assert answer is not None
    place = ("ind", party, message(name))
    (entry,) = [e for e in await store.inbox("ind", party) if e.message == message(name)]
    return open_sealed(entry.content, read_answer(answer, private, place), place)


async def answered(store: Store, party: str, act: str) -> bytes | None:
    assert isinstance(store, SealedStore)
    beneath = store.beneath
    if isinstance(beneath, MemoryStore):
        return await beneath.answered("ind", party, message(act))
    assert isinstance(beneath, ValkeyStore)
    return await beneath._redis.get(keys.opened("ind", party, message(act)))


async def test_nothing_of_a_copy_is_readable_in_the_store(sealed, everything):
    """Copies, notices, what is held, what is dead, what is passed on: not a word of it."""
    copy, waiting = a_copy(content=SECRET), replace(parked(), event=SECRET)
    await put(sealed, copy, notices=(a_copy("ind", "n1", content=SECRET),), held=waiting)
    await put(sealed, name="m2", dead=replace(waiting, message=""))
    passed = a_copy("lro", content=SECRET)
    notice = a_copy("ind", "n2", content=SECRET)
    await sealed.act("ind", an_act(copy=passed, notice=notice, to_state=""))
    entry = await only(sealed, "gm0363")
    told = a_copy("ind", "n3", content=SECRET)
    erasure = Erasure("gm0363", message("m1"), entry.id, AT, b"erased", notice=told)
    assert [True] == await sealed.erase("ind", [erasure])

    assert 3 == len(await sealed.inbox("ind", "ind"))
    assert NAME not in everything()
    assert message("m1").encode() in everything(), "we looked in the right place"


async def test_without_sealing_the_same_search_does_find_it(store, everything):
    """So the search of the test above can find something."""
    await put(store, a_copy(content=SECRET))

    assert NAME in everything()


async def test_a_recipient_opens_its_copy_with_the_answer(sealed):
    """Asked with a fresh key; the content is what was sent, byte for byte."""
    await put(sealed, a_copy(content=SECRET), a_copy("lro", content=b"{}"))

    assert SECRET == await opened(sealed, "gm0363")
    assert b"{}" == await opened(sealed, "lro")
    assert SECRET == await opened(sealed, "gm0363", act="a2"), "again, with another key"


async def test_every_copy_has_a_key_of_its_own(sealed):
    """The answer about one opens no other, not even the next copy of the same party."""
    await put(sealed, a_copy(content=SECRET), a_copy("lro", content=SECRET))
    await put(sealed, a_copy(name="m2", content=SECRET), name="m2")
    private, public = key_pair()
    await sealed.hand_over("ind", "gm0363", message("m1"), message("a1"), public)
    key = read_answer(
        await answered(sealed, "gm0363", "a1"), private, ("ind", "gm0363", message("m1"))
    )

    others = [await only(sealed, "lro"), (await sealed.inbox("ind", "gm0363"))[1]]
    for other in others:
        with pytest.raises(CannotOpen):
            open_sealed(other.content, key, ("ind", other.party, other.message))


async def test_an_answer_is_there_for_two_minutes(sealed, store, monkeypatch):
    """Long enough to be read, and gone by itself when nobody does."""
    await put(sealed, a_copy(content=SECRET))
    given = []

    async def answer(*args):
        given.append(args)

    monkeypatch.setattr(store, "answer", answer)
    assert await sealed.hand_over("ind", "gm0363", message("m1"), message("a1"), key_pair()[1])

    ((*place, value, keep_ms),) = given
    assert ["ind", "gm0363", message("a1")] == place
    assert 80 == len(value)
    assert 120_000 == keep_ms == KEEP_MS


async def test_what_was_erased_is_not_handed_over_and_not_found(sealed):
    """Its key is gone: from here on nobody opens it, the hub neither."""
    await put(sealed, a_copy(content=SECRET))
    entry = await only(sealed, "gm0363")
    await sealed.erase("ind", [Erasure("gm0363", message("m1"), entry.id, AT, b"erased")])

    public = key_pair()[1]
    assert not await sealed.hand_over("ind", "gm0363", message("m1"), message("a1"), public)
    assert await answered(sealed, "gm0363", "a1") is None
    assert await sealed.find_delivery("ind", "gm0363", message("m1")) is None


async def test_a_copy_whose_key_alone_is_gone_counts_as_erased(sealed, monkeypatch):
    """A backup of the broker from before the erasure may still hold the sealed bytes."""
    await put(sealed, a_copy(content=SECRET))

    async def no_key(*_):
        return None

    monkeypatch.setattr(sealed.beneath, "copy_key", no_key)
    sealed.copy_key = no_key
    assert await sealed.find_delivery("ind", "gm0363", message("m1")) is None
    assert not await sealed.hand_over("ind", "gm0363", message("m1"), message("a1"), b"")


async def test_what_nobody_sent_is_not_handed_over(sealed):
    """A message that the party never received has no key."""
    public = key_pair()[1]

    assert not await sealed.hand_over("ind", "gm0363", message("m1"), message("a1"), public)


async def test_no_answer_is_sealed_to_a_weak_key(sealed):
    """Anybody could read it."""
    await put(sealed, a_copy(content=SECRET))

    with pytest.raises(CannotOpen):
        await sealed.hand_over("ind", "gm0363", message("m1"), message("a1"), bytes(32))
    assert await answered(sealed, "gm0363", "a1") is None


async def test_the_hub_finds_a_copy_opened_and_can_pass_it_on(sealed):
    """The party that it is passed on to opens it under a key of its own."""
    await put(sealed, a_copy(content=SECRET))

    found = await sealed.find_delivery("ind", "gm0363", message("m1"))
    assert SECRET == found.content
    passed = a_copy("lro", content=found.content)
    await sealed.act("ind", an_act(copy=passed, to_state=""))

    assert SECRET == await opened(sealed, "lro")
    assert is_sealed((await only(sealed, "gm0363")).content), "an inbox gives it as it is"


@pytest.mark.parametrize("queue", [Queue.HELD, Queue.DEAD])
async def test_what_waits_for_a_person_comes_opened(sealed, queue):
    """Byte for byte, with its reasons; also what is not an event."""
    waiting = [replace(parked(f"m{n}"), event=SECRET) for n in range(3)]
    waiting[1] = replace(waiting[1], event=b"\xff no event", message="", type="")
    for number, each in enumerate(waiting):
        await put(sealed, name=f"m{number}", **{queue.name.lower(): each})

    assert waiting == [entry.parked for entry in await sealed.parked("ind", queue)]
    first = (await sealed.parked("ind", queue, count=1))[0].id
    assert waiting[1:] == [entry.parked for entry in await sealed.parked("ind", queue, first)]


async def test_one_entry_that_does_not_open_hides_no_other(sealed, store, keyring):
    """It comes sealed, with its key: a person sees that it is there, and can discard it."""
    await put(sealed, held=replace(parked("m1"), event=SECRET))
    await put(sealed, name="m2", held=replace(parked("m2"), event=SECRET))
    (lost, _) = [entry.parked for entry in await store.parked("ind", Queue.HELD)]
    await put(store, name="m3", held=replace(lost, message=message("m3")))  # in another's place

    entries = await sealed.parked("ind", Queue.HELD)

    assert [b"", b"", lost.key] == [entry.parked.key for entry in entries]
    assert [SECRET, SECRET, lost.event] == [entry.parked.event for entry in entries]


async def test_one_batch_is_one_call_of_the_keyring(sealed, keyring):
    """A KMS is a call over the network; twenty events with three copies each are one."""
    entries = await taken(sealed, *[b"{}"] * 20)
    steps = [
        replace(
            a_step(entry.id, f"m{number}"),
            notices=(a_copy("ind", f"n{number}"),),
            held=parked(f"m{number}"),
        )
        for number, entry in enumerate(entries)
    ]

    await sealed.route("ind", steps)
    assert 1 == keyring.wraps
    await sealed.parked("ind", Queue.HELD)
    assert 1 == keyring.unwraps


async def test_every_copy_of_a_batch_is_the_one_that_was_meant(sealed):
    """Copies, notices and what is held, of several events at once: none is in another's place."""
    entries = await taken(sealed, *[b"{}"] * 5)
    steps = [
        replace(
            a_step(entry.id, f"m{n}"),
            notices=(a_copy("ind", f"n{n}"),) * (n % 2),
            held=parked(f"m{n}") if n % 3 else None,
        )
        for n, entry in enumerate(entries)
    ]
    await sealed.route("ind", steps)

    for step, n in zip(steps, count(), strict=False):
        for copy in (*step.copies, *step.notices):
            name = f"n{n}" if copy in step.notices else f"m{n}"
            assert copy.content == await opened(sealed, copy.party, name, act=f"a{n}")
    assert [parked(f"m{n}") for n in (1, 2, 4)] == [
        entry.parked for entry in await sealed.parked("ind", Queue.HELD)
    ]


async def test_a_step_without_content_needs_no_key(sealed, keyring):
    """A keyring that is away does not stop what it is not needed for."""
    keyring.away = True

    await put(sealed)
    assert [] == keyring.names()


async def test_without_a_keyring_nothing_is_written(sealed, store, keyring):
    """The entry stays on the intake, and the same step works once the keyring is back."""
    (entry,) = await taken(sealed, b"{}")
    keyring.away = True

    with pytest.raises(Unavailable):
        await sealed.route("ind", [a_step(entry.id)])
    with pytest.raises(Unavailable):
        await sealed.act("ind", an_act())
    assert [] == await store.records("ind")
    assert [] == await store.inbox("ind", "gm0363")

    keyring.away = False
    (result,) = await sealed.route("ind", [a_step(entry.id)])
    assert result.outcome == "done"


async def test_what_was_stored_before_there_were_keys_passes_as_it_is(sealed, store):
    """Copies and waiting entries of an older hub stay readable until they are done."""
    await put(store, a_copy(content=SECRET), held=replace(parked(), event=SECRET))

    assert SECRET == (await only(sealed, "gm0363")).content
    assert SECRET == (await sealed.find_delivery("ind", "gm0363", message("m1"))).content
    assert [SECRET] == [e.parked.event for e in await sealed.parked("ind", Queue.HELD)]
    assert await sealed.hand_over("ind", "gm0363", message("m1"), message("a1"), key_pair()[1])
    assert await answered(sealed, "gm0363", "a1") is None, "its reader has it already"


async def test_a_rotated_key_can_be_retired_once_its_copies_are_wrapped_anew(sealed, keyring):
    """Two inboxes of one party, one copy of another: only the party's keys change."""
    store = sealed.beneath
    for name in ("m1", "m2", "m3"):
        await put(sealed, a_copy(name=name, content=SECRET), a_copy("lro", name), name=name)
    looked: list[int] = []
    assert 3 == await count_under(store, SHARDS, "gm0363.1")

    await keyring.rotate("gm0363")
    assert 3 == await rewrap(store, keyring, SHARDS, "gm0363", looked.append)

    assert 3 == looked[-1]
    assert 0 == await count_under(store, SHARDS, "gm0363.1")
    assert 3 == await count_under(store, SHARDS, "gm0363.2")
    assert 3 == await count_under(store, SHARDS, "lro.1")
    await keyring.retire("gm0363.1")
    assert SECRET == await opened(sealed, "gm0363", "m2")


async def test_wrapping_anew_goes_on_where_it_stopped(sealed, keyring):
    """What was done is passed over, what is erased meanwhile is left alone."""
    store = sealed.beneath
    for name in ("m1", "m2", "m3"):
        await put(sealed, a_copy(name=name, content=SECRET), name=name)
    await keyring.rotate("gm0363")
    await store_one_anew(store, keyring, "m1")
    found = await store.inbox("ind", "gm0363")
    erasure = Erasure("gm0363", message("m2"), found[1].id, AT, b"erased")
    await store.erase("ind", [erasure])

    assert 1 == await rewrap(store, keyring, SHARDS, "gm0363")
    assert 0 == await rewrap(store, keyring, SHARDS, "gm0363")
    assert await store.copy_key("ind", "gm0363", message("m2")) is None
    assert SECRET == await opened(sealed, "gm0363", "m1")
    assert SECRET == await opened(sealed, "gm0363", "m3", act="a3")


async def store_one_anew(store: Store, keyring: FileKeyring, name: str) -> None:
    old = await store.copy_key("ind", "gm0363", message(name))
    keys_ = await keyring.unwrap([("gm0363", old)])
    (new,) = await keyring.wrap([("gm0363", keys_[0])])
    assert await store.replace_key("ind", "gm0363", message(name), old, new)


async def test_what_waits_for_a_person_keeps_its_key_and_is_counted(sealed, keyring):
    """So the old key of the hub is not retired under it."""
    await put(sealed, held=parked())
    await put(sealed, name="m2", dead=parked("m2"))
    await keyring.rotate("hub")

    assert 2 == await count_under(sealed.beneath, SHARDS, "hub.1")
    with pytest.raises(NotUsable):
        await rewrap(sealed.beneath, keyring, SHARDS, "hub")
    assert 1 == len(await sealed.parked("ind", Queue.HELD))


async def test_new_copies_are_wrapped_under_the_new_key(sealed, keyring):
    """From the rotation on; the old copies still open."""
    await delivered(sealed, "m1", ["gm0363"])
    await keyring.rotate("gm0363")
    await delivered(sealed, "m2", ["gm0363"])

    wrapped = [await sealed.copy_key("ind", "gm0363", message(name)) for name in ("m1", "m2")]
    assert ["gm0363.1", "gm0363.2"] == [key_id_of(key) for key in wrapped]
    assert a_copy().content == await opened(sealed, "gm0363", "m1")


async def test_a_plain_notice_stays_readable_among_what_is_sealed(sealed, keyring):
    """It holds codes only; its neighbours in the same step are sealed each in their own place."""
    notices = [a_copy("ind", f"n{n}", content=b'{"n":%d}' % n, plain=n != 1) for n in range(3)]
    await put(sealed, a_copy(content=SECRET), notices=tuple(notices))

    entries = await sealed.inbox("ind", "ind")
    assert [False, True, False] == [is_sealed(entry.content) for entry in entries]
    assert [b'{"n":0}', b'{"n":2}'] == [entries[0].content, entries[2].content]
    assert b'{"n":1}' == await opened(sealed, "ind", "n1", act="a1")
    assert SECRET == await opened(sealed, "gm0363", act="a2")
    assert await sealed.copy_key("ind", "ind", message("n0")) is None
