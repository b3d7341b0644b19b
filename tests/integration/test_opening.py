"""Opening a copy on a real broker, with the rights of each party: who can, and what is left."""

import asyncio
import contextlib
import json

import pytest
import redis

from handlers.rulebook import Rulebook
from hub.access import users
from hub.client import Client, Delivery
from hub.embedded import EmbeddedBroker
from hub.errors import NotOpened, OpeningRefused, Unavailable
from hub.roles import default_folder, load
from hub.sealed_store import KEEP_MS, SealedStore
from hub.stores import keys
from hub.stores.connection import connect
from hub.stores.valkey import ValkeyStore
from hub.vault.envelope import CannotOpen
from hub.vault.keyring import FileKeyring
from schemas.identifiers import message_ref
from tests.builders import a_signal
from tests.conftest import ADMIN, sync_client
from tests.harness import Crash, Hub

pytestmark = pytest.mark.broker

HOUSE = "zvh-amsterdam-amstelland"
SOURCES = {
    "ind": "urn:nld:oin:00000099000000006000:systeem:indigo",
    "gm0363": "urn:nld:oin:00000099100000363000:systeem:zaaksysteem",
}


@pytest.fixture(scope="module")
def book():
    return Rulebook(load(default_folder()))


@pytest.fixture(scope="module")
def broker(tmp_path_factory, book):
    """A broker with the access list of the role config."""
    inboxes = [party.id for party in book.parties.values() if party.has_inbox]
    folder = tmp_path_factory.mktemp("opening") / "data"
    with EmbeddedBroker(folder, users=[*users(book.shards(), inboxes), ADMIN]) as running:
        yield running


@pytest.fixture
async def hub(broker, book, tmp_path):
    """A hub driven by hand, so that it is at work only when a test says so; its copies sealed."""
    address = broker.address()
    redis = await connect(address.url, address.user, address.password)
    server = ValkeyStore(redis, duplicate_ms=86_400_000, inbox_cap=1_000)
    hub = Hub(book, SealedStore(server, FileKeyring(tmp_path / "keys")))
    await hub.store.prepare(book.shards())
    yield hub
    await hub.store.close()


@pytest.fixture
async def login(broker, book):
    """Log in as a party, with its own rights and our client."""
    async with contextlib.AsyncExitStack() as stack:

        async def client(party):
            address = broker.address(party)
            known = book.parties[party]
            source = SOURCES.get(party, f"urn:nld:oin:{known.oin}:systeem:postbus")
            return await stack.enter_async_context(
                await Client.connect(
                    address.url,
                    party=party,
                    user=address.user,
                    password=address.password,
                    source=source,
                    shard=known.shard,
                )
            )

        yield client


async def copy_of(client, event):
    """Return the copy of this event as it lies in the inbox."""
    wanted = message_ref(event["source"], event["id"])
    found = [d async for d in client.inbox(follow=False) if d.message == wanted]
    return found[0]


async def working(hub, task, pipeline=None):
    """Let the hub work until the task is done, and return what it gave."""
    while not task.done():
        await hub.work(pipeline)
        await asyncio.sleep(0)
    return await task


async def opened(hub, delivery):
    return await working(hub, asyncio.create_task(delivery.open()))


async def openings(hub, party, message):
    """Return the results of the records that say that this party opened this message."""
    found = [json.loads(entry.record) for entry in await hub.store.records("ind", count=10_000)]
    return [
        record["result"]
        for record in found
        if (record["event"], record["object"]["id"]) == ("opened", f"{party}:{message}")
    ]


async def test_a_copy_is_sealed_until_its_party_opens_it(hub, login):
    """And what stands beside it can be read before."""
    event = a_signal(id="opening-1")
    await hub.send(event)
    delivery = await copy_of(await login("gm0363"), event)

    assert delivery.sealed
    assert b"Voorbeeldin" not in delivery.copy
    assert (delivery.type, delivery.sender) == ("signalen.signaal-gemeld", "ind")
    with pytest.raises(NotOpened, match=r"open\(\)"):
        _ = delivery.event

    event = await opened(hub, delivery)

    assert event["data"]["betrokkene"]["naam"] == "Sami Voorbeeldin"
    assert delivery.event == event
    assert not delivery.sealed


