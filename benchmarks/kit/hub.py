"""The hub as a contender: `seinhuis up`, one or more processes of it, as an operator runs it."""

import contextlib
import os
import signal
import sys
import time
from collections import Counter
from pathlib import Path

from hub.stores import keys
from kit import load
from kit.broker import fill
from kit.processes import end, family, start
from kit.rounds import NotDone, check, measure, records_of_the_hub

COMMAND = Path(sys.executable).parent / "seinhuis"
_UNBOUNDED = {"SEINHUIS_UNSEALED_MAX": str(10**9), "SEINHUIS_UNSEALED_MS": str(10**10)}


def environment(broker, name, *, seal, url=None, more=None):
    """Return the settings of a worker on this broker. All workers of a broker share its keyring."""
    data = broker.folder / f"hub-{name}"
    return {
        "SEINHUIS_BROKER": url or broker.url,
        "SEINHUIS_BROKER_PASSWORD": broker.password("hub"),
        "SEINHUIS_SEALER_PASSWORD": broker.password("sealer"),
        "SEINHUIS_DATA": str(data),
        "SEINHUIS_KEYS": str(broker.folder / "keys"),
        "SEINHUIS_SEAL": "1" if seal else "0",
        "SEINHUIS_WORKER": name,
        "SEINHUIS_LOG": "json",
        "SEINHUIS_LOG_LEVEL": "warning",
        "SEINHUIS_METRICS": "",
        **({} if seal else _UNBOUNDED),
        **(more or {}),
    }


@contextlib.contextmanager
def workers(broker, count, *, seal, url=None, more=None):
    """Give so many hubs at work, each ready; the first one seals. Ends them at once."""
    started = []
    try:
        for number in range(count):
            name = f"bench-{number + 1}"
            started.append(
                start(
                    [COMMAND, "up"],
                    log=broker.folder / f"{name}.log",
                    env=environment(broker, name, seal=seal and number == 0, url=url, more=more),
                )
            )
            if number == 0:
                _keyring_made(broker, started[0])
        yield started
    finally:
        end(started)


def run(broker, events, expected, *, count=1, seal=True, more=None):
    """Return the figures of a round: all workers ready and held, the intakes filled, then go.

    `more`: further settings of the workers.
    """
    shards = sorted({event.shard for event in events})
    progress = records_of_the_hub(broker.client, shards)
    probes, rest = events[: len(shards)], events[len(shards) :]
    with workers(broker, count, seal=seal, more=more) as started:
        settle(broker, started, probes, progress, count)
        pids = [pid for process in started for pid in family(process.pid)]
        _signal(pids, signal.SIGSTOP)
        fill(broker.client, rest)
        _signal(pids, signal.SIGCONT)
        figures = measure(broker, started, progress, len(events), before=len(probes))
        del figures["first_s"]  # they were ready before the first event came
        if seal:
            figures["unsealed"] = _unsealed(broker.client, shards)
        check(broker.client, events, expected)
        return figures


def _unsealed(client, shards):
    """Return how many records are not in the ledger yet: the sealer goes on while they come."""
    written, sealed = (
        sum(int(client.hget(key(shard), "seq") or 0) for shard in shards)
        for key in (keys.head, keys.sealed)
    )
    return written - sealed


def settle(broker, started, probes, progress, count, patience_s=60.0):
    """Wait until the hub routes in every shard, and each of `count` workers has its share of them.

    `count` 0: what is at work is no hub, and has no leases.
    """
    fill(broker.client, probes)
    deadline = time.monotonic() + patience_s
    while progress() < len(probes) or (count and not _shared_out(broker.client, count)):
        for process in started:
            if process.poll() is not None:
                raise NotDone(f"the contender ended by itself: {_last_words(broker)}")
        if time.monotonic() > deadline:
            raise NotDone(
                f"the contender was not ready in {patience_s:.0f} s: {_last_words(broker)}"
            )
        time.sleep(0.02)


def leases(client):
    """Return every lease: key -> `worker|token`."""
    names = list(client.scan_iter(match="hub:{*}:lease", count=1_000))
    pipe = client.pipeline(transaction=False)
    for name in names:  # one by one: in a cluster they are on several nodes
        pipe.get(name)
    return dict(zip(names, pipe.execute(), strict=True)) if names else {}


def _shared_out(client, count):
    """Whether every worker reads as many shards of the load as the others."""
    names = [f"hub:{{{shard}}}:lease".encode() for shard in load.SENDERS]
    found = leases(client)
    held = Counter(lease.partition(b"|")[0] for name in names if (lease := found.get(name)))
    return list(held.values()) == [len(names) // count] * count


def _keyring_made(broker, process, patience_s=60.0):
    """Wait until the first worker has made the keyring and put its mark on the broker."""
    deadline = time.monotonic() + patience_s
    while not broker.client.exists("hub:{hub}:config:keyring"):
        if process.poll() is not None or time.monotonic() > deadline:
            raise NotDone(f"the hub did not start: {_last_words(broker)}")
        time.sleep(0.02)


def _last_words(broker):
    texts = [file.read_text(encoding="utf-8") for file in broker.folder.glob("bench-*.log")]
    return " ".join(texts)[-2_000:]


def _signal(pids, number):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
