"""How much memory does an event take: queued, delivered and not opened, and to know it again?

    python benchmarks/memory.py [--events 50000] [--rounds 1] [--quick | --full] [--json]

On the bundled broker with the hub's own settings, by what the server says it uses (`used_memory`,
and `MEMORY USAGE` of every key), for events of about 1 KB with two recipients:

- queued: on the intake, and handed out to a worker that has not finished it;
- undelivered copy: everything that is on the broker because of it after its record was sealed and
  has left (the entry with the sealed copy, its wrapped key, its part of the duplicate check and of
  the counters), against the payload: the bytes of the minimised event;
- record: until it is sealed;
- duplicate check: the key that knows a message again.
"""

import time
from collections import defaultdict

from kit import command, hub, load
from kit.broker import a_broker, fill
from kit.results import spread
from kit.rounds import records_of_the_hub

from hub import planning
from hub.steps import Entry
from hub.stores import keys

_KINDS = ("inbox", "key", "seen", "audit", "open", "in", "head", "sealed", "delivery")


def used(client):
    """Return the bytes that the server gave out."""
    return client.info("memory")["used_memory"]


def queued(events):
    """Return bytes an event on the intake, and as many more while it is under way."""
    raw = sum(len(event.raw) for event in events) / len(events)
    with a_broker() as broker:
        before = used(broker.client)
        fill(broker.client, events)
        full = used(broker.client)
        for shard in load.SENDERS:
            broker.client.xgroup_create(keys.intake(shard), keys.HUB_GROUP, "0")
            while broker.client.xreadgroup(
                keys.HUB_GROUP, "memory", {keys.intake(shard): ">"}, count=1_000
            ):
                pass
        handed = used(broker.client)
    return {
        "event_bytes": round(raw),
        "queued_bytes": round((full - before) / len(events), 1),
        "queued_over_raw": round((full - before) / len(events) - raw, 1),
        "under_way_bytes": round((handed - full) / len(events), 1),
    }


def delivered(events):
    """Return bytes a copy, a record and a message that is known, after the hub did its work."""
    copies, payload = _payload(events)
    messages = sum(not event.again for event in events)
    with a_broker() as broker:
        progress = records_of_the_hub(broker.client, load.SENDERS)
        with hub.workers(broker, 1, seal=False) as started:
            hub.settle(broker, started, (), progress, 1)
            before = used(broker.client)
            fill(broker.client, events)
            while progress() < len(events):
                time.sleep(0.05)
            time.sleep(0.2)  # the last batch has been answered too
            after = used(broker.client)
        sizes, counts = _by_kind(broker.client)
    total = after - before
    everything = total - sizes["audit"]
    return {
        "copies": copies,
        "payload_bytes": round(payload / copies, 1),
        "copy_bytes": round(everything / copies, 1),
        "copy_over_payload": round((everything - payload) / copies, 1),
        "inbox_entry_bytes": round(sizes["inbox"] / copies, 1),
        "wrapped_key_bytes": round(sizes["key"] / copies, 1),
        "duplicate_check_bytes": round(sizes["seen"] / counts["seen"], 1),
        "duplicate_check_over_raw": round(sizes["seen"] / counts["seen"] - 16, 1),
        "record_bytes": round(sizes["audit"] / len(events), 1),
        "not_of_a_key_bytes": round((total - sum(sizes.values())) / messages, 1),
    }


def _payload(events):
    """Return how many copies there are, and the bytes of all of them as a recipient reads them."""
    copies = total = 0
    for event in events:
        if event.again:
            continue
        read = planning.read(Entry("0-0", "", event.raw), load.book(), event.shard)
        made = planning.copies(read.event, load.decided(event.shard, event.gemeente))
        copies += len(made)
        total += sum(len(copy.content) for copy in made)
    return copies, total


def _by_kind(client):
    """Return bytes and number of the keys of each kind: the word after the shard."""
    sizes, counts = defaultdict(int), defaultdict(int)
    batch = []

    def look():
        pipe = client.pipeline(transaction=False)
        for name in batch:
            pipe.memory_usage(name, samples=0)
        for name, size in zip(batch, pipe.execute(), strict=True):
            kind = name.partition(b"}:")[2].split(b":")[0].decode()
            if name.startswith(b"hub:{hub}") or kind not in _KINDS:
                continue
            sizes[kind] += size or 0
            counts[kind] += 1
        batch.clear()

    for name in client.scan_iter(match="hub:*", count=2_000):
        batch.append(name)
        if len(batch) == 2_000:
            look()
    look()
    return sizes, counts


def main(chosen):
    """Run the rounds and return the result."""
    count = chosen.events
    found = command.result("memory", chosen, events=count)
    events = load.events(count)
    for number in range(chosen.rounds):
        if not found.has(round=number):
            found.add(round=number, **queued(events), **delivered(events))
    names = [name for name in found.of()[0] if name not in {"round", "load"}]
    return found.finish({name: spread(found.of(name), 1) for name in names})


if __name__ == "__main__":
    options = command.parser(__doc__)
    options.add_argument("--events", type=int)
    # One round: bytes do not depend on what else the machine does.
    given = command.parse(options, rounds=(1, 1, 1), events=(2_000, 50_000, 200_000))
    command.show(given, main(given))
