"""How many events a second go through, beside the broker's own limit and what others would use?

    python benchmarks/throughput.py [--events 20000] [--rounds 3] [--contenders hub,node]
                                    [--fsync always,everysec] [--quick | --full] [--json]

The whole job for an event of about 1 KB with two recipients: read, validate, decide, minimise, a
copy in two inboxes, the record, the duplicate check (1 event in 100 comes twice), acknowledge.
Afterwards every copy is counted in every inbox; a contender that lost or doubled one has no figure.

`hub` is `seinhuis up`, whole: copies sealed under a key each, pseudonyms, and the sealer beside it
taking the records into an SQLite ledger (how many it had not taken at the end stands beside the
rate); `hub-no-seal` leaves the ledger to nobody; `hub-2` are two of them on the same broker, each
with the lease of two of the four shards, and one of them seals. `limit` is what the broker itself
can do: the very calls that the hub made, recorded and sent again, pipelined, by a client that
decides nothing; `limit-reads` has the reading of the intake in it too. The peers:
`benchmarks/peers/`. They seal nothing.

A fresh broker for each round, on a unix socket; contenders are interleaved within a round, each
round beginning with another; medians. The slow ones get fewer events, so that every figure is of
some seconds. `everysec` gets a round less than `always`, with which the hub runs. Trust the ratios:
they are within one round.
"""

from kit import command, hub, load, peers, replay
from kit.broker import ALWAYS, EVERYSEC, a_broker
from kit.results import spread
from kit.rounds import NotDone

HUB = {
    "hub-no-seal": ("hub, 1 worker, records not sealed", {"count": 1, "seal": False}),
    "hub": ("hub, 1 worker, records sealed meanwhile", {"count": 1, "seal": True}),
    "hub-2-no-seal": ("hub, 2 workers, records not sealed", {"count": 2, "seal": False}),
    "hub-2": ("hub, 2 workers, records sealed meanwhile", {"count": 2, "seal": True}),
}
LIMIT = {
    "limit": ("the broker's own limit: the same calls", False),
    "limit-reads": ("the same, with the reading of the intakes", True),
}
SHARE = {
    "naive": 0.2, "celery": 0.08, "dramatiq": 0.2, "taskiq": 0.2, "arq": 0.08, "node-red": 0.4,
}  # fmt: skip
"""Of the events; one not named gets all of them."""

FEWEST = 400
TITLES = {name: what[0] for kinds in (LIMIT, HUB, peers.PEERS) for name, what in kinds.items()}


def one(name, fsync, events, recordings):
    """Return the figures of one round of one contender."""
    expected = load.expected(events)
    with a_broker(fsync) as broker:
        if name in LIMIT:
            if not recordings:
                recordings.append(replay.record(events))
            return replay.replay(broker, recordings[0], events, expected, reads=LIMIT[name][1])
        if name in HUB:
            return hub.run(broker, events, expected, **HUB[name][1])
        return peers.run(broker, name, events)


def main(chosen):
    """Run the rounds and return the result."""
    count, settings = chosen.events, chosen.fsync.split(",")
    names = chosen.contenders.split(",") if chosen.contenders else [*LIMIT, *HUB]
    if not chosen.contenders and not chosen.no_peers:
        peers.setup()
        names += peers.available()
    unknown = set(names) - set(TITLES)
    if unknown:
        raise SystemExit(f"no such contender: {min(unknown)}; there are {', '.join(TITLES)}")
    found = command.result("throughput", chosen, events=count, contenders=names, fsync=settings)
    recordings = []
    for number in range(chosen.rounds):
        for fsync in settings:
            if fsync == EVERYSEC and number and number == chosen.rounds - 1:
                continue
            first = number * 5 % len(names)
            for name in (*names[first:], *names[:first]):
                at = {"contender": name, "fsync": fsync, "round": number}
                if found.has(**at):
                    continue
                events = load.events(max(FEWEST, round(count * SHARE.get(name, 1))))
                try:
                    figures = one(name, fsync, events, recordings)
                except NotDone as error:
                    figures = {"failed": str(error)[:500]}
                found.add(**at, **figures, events=len(events))
                command.say(chosen, f"round {number + 1} {fsync:8} {name:14} {figures}")
    return found.finish(summary(found, names, settings))


def summary(found, names, settings):
    """Return the medians, and the ratios within each round, by setting and contender."""
    return {
        fsync: {
            name: {
                "title": TITLES[name],
                "rate": spread(found.of("rate", contender=name, fsync=fsync)),
                **{
                    what: spread(found.of(what, contender=name, fsync=fsync))
                    for what in ("worker_us", "broker_us", "memory_mb", "unsealed")
                },
                "of_limit": spread(_ratios(found, name, "limit", fsync), 2),
                "hub_is_times": spread(_ratios(found, "hub", name, fsync), 2),
                "hub_no_seal_is_times": spread(_ratios(found, "hub-no-seal", name, fsync), 2),
                "failed": len(found.of("failed", contender=name, fsync=fsync)),
            }
            for name in names
        }
        for fsync in settings
    }


def _ratios(found, over, under, fsync):
    """Return rate over rate, round by round: what disturbed a round disturbed both."""
    pairs = [
        {
            each["contender"]: each["rate"]
            for each in found.of(fsync=fsync, round=number)
            if "rate" in each
        }
        for number in range(1 + max(found.of("round"), default=-1))
    ]
    return [pair[over] / pair[under] for pair in pairs if over in pair and under in pair]


if __name__ == "__main__":
    options = command.parser(__doc__)
    options.add_argument("--events", type=int, help="in a round of the quickest")
    options.add_argument("--contenders", help=f"of {', '.join(TITLES)}; with commas")
    options.add_argument("--fsync", default=f"{ALWAYS},{EVERYSEC}")
    options.add_argument("--no-peers", action="store_true", help="the hub and the limit only")
    given = command.parse(options, rounds=(1, 3, 5), events=(1_200, 20_000, 40_000))
    command.show(given, main(given))
