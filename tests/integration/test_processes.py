"""Real processes on a real broker: kill -9 of the worker, a restart of the broker, SIGTERM.

Nothing lost, nothing twice: the sender writes down every id that was accepted, and afterwards each
has one decision on record and each forward one copy in one inbox.
"""

import asyncio
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from handlers.rulebook import Rulebook
from hub.data_folder import connection_file
from hub.embedded import EmbeddedBroker
from hub.errors import Unavailable
from hub.pseudonyms import Pseudonyms
from hub.roles import default_folder, load
from hub.stores.connection import connect
from hub.stores.valkey import ValkeyStore
from hub.vault.keyring import FileKeyring
from schemas.identifiers import message_ref
from tests.acceptance.test_pipeline import a_correction, an_act
from tests.builders import (
    a_detention_signal,
    a_report_of_the_rvdk,
    a_safety_report,
    a_signal,
    as_bytes,
)
from tests.harness import Hub

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(170)]

AMSTERDAM = {"gemeentecode": "0363", "fase": "pga"}
FOUR = (a_signal, a_safety_report, a_report_of_the_rvdk, a_detention_signal)


@pytest.fixture(scope="module")
def book():
    return Rulebook(load(default_folder()))


@pytest.fixture
def broker(tmp_path):
    """A broker of this test alone, which it may kill."""
    with EmbeddedBroker(tmp_path / "data") as running:
        yield running


def keys_of(broker):
    """Return the folder of the keyring that the workers of a broker share."""
    return broker.folder.parent / "keys"


