"""Several workers on one broker: who reads what, and that nothing is ever overtaken.

Order is that of acceptance: each sender writes down what was accepted, and afterwards the decisions
of its shard stand on record in that very order, whoever was killed, stopped or started meanwhile.
"""

import asyncio
import contextlib
import json
import signal

import pytest

from handlers.rulebook import Rulebook
from hub.embedded import EmbeddedBroker
from hub.roles import default_folder, load
from tests.conftest import ADMIN, sync_client
from tests.integration.worker_process import (
    Workers,
    a_hub,
    burst,
    by_shard,
    decided,
    drained,
    numbered,
    readers,
    send,
    shared,
)

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(170)]


@pytest.fixture(scope="module")
def book():
    return Rulebook(load(default_folder()))


@pytest.fixture
def broker(tmp_path):
    """A broker of this test alone."""
    with EmbeddedBroker(tmp_path / "data", users=(ADMIN,)) as running:
        yield running


@pytest.fixture
def admin(broker):
    """A client that may do everything on that broker."""
    with contextlib.closing(sync_client(broker.address("admin"))) as client:
        yield client


@pytest.fixture
def worker_of(broker):
    """Make workers by name, not started; what still runs of them in the end is killed."""
    made = []

    def make(name, **settings):
        made.append(Workers(broker, name, **settings))
        return made[-1]

    yield make
    for worker in made:
        worker.kill()


@contextlib.asynccontextmanager
async def traffic(hub, accepted):
    """Send some forty a second meanwhile, written down in `accepted`."""
    ended = asyncio.Event()

    async def go_on():
        while not ended.is_set():
            await send(hub, numbered(4, first=len(accepted)), accepted)
            await asyncio.sleep(0.1)

    async with asyncio.TaskGroup() as group:  # what fails within ends the sending too
        group.create_task(go_on())
        yield
        ended.set()


async def more(accepted, count=20):
    """Wait until `count` more events were accepted."""
    goal = len(accepted) + count
    while len(accepted) < goal:
        await asyncio.sleep(0.01)


async def in_order(hub, accepted):
    """Check that everything was decided once, and in the order of acceptance."""
    await drained(hub, len(accepted))
    assert by_shard(accepted) == by_shard(await decided(hub))
    await hub.check_books()


async def test_workers_share_the_shards_evenly_whoever_comes_and_goes(book, broker, worker_of):
    """One that ends hands over, one that is killed is followed up; nothing is overtaken by that."""
    first, second, third = (worker_of(name) for name in ("first", "second", "third"))
    accepted = []
    async with a_hub(book, broker) as hub:
        await hub.store.prepare(book.shards())
        async with traffic(hub, accepted):
            first.start()
            await shared(hub, book, "first")
            second.start()
            await shared(hub, book, "first", "second")
            third.start()
            await shared(hub, book, "first", "second", "third")
            await more(accepted)
            first.kill()
            await shared(hub, book, "second", "third")
            await more(accepted)
            assert 0 == second.end()
            await shared(hub, book, "third")
            first.start()
            await shared(hub, book, "first", "third")
            await more(accepted)
        await in_order(hub, accepted)
        assert 0 == first.end()
        assert 0 == third.end()
        assert {} == await readers(hub, book)


async def test_a_worker_that_slept_through_its_lease_overtakes_nothing(book, broker, worker_of):
    """Stopped for longer than its lease, it goes on in the middle of what it did, and reads on.

    What it was about to write is another's by now, and so is what it reads before it knows.
    """
    workers = {name: worker_of(name) for name in ("first", "second")}
    accepted = []
    async with a_hub(book, broker) as hub:
        await hub.store.prepare(book.shards())
        for worker in workers.values():
            worker.start()
        await shared(hub, book, *workers)
        for sleeper, other in [("first", "second"), ("second", "first")]:
            await burst(hub, numbered(100, first=len(accepted)), accepted)
            workers[sleeper].process.send_signal(signal.SIGSTOP)
            await shared(hub, book, other)
            await burst(hub, numbered(300, first=len(accepted)), accepted)
            workers[sleeper].process.send_signal(signal.SIGCONT)
            await shared(hub, book, *workers)
        await in_order(hub, accepted)
        assert [0, 0] == [worker.end() for worker in workers.values()]


