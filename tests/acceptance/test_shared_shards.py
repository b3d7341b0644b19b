"""Who reads which shard, and how a reader goes on: on the store in memory, without a server."""

import asyncio
import contextlib

import pytest

from hub.errors import BrokerLost, Superseded, Unavailable
from hub.leases import Leases, Readers, share
from hub.shard_reader import Reading, ShardReader
from hub.stores.memory import MemoryStore
from hub.tasks import cancelled
from tests.contract.steps import a_step

SHARDS = [f"shard{number:02}" for number in range(21)]
TTL_MS = 300


class Read:
    """What a worker was told to read, and how often to begin again."""

    def __init__(self):
        self.tokens, self.ended, self.began_again = {}, [], 0

    def begin(self, shard, token):
        assert shard not in self.tokens, "it is told once"
        self.tokens[shard] = token

    async def end(self, shard):
        self.ended.append(self.tokens.pop(shard))

    def again(self):
        self.began_again += 1


class Away(MemoryStore):
    """A store that is away when it is told so."""

    away: type[Exception] | None = None

    async def workers(self, worker, ttl_ms):
        self._answer()
        return await super().workers(worker, ttl_ms)

    async def lease(self, *args):
        self._answer()
        return await super().lease(*args)

    async def reclaim(self, *args):
        self._answer()
        return await super().reclaim(*args)

    def _answer(self):
        if self.away is not None:
            raise self.away("said so")


@contextlib.asynccontextmanager
async def working(store, name):
    """Run the leases of one worker; give them back in the end."""
    read = Read()
    leases = Leases(store, SHARDS, name, TTL_MS, Readers(read.begin, read.end, read.again))
    task = asyncio.create_task(leases.run())
    try:
        yield read
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await leases.close()


async def until(condition):
    """Wait until something is so."""
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("count", [1, 2, 3, 20, 21, 50])
def test_every_shard_is_for_one_worker_and_nobody_has_two_more_than_another(count):
    """Each works it out by itself, so all must come to the same."""
    living = [f"w{number:02}" for number in range(count)]
    parts = [share(reversed(SHARDS), living, worker) for worker in living]
    assert SHARDS == sorted(shard for part in parts for shard in part)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


async def test_who_comes_gets_a_share_and_who_goes_leaves_it():
    """Whoever gives a shard back has ended reading it first."""
    store = MemoryStore()
    async with working(store, "first") as first:
        await until(lambda: len(first.tokens) == 21)
        async with working(store, "second") as second:
            await until(lambda: (len(first.tokens), len(second.tokens)) == (11, 10))
            assert not first.tokens.keys() & second.tokens.keys()
            assert 10 == len(first.ended)
        await until(lambda: len(first.tokens) == 21)
        assert {} == second.tokens


async def test_a_worker_that_cannot_renew_stops_reading_in_time_and_begins_anew():
    """By then another may read; and what is still under way under the old token is fenced off."""
    store = Away()
    async with working(store, "first") as read:
        await until(lambda: len(read.tokens) == 21)
        before = dict(read.tokens)
        store.away = Unavailable
        await until(lambda: not read.tokens)
        store.away = None
        await until(lambda: len(read.tokens) == 21)
        assert not set(before.values()) & set(read.tokens.values())


async def test_after_a_short_outage_the_readers_begin_again_with_what_is_pending():
    """Under the same leases: nobody else had them."""
    store = Away()
    async with working(store, "first") as read:
        await until(lambda: len(read.tokens) == 21)
        store.away = Unavailable
        await asyncio.sleep(TTL_MS / 10_000)
        store.away = None
        await until(lambda: read.began_again == 1)
        assert [] == read.ended


class NodeAway(MemoryStore):
    """A store of several nodes: one does not answer, with the list of workers and some shards."""

    hangs: frozenset[str] = frozenset()

    async def workers(self, worker, ttl_ms):
        if self.hangs:
            raise Unavailable("said so")
        return await super().workers(worker, ttl_ms)

    async def lease(self, shard, worker, token, ttl_ms):
        while shard in self.hangs:
            await asyncio.sleep(0.001)
        return await super().lease(shard, worker, token, ttl_ms)


