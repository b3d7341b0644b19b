"""Where does the time of an event go: µs of Python for each stage, and µs of the server.

    python benchmarks/profile_path.py [--events 4000] [--batch 100] [--rounds 3] [--json]

Four signals of some 1.2 KB in turn, with the real role config, copies sealed under a key
each, no sealer. Each stage is run by itself over whole batches, in CPU time of this process
(`process_time`: waiting does not count, so a busy machine matters less); the least of the rounds is
given. `lane` is the whole way as the worker goes it, reading included. What the server used is its
own count (`INFO commandstats`), flushing to disk not included.
"""

import argparse
import gc
import json
import tempfile
import time
from pathlib import Path

import hiredis

from handlers.routing import decide
from hub import bootstrap, log, planning, recording
from hub.cli.running import run
from hub.config import settings
from hub.lane import Lane
from hub.pipeline import Pipeline
from hub.stores import keys, library
from hub.stores.calls import route_call
from schemas.reading import parse

EXAMPLES = Path(__file__).parent.parent / "tests" / "examples"
FOUR = {
    "ind": "signalen.signaal-gemeld",
    "liv": "signalen.veiligheidsmelding-gedaan",
    "rvdk": "signalen.signaal-gemeld--rvdk",
    "dji": "signalen.detentiesignaal-gemeld",
}


def events(count, series):
    """Yield (shard, bytes) of the four signals in turn, each with an id of its own."""
    found = {
        shard: json.loads((EXAMPLES / f"{name}.json").read_bytes()) for shard, name in FOUR.items()
    }
    for number in range(count):
        shard = list(FOUR)[number % len(FOUR)]
        event = {**found[shard], "id": f"{series}-{number}"}
        yield shard, json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


class Stopwatch:
    """Adds up CPU time by stage."""

    def __init__(self):
        self.spent = {}

    def of(self, stage, work, *args):
        """Do `work`, and count its CPU time for `stage`."""
        started = time.process_time()
        try:
            return work(*args)
        finally:
            self.add(stage, started)

    async def of_async(self, stage, coroutine):
        """Await, and count the CPU time of this process meanwhile."""
        started = time.process_time()
        try:
            return await coroutine
        finally:
            self.add(stage, started)

    def add(self, stage, started):
        """Count what was used since `started`."""
        self.spent[stage] = self.spent.get(stage, 0.0) + time.process_time() - started


async def one_batch(hub, shard, entries, watch):
    """Take a batch through, stage by stage; what was committed is really done."""
    book, pseudonyms, at = hub.book, hub.pseudonyms(), bootstrap.now()
    watch.of("validate", lambda: [parse(e.event, book.prefix) for e in entries])
    reads = watch.of("validate, admit", lambda: [planning.read(e, book, shard) for e in entries])
    people = watch.of("pseudonyms", lambda: [pseudonyms.of(r.event) for r in reads])
    decisions = watch.of("decide", lambda: [decide(r.event, book, at) for r in reads])
    both = list(zip(reads, decisions, strict=True))
    watch.of("minimise", lambda: [planning.copies(r.event, d) for r, d in both])
    watch.of("record", lambda: [recording.decided(shard, r.event, d) for r, d in both])
    steps = watch.of(
        "steps: minimise, record",
        lambda: [
            planning.routed(shard, r.entry, r.event, d, shard, person=person)
            for (r, d), person in zip(both, people, strict=True)
        ],
    )
    sealed = await watch.of_async("seal", hub.store.sealed_steps(shard, steps))
    names, args = watch.of("call", route_call, shard, sealed, hub.server._bounds)
    words = ("FCALL", library.ROUTE, str(len(names)), *names, *args)
    watch.of("pack", hiredis.pack_command, words)
    await watch.of_async("commit", hub.server.route(shard, sealed))


async def preload(hub, count, offset):
    """Put `count` events on the intakes."""
    pipe = hub.server._redis.pipeline(transaction=False)
    for number, (shard, raw) in enumerate(events(count, offset), 1):
        pipe.execute_command("XADD", keys.intake(shard), "*", "event", raw)
        if number % 500 == 0:
            await pipe.execute()
    await pipe.execute()


async def taken(hub, batch, watch):
    """Yield everything that waits, in batches, with the CPU time that reading them takes."""
    for shard in FOUR:
        while entries := await watch.of_async(
            "read", hub.store.take(shard, ("",), "profile", batch, 0)
        ):
            yield shard, entries


async def server_us(hub):
    """Return the µs of the server in commands so far, by command."""
    stats = await hub.server._redis.info("commandstats")
    return {name.removeprefix("cmdstat_"): values["usec"] for name, values in stats.items()}


async def main(options):
    """Run the rounds and print the least of each stage."""
    log.configure(json=True, level="error")
    best = {}
    with tempfile.TemporaryDirectory() as folder:
        async with bootstrap.start(settings({}, data=Path(folder))) as hub:
            lanes = {}
            gc.collect()
            gc.freeze()
            gc.set_threshold(50_000, 20, 50)  # as `hub.working` does
            for number in range(options.rounds):
                await preload(hub, options.events, f"s{number}")
                watch = Stopwatch()
                batches = [b async for b in taken(hub, options.batch, watch)]
                for shard, entries in batches:
                    await one_batch(hub, shard, entries, watch)
                await preload(hub, options.events, f"l{number}")
                before = await server_us(hub)
                started = time.process_time()
                pipeline = Pipeline(
                    hub.store,
                    hub.book,
                    bootstrap.now,
                    hub.pseudonyms(),
                    seal=hub.store.sealed_steps,
                )
                lanes = {shard: Lane(pipeline, shard, print) for shard in FOUR}
                async for shard, entries in taken(hub, options.batch, Stopwatch()):
                    await lanes[shard].put(entries)
                for lane in lanes.values():
                    await lane.close()
                watch.add("lane", started)
                after = await server_us(hub)
                for name in ("fcall", "xreadgroup"):
                    used = after.get(name, 0) - before.get(name, 0)
                    watch.spent[f"server: {name}"] = used / 1e6
                for stage, spent in watch.spent.items():
                    us = spent / options.events * 1e6
                    best[stage] = min(us, best.get(stage, us))
    if options.json:
        print(json.dumps({stage: round(us, 1) for stage, us in best.items()}))
        return
    for stage, us in best.items():
        print(f"{stage:28}{us:8.1f} µs an event")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=4_000)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="nothing but the result")
    run(main(parser.parse_args()))
