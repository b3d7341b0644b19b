"""The broker of a round: the hub's own, empty, with a user that may do everything."""

import contextlib
import shutil
import tempfile
from pathlib import Path

import redis

from hub.access import AclUser, sealer_user
from hub.embedded import EmbeddedBroker

ALWAYS, EVERYSEC = "always", "everysec"
_ALL = ("~*", "&*", "+@all")


class Broker:
    """A running broker, and the folder in which a round keeps its things."""

    def __init__(self, fsync=ALWAYS):
        """Start it. Peers log in as nobody: their tools have no word for a user."""
        self.folder = Path(tempfile.mkdtemp(prefix="seinhuis-bench-"))
        self._broker = EmbeddedBroker(
            self.folder / "broker", users=(AclUser("bench", _ALL), sealer_user())
        )
        self._broker.start()
        address = self._broker.address("bench")
        self.client = redis.Redis.from_url(
            address.url, username=address.user, password=address.password, protocol=2
        )
        self.client.config_set("appendfsync", fsync)
        self.client.execute_command(
            "ACL", "SETUSER", "default", "on", "nopass", "resetchannels", *_ALL
        )
        self.url = address.url

    @property
    def path(self):
        """The unix socket."""
        return self.url.removeprefix("unix://")

    @property
    def pid(self):
        """The process of the server."""
        return self._broker.pid

    def cpu_seconds(self):
        """Return the processor time of the server so far, by its own account: in microseconds."""
        found = self.client.info("cpu")
        return found["used_cpu_user"] + found["used_cpu_sys"]

    def password(self, user):
        """Return the password of a user of the hub."""
        return self._broker.address(user).password

    def close(self):
        """End it, and remove everything."""
        self.client.close()
        self._broker.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def a_broker(fsync=ALWAYS):
    """Give a fresh broker, and end it."""
    broker = Broker(fsync)
    try:
        yield broker
    finally:
        broker.close()


def fill(client, events, *, first_id=None):
    """Put the events on their intakes, in order; with `first_id` under ids that are known."""
    from hub.stores import keys

    batch = client.pipeline(transaction=False)
    for number, event in enumerate(events):
        place = "*" if first_id is None else f"{first_id + number}-0"
        batch.xadd(keys.intake(event.shard), {"event": event.raw}, id=place)
        if number % 1_000 == 999:
            batch.execute()
    batch.execute()