async def test_a_node_that_hangs_costs_only_the_leases_of_its_own_shards():
    """More shards hang than are asked for at once, and they come first by name."""
    store = NodeAway()
    async with working(store, "first") as read:
        await until(lambda: len(read.tokens) == 21)
        before = dict(read.tokens)
        store.hangs = frozenset(SHARDS[:18])
        await until(lambda: len(read.ended) == 18)
        await asyncio.sleep(3 * TTL_MS / 1_000)
        assert {shard: before[shard] for shard in SHARDS[18:]} == read.tokens
        store.hangs = frozenset()
        await until(lambda: len(read.tokens) == 21)
        await until(lambda: read.began_again == 1)


class Slow(MemoryStore):
    """A store that holds up the renewal of one shard."""

    def __init__(self):
        super().__init__()
        self.held_up, self.let_through = asyncio.Event(), asyncio.Event()

    async def lease(self, shard, worker, token, ttl_ms):
        if worker == "first" and self.holder(shard, token) == "first" and shard == SHARDS[1]:
            self.held_up.set()
            await self.let_through.wait()
        return await super().lease(shard, worker, token, ttl_ms)

    async def release(self, shard, worker, token):
        await super().release(shard, worker, token)
        if shard == SHARDS[1]:
            self.let_through.set()


async def test_a_renewal_under_way_does_not_take_back_what_was_given_up():
    """It would be renewed for ever, and nobody would read it."""
    store = Slow()
    read = Read()
    leases = Leases(store, SHARDS, "first", 5_000, Readers(read.begin, read.end, read.again))
    task = asyncio.create_task(leases.run())
    try:
        await until(lambda: len(read.tokens) == 21)
        await asyncio.wait_for(store.held_up.wait(), 20)
        before = read.tokens[SHARDS[1]]
        leases._leave(SHARDS[1])
        await until(lambda: read.tokens.get(SHARDS[1]) not in {None, before})  # asked for anew
    finally:
        await cancelled(task)
        await leases.close()


async def test_a_worker_whose_name_another_took_ends_with_the_reason():
    store = MemoryStore()
    read = Read()
    leases = Leases(store, SHARDS, "same", TTL_MS, Readers(read.begin, read.end, read.again))
    task = asyncio.create_task(leases.run())
    await until(lambda: len(read.tokens) == 21)
    async with working(store, "same"):
        with pytest.raises(Superseded):
            await asyncio.wait_for(task, 20)
        await leases.close()


class Lane:
    """What was put, in the order in which it came; finishes what it is told to."""

    def __init__(self, store):
        self.store, self.token, self.behind = store, "", False
        self.put_in, self.drained_at, self.fail = [], [], 0

    async def put(self, entries):
        self.put_in.append([entry.event for entry in entries])
        if self.fail > 0:
            self.fail -= 1
            self.behind = True
        else:
            steps = [a_step(e.id, e.id, ["lro"], intake=e.intake) for e in entries]
            await self.store.route("zvh", steps)

    async def drain(self):
        self.drained_at.append(len(self.put_in))

    async def close(self):
        await self.drain()


@contextlib.asynccontextmanager
async def reading(store, lane, failed=pytest.fail, idle_ms=60_000, shard="zvh", alone=None):
    """Read a shard which has two intakes and none of the sender itself."""

    async def no_idle_work(_shard):
        return 0

    reader = ShardReader(
        shard,
        ("a", "b"),
        store,
        Reading("w1", batch=2, poll_ms=20, idle_ms=idle_ms),
        lane=lambda: lane,
        subscribe=None,
        idle_work=no_idle_work,
        failed=failed,
        alone=alone or asyncio.Lock(),
    )
    reader.begin("token")
    try:
        yield reader
    finally:
        await reader.end()


async def submitted(store, *events):
    """Put events on the two intakes in turn."""
    for number, event in enumerate(events):
        await store.submit("zvh", event, "ab"[number % 2])


async def test_what_is_pending_is_taken_through_before_anything_new():
    """In order, over all intakes, whoever was handed it."""
    store = MemoryStore()
    lane = Lane(store)
    await submitted(store, b"1", b"2", b"3")
    await store.take("zvh", ["a", "b"], "killed", 10, 0)
    await submitted(store, b"4")
    async with reading(store, lane):
        await until(lambda: len(lane.put_in) == 3)
    assert [[b"1", b"2"], [b"3"], [b"4"]] == lane.put_in
    assert "token" == lane.token


