"""Brokers of more than one server, for tests: a cluster, and servers behind Sentinel.

Fixtures (`tests/conftest.py` knows them, so every test can ask for them):

* `plain_cluster`: three primaries without replicas, for the whole session; not emptied.
* `cluster`: the same one, empty, as the hub's user: a `BrokerAddress`.

For a test that breaks things, a cluster or a group of its own, in a folder of its own:

    with LocalCluster(tmp_path, users=…) as cluster:      # three primaries, a replica of each
        cluster.address("hub")                            # redis+cluster://…
        node = owner(cluster, "hub:{ind}:in")             # who has this shard now
        node.kill(); cluster.start_node(node)             # kill -9, and back with its data
        move_slot(cluster, slot_of("hub:{ind}:in"), to)   # resharding, as redis-cli does it

    with SentinelGroup(tmp_path, users=…) as group:       # a primary, replicas, three Sentinels
        group.address("hub")                              # redis+sentinel://…/primary
        group.primary().kill()                            # a replica is promoted
        group.wait_for_other_primary_than(killed)

Everything runs on 127.0.0.1 from the bundled server, and ends with the test process.
"""

import contextlib
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest
import redis

from hub.access import AclUser, hub_user, sealer_user
from hub.data_folder import BrokerAddress, write_accounts
from hub.embedded import server_binary
from hub.local_cluster import LocalCluster
from hub.local_node import Node, free_ports
from hub.stores.topology import slot_of

PATIENCE_S = 60.0
"""How long a condition may take on a machine that is busy with other things."""

SERVICE = "primary"
ADMIN = AclUser("admin", ("~*", "&*", "+@all"))


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition that comes by itself; an error while asking counts as not yet."""
    end = time.monotonic() + PATIENCE_S
    while True:
        with contextlib.suppress(redis.RedisError, OSError):
            if condition():
                return
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain: {what}")
        time.sleep(0.02)


@pytest.fixture(scope="session")
def plain_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """Three primaries without replicas, for the whole session; not emptied."""
    with LocalCluster(tmp_path_factory.mktemp("cluster"), replicas=0) as made:
        yield made


@pytest.fixture
def cluster(plain_cluster: LocalCluster) -> BrokerAddress:
    """The same, empty, as the hub's user."""
    for node in plain_cluster.nodes:
        with contextlib.closing(plain_cluster.admin(node)) as client:
            client.flushall()
            client.function_flush()
    return plain_cluster.address()


def owner(cluster: LocalCluster, key: str) -> Node:
    """Return the node that serves the slot of `key` now, as a node that runs says it."""
    return _owner_of(cluster, slot_of(key))


def replica_of(cluster: LocalCluster, node: Node) -> Node:
    """Return a replica of this primary."""
    with contextlib.closing(cluster.admin(node)) as client:
        port = client.info("replication")["slave0"]["port"]
    return next(each for each in cluster.nodes if each.port == port)


def move_slot(cluster: LocalCluster, slot: int, to: Node) -> None:
    """Move a slot with its keys to `to`: what `redis-cli --cluster reshard` does for each.

    A key that cannot be moved at once is tried again, as a person would.
    """
    with contextlib.ExitStack() as stack:
        nodes = (_owner_of(cluster, slot), to)
        source, target = (
            stack.enter_context(contextlib.closing(cluster.admin(node))) for node in nodes
        )
        old, new = (each.execute_command("CLUSTER MYID") for each in (source, target))
        target.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", old)
        source.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", new)
        login = ("AUTH2", "cluster-admin", cluster.address("cluster-admin").password)

        def emptied() -> bool:
            found = source.execute_command("CLUSTER", "GETKEYSINSLOT", slot, 100)
            if found:
                where = ("127.0.0.1", to.port, "", 0, 20_000)
                source.execute_command("MIGRATE", *where, *login, "KEYS", *found)
            return not found

        until(emptied, "the keys of the slot are moved")
        target.execute_command("CLUSTER", "SETSLOT", slot, "NODE", new)
        with contextlib.suppress(redis.ResponseError):  # it heard of it from the other
            source.execute_command("CLUSTER", "SETSLOT", slot, "NODE", new)


def _owner_of(cluster: LocalCluster, slot: int) -> Node:
    for node in (each for each in cluster.nodes if each.pid is not None):
        with contextlib.closing(cluster.admin(node)) as client:
            for first, last, (_, port, *_), *_ in client.execute_command("CLUSTER", "SLOTS"):
                if first <= slot <= last:
                    return next(each for each in cluster.nodes if each.port == port)
    raise AssertionError(f"nobody has slot {slot}")


