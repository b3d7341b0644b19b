"""The broker of a round as a cluster of three, with the same face as `kit.broker.Broker`."""

import contextlib
import shutil
import tempfile
from pathlib import Path

from redis import RedisCluster

from hub.access import AclUser
from hub.local_cluster import LocalCluster
from kit.processes import cpu_seconds


class Cluster:
    """Three primaries, each with so many replicas, on loopback."""

    def __init__(self, replicas):
        """Start it; the folder is for what a round keeps."""
        self.folder = Path(tempfile.mkdtemp(prefix="seinhuis-bench-"))
        self._cluster = LocalCluster(
            self.folder / "cluster",
            users=(AclUser("bench", ("~*", "&*", "+@all")),),
            replicas=replicas,
            safe=replicas > 0,
        )
        self._cluster.start()
        self.url = self._cluster.url
        self.client = RedisCluster(
            host="127.0.0.1",
            port=self._cluster.nodes[0].port,
            username="bench",
            password=self._cluster.address("bench").password,
            protocol=2,
        )

    def cpu_seconds(self):
        """Return the processor time of all nodes so far, replicas too."""
        return cpu_seconds([node.pid for node in self._cluster.nodes])

    def password(self, user):
        """Return the password of a user of the hub."""
        return self._cluster.address(user).password

    def close(self):
        """End it, and remove everything."""
        self.client.close()
        self._cluster.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def a_cluster(replicas):
    """Give a fresh cluster, and end it."""
    cluster = Cluster(replicas)
    try:
        yield cluster
    finally:
        cluster.close()