async def test_a_suspect_is_waited_for_before_the_next_is_claimed():
    """A poison that kills the worker takes nobody with it: nobody else was handed out meanwhile."""
    store = MemoryStore()
    lane = Lane(store)
    await submitted(store, b"1", b"2")
    await store.take("zvh", ["a", "b"], "killed", 10, 0)
    await store.reclaim("zvh", ["a", "b"], "killed too", 0, 10)
    async with reading(store, lane):
        await until(lambda: len(lane.put_in) == 2)
    assert [[b"1"], [b"2"]] == lane.put_in
    assert 1 in lane.drained_at


async def test_while_a_suspect_is_under_way_no_other_shard_is_handed_one():
    """A poison that kills the worker again and again uses up the tries of nobody else."""
    store, alone, go_on = MemoryStore(), asyncio.Lock(), asyncio.Event()
    for shard in ("zvh", "gemeente"):
        await store.submit(shard, b"1", "a")
        await store.take(shard, ["a", "b"], "killed", 10, 0)
        await store.reclaim(shard, ["a", "b"], "killed too", 0, 10)

    class Slow(Lane):
        async def put(self, entries):
            await go_on.wait()
            await super().put(entries)

    slow, other = Slow(store), Lane(store)
    async with reading(store, slow, alone=alone):
        await until(alone.locked)
        async with reading(store, other, shard="gemeente", alone=alone):
            for _ in range(20):
                await asyncio.sleep(0)
            waiting = await store.reclaim("gemeente", ["a", "b"], "who looks", 0, 10)
            go_on.set()
            await until(lambda: len(slow.put_in) == len(other.put_in) == 1)

    assert [3] == [entry.deliveries for entry in waiting]


async def test_what_was_left_behind_comes_again_before_what_came_after_it():
    store = MemoryStore()
    lane = Lane(store)
    lane.fail = 2
    async with reading(store, lane):
        await submitted(store, b"1")
        await until(lambda: lane.put_in)
        await submitted(store, b"2", b"3")
        await until(lambda: len(lane.put_in) >= 4)
    assert [[b"1"], [b"1"], [b"1"]] == lane.put_in[:3]
    assert [b"2", b"3"] == sorted(event for part in lane.put_in[3:] for event in part)


async def test_an_entry_that_stays_pending_is_tried_again_while_others_go_on():
    """Something is in the way of that one alone: a key of the wrong type, say."""
    store = MemoryStore()
    lane = Lane(store)
    route = store.route
    blocked = True

    async def route_but_one(shard, steps):
        kept = [step for step in steps if step.entry != first or not blocked]
        return await route(shard, kept)

    first = await store.submit("zvh", b"1", "a")
    store.route = route_but_one
    async with reading(store, lane, idle_ms=50):
        await until(lambda: lane.put_in.count([b"1"]) > 1)
        await store.submit("zvh", b"2", "a")
        await until(lambda: [b"2"] in lane.put_in)
        blocked = False
        await until(lambda: not store._shard("zvh").pending)


async def test_a_store_that_is_away_is_waited_for():
    store = Away()
    lane = Lane(store)
    store.away = Unavailable
    async with reading(store, lane):
        await submitted(store, b"1")
        await asyncio.sleep(0.15)
        assert [] == lane.put_in
        store.away = None
        await until(lambda: lane.put_in == [[b"1"]])


async def test_what_does_not_heal_is_told_and_ends_the_reading():
    store, told = Away(), []
    store.away = BrokerLost
    async with reading(store, Lane(store), told.append):
        await until(lambda: told)
    assert [BrokerLost] == [type(error) for error in told]


async def test_after_the_end_nothing_is_read():
    store = MemoryStore()
    lane = Lane(store)
    async with reading(store, lane) as reader:
        await submitted(store, b"1")
        await until(lambda: lane.put_in)
        await reader.end()
        await submitted(store, b"2")
        await asyncio.sleep(0.05)
        (left,) = await store.take("zvh", ["a", "b"], "another", 10, 0)
    assert b"2" == left.event
    assert [[b"1"]] == lane.put_in
    assert 1 == lane.drained_at[-1]
