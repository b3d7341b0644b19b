"""What does an event cost on one broker, and on a cluster of three?

    python benchmarks/cluster.py [--events 12000] [--rounds 3] [--quick | --full] [--json]

Two workers, of which one seals, do the whole job of `throughput.py` with `appendfsync always`: on
one broker over a unix socket; on three primaries; on three primaries with a replica each, where the
worker waits after each write until a replica has it too (`SEINHUIS_REPLICAS=1`).

All nodes share the cores of this machine, so the rate here is that of one machine and not of a
cluster. What carries over is the processor time of an event: in the hub and its sealer, and in all
nodes together. From it `docs/scaling.md` computes what a core holds, and cores add up where shards
are divided over them.
"""

from kit import command, hub, load
from kit.broker import a_broker
from kit.cluster import a_cluster
from kit.results import spread
from kit.rounds import NotDone

KINDS = {
    "one": ("one broker", a_broker, {}),
    "three": ("a cluster of three", lambda: a_cluster(0), {}),
    "three-replicas": (
        "a cluster of three, a replica each, waited for",
        lambda: a_cluster(1),
        {"SEINHUIS_REPLICAS": "1"},
    ),
}
WORKERS = 2


def main(chosen):
    """Run the rounds and return the result."""
    found = command.result("cluster", chosen, events=chosen.events)
    events = load.events(chosen.events)
    expected = load.expected(events)
    names = list(KINDS)
    for number in range(chosen.rounds):
        first = number % len(names)
        for name in (*names[first:], *names[:first]):
            if found.has(kind=name, round=number):
                continue
            _, made, more = KINDS[name]
            try:
                with made() as broker:
                    figures = hub.run(broker, events, expected, count=WORKERS, more=more)
            except NotDone as error:
                figures = {"failed": str(error)[:500]}
            found.add(kind=name, round=number, **figures)
            command.say(chosen, f"round {number + 1} {name:15} {figures}")
    return found.finish(summary(found))


def summary(found):
    """Return the medians by kind."""
    return {
        name: {
            "title": title,
            **{
                what: spread(found.of(what, kind=name))
                for what in ("rate", "worker_us", "broker_us", "memory_mb")
            },
            "failed": len(found.of("failed", kind=name)),
        }
        for name, (title, _, _) in KINDS.items()
    }


if __name__ == "__main__":
    options = command.parser(__doc__)
    options.add_argument("--events", type=int)
    given = command.parse(options, rounds=(1, 3, 5), events=(1_200, 12_000, 40_000))
    command.show(given, main(given))