async def test_a_worker_that_is_started_again_goes_on_at_once(book, broker, worker_of):
    """Its name says that the lease is its own: nobody waits for the end of the term."""
    worker = worker_of("first", lease_ms="600000")
    accepted = []
    async with a_hub(book, broker) as hub:
        await hub.store.prepare(book.shards())
        for _ in range(2):
            worker.start()
            await send(hub, numbered(200, first=len(accepted)), accepted)
            await shared(hub, book, "first")
            worker.kill()
        worker.start()
        await in_order(hub, accepted)


async def test_of_two_processes_with_one_name_the_earlier_stops_and_says_why(
    book, broker, worker_of
):
    """Else they would take the shards from each other for ever."""
    earlier, later = worker_of("same"), worker_of("same")
    async with a_hub(book, broker) as hub:
        earlier.start()
        await shared(hub, book, "same")
        later.start()
        assert 1 == await asyncio.to_thread(earlier.process.wait, 60)
        assert "give each worker on this broker a name of its own" in earlier.log
        await shared(hub, book, "same")
        assert 0 == later.end()


REFUSALS = {
    "read-only": (("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE")),
    "full": (("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0")),
    "without replicas": (
        ("CONFIG", "SET", "min-replicas-to-write", "1"),
        ("CONFIG", "SET", "min-replicas-to-write", "0"),
    ),
}


@pytest.mark.parametrize("why", REFUSALS)
async def test_a_broker_that_refuses_writes_for_a_while_is_waited_for(
    book, broker, admin, worker_of, why
):
    """Well beyond the term of a lease; without asking all the time, and without losing order."""
    refuse, accept = REFUSALS[why]
    worker = worker_of("first")
    accepted = []
    async with a_hub(book, broker) as hub:
        await hub.store.prepare(book.shards())
        worker.start()
        await shared(hub, book, "first")
        async with traffic(hub, accepted):
            await more(accepted)
            admin.execute_command(*refuse)
            before = refused(admin)
            await asyncio.sleep(4)
            count = refused(admin) - before
            admin.execute_command(*accept)
            await more(accepted)
        await in_order(hub, accepted)
        assert 0 == worker.end()
    assert 0 < count < 4 * 500  # FastStream by itself: 2,000 a second, for each shard


def refused(admin):
    """Return how many commands the broker refused so far."""
    return admin.info("stats")["total_error_replies"]


LOST = {
    "a reader group": ("XGROUP", "DESTROY", "hub:{ind}:in", "hub"),
    "an intake of a shared shard": ("DEL", "hub:{gemeente}:in:gm0363"),
    "the right to read": ("ACL", "SETUSER", "hub", "-xreadgroup"),
    "the right to call functions": ("ACL", "SETUSER", "hub", "-fcall"),
    "everything": ("FLUSHALL",),
}


@pytest.mark.parametrize("what", LOST)
async def test_what_does_not_heal_by_itself_stops_the_hub_loudly(
    book, broker, admin, worker_of, what
):
    """It exits non-zero, and the log says why; whoever supervises it sees."""
    worker = worker_of("first")
    async with a_hub(book, broker) as hub:
        worker.start()
        await shared(hub, book, "first")
        admin.execute_command(*LOST[what])
        code = await asyncio.to_thread(worker.process.wait, 60)

    assert code not in {0, None}
    reasons = [json.loads(line) for line in worker.log.splitlines() if '"hub.failed"' in line]
    assert reasons
    assert reasons[-1]["error"] in {"BrokerLost", "NotAllowed"}


async def test_a_worker_waits_for_a_broker_that_is_still_to_come(book, broker, worker_of):
    """And says so meanwhile."""
    worker = worker_of("first", wait_s="60")
    broker.stop()
    worker.start()
    while '"broker.waiting"' not in worker.log:
        assert worker.process.poll() is None
        await asyncio.sleep(0.05)
    broker.start()
    async with a_hub(book, broker) as hub:
        await shared(hub, book, "first")
        assert 0 == worker.end()


async def test_a_broker_that_never_comes_is_said_and_is_no_success(broker, worker_of):
    worker = worker_of("first", wait_s="1")
    broker.stop()
    worker.start()
    assert 4 == await asyncio.to_thread(worker.process.wait, 60)
    assert "no broker answered" in worker.log
