"""Does an event cost more when there is more of everything?

    python benchmarks/growth.py [--of rules,parties,...] [--rounds 2] [--quick | --full] [--json]

One thing grows at a time, and the cost of one event is measured in one process without overlap
(read the intake, plan, commit, in batches of 100, `appendfsync always`): wall clock, Python and
broker. So the figures are not those of throughput; what counts is whether they stay the same.

- rules: 20 to 5,000 in the config, of other messages; `same-message`: rules that name this very
  message, each of which puts a verdict on record;
- parties: 20 to 5,000; `parties-shared`: the same, for an event of a gemeente, whose shard has an
  intake for each of them;
- backlog: 10^3 to 10^6 events on the intakes, of which the first are taken through;
- recipients: 1 to 372 of one event; size: 0.5 to 64 KiB;
- ledger: 10^4 to 10^6 records (10^7 with --full): sealing, and looking a message up.

What takes minutes to make (a ledger, a backlog of a million) is made once, whatever the rounds.
"""

import asyncio
import gc
import time

from kit import command, dimensions
from kit.broker import a_broker, fill
from kit.results import spread

BATCH = 100
ONCE = {"backlog": 1_000_000}
"""Of this dimension a size from here on has one round."""


def taken_through(case):
    """Return microseconds an event: wall, Python and broker."""
    try:
        return asyncio.run(_taken_through(case))
    finally:
        gc.unfreeze()


async def _taken_through(case):
    from hub import bootstrap
    from hub.config import settings
    from hub.pipeline import Pipeline

    with a_broker() as broker:
        environment = {
            "SEINHUIS_BROKER_PASSWORD": broker.password("hub"),
            "SEINHUIS_INBOX_CAP": str(10**9),
            "SEINHUIS_UNSEALED_MAX": str(10**9),
        }
        chosen = settings(environment, broker=broker.url, data=broker.folder / "hub")
        async with bootstrap.start(chosen, case.book) as hub:
            pipeline = Pipeline(hub.store, hub.book, bootstrap.now, hub.pseudonyms())
            fill_case(broker.client, case)
            intakes = hub.book.shards()[case.shard]
            gc.collect()
            gc.freeze()  # as the hub does: what is loaded by now stays
            done, warm = 0, min(case.count // 5, 500)
            wall = own = theirs = 0.0
            while done < case.count:
                if done >= warm and not wall:
                    wall, own = time.perf_counter(), time.process_time()
                    theirs, counted = broker.cpu_seconds(), done
                entries = await hub.store.take(case.shard, intakes, "growth", BATCH, 0)
                await pipeline.run(case.shard, entries)
                done += len(entries)
                if not entries:
                    raise SystemExit("the intake ended too early: nothing was measured")
            count = done - counted
            wall, own = time.perf_counter() - wall, time.process_time() - own
            theirs = broker.cpu_seconds() - theirs
            depths = await hub.store.depths(case.shard, intakes)
            if depths["dead"] or depths["held"]:
                raise SystemExit("events were refused or held: nothing was measured")
    return {
        "wall_us": round(wall / count * 1e6, 1),
        "python_us": round(own / count * 1e6, 1),
        "broker_us": round(theirs / count * 1e6, 1),
    }


def fill_case(client, case):
    """Put the events of a case on the intake, the further ones of a backlog behind them."""
    if case.intake:
        from hub.stores import keys

        batch = client.pipeline(transaction=False)
        for event in case.events:
            batch.xadd(keys.intake(case.shard, case.intake), {"event": event.raw})
        batch.execute()
        return
    fill(client, case.events)
    for portion in case.behind:
        fill(client, portion)


def main(chosen):
    """Run the rounds and return the result."""
    wanted = chosen.of.split(",") if chosen.of else list(dimensions.DIMENSIONS)
    sizes = {
        name: [
            size
            for size in dimensions.DIMENSIONS[name].sizes
            if not chosen.quick or size <= dimensions.DIMENSIONS[name].quick
        ]
        for name in wanted
    }
    if "ledger" in sizes and chosen.full:
        sizes["ledger"].append(10_000_000)
    count = chosen.events
    found = command.result("growth", chosen, sizes=sizes, events=count)
    for number in range(chosen.rounds):
        for name in wanted:
            if name == "ledger":
                _ledger(chosen, found, sizes[name], number)
                continue
            for size in sizes[name]:
                at = {"of": name, "size": size, "round": number}
                once = number and size >= ONCE.get(name, size + 1)
                if not once and not found.has(**at):
                    case = dimensions.DIMENSIONS[name].case(size, count)
                    found.add(**at, **taken_through(case))
                    command.say(chosen, f"round {number + 1} {name} {size}: {found.of()[-1]}")
    return found.finish({name: _summary(found, name, sizes[name]) for name in wanted})


def _ledger(chosen, found, sizes, number):
    """One ledger grows through all sizes; a large one only once, for it takes long."""
    from kit import ledgers

    if number or found.has(of="ledger", size=sizes[-1]):
        return
    for size, figures in ledgers.grown(sizes, 500 if chosen.quick else 5_000):
        found.add(of="ledger", size=size, round=0, **figures)
        command.say(chosen, f"ledger {size}: {figures}")


def _summary(found, name, sizes):
    names = [each for each in found.of(of=name)[0] if each.endswith(("_us", "_ms"))]
    made = {
        str(size): {what: spread(found.of(what, of=name, size=size), 1) for what in names}
        for size in sizes
    }
    first, last = made[str(sizes[0])], made[str(sizes[-1])]
    made["last to first"] = {
        what: round(last[what]["median"] / first[what]["median"], 2)
        for what in names
        if first[what]["median"]
    }
    return made


if __name__ == "__main__":
    options = command.parser(__doc__)
    options.add_argument("--of", help=f"of {', '.join(dimensions.DIMENSIONS)}; with commas")
    options.add_argument("--events", type=int, help="for each measurement")
    given = command.parse(options, rounds=(1, 2, 3), events=(200, 3_000, 3_000))
    command.show(given, main(given))
