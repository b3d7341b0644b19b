"""What only a cluster can get wrong: slots on the move, nodes without functions, lost answers."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

import pytest
import redis
from redis.asyncio import Redis
from redis.exceptions import AskError
from redis.exceptions import ConnectionError as Broken

from hub.data_folder import BrokerAddress
from hub.errors import BrokerError, BrokerLost, NotAllowed, Unavailable
from hub.local_cluster import LocalCluster
from hub.local_node import Node
from hub.stores import keys, library
from hub.stores.cluster import ClusterClient
from hub.stores.connection import client, connect
from hub.stores.topology import SLOTS, slot_of
from hub.stores.valkey import ValkeyStore
from tests.brokers import move_slot, owner
from tests.contract.conftest import DAY_MS, SHARDS
from tests.contract.steps import a_step, delivered, records, taken

pytestmark = pytest.mark.broker

IND = keys.intake("ind")


@pytest.fixture
async def on_cluster(cluster: BrokerAddress) -> AsyncIterator[ValkeyStore]:
    """A store on an empty cluster, ready."""
    made = ValkeyStore(client(cluster.url, cluster.user, cluster.password), DAY_MS, 100_000)
    await made.prepare(SHARDS)
    yield made
    await made.close()


@contextlib.contextmanager
def admin_of(cluster: LocalCluster, key: str) -> Iterator[redis.Redis]:
    with contextlib.closing(cluster.admin(owner(cluster, key))) as found:
        yield found


def another(cluster: LocalCluster, node: Node) -> Node:
    return next(each for each in cluster.nodes if each is not node)


class TestFunctions:
    async def test_a_node_that_has_the_data_and_no_functions_gets_them(
        self, on_cluster: ValkeyStore, plain_cluster: LocalCluster
    ):
        """As one that is new and was given a slot; the step is then done, once."""
        (entry,) = await taken(on_cluster, b"{}")
        with admin_of(plain_cluster, IND) as node:
            node.function_flush()
            (result,) = await on_cluster.route("ind", [a_step(entry.id)])
            assert library.LIBRARY in str(node.function_list())
        assert "done" == result.outcome
        assert [b"decided m1"] == await records(on_cluster)

    async def test_a_node_that_came_back_empty_is_lost(
        self, on_cluster: ValkeyStore, plain_cluster: LocalCluster
    ):
        """The others still have theirs: nothing is loaded that would hide the loss."""
        (entry,) = await taken(on_cluster, b"{}")
        with admin_of(plain_cluster, IND) as node:
            node.flushall()
            node.function_flush()
            with pytest.raises(BrokerLost):
                await on_cluster.route("ind", [a_step(entry.id)])
            with pytest.raises(BrokerLost):
                await on_cluster.take("ind", [""], "w", 10, 0)
            assert [] == node.function_list()


class TestSlots:
    async def test_a_slot_that_moved_is_found(
        self, on_cluster: ValkeyStore, plain_cluster: LocalCluster
    ):
        """With its reader group, what is pending, and its records."""
        await delivered(on_cluster)
        (pending,) = await taken(on_cluster, b"{}")
        to = another(plain_cluster, owner(plain_cluster, IND))
        move_slot(plain_cluster, slot_of(IND), to)
        (result,) = await on_cluster.route("ind", [a_step(pending.id, "m2")])
        assert "done" == result.outcome
        assert [b"decided m1", b"decided m2"] == await records(on_cluster)

    async def test_a_slot_on_the_move_is_asked_for_where_its_keys_are(
        self, on_cluster: ValkeyStore, plain_cluster: LocalCluster
    ):
        """Its keys are with the new node already, its name is not: ASK, with many at once."""
        await delivered(on_cluster)
        source_node = owner(plain_cluster, IND)
        to, slot = another(plain_cluster, source_node), slot_of(IND)
        login = ("AUTH2", "cluster-admin", plain_cluster.address("cluster-admin").password)
        with (
            contextlib.closing(plain_cluster.admin(source_node)) as source,
            contextlib.closing(plain_cluster.admin(to)) as target,
        ):
            old, new = (each.execute_command("CLUSTER MYID") for each in (source, target))
            target.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", old)
            source.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", new)
            found = source.execute_command("CLUSTER", "GETKEYSINSLOT", slot, 1_000)
            source.execute_command(
                *("MIGRATE", "127.0.0.1", to.port, "", 0, 20_000, *login, "KEYS", *found)
            )
            try:
                seen = await asyncio.gather(*(records(on_cluster) for _ in range(10)))
                entries = [await on_cluster.submit("ind", b"{}") for _ in range(5)]
            finally:
                for each in (target, source):
                    each.execute_command("CLUSTER", "SETSLOT", slot, "NODE", new)
        assert [[b"decided m1"]] * 10 == seen
        assert entries == [each.id for each in await on_cluster.take("ind", [""], "w", 10, 0)]

    async def test_an_inbox_is_read_over_all_nodes(
        self, on_cluster: ValkeyStore, cluster: BrokerAddress
    ):
        """In one call, as on one server; and it waits until something comes."""
        reader = client(cluster.url, cluster.user, cluster.password)
        streams = {keys.intake(shard, intakes[0]): ">" for shard, intakes in SHARDS.items()}
        assert [] == await reader.xreadgroup(keys.HUB_GROUP, "r", streams, count=10, block=1)
        waiting = asyncio.create_task(
            reader.xreadgroup(keys.HUB_GROUP, "r", streams, count=10, block=60_000)
        )
        await asyncio.sleep(0)
        entry = await on_cluster.submit("politie.3", b"{}")
        ((stream, ((place, fields),)),) = await waiting
        assert (b"hub:{politie.3}:in", entry, {b"event": b"{}"}) == (stream, place.decode(), fields)
        await reader.aclose()


class TestOnce:
    async def test_a_write_whose_answer_was_lost_is_not_sent_again(self):
        """It may have been done: who asked knows whether it may be repeated."""
        sent = []

        class Deaf(Redis):
            async def execute_command(self, *args, **_):
                sent.append(args[0])
                if args[0] == "CLUSTER":
                    return [[0, SLOTS - 1, [b"a", 1, b"id"]]]
                raise Broken("reset")

        store = ValkeyStore(ClusterClient([("a", 1)], lambda _: Deaf()), DAY_MS, 10)
        with pytest.raises(Unavailable):
            await store.submit("ind", b"{}")
        assert ["CLUSTER", "XADD"] == sent
        with pytest.raises(Unavailable):
            await store.submit("ind", b"{}")
        assert ["CLUSTER", "XADD", "CLUSTER", "XADD"] == sent, "the cluster may have changed"
        await store.close()

    async def test_asking_and_what_is_asked_go_over_one_connection(self):
        """ASKING is about one connection; and WAIT is about what was written on its own."""
        sent: dict[str, list[object]] = {"a": [], "b": []}

        class Pipe:
            def __init__(self, name: str) -> None:
                self.name, self.words = name, []

            async def __aenter__(self):
                return self

            async def __aexit__(self, *_):
                sent[self.name].append(self.words)

            def execute_command(self, *args, **_):
                self.words.append(args[0])

            async def execute(self, **_):
                if self.name == "a":
                    return [AskError("7 b:1"), 0]
                return [{"ASKING": b"OK", "XADD": b"1-1", "WAIT": 1}[word] for word in self.words]

        class Server(Redis):
            async def execute_command(self, *_args, **_options):
                return [[0, SLOTS - 1, [b"a", 1, b"id"]]]

            def pipeline(self, **_):
                return Pipe(self.name)

        def make(host):
            made = Server()
            made.name = host[0]
            return made

        store = ValkeyStore(ClusterClient([("a", 1)], make), DAY_MS, 10, replicas=1)
        assert "1-1" == await store.submit("ind", b"{}")
        assert {"a": [["XADD", "WAIT"]], "b": [["ASKING", "XADD", "WAIT"]]} == sent
        await store.close()

    async def test_what_too_few_replicas_have_is_not_accepted(
        self, on_cluster: ValkeyStore, cluster: BrokerAddress
    ):
        """This cluster has none; and the check of the settings says so beforehand."""
        careful = ValkeyStore(
            client(cluster.url, cluster.user, cluster.password), DAY_MS, 10, replicas=1
        )
        with pytest.raises(Unavailable, match="0 of 1 replicas"):
            await careful.submit("ind", b"{}")
        few, unset = sorted(await careful.setting_problems())
        assert "fewer replicas than SEINHUIS_REPLICAS (1)" in few
        assert unset.startswith("min-replicas-to-write is not set")
        assert [] == await on_cluster.setting_problems(), "without the setting neither is asked"
        await careful.close()


class TestWhoAndWhere:
    async def test_a_wrong_password_is_not_waited_for(self, cluster: BrokerAddress):
        with pytest.raises(NotAllowed, match="password"):
            await connect(cluster.url, "hub", "wrong", wait_s=60)

    async def test_one_server_is_no_cluster(self, broker: BrokerAddress):
        """The way out is in the message."""
        alone = ClusterClient(
            [("x", 1)], lambda _: client(broker.url, broker.user, broker.password)
        )
        with pytest.raises(BrokerError, match="redis://HOST:PORT"):
            await alone.ping()
        await alone.aclose()
