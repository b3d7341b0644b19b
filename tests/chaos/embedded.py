"""The other way to run a hub: one `seinhuis up` with the broker and the sealer inside."""

import contextlib
import json
import os
import random
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import redis

from tests.chaos.faults import fault
from tests.chaos.server import Server, free_port
from tests.chaos.world import World

HUB = "hub"


class Inside(Server):
    """The broker inside a hub, as the user of that hub: there is no other who may do as much."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.accounts = data  # it makes its own; nobody names the files to it
        self.port = free_port()

    @contextlib.contextmanager
    def admin(self) -> Iterator[redis.Redis]:
        """A client with the rights of the hub."""
        try:
            password = self.passwords()["hub"]
        except FileNotFoundError:
            raise redis.ConnectionError from None  # it has not been started yet
        with self.login("hub", password) as client:
            yield client

    def start(self) -> None:
        """Nothing to do: it starts with its hub."""

    def passwords(self) -> dict[str, str]:
        """Return user -> password."""
        found: dict[str, str] = json.loads((self.data / "credentials.json").read_bytes())
        return found

    def pid(self) -> int:
        """Its process id, as its hub wrote it down."""
        found: int = json.loads((self.data / "broker.json").read_bytes())["pid"]
        return found


class Embedded(World):
    """One process that is everything; what it starts itself can be hurt by itself."""

    workers = (HUB,)
    sealer = HUB
    server: Inside

    def _make_broker(self) -> None:
        self.server = Inside(self.folder / "data")

    def _make_hub(self) -> None:
        inside = {"SEINHUIS_PORT": str(self.port), "SEINHUIS_BROKER": ""}
        inside |= {"SEINHUIS_BROKER_PASSWORD_FILE": "", "SEINHUIS_SEALER_PASSWORD_FILE": ""}
        self._add(HUB, "up", SEINHUIS_WORKER=HUB, **inside)

    def end(self) -> None:
        """As of every world; then what lies on the disk is read by a broker of our own."""
        super().end()
        self.inside = self.server
        after = Server(self.folder / "after", self.supervisor, self.config)
        shutil.copytree(self.inside.data / "appendonlydir", after.data / "appendonlydir")
        after.start()
        self.server = after  # type: ignore[assignment] # from now on it is only looked at

    def children(self) -> list[int]:
        """Return the processes of ours that the hub started, its broker and guardian left out."""
        hub, found = self.watched(HUB).pid, []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                if parent == hub and b"valkey" not in (folder / "cmdline").read_bytes():
                    found.append(int(folder.name))
        return found


@fault("hub-killed", "kill -9 of a hub with the broker inside")
def hub_killed(world: Embedded, chance: random.Random, hold_s: float) -> None:
    world.kill(HUB)


@fault("hub-broker-killed", "kill -9 of the broker inside a hub")
def hub_broker_killed(world: Embedded, chance: random.Random, hold_s: float) -> None:
    os.kill(world.server.pid(), signal.SIGKILL)
    world.kills += 1
    before = len(world.supervisor.endings)
    world.wait_for("the hub stops", lambda: len(world.supervisor.endings) > before)


@fault("hub-sealer-killed", "kill -9 of the sealer that a hub started")
def hub_sealer_killed(world: Embedded, chance: random.Random, hold_s: float) -> None:
    for pid in world.children():
        os.kill(pid, signal.SIGKILL)
        world.kills += 1
