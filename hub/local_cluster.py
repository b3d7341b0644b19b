"""A cluster on this machine, from the bundled Valkey: for developing and for tests, not for work.

Three primaries with a replica each share one machine and one disk here, so they fail together. Each
node has a folder of its own with its configuration, its log and its append-only file; all have the
same users. They end with the process that started them, also on kill -9.
"""

import contextlib
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from hub.access import AclUser, hub_user, sealer_user
from hub.data_folder import BrokerAddress, make_private_folder, write_accounts, write_private
from hub.embedded import server_binary
from hub.errors import BrokerMissing
from hub.local_node import HOST, Node, free_ports

_SLOTS: Final = 16_384
_READY_S: Final = 60.0
_LOOK_S: Final = 0.02
_ONCE: Final = Retry(NoBackoff(), 0)
_ADMIN: Final = "cluster-admin"

_CONFIG: Final = """\
port {port}
bind 127.0.0.1
dir "{folder}"
aclfile "{users}"
masteruser {admin}
masterauth {password}
logfile ""
databases 1
save ""
appendonly yes
appendfsync always
maxmemory-policy noeviction
stream-node-max-entries 1
stream-node-max-bytes 1024
hash-max-listpack-value 128
repl-diskless-sync-delay 0
repl-ping-replica-period 1
min-replicas-to-write {replicas}
min-replicas-max-lag 2
cluster-enabled yes
cluster-node-timeout {timeout_ms}
cluster-require-full-coverage no
cluster-replica-validity-factor 0
"""


