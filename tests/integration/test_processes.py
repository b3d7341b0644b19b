"""Real processes on a real broker: kill -9 of the worker, a restart of the broker, SIGTERM.

Nothing lost, nothing twice: the sender writes down every id that was accepted, and afterwards each
has one decision on record and each forward one copy in one inbox.
"""

import asyncio
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
from hub.roles import default_folder, load
from schemas.identifiers import message_ref
from tests.acceptance.test_pipeline import a_correction, an_act
from tests.builders import a_signal
from tests.integration.worker_process import (
    Workers,
    a_hub,
    by_shard,
    decided,
    drained,
    emptied,
    numbered,
    on_record,
    send,
)

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(170)]

AMSTERDAM = {"gemeentecode": "0363", "fase": "pga"}


@pytest.fixture(scope="module")
def book():
    return Rulebook(load(default_folder()))


@pytest.fixture
def broker(tmp_path):
    """A broker of this test alone, which it may kill."""
    with EmbeddedBroker(tmp_path / "data") as running:
        yield running


@pytest.fixture
def workers(broker):
    found = Workers(broker)
    yield found
    found.kill()


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

        assert by_shard(accepted) == by_shard(await decided(hub))
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
            second.kill()

        refs = [message_ref(signal["source"], signal["id"]) for signal in signals]
        told = Counter(name for name, _ in await hub.notices("ind"))
        corrections = [e for e in await hub.inbox("gm0363") if e.type == "berichten.gerectificeerd"]
        assert {"acknowledged"} == set(await hub.store.states("ind", "gm0363", refs))
        assert 60 == told["berichten.ontvangst-bevestigd"]
        assert 60 == told["berichten.ingezien"]  # in order: none after its acknowledgement
        assert 20 == len(corrections)
        assert [] == await hub.notices("gm0363")
        await hub.check_books()


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
