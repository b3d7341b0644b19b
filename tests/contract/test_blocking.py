"""The blocking client, of the sealer and of who takes over refusals, on one server and on many."""

import contextlib
from pathlib import Path

import pytest
from redis.exceptions import RedisError

from hub.data_folder import BrokerAddress
from hub.errors import Unavailable
from hub.local_cluster import LocalCluster
from hub.stores import keys
from hub.stores.blocking import Blocking
from hub.stores.topology import slot_of
from tests.brokers import SentinelGroup, move_slot, owner

pytestmark = pytest.mark.broker

AUDIT = keys.audit("ind")
OTHER = keys.audit("rvdk")


@pytest.fixture
def on_cluster(cluster: BrokerAddress, plain_cluster: LocalCluster):
    """A blocking client that may do everything, on an empty cluster."""
    admin = plain_cluster.address("cluster-admin")
    with contextlib.closing(Blocking(cluster.url, admin.user, admin.password)) as made:
        yield made


def test_a_round_goes_to_every_node_that_it_is_about(on_cluster: Blocking):
    """The answers come in the order of the commands; one without a key may go anywhere."""
    written = [("HSET", AUDIT, "a", 1), ("HSET", OTHER, "a", 2)]
    assert [1, 1] == on_cluster.round(written)
    time, ind, rvdk = on_cluster.round([("TIME",), ("HGET", AUDIT, "a"), ("HGET", OTHER, "a")])
    assert (2, b"1", b"2") == (len(time), ind, rvdk)


def test_a_slot_that_moved_is_followed_but_not_when_replicas_are_waited_for(
    on_cluster: Blocking, plain_cluster: LocalCluster
):
    """WAIT is about the connection that wrote: with another it would promise what is not so."""
    on_cluster.round([("HSET", AUDIT, "a", 1)])
    for waiting in (False, True):
        before = owner(plain_cluster, AUDIT)
        to = next(node for node in plain_cluster.nodes if node is not before)
        move_slot(plain_cluster, slot_of(AUDIT), to)
        write = [("HSET", AUDIT, "a", 2)]
        if waiting:
            with pytest.raises(Unavailable, match="being moved"):
                on_cluster.round([*write, ("WAIT", 0, 1)])
            assert [0, 0] == on_cluster.round([*write, ("WAIT", 0, 1)])
        else:
            assert [0] == on_cluster.round(write)


def test_everywhere_is_every_server(on_cluster: Blocking, plain_cluster: LocalCluster):
    """Each with its own list of refusals, which is read and emptied in one step."""
    for node in plain_cluster.nodes:
        with (
            contextlib.closing(plain_cluster.admin(node)) as client,
            contextlib.suppress(RedisError),
        ):
            client.execute_command("AUTH", f"stranger-{node.number}", "wrong")
    emptied = on_cluster.everywhere([("ACL", "LOG"), ("ACL", "LOG", "RESET")], atomic=True)
    refused = {line[line.index(b"username") + 1] for listed, _ in emptied for line in listed}
    assert {b"stranger-0", b"stranger-1", b"stranger-2"} <= refused
    assert [[[]]] * 3 == on_cluster.everywhere([("ACL", "LOG")])


def test_behind_sentinel_it_writes_to_the_primary_and_knows_the_replicas(tmp_path: Path):
    """With a password of Sentinel in the address."""
    with SentinelGroup(tmp_path / "group", sentinel_password="of-sentinel") as group:
        admin = group.address("admin")
        with contextlib.closing(Blocking(admin.url, admin.user, admin.password)) as blocking:
            assert [1, 1] == blocking.round([("HSET", AUDIT, "a", 1), ("WAIT", 1, 10_000)])
            infos = blocking.everywhere([("ROLE",)])
    assert [b"master", b"slave"] == [role[0] for (role,) in infos]


def test_nobody_home_is_an_error_and_then_asked_again(tmp_path: Path):
    """The round comes again, and so does the look at the cluster."""
    for url in (
        f"unix://{tmp_path}/nothing",
        "redis+cluster://127.0.0.1:1",
        "redis+sentinel://127.0.0.1:1/primary",
    ):
        with contextlib.closing(Blocking(url, "sealer", "x")) as blocking:
            for _ in range(2):
                with pytest.raises(RedisError):
                    blocking.round([("GET", "k")])