class Workers:
    """Worker processes: `seinhuis up --broker`, as an operator starts them."""

    def __init__(self, broker, name="first"):
        self._address = broker.address()
        self._keys = keys_of(broker)
        self._name = name
        self.process = None

    def start(self):
        """Start one."""
        self.process = subprocess.Popen(
            [Path(sys.executable).parent / "seinhuis", "up", "--broker", self._address.url],
            env={
                **os.environ,
                "SEINHUIS_BROKER_USER": self._address.user,
                "SEINHUIS_BROKER_PASSWORD": self._address.password,
                "SEINHUIS_KEYS": str(self._keys),
                "SEINHUIS_SEAL": "0",  # so that every record is still on the broker afterwards
                "SEINHUIS_IDLE_MS": "400",
                "SEINHUIS_LEASE_MS": "1000",
                "SEINHUIS_WORKER": self._name,
                "SEINHUIS_LOG": "json",
                "SEINHUIS_LOG_LEVEL": "warning",
                "SEINHUIS_BATCH": "20",
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def kill(self):
        """Kill -9."""
        self.process.kill()
        self.process.wait()

    def end(self):
        """Ask it to stop, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


@pytest.fixture
def workers(broker):
    found = Workers(broker)
    yield found
    if found.process is not None and found.process.poll() is None:
        found.kill()


@contextlib.asynccontextmanager
async def a_hub(book, broker):
    """The harness on the real store, to look at the books."""
    address = broker.address()
    client = await connect(address.url, address.user, address.password)
    pseudonyms = Pseudonyms(FileKeyring(keys_of(broker)).pseudonym_keys())
    hub = Hub(book, ValkeyStore(client, 3_600_000, 100_000), pseudonyms)
    try:
        yield hub
    finally:
        await hub.store.close()


def numbered(count, first=0):
    """Yield the four signals in turn, each with an id of its own."""
    for number in range(first, first + count):
        yield FOUR[number % len(FOUR)](id=f"event-{number}")


async def send(hub, events, accepted):
    """Send, writing down what was accepted; an answer that got lost is sent again."""
    for event in events:
        shard, intake = hub.place_of(event)
        hub.events.append(as_bytes(event))  # for the harness, to hold the records to
        while True:
            try:
                await hub.store.submit(shard, as_bytes(event), intake)
                break
            except Unavailable:
                await asyncio.sleep(0.05)
        accepted.append((shard, message_ref(event["source"], event["id"])))


async def decided(hub):
    """Return the messages with a decision on record, by shard, each as often as it stands there."""
    return [
        (shard, record["object"]["id"])
        for shard in ("ind", "liv", "rvdk", "dji")
        for record in await hub.records(shard)
        if record["event"] == "decided"
    ]


async def on_record(hub):
    """Return how many records there are; cheap, to watch the work go on."""
    found = [await hub.store.depths(shard, ("",)) for shard in ("ind", "liv", "rvdk", "dji")]
    return sum(depths["records"] for depths in found)


async def drained(hub, count, seconds=60):
    """Wait until `count` messages are decided and nothing is pending."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(Unavailable):
            waiting = 0
            for shard in ("ind", "liv", "rvdk", "dji"):
                depths = await hub.store.depths(shard, ("",))
                waiting += depths["intake"]
            if waiting == 0 and len(await decided(hub)) >= count:
                return
        await asyncio.sleep(0.1)
    pytest.fail("the hub did not drain its intakes in time")


async def test_kill_9_of_the_worker_loses_nothing_and_doubles_nothing(book, broker, workers):
    """Five workers die in the middle of their work; the sixth finishes it."""
    chance = random.Random(4)
    accepted = []
    async with a_hub(book, broker) as hub:
        await hub.store.prepare(book.shards())
        await send(hub, numbered(1_200), accepted)
        for _ in range(5):
            goal = await on_record(hub) + chance.randrange(40, 160)
            workers.start()
            while await on_record(hub) < min(goal, len(accepted)):
                await asyncio.sleep(0.002)
            workers.kill()
            await send(hub, numbered(200, first=len(accepted)), accepted)
        workers.start()
        await drained(hub, len(accepted))

        assert sorted(accepted) == sorted(await decided(hub))
        assert await hub.check_books() > len(accepted)
        assert 0 == workers.end()


async def test_two_workers_share_acts_and_corrections_and_one_is_killed(book, broker, workers):
    """Every act is told once, every correction reaches everybody once, whoever does it."""
    signals = [a_signal(id=f"a-{number}", data=AMSTERDAM) for number in range(60)]
    second = Workers(broker, name="second")
    async with a_hub(book, broker) as hub:
        await hub.store.prepare(book.shards())
        workers.start()
        second.start()
        try:
            await send(hub, signals, [])
            await emptied(hub, book)
            for number, signal in enumerate(signals):
                await send(hub, [an_act("ingezien", signal, f"open-{number}")], [])
                if number % 3 == 0:
                    await send(hub, [a_correction(signal, f"correction-{number}")], [])
                if number == 30:
                    second.kill()
                await send(hub, [an_act("ontvangst-bevestigd", signal, f"ack-{number}")], [])
            await emptied(hub, book)
        finally:
            if second.process.poll() is None:
                second.kill()

        refs = [message_ref(signal["source"], signal["id"]) for signal in signals]
        told = Counter(name for name, _ in await hub.notices("ind"))
        corrections = [e for e in await hub.inbox("gm0363") if e.type == "berichten.gerectificeerd"]
        # Two workers may do an acknowledgement before the opening; then the opening is behind us.
        assert {"acknowledged"} == set(await hub.store.states("ind", "gm0363", refs))
        assert 60 == told["berichten.ontvangst-bevestigd"]
        assert told["berichten.ingezien"] <= 60
        assert 20 == len(corrections)
        assert [] == await hub.notices("gm0363")
        await hub.check_books()


async def emptied(hub, book, seconds=60):
    """Wait until no intake of any shard has anything left."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        depths = [
            await hub.store.depths(shard, intakes) for shard, intakes in book.shards().items()
        ]
        if sum(each["intake"] + each["pending"] for each in depths) == 0:
            return
        await asyncio.sleep(0.1)
    pytest.fail("the hub did not empty its intakes in time")


async def test_a_restart_of_the_broker_loses_nothing_and_doubles_nothing(book, broker, workers):
    """Kill -9 of the broker while sender and worker go on; both reconnect by themselves."""
    accepted = []
    async with a_hub(book, broker) as hub:
        await hub.store.prepare(book.shards())
        workers.start()
        sending = asyncio.create_task(send(hub, numbered(800), accepted))
        while len(accepted) < 200:
            await asyncio.sleep(0.01)
        os.kill(broker.pid, signal.SIGKILL)
        await asyncio.sleep(0.3)
        broker.stop()
        broker.start()
        await sending
        await drained(hub, 800)

        # The sender repeats what it had no answer to: then the same message is accepted twice.
        assert set(accepted) == set(await decided(hub))
        assert len(set(accepted)) == len(await decided(hub))
        await hub.check_books()
        assert workers.process.poll() is None


async def test_sigterm_ends_in_good_order_and_the_next_worker_does_the_rest(book, broker, workers):
    """It finishes its batch. What a read was being handed at that moment, the next one takes."""
    accepted = []
    async with a_hub(book, broker) as hub:
        await hub.store.prepare(book.shards())
        workers.start()
        await send(hub, numbered(40), accepted)
        await drained(hub, 40)
        await send(hub, numbered(400, first=40), accepted)

        assert 0 == workers.end()

        assert len(await decided(hub)) >= 40
        workers.start()
        await drained(hub, 440)
        assert sorted(accepted) == sorted(await decided(hub))
        await hub.check_books()


async def test_a_hub_whose_own_broker_dies_stops_loudly(tmp_path):
    """Nobody could reach it any more; its supervisor must see that, and start it again."""
    data = tmp_path / "data"
    up = subprocess.Popen(
        [Path(sys.executable).parent / "seinhuis", "up", "--data", data],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 30
        while not connection_file(data).exists() and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        await asyncio.sleep(1)
        os.kill(json.loads(connection_file(data).read_text())["pid"], signal.SIGKILL)

        code = await asyncio.to_thread(up.wait, 30)

        assert 4 == code
        assert "broker ended" in up.stderr.read()
    finally:
        up.kill()
        up.wait()
        up.stderr.close()


async def test_a_broker_that_lost_its_data_stops_the_worker_loudly(book, broker, workers):
    """Carrying on would lose more: exit non-zero, so that whoever supervises it sees."""
    async with a_hub(book, broker) as hub:
        await hub.store.prepare(book.shards())
        workers.start()
        await send(hub, numbered(4), [])
        await drained(hub, 4)
        broker.stop()
        for file in (broker.folder / "appendonlydir").iterdir():
            file.unlink()
        broker.start()

        code = await asyncio.to_thread(workers.process.wait, 60)

    assert code not in {0, None}
