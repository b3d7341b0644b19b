"""One suite, every store: in memory, on Valkey, on Debian's Redis 7.0, and on a cluster."""

from collections.abc import AsyncIterator, Callable
from contextlib import closing
from typing import Any

import pytest

from hub.data_folder import BrokerAddress
from hub.ports import Store
from hub.stores import keys
from hub.stores.connection import client
from hub.stores.memory import MemoryStore
from hub.stores.valkey import ValkeyStore
from tests.brokers import owner
from tests.conftest import sync_client

SHARDS = {"ind": ("",), "politie.3": ("",), "gemeente": ("gm0363", "gm0014")}
PARTIES = ("gm0363", "gm0014", "lro", "zvh-haaglanden", "ind", "full")
DAY_MS = 86_400_000

MakeStore = Callable[..., Store]


async def check_invariants(store: Store) -> None:
    """What holds after every step, whatever it was: checked after each test of the suite."""
    for shard in SHARDS:
        seqs = [entry.seq for entry in await store.records(shard, count=100_000)]
        assert seqs == list(range(1, len(seqs) + 1)), "the records are gapless"
        for party in PARTIES:
            found = await store.inbox(shard, party, count=100_000)
            copies = [entry.message for entry in found if not entry.notice]
            assert len(copies) == len(set(copies)), "nobody has a message twice"
            states = await store.states(shard, party, copies)
            unfinished = sum(state in {"delivered", "opened"} for state in states)
            assert await counted(store, shard, party) == unfinished, "what is open is counted"


async def counted(store: Store, shard: str, party: str) -> int:
    """Return what the store itself counts as unfinished; no caller needs to know."""
    if isinstance(store, MemoryStore):
        return store._shard(shard).unfinished[party]
    assert isinstance(store, ValkeyStore)
    return int(await store._redis.hget(keys.unfinished(shard), party) or 0)


async def answered(store: Store, shard: str, party: str, act: str) -> bytes | None:
    """Return the answer to an act as its reader finds it: by plain commands on the broker."""
    if isinstance(store, MemoryStore):
        return await store.answered(shard, party, act)
    assert isinstance(store, ValkeyStore)
    return await store._redis.get(keys.opened(shard, party, act))


def server(request: pytest.FixtureRequest, kind: str) -> BrokerAddress:
    return request.getfixturevalue({"valkey": "broker"}.get(kind, kind))


@pytest.fixture(
    params=[
        "memory",
        pytest.param("valkey", marks=pytest.mark.broker),
        pytest.param("redis7", marks=pytest.mark.broker),
        pytest.param("cluster", marks=pytest.mark.broker),
    ]
)
async def make_store(request: pytest.FixtureRequest) -> AsyncIterator[MakeStore]:
    """Make stores on the same place; keyword arguments are the settings of the store."""
    made: list[Store] = []
    address = None if request.param == "memory" else server(request, request.param)

    def make(duplicate_ms: int = DAY_MS, inbox_cap: int = 100_000, **unsealed: Any) -> Store:
        if address is None:
            made.append(MemoryStore(duplicate_ms, inbox_cap, **unsealed))
        else:
            redis = client(address.url, address.user, address.password)
            made.append(ValkeyStore(redis, duplicate_ms, inbox_cap, **unsealed))
        return made[-1]

    yield make
    for store in made:
        await check_invariants(store)
        await store.close()


@pytest.fixture
async def store(make_store: MakeStore) -> Store:
    """A store that is ready, with three shards."""
    made = make_store()
    await made.prepare(SHARDS)
    return made


@pytest.fixture
def seal(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Do in shard `ind` what a sealer does when the records up to `seq` are sealed.

    `at`: when it did (Unix ms); `since`: when what waits now began to wait, to make that long ago.
    """

    def do(store: Store, seq: int, at: int | None = None, since: int | None = None) -> None:
        if isinstance(store, MemoryStore):
            store.sealed("ind", seq)
            s = store._shard("ind")
            s.sealed_at = s.sealed_at if at is None else at
            s._since = s._since if since is None else since
            return
        if "cluster" in request.node.name:
            nodes = request.getfixturevalue("plain_cluster")
            made = nodes.admin(owner(nodes, keys.sealed("ind")))
        else:
            kind = "broker_admin" if "valkey" in request.node.name else "redis7_admin"
            made = sync_client(request.getfixturevalue(kind))
        with closing(made) as sealer:
            seconds, micros = sealer.time()
            now = seconds * 1_000 + micros // 1_000
            told = {"seq": seq, "at": now if at is None else at}
            sealer.hset(keys.sealed("ind"), mapping=told)
            if since is not None:
                sealer.hset(keys.head("ind"), "since", since)

    return do


@pytest.fixture(
    params=[
        pytest.param("valkey", marks=pytest.mark.broker),
        pytest.param("redis7", marks=pytest.mark.broker),
    ]
)
def address(request: pytest.FixtureRequest) -> BrokerAddress:
    """An empty real broker, as the hub's user."""
    return server(request, request.param)


@pytest.fixture
def admin(request: pytest.FixtureRequest, address: BrokerAddress) -> BrokerAddress:
    """The same broker, as a user that may do everything."""
    kind = "broker_admin" if "valkey" in request.node.name else "redis7_admin"
    return request.getfixturevalue(kind)


@pytest.fixture
async def server_store(address: BrokerAddress) -> AsyncIterator[ValkeyStore]:
    """A store on a real broker, ready."""
    made = ValkeyStore(client(address.url, address.user, address.password), DAY_MS, 100_000)
    await made.prepare(SHARDS)
    yield made
    await made.close()
