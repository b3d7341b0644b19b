"""The peers: their environment, and how each is filled and started."""

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

from kit.broker import fill
from kit.load import REPO, SENDERS, expected, gemeenten, recipients
from kit.processes import end, start
from kit.rounds import NotDone, check, check_a_copy, measure, records_of_a_peer

BENCHMARKS = REPO / "benchmarks"
HOME = REPO / ".bench"
NODE = HOME / "node"
ARQ = HOME / "arq"
_PEERS = BENCHMARKS / "peers"
_SOURCES = _PEERS / "node"
_STAMP = HOME / "installed.json"


def setup():
    """Install the peers in an environment of their own, unless what is pinned is there.

    What is not to be had on this machine (no Node.js, say) is left out, and said on stderr.
    """
    wanted = {
        file.name: file.read_text(encoding="utf-8")
        for file in (
            _PEERS / "requirements.txt",
            _PEERS / "arq.txt",
            _SOURCES / "package-lock.json",
        )
    }
    if _STAMP.exists() and json.loads(_STAMP.read_text(encoding="utf-8")) == wanted:
        return
    print("installing the peers in .bench (the first time only) ...", file=sys.stderr)
    for folder, pins in ((HOME, "requirements.txt"), (ARQ, "arq.txt")):
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        pip = [folder / "bin" / "pip", "--disable-pip-version-check", "-q", "install"]
        subprocess.run([*pip, "--require-hashes", "-r", _PEERS / pins], check=True)
    if shutil.which("npm"):
        NODE.mkdir()
        for name in ("package.json", "package-lock.json"):
            shutil.copy(_SOURCES / name, NODE)
        npm = ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run(npm, cwd=NODE, check=True)
    else:
        print("no Node.js here: its peers are left out", file=sys.stderr)
    _STAMP.write_text(json.dumps(wanted), encoding="utf-8")


def _python(module, *arguments):
    return [sys.executable, "-m", module, *arguments]


def _bin(name):
    return (ARQ if name == "arq" else HOME) / "bin"


def _tool(name, *arguments):
    return [_bin(name) / name, *arguments]


CORES = str(os.cpu_count())

PEERS = {
    "loop": ("bare redis-py loop, batches of 100", _python("peers.loop", *SENDERS)),
    "naive": ("naive FastStream handler", _python("peers.naive_faststream", *SENDERS)),
    "celery": (
        f"Celery, {CORES} processes",
        _tool("celery", "-A", "peers.celery_app", "worker", "-c", CORES, "-l", "ERROR"),
    ),
    "dramatiq": (
        f"Dramatiq, {CORES} processes of 8 threads",
        _tool("dramatiq", "peers.dramatiq_app", "--processes", CORES),
    ),
    "taskiq": (
        f"Taskiq, {CORES} processes",
        _tool("taskiq", "worker", "peers.taskiq_app:broker", "--workers", CORES),
    ),
    "arq": ("arq, 1 process, 10 jobs at a time", _tool("arq", "peers.arq_app.WorkerSettings")),
    "node": (
        "Node.js, ioredis and ajv, batches of 100",
        ["node", NODE / "worker.mjs", *SENDERS],
    ),
    "node-red": (
        "Node-RED, 50 events under way",
        [
            *("node", NODE / "node_modules" / "node-red" / "red.js"),
            *("--settings", NODE / "settings.cjs", "--userDir", NODE / "red"),
        ],
    ),
}
"""Name -> what it is, and how its worker is started, in the folder `benchmarks`."""

_FILLED_BY_ITSELF = {
    name: [_bin(name) / "python", "-m", f"peers.{name}_app"]
    for name in ("celery", "dramatiq", "taskiq", "arq")
}
_OF_NODE = ("node", "node-red")


def available():
    """Return the peers that can run on this machine, in the order of the table."""
    return [
        name
        for name in PEERS
        if (name not in _FILLED_BY_ITSELF or (_bin(name) / name).exists())
        and (name not in _OF_NODE or ((NODE / "node_modules").exists() and shutil.which("node")))
    ]


def run(broker, name, events, *, patience_s=600.0):
    """Return the figures of a round of this peer: its queue is filled, then its worker starts."""
    around = environment(broker, name, events)
    log = broker.folder / f"{name}.log"
    if name in _FILLED_BY_ITSELF:
        command = [str(word) for word in _FILLED_BY_ITSELF[name]]
        filled = start(command, log=log, cwd=BENCHMARKS, env=around)
        if filled.wait():
            raise NotDone(f"{name} did not take the events: {_end_of(log)}")
    else:
        fill(broker.client, events)
    process = start(PEERS[name][1], log=log, cwd=BENCHMARKS, env=around)
    try:
        progress = records_of_a_peer(broker.client, SENDERS)
        figures = measure(broker, [process], progress, len(events), patience_s=patience_s)
        check(broker.client, events, expected(events))
    except NotDone as error:
        raise NotDone(f"{name}: {error}; the end of its log: {_end_of(log)}") from None
    finally:
        end([process])
    for shard in SENDERS:
        _check_copy(broker, shard, events)
    return figures


def _check_copy(broker, shard, events):
    """Compare the first copy with that of the hub: the same event, the same fields."""
    from hub import planning
    from hub.steps import Entry
    from kit.load import book, decided

    first = next(event for event in events if event.shard == shard)
    party = recipients(shard, first.gemeente)[0]
    read = planning.read(Entry("0-0", "", first.raw), book(), shard)
    made = planning.copies(read.event, decided(shard, first.gemeente))
    content = next(copy.content for copy in made if copy.party == party)
    check_a_copy(broker.client, shard, party, set(json.loads(content)["data"]))


def environment(broker, name, events):
    """Return what its processes find in their environment, and put there what they read."""
    around = {
        "BENCH_URL": broker.url,
        "BENCH_SOCKET": broker.path,
        "BENCH_SHARDS": ",".join(SENDERS),
        "BENCH_EVENTS": str(broker.folder / "events.jsonl"),
        "BENCH_RULES": str(NODE / "rules.json"),
        "BENCH_PORT": str(_free_port()),
        "PYTHONPATH": os.pathsep.join((str(REPO), str(BENCHMARKS))),
        "PYTHONWARNINGS": "ignore",
    }
    if name in _FILLED_BY_ITSELF:
        with Path(around["BENCH_EVENTS"]).open("w", encoding="utf-8") as file:
            for event in events:
                print(json.dumps([event.shard, event.raw.decode()]), file=file)
    if name in _OF_NODE:
        from peers.node_rules import main as rules

        for source in _SOURCES.glob("*.*"):
            if not source.name.startswith("package"):
                shutil.copy(source, NODE)
        rules(around["BENCH_RULES"])
    return around


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _end_of(log):
    return log.read_text(encoding="utf-8", errors="replace")[-1_500:] if log.exists() else ""


__all__ = ["PEERS", "available", "gemeenten", "run", "setup"]
