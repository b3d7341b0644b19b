"""A cluster that loses, promotes, moves and gains nodes while events flow: nothing lost or doubled.

Independent accounting: what the senders were told, against the ledger, the inboxes and the log.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.retry import Retry

from handlers.rulebook import Rulebook
from hub.access import users
from hub.local_cluster import LocalCluster
from hub.local_node import Node
from hub.roles import default_folder, load
from hub.stores.topology import slot_of
from tests.brokers import move_slot, owner, replica_of, until
from tests.integration.under_load import UnderLoad

pytestmark = pytest.mark.broker

IND = "hub:{ind}:in"
RVDK = "hub:{rvdk}:in"


def accounts() -> list:
    """Return the users of the default role config."""
    book = Rulebook(load(default_folder()))
    inboxes = [party.id for party in book.parties.values() if party.has_inbox]
    return users(book.shards(), inboxes)


@pytest.fixture
def own_cluster(tmp_path: Path) -> Iterator[LocalCluster]:
    """Three primaries with a replica each, for one test; a primary alone accepts nothing."""
    with LocalCluster(tmp_path / "cluster", users=accounts()) as made:
        yield made


@contextlib.contextmanager
def plain(cluster: LocalCluster) -> Iterator[RedisCluster]:
    """Log in to the whole cluster with the client of redis-py: no code of ours."""
    nodes = [ClusterNode("127.0.0.1", node.port) for node in cluster.nodes if node.pid]
    admin = cluster.address("cluster-admin")
    client = RedisCluster(
        startup_nodes=nodes,
        username=admin.user,
        password=admin.password,
        retry=Retry(NoBackoff(), 3),
    )
    with contextlib.closing(client):
        yield client


async def test_kills_a_failover_and_a_resharding_lose_and_double_nothing(
    own_cluster: LocalCluster, tmp_path: Path
):
    """With WAIT: what was acknowledged has one verdict, one copy for each party, one record."""
    cluster = own_cluster
    async with UnderLoad(tmp_path / "hub", cluster.address, replicas=1) as load:
        await load.more(5)

        back = owner(cluster, RVDK)  # killed, and back with its data
        back.kill()
        cluster.start_node(back)
        await load.more(5)
        await load.aside(cluster.wait_until_served)

        gone = owner(cluster, IND)  # killed for good: its replica is promoted
        promoted = replica_of(cluster, gone)
        gone.kill()
        await load.aside(until_primary, cluster, promoted)
        cluster.start_node(gone)  # a replica now: without one nothing is accepted
        await load.more(5)

        new = await load.aside(cluster.add_node)  # it has no functions
        await load.aside(cluster.add_node, new)
        await load.aside(move_slot, cluster, slot_of(IND), new)
        assert new is owner(cluster, IND)
        await load.more(5)
        await load.aside(move_slot, cluster, slot_of(IND), promoted)
        await load.more(5)

    with plain(cluster) as broker:
        books = load.books(broker)
    assert "" == books.faults()
    assert len(load.messages) == books.sent


def until_primary(cluster: LocalCluster, node: Node) -> None:
    """Wait until this replica is promoted."""
    with contextlib.closing(cluster.admin(node)) as client:
        until(lambda: client.info("replication")["role"] == "master", "the replica is promoted")