async def test_every_opening_is_on_record_with_who_and_the_sender_is_told_once(hub, login):
    """Twice by the gemeente, once by the house: three records, two notices."""
    event = a_signal(id="opening-2")
    await hub.send(event)
    gemeente = await copy_of(await login("gm0363"), event)
    house = await copy_of(await login(HOUSE), event)

    for delivery in (gemeente, house, gemeente):
        await opened(hub, delivery)

    assert await openings(hub, "gm0363", gemeente.message) == ["ok", "again"]
    assert await openings(hub, HOUSE, gemeente.message) == ["ok"]
    told = [
        notice.event["data"]["door"]
        async for notice in (await login("ind")).inbox(follow=False)
        if notice.event["data"].get("betreft") == {"shard": "ind", "bericht": gemeente.message}
    ]
    assert told == ["gm0363", HOUSE]


async def test_who_did_not_receive_it_gets_no_key_also_with_the_bytes_in_hand(hub, login):
    """A copy that was carried away is of no use to another gemeente."""
    event = a_signal(id="opening-3")
    await hub.send(event)
    stolen = await copy_of(await login("gm0363"), event)
    thief = carried_to(await login("gm0344"), stolen)

    with pytest.raises(OpeningRefused, match="did not receive") as refused:
        await opened(hub, thief)

    assert [problem.place for problem in refused.value.problems] == ["data.betreft"]
    assert await openings(hub, "gm0344", stolen.message) == []


async def test_the_key_of_a_party_opens_its_own_copy_and_not_that_of_another(hub, login):
    """Both received the message; each copy holds other fields, under another key."""
    event = a_signal(id="opening-4")
    await hub.send(event)
    of_the_gemeente = await copy_of(await login("gm0363"), event)
    house = await login(HOUSE)

    with pytest.raises(CannotOpen):
        await opened(hub, carried_to(house, of_the_gemeente))
    own = await opened(hub, await copy_of(house, event))

    assert "bsn" not in own["data"]["betrokkene"]


def carried_to(client, delivery):
    """Return the delivery as another party would have it that got hold of its bytes."""
    names = ("shard", "entry", "message", "type", "sender", "rule", "urgency", "deadline")
    values = {name: getattr(delivery, name) for name in (*names, "retain_until", "copy")}
    return Delivery(**values, notice=False, _client=client)


async def test_the_answer_is_for_one_reader_and_for_two_minutes(hub, login, broker):
    """Another party may not even read it; it goes by itself."""
    event = a_signal(id="opening-5")
    await hub.send(event)
    delivery = await copy_of(await login("gm0363"), event)
    await opened(hub, delivery)
    place = keys.opened("ind", "gm0363", delivery.opening.message)

    with contextlib.closing(sync_client(broker.address("admin"))) as admin:
        assert 0 < admin.pttl(place) <= KEEP_MS
    with (
        contextlib.closing(sync_client(broker.address("gm0344"))) as other,
        pytest.raises(redis.exceptions.NoPermissionError),
    ):
        other.get(place)


class DiesAt:
    """A store with which the process dies at one method: before it, or when it was done."""

    def __init__(self, store, name, *, after):
        self._store, self._name, self._after = store, name, after

    def __getattr__(self, name):
        method = getattr(self._store, name)
        if name != self._name:
            return method

        async def call(*args):
            if self._after:
                await method(*args)
            raise Crash

        return call


@pytest.mark.parametrize("after", [False, True])
async def test_a_crash_between_record_and_answer_ends_in_an_answer(hub, login, after):
    """The next worker does it again: one record, and the reader that still waits can read."""
    event = a_signal(id=f"opening-6-{after}")
    await hub.send(event)
    delivery = await copy_of(await login("gm0363"), event)
    waiting = asyncio.create_task(delivery.open())
    dying = hub.pipeline_on(DiesAt(hub.store, "hand_over", after=after))
    with pytest.raises(Crash):
        await working(hub, waiting, dying)
    assert await openings(hub, "gm0363", delivery.message) == ["ok"]

    assert (await working(hub, waiting))["id"] == event["id"]

    assert await openings(hub, "gm0363", delivery.message) == ["ok"]


async def test_without_a_worker_an_opening_says_what_may_be_wrong(hub, login):
    """Nothing is lost: asked again when the hub is back, it is answered."""
    event = a_signal(id="opening-7")
    await hub.send(event)
    delivery = await copy_of(await login("gm0363"), event)

    with pytest.raises(Unavailable, match=r"within 0 s: is a worker running"):
        await delivery.open(patience_s=0)
    assert (await opened(hub, delivery))["id"] == event["id"]


async def test_who_did_not_open_a_copy_can_act_on_it(hub, login):
    """By the names that stand beside it: a system that only stores need not read."""
    event = a_signal(id="opening-8")
    await hub.send(event)
    delivery = await copy_of(await login("gm0363"), event)
    await delivery.acknowledge()
    await hub.work()

    assert delivery.sealed
    assert await hub.store.states("ind", "gm0363", [delivery.message]) == ["acknowledged"]
