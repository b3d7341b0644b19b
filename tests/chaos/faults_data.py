"""Disks that are full, and a file that was not written to its end."""

import random
import resource
import time
from pathlib import Path

from tests.chaos.faults import fault
from tests.chaos.world import World

_ROOM = 4_096


@fault("disk-full-broker", "the append-only file cannot grow")
def disk_full_broker(world: World, chance: random.Random, hold_s: float) -> None:
    _full("broker", world, _newest_aof(world), hold_s)


@fault("disk-full-ledger", "the database of the ledger cannot grow")
def disk_full_ledger(world: World, chance: random.Random, hold_s: float) -> None:
    wal = world.ledger.with_name(f"{world.ledger.name}-wal")
    _full(world.sealer, world, wal, hold_s)


def _full(name: str, world: World, file: Path, hold_s: float) -> None:
    """Let no file of this process grow beyond what this one is now, also after a restart."""
    watched = world.watched(name)
    watched.file_limit = (file.stat().st_size if file.exists() else 0) + _ROOM
    if pid := watched.pid:
        hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (watched.file_limit, hard))
    time.sleep(hold_s)
    watched.file_limit = None
    if pid := watched.pid:
        hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))


@fault("torn-tail", "kill -9 of the broker, and its file ends in half a command")
def torn_tail(world: World, chance: random.Random, hold_s: float) -> None:
    """What was acknowledged had been flushed, so only what was not can be half written."""
    world.kills += world.server.kill(for_good=True)
    whole = b"*5\r\n$4\r\nXADD\r\n$12\r\nhub:{ind}:in\r\n$1\r\n*\r\n$5\r\nevent\r\n$900\r\n{"
    with _newest_aof(world).open("ab") as file:
        file.write(whole[: chance.randint(1, len(whole))])
    world.server.start()


def _newest_aof(world: World) -> Path:
    files = world.server.data.glob("appendonlydir/*.incr.aof")
    return max(files, key=lambda file: int(file.name.split(".")[-3]))
