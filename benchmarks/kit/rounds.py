"""One round of a contender: it starts on a full intake, and every event must come out right."""

import json
import time
from collections import Counter

from hub.stores import keys
from kit.processes import cpu_seconds, end, family, memory

_LOOK_S = 0.01
_WARM = 0.05
"""The first part of the events is not counted: imports, first batches, warm caches."""


class NotDone(Exception):  # noqa: N818 - named after what is the matter
    """A contender that did not finish, or not rightly: there is no figure then."""


def measure(broker, processes, progress, total, *, before=0, patience_s=300.0):
    """Wait until `progress()` is `total`; return events a second and what it cost.

    `processes`: those of the contender; `before`: what was done already when it began. Rate and
    processor time are those between 5 % and all of the events; `first_s` is the time from the start
    to the first event that is done.
    """
    started = time.perf_counter()
    first = begun = None
    done = 0
    while done < total:
        now = time.perf_counter()
        if now - started > patience_s:
            raise NotDone(f"only {done} of {total} events were done in {patience_s:.0f} s")
        gone = [process for process in processes if process.poll() is not None]
        if gone:
            raise NotDone(f"the contender ended by itself (exit code {gone[0].returncode})")
        done = progress()
        now = time.perf_counter()
        if done > before and first is None:
            first = now - started
        if begun is None and done >= before + (total - before) * _WARM:
            pids = [pid for process in processes for pid in family(process.pid)]
            begun = (done, now, cpu_seconds(pids), broker.cpu_seconds())
        if done < total:
            time.sleep(_LOOK_S)
    ended = time.perf_counter()
    count = total - begun[0]
    if not count:
        raise NotDone("too few events to measure with: all were done at the first look")
    return {
        "rate": round(count / (ended - begun[1]), 1),
        "worker_us": round((cpu_seconds(pids) - begun[2]) / count * 1e6, 1),
        "broker_us": round((broker.cpu_seconds() - begun[3]) / count * 1e6, 1),
        "memory_mb": round(memory(pids) / 1e6),
        "first_s": round(first, 3),
    }


def records_of_the_hub(client, shards):
    """Return a function that counts the records that the hub wrote."""
    names = [keys.head(shard) for shard in shards]

    def progress():
        pipe = client.pipeline(transaction=False)
        for name in names:
            pipe.hget(name, "seq")
        return sum(int(seq or 0) for seq in pipe.execute())

    return progress


def records_of_a_peer(client, shards):
    """Return a function that counts the records that a peer wrote: it never shortens the stream."""
    names = [keys.audit(shard) for shard in shards]

    def progress():
        pipe = client.pipeline(transaction=False)
        for name in names:
            pipe.xlen(name)
        return sum(pipe.execute())

    return progress


def check(client, events, expected):
    """Look whether the work was done: every copy once, in the right inbox, and nothing left over.

    Raises NotDone. Records are counted by who waits for them. What was read from an intake must be
    acknowledged too; call it while the contender lives, for that may come just after the record.
    """
    _acknowledged(client, {event.shard for event in events})
    found = Counter()
    twice = 0
    for shard in {event.shard for event in events}:
        for name in client.scan_iter(match=keys.inbox(shard, "*"), count=1_000):
            messages = [fields[b"message"] for _, fields in _all(client, name)]
            party = name.decode().rpartition(":")[2]
            found[shard, party] = len(set(messages))
            twice += len(messages) - len(set(messages))
    if twice:
        raise NotDone(f"{twice} copies were delivered twice")
    if found != expected:
        missing = (expected - found).total()
        raise NotDone(f"{missing} copies are missing, {(found - expected).total()} are too many")


def _acknowledged(client, shards, patience_s=5.0):
    deadline = time.monotonic() + patience_s
    while pending := sum(
        group["pending"]
        for shard in shards
        if client.exists(keys.intake(shard))
        for group in client.xinfo_groups(keys.intake(shard))
    ):
        if time.monotonic() > deadline:
            raise NotDone(f"{pending} events were never acknowledged")
        time.sleep(_LOOK_S)


def check_a_copy(client, shard, party, wanted):
    """Look whether the copy of a peer holds what the hub would give: the same fields."""
    _, fields = client.xrange(keys.inbox(shard, party), count=1)[0]
    data = json.loads(fields[b"copy"])["data"]
    if set(data) != wanted:
        raise NotDone(f"the copy of {party} has other fields: {sorted(set(data) ^ wanted)}")


def _all(client, name):
    after = "-"
    while page := client.xrange(name, after, "+", count=2_000):
        yield from page
        after = f"({page[-1][0].decode()}"


__all__ = [
    "NotDone", "check", "check_a_copy", "end", "measure", "records_of_a_peer",
    "records_of_the_hub",
]  # fmt: skip