@dataclass(slots=True)
class Server:
    """One server of a group."""

    folder: Path
    port: int
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it answers a moment later."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def hang(self) -> None:
        """Stop it without an end: connections stay, and nobody answers."""
        if self.process is not None:
            self.process.send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        """Kill -9, and wait for its end; idempotent."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


class SentinelGroup:
    """A primary with replicas, and three Sentinels that watch over them; a context manager.

    `safe`: the primary accepts nothing without a replica. `binary`: another server than the
    bundled one. `sentinel_password`: what the Sentinels ask for.
    """

    def __init__(
        self,
        folder: Path,
        *,
        users: Sequence[AclUser] = (),
        replicas: int = 1,
        safe: bool = True,
        binary: Path | None = None,
        sentinel_password: str = "",
    ) -> None:
        self.folder = folder
        listed = {user.name: user for user in (hub_user(), sealer_user(), ADMIN, *users)}
        folder.mkdir(exist_ok=True)
        self.passwords = write_accounts(folder, listed.values(), portable=binary is not None)
        self._binary = str(binary or server_binary())
        self._sentinel_password = sentinel_password
        self._safe = safe
        self.ports = free_ports(replicas + 4)
        self.servers = [self._server(number) for number in range(replicas + 1)]
        self.sentinels = [self._sentinel(number) for number in range(replicas + 1, replicas + 4)]

    def address(self, user: str = "hub") -> BrokerAddress:
        """Return how `user` reaches the primary."""
        login = f"default:{self._sentinel_password}@" if self._sentinel_password else ""
        hosts = ",".join(f"127.0.0.1:{server.port}" for server in self.sentinels)
        return BrokerAddress(
            f"redis+sentinel://{login}{hosts}/{SERVICE}", user, self.passwords[user]
        )

    def client(self, server: Server) -> redis.Redis:
        """Return a blocking client of one server that may do everything; close it."""
        return redis.Redis(
            port=server.port, username="admin", password=self.passwords["admin"], retry=None
        )

    def primary(self) -> Server:
        """Return who is the primary, as the Sentinels say."""
        for sentinel in self.sentinels:
            with contextlib.closing(self._of(sentinel)) as client:
                _, port = client.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE)
                return next(each for each in self.servers if each.port == int(port))
        raise AssertionError("no Sentinel")

    def wait_for_other_primary_than(self, old: Server) -> Server:
        """Wait until the Sentinels name another server, and that one is a primary."""
        until(lambda: self.primary() is not old, "another primary")
        new = self.primary()

        def promoted() -> bool:
            with contextlib.closing(self.client(new)) as client:
                return bool(client.info("replication")["role"] == "master")

        until(promoted, "the replica is promoted")
        return new

    def __enter__(self) -> Self:
        for server in self.servers:
            server.start()
        until(self._replicated, "the replicas have caught up")
        for sentinel in self.sentinels:
            sentinel.start()
        until(self._watched, "the Sentinels know each other and the replicas")
        return self

    def __exit__(self, *_: object) -> None:
        for server in (*self.sentinels, *self.servers):
            server.kill()

    def _server(self, number: int) -> Server:
        port = self.ports[number]
        folder = self.folder / f"server-{number + 1}"
        folder.mkdir()
        lines = [
            *(f"port {port}", "bind 127.0.0.1", f"dir {folder}"),
            *(f"aclfile {self.folder / 'broker.acl'}", "masteruser admin"),
            *(f"masterauth {self.passwords['admin']}", "appendonly yes", "appendfsync always"),
            *('save ""', "maxmemory-policy noeviction", "stream-node-max-entries 1"),
            *("stream-node-max-bytes 1024", "hash-max-listpack-value 128"),
            *("repl-diskless-sync-delay 0", "repl-ping-replica-period 1"),
            *(f"min-replicas-to-write {int(self._safe)}", "min-replicas-max-lag 2"),
            *([f"replicaof 127.0.0.1 {self.ports[0]}"] if number else []),
        ]
        return self._written(folder, port, lines)

    def _sentinel(self, number: int) -> Server:
        port = self.ports[number]
        folder = self.folder / f"sentinel-{number + 1}"
        folder.mkdir()
        word = self._sentinel_password
        lines = [
            *(f"port {port}", "bind 127.0.0.1", f"dir {folder}"),
            *([f"requirepass {word}", f"sentinel sentinel-pass {word}"] if word else []),
            f"sentinel monitor {SERVICE} 127.0.0.1 {self.ports[0]} 2",
            f"sentinel auth-user {SERVICE} admin",
            f"sentinel auth-pass {SERVICE} {self.passwords['admin']}",
            f"sentinel down-after-milliseconds {SERVICE} 1000",
            f"sentinel failover-timeout {SERVICE} 5000",
        ]
        server = self._written(folder, port, lines)
        server.command = (*server.command, "--sentinel")
        return server

    def _written(self, folder: Path, port: int, lines: Iterable[str]) -> Server:
        config = folder / "conf"
        config.touch(mode=0o600)
        config.write_text("\n".join([*lines, ""]))
        return Server(folder, port, (self._binary, str(config)))

    def _of(self, sentinel: Server) -> redis.Redis:
        return redis.Redis(
            port=sentinel.port,
            password=self._sentinel_password or None,
            retry=None,
            protocol=2,
        )

    def _replicated(self) -> bool:
        with contextlib.closing(self.client(self.servers[0])) as client:
            said = client.info("replication")
        wanted = len(self.servers) - 1
        up = sum(said.get(f"slave{n}", {}).get("state") == "online" for n in range(wanted))
        return up == wanted

    def _watched(self) -> bool:
        for sentinel in self.sentinels:
            with contextlib.closing(self._of(sentinel)) as client:
                state = client.sentinel_master(SERVICE)
            if state["num-other-sentinels"] != 2 or state["num-slaves"] != len(self.servers) - 1:
                return False
        return True