class LocalCluster:
    """A cluster in `folder`; a context manager. Started again, it has the data that it had.

    `primaries`: how many servers share the slots; `replicas`: of each. `ports`: of the nodes in
    that order, free ones when none are given. `timeout_ms`: how long a node may be silent before a
    replica takes over. `safe`: a primary without a replica accepts nothing.
    """

    def __init__(
        self,
        folder: Path,
        *,
        users: Sequence[AclUser] = (),
        primaries: int = 3,
        replicas: int = 1,
        ports: Sequence[int] = (),
        timeout_ms: int = 2_000,
        safe: bool = True,
        binary: Path | None = None,
    ) -> None:
        self.folder = folder.absolute()
        self._users = {user.name: user for user in (hub_user(), sealer_user(), *users)}
        self._users[_ADMIN] = AclUser(_ADMIN, ("~*", "&*", "+@all"))
        self._primaries, self._replicas = primaries, replicas
        self._ports = list(ports)
        self._timeout_ms, self._safe = timeout_ms, safe
        self._binary = binary
        self._passwords: dict[str, str] = {}
        self.nodes: list[Node] = []

    @property
    def url(self) -> str:
        """The address of the cluster, as a setting has it."""
        return "redis+cluster://" + ",".join(f"{HOST}:{node.port}" for node in self.nodes)

    def address(self, user: str = "hub") -> BrokerAddress:
        """Return how `user` reaches it."""
        return BrokerAddress(self.url, user, self._passwords[user])

    def roles(self) -> list[tuple[Node, str]]:
        """Return each node that runs, with `primary` or `replica`."""
        found = []
        for node in self.nodes:
            with contextlib.closing(self.admin(node)) as client, contextlib.suppress(Exception):
                said: dict[str, Any] = client.info("replication")
                found.append((node, "primary" if said["role"] == "master" else "replica"))
        return found

    def admin(self, node: Node) -> Redis:
        """Return a blocking client of one node that may do everything; close it."""
        password = self._passwords[_ADMIN]
        return Redis(port=node.port, username=_ADMIN, password=password, protocol=2, retry=_ONCE)

    def start(self) -> None:
        """Start all nodes, join them when they are new, and wait until every slot is served.

        Raises:
            BrokerMissing: it was not ready within a minute; the logs are in the folders.

        """
        make_private_folder(self.folder)
        portable = self._binary is not None
        self._passwords = write_accounts(self.folder, self._users.values(), portable=portable)
        count = self._primaries * (1 + self._replicas)
        ports = self._ports or free_ports(count)
        self.nodes = [self._node(number, ports[number]) for number in range(count)]
        try:
            for node in self.nodes:
                self.start_node(node)
            self._wait(self._answers, "not every node answers")
            if self._info(self.nodes[0])["cluster_known_nodes"] == "1":
                self._join()
            self._wait(self._served, "not every slot is served")
        except BaseException:
            self.stop()
            raise

    def start_node(self, node: Node) -> None:
        """Start one node, again or for the first time; returns before it answers."""
        node.start(self._binary or server_binary())

    def add_node(self, primary: Node | None = None) -> Node:
        """Start one more node and wait until the others know it: a primary without slots.

        With a `primary` it becomes a replica of that one.
        """
        node = self._node(len(self.nodes), free_ports(1)[0])
        self.nodes.append(node)
        self.start_node(node)
        self._wait(self._answers, "the new node does not answer")
        with contextlib.closing(self.admin(node)) as client:
            client.execute_command("CLUSTER", "MEET", HOST, self.nodes[0].port)  # type: ignore[no-untyped-call] # redis-py
        self._wait(self._all_met, "the new node is not known")
        if primary is not None:
            self._replicate(node, primary)
            self._wait(lambda: self._has_replica(primary), "the new replica has no copy")
        self._wait(self._up, "the new node does not see the cluster")
        return node

    def stop(self) -> None:
        """End all nodes; idempotent."""
        for node in self.nodes:
            node.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def wait_until_served(self) -> None:
        """Wait until every slot has a primary that accepts, and every primary its replicas."""
        self._wait(self._served, "not every slot is served")

    def _node(self, number: int, port: int) -> Node:
        folder = self.folder / f"node-{number + 1}"
        make_private_folder(folder)
        config = _CONFIG.format(
            port=port,
            folder=folder,
            users=self.folder / "broker.acl",
            admin=_ADMIN,
            password=self._passwords[_ADMIN],
            replicas=min(1, self._replicas) if self._safe else 0,
            timeout_ms=self._timeout_ms,
        )
        write_private(folder / "broker.conf", config)
        return Node(number, folder, port)

    def _join(self) -> None:
        """Give each primary its slots, let the nodes meet, and give each primary its replicas."""
        for number, node in enumerate(self.nodes):
            with contextlib.closing(self.admin(node)) as client:
                ask: Any = client.execute_command
                ask("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
                if number < self._primaries:
                    first, end = (_SLOTS * n // self._primaries for n in (number, number + 1))
                    ask("CLUSTER", "ADDSLOTSRANGE", first, end - 1)
                if number:
                    ask("CLUSTER", "MEET", HOST, self.nodes[0].port)
        self._wait(self._all_met, "the nodes do not know each other")
        for node in self.nodes[self._primaries :]:
            self._replicate(node, self.nodes[node.number % self._primaries])

    def _replicate(self, node: Node, primary: Node) -> None:
        with contextlib.closing(self.admin(primary)) as client:
            name: Any = client.execute_command("CLUSTER MYID")  # type: ignore[no-untyped-call] # redis-py
        with contextlib.closing(self.admin(node)) as client:
            client.execute_command("CLUSTER", "REPLICATE", name)  # type: ignore[no-untyped-call] # redis-py

    def _has_replica(self, primary: Node) -> bool:
        with contextlib.closing(self.admin(primary)) as client:
            said: dict[str, Any] = client.info("replication")
        return bool(said.get("min_slaves_good_slaves", said["connected_slaves"]))

    def _info(self, node: Node) -> dict[str, str]:
        with contextlib.closing(self.admin(node)) as client:
            reply: Any = client.execute_command("CLUSTER INFO")  # type: ignore[no-untyped-call] # redis-py
        return dict(reply)

    def _answers(self) -> bool:
        return all("cluster_state" in self._info(node) for node in self.nodes)

    def _all_met(self) -> bool:
        known = str(len(self.nodes))
        return all(self._info(node)["cluster_known_nodes"] == known for node in self.nodes)

    def _up(self) -> bool:
        wanted = ("ok", str(_SLOTS))
        said = [self._info(node) for node in self.nodes]
        return all((one["cluster_state"], one["cluster_slots_ok"]) == wanted for one in said)

    def _served(self) -> bool:
        for node in self.nodes:
            with contextlib.closing(self.admin(node)) as client:
                of: dict[str, Any] = client.info("replication")
            if of["role"] == "slave" and of["master_link_status"] != "up":
                return False
            if of["role"] == "master" and of.get("min_slaves_good_slaves", 1) < 1:
                return False
        return self._up()

    def _wait(self, ready: Any, problem: str) -> None:
        until = time.monotonic() + _READY_S
        while True:
            with contextlib.suppress(Exception):  # a node that is starting
                if ready():
                    return
            if time.monotonic() > until:
                raise BrokerMissing(f"{problem} after a minute; the logs are in {self.folder}")
            time.sleep(_LOOK_S)
