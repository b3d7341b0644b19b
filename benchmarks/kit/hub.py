"""The hub as a contender: `seinhuis up`, one or more processes of it, as an operator runs it."""

import contextlib
import os
import signal
import sys
import time
from pathlib import Path

from kit.broker import fill
from kit.processes import end, family, start
from kit.rounds import NotDone, check, measure, records_of_the_hub

COMMAND = Path(sys.executable).parent / "seinhuis"
_UNBOUNDED = {"SEINHUIS_UNSEALED_MAX": str(10**9), "SEINHUIS_UNSEALED_MS": str(10**10)}


def environment(broker, name, *, seal, url=None):
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
    }


@contextlib.contextmanager
def workers(broker, count, *, seal, url=None):
    """Give so many hubs at work, each ready; the first one seals. Ends them at once."""
    started = []
    try:
        for number in range(count):
            name = f"bench-{number + 1}"
            started.append(
                start(
                    [COMMAND, "up"],
                    log=broker.folder / f"{name}.log",
                    env=environment(broker, name, seal=seal and number == 0, url=url),
                )
            )
            if number == 0:
                _keyring_made(broker, started[0])
        yield started
    finally:
        end(started)


def run(broker, events, expected, *, count=1, seal=True):
    """Return the figures of a round: all workers ready and held, the intakes filled, then go."""
    shards = sorted({event.shard for event in events})
    progress = records_of_the_hub(broker.client, shards)
    probes, rest = events[: len(shards)], events[len(shards) :]
    with workers(broker, count, seal=seal) as started:
        settle(broker, started, probes, progress, count)
        pids = [pid for process in started for pid in family(process.pid)]
        _signal(pids, signal.SIGSTOP)
        fill(broker.client, rest)
        _signal(pids, signal.SIGCONT)
        figures = measure(broker, started, progress, len(events), before=len(probes))
        del figures["first_s"]  # they were ready before the first event came
        check(broker.client, events, expected)
        return figures


def settle(broker, started, probes, progress, count, patience_s=60.0):
    """Wait until the hub routes in every shard, and every worker has its share of them."""
    fill(broker.client, probes)
    deadline = time.monotonic() + patience_s
    while progress() < len(probes) or not _shared_out(broker.client, count):
        for process in started:
            if process.poll() is not None:
                raise NotDone(f"the hub ended by itself: {_last_words(broker)}")
        if time.monotonic() > deadline:
            raise NotDone(f"the hub was not ready in {patience_s:.0f} s: {_last_words(broker)}")
        time.sleep(0.02)


def leases(client):
    """Return every lease: key -> value. None: workers share the readers of a shard."""
    names = list(client.scan_iter(match="hub:{*}:lease", count=1_000))
    return dict(zip(names, client.mget(names), strict=True)) if names else {}


def _shared_out(client, count):
    found = leases(client)
    return not found or len({str(value).partition("|")[0] for value in found.values()}) >= count


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
