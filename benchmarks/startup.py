"""How long does it take before a command says something, and before the hub is ready?

    python benchmarks/startup.py [--queued 1000000] [--rounds 5] [--quick | --full] [--json]

Whole processes, from their start: `seinhuis --help`; `seinhuis up` with the bundled broker until it
says on stdout that events can be published, and until an event that waited has its record and its
copies. On an empty data folder (passwords, keyring and ledger are made), on one that was used, and
with a million events queued (one round: they take a minute to queue): the broker first reads its
append-only file, as it was written and as it is after the rewriting that the hub does each hour.
Then it is asked to stop, with the queue as long as it is; one that had to be ended a minute later
is counted. Warm disk cache; medians.
"""

import contextlib
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import redis
from kit import command, load
from kit.broker import fill
from kit.hub import COMMAND
from kit.processes import family, finish, memory, start
from kit.results import spread
from kit.rounds import NotDone

from hub.access import AclUser
from hub.data_folder import running
from hub.embedded import EmbeddedBroker
from hub.stores import keys

PATIENCE_S = 300.0
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "seinhuis --help": [COMMAND, "--help"],
    "seinhuis-verify --help": [COMMAND.with_name("seinhuis-verify"), "--help"],
    "seinhuis check": [COMMAND, "check"],
    "import faststream.redis": [sys.executable, "-c", "import faststream.redis"],
}
"""Two of these are for comparison: the least possible, and what FastStream alone takes."""


def timed(words):
    """Return how many seconds a command took; it must succeed."""
    begun = time.perf_counter()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begun


def up(folder):
    """Return seconds until the hub on this data folder is ready, until it routed, to stop."""
    environment = {
        "SEINHUIS_DATA": str(folder),
        "SEINHUIS_LOG": "json",
        "SEINHUIS_LOG_LEVEL": "warning",
        "SEINHUIS_METRICS": "",
        "SEINHUIS_UNSEALED_MAX": str(10**9),
    }
    log = folder.with_suffix(".log")
    before = _routed(folder.with_suffix(".seen"))
    begun = time.perf_counter()
    process = start([COMMAND, "up", "--json"], log=log, env=environment, stdout=subprocess.PIPE)
    try:
        line = process.stdout.readline()
        ready = time.perf_counter() - begun
        if not line:
            raise NotDone(f"the hub did not start: {log.read_text()[-1_000:]}")
        address = running(folder)
        with contextlib.closing(_client(address)) as client:
            while (count := _count(client)) <= before:
                if process.poll() is not None or time.perf_counter() - begun > PATIENCE_S:
                    raise NotDone(f"nothing was routed: {log.read_text()[-1_000:]}")
                time.sleep(0.005)
            routed = time.perf_counter() - begun
            used = memory(family(process.pid))
            asked = time.perf_counter()
            in_order = finish([process])
            stopped = time.perf_counter() - asked
        folder.with_suffix(".seen").write_text(str(count))
        return {
            "ready_s": round(ready, 3),
            "routed_s": round(routed, 3),
            **({"stopped_s": round(stopped, 3)} if in_order else {"did_not_stop": True}),
            "memory_mb": round(used / 1e6),
        }
    finally:
        finish([process])
        process.stdout.close()


def queue(folder, count, *, rewritten=False):
    """Put events on the intakes of a hub that does not run; or write its file again."""
    with EmbeddedBroker(folder, users=(AclUser("bench", ("~*", "&*", "+@all")),)) as broker:
        address = broker.address("bench")
        with contextlib.closing(_client(address)) as client:
            client.config_set("appendfsync", "no")
            for begin in range(0, count, 50_000):
                some = load.events(min(50_000, count - begin), seed=begin + time.time_ns())
                fill(client, _renamed(some, begin))
            if rewritten:
                client.bgrewriteaof()
                while client.info("persistence")["aof_rewrite_in_progress"]:
                    time.sleep(0.1)
            # What was routed before stands in the shards already.
            folder.with_suffix(".seen").write_text(str(_count(client)))


def _renamed(events, begin):
    """Give the events of each portion ids of their own: none of them is a duplicate."""
    mark = f"bench{begin + time.time_ns() % 10**9}-".encode()
    return [each._replace(raw=each.raw.replace(b"bench-", mark, 1)) for each in events]


def _client(address):
    return redis.Redis.from_url(
        address.url, username=address.user, password=address.password, protocol=2
    )


def _count(client):
    found = (client.hget(keys.head(shard), "seq") for shard in load.SENDERS)
    return sum(int(seq or 0) for seq in found)


def _routed(file):
    return int(file.read_text()) if file.exists() else 0


@contextlib.contextmanager
def a_folder():
    """Give a data folder in which nothing is, and remove it."""
    home = Path(tempfile.mkdtemp(prefix="seinhuis-startup-"))
    try:
        (home / "data").mkdir(mode=0o700)
        yield home / "data"
    finally:
        shutil.rmtree(home, ignore_errors=True)


def starts():
    """Yield (how the hub began, figures): on an empty folder, and on a used one."""
    with a_folder() as folder:
        for name in ("first start", "again"):
            queue(folder, 4)
            yield name, up(folder)


def starts_with(queued):
    """Yield the same for a hub that was used and has so many events waiting."""
    with a_folder() as folder:
        queue(folder, 4)
        up(folder)
        queue(folder, queued)
        yield f"{queued:,} queued", up(folder)
        queue(folder, 0, rewritten=True)
        yield f"{queued:,} queued, file rewritten", up(folder)


def main(chosen):
    """Run the rounds and return the result."""
    found = command.result("startup", chosen, queued=chosen.queued)

    def keep(number, pairs):
        for name, figures in pairs:
            found.add(start=name, round=number, **figures)
            command.say(chosen, f"round {number + 1} {name:40} {figures}")

    for number in range(chosen.rounds):
        for name, words in COMMANDS.items():
            if not found.has(command=name, round=number):
                found.add(command=name, round=number, seconds=round(timed(words), 4))
        if not found.has(start="again", round=number):
            keep(number, list(starts()))
        last = f"{chosen.queued:,} queued, file rewritten"
        if not found.has(start=last, round=number) and (chosen.full or number == 0):
            keep(number, list(starts_with(chosen.queued)))
    names = list(dict.fromkeys(found.of("start")))
    summary = {
        "commands": {name: spread(found.of("seconds", command=name), 3) for name in COMMANDS},
        "hub": {
            name: {
                what: spread(found.of(what, start=name), 3)
                for what in ("ready_s", "routed_s", "stopped_s", "memory_mb")
            }
            | {"did_not_stop": len(found.of("did_not_stop", start=name))}
            for name in names
        },
    }
    return found.finish(summary)


if __name__ == "__main__":
    options = command.parser(__doc__)
    options.add_argument("--queued", type=int)
    given = command.parse(options, rounds=(1, 5, 5), queued=(20_000, 1_000_000, 1_000_000))
    command.show(given, main(given))
