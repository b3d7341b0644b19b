"""How long does one event take, from when it should be published until it is in the inbox?

    python benchmarks/latency.py [--rates 20,200,2000] [--seconds 15] [--rounds 3]
                                 [--quick | --full] [--json]

An open loop: the moments are drawn before the start (Poisson arrivals), and an event is sent at its
moment whether or not earlier ones have come through. It counts from that moment and not from when
it was really sent, so a stall counts for every event that should have gone out meanwhile
(coordinated omission). `sent` gives the other figure too, for who compares with tools that do not.

The sender is a process of its own that only sends; another waits for the inboxes of one gemeente in
the shards of four senders, as a recipient does. `hub` is `seinhuis up` with its sealer; `naive` the
FastStream handler of the peers, which seals nothing. One that does not keep up has percentiles of
its backlog; of one that had not brought everything a minute later (`missing`) none are given.
"""

import json
import random
import select
import socket
import sys
import time
from pathlib import Path

import hiredis
from kit import command, hub, load, peers
from kit.broker import ALWAYS, EVERYSEC, a_broker
from kit.processes import end, start
from kit.results import percentiles, spread
from kit.rounds import NotDone, records_of_a_peer, records_of_the_hub

CODE = "0599"
SHARES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99_9": 0.999, "max": 1.0}
KINDS = {"hub": (ALWAYS, EVERYSEC), "naive": (ALWAYS,)}
ONCE = ("naive",)
"""One round of it is enough to see how far off it is."""

SLOW = 20
"""At so few a second a round takes long: there is one less of them."""

FEWEST = 1_000
"""So many events at least, or p99.9 says nothing: at 20 a second that takes 50 seconds."""


def one(kind, fsync, rate, seconds, seed):
    """Return the percentiles (ms) of one round, and how many events there were."""
    with a_broker(fsync) as broker:
        probes = load.events(8, seed=9)[:4]
        if kind == "hub":
            with hub.workers(broker, 1, seal=True) as started:
                hub.settle(
                    broker, started, probes, records_of_the_hub(broker.client, load.SENDERS), 1
                )
                return _watched(broker, rate, seconds, seed)
        around = peers.environment(broker, kind, ())
        process = start(peers.PEERS[kind][1], cwd=peers.BENCHMARKS, env=around)
        try:
            progress = records_of_a_peer(broker.client, load.SENDERS)
            hub.settle(broker, [process], probes, progress, 0)
            return _watched(broker, rate, seconds, seed)
        finally:
            end([process])


def _watched(broker, rate, seconds, seed):
    """Send, and note when each event is seen in the inbox; all clocks are that of the machine."""
    from hub.stores import keys

    count = round(rate * seconds)
    file = broker.folder / "moments.json"
    inboxes = [keys.inbox(shard, load.recipients(shard, CODE)[0]) for shard in load.SENDERS]
    last = dict.fromkeys(inboxes, "0")
    for inbox in inboxes:
        for place, _ in broker.client.xrevrange(inbox, count=1):
            last[inbox] = place
    sender = start(
        [sys.executable, __file__, "--send", broker.path, rate, count, seed, file],
        log=broker.folder / "sender.log",
    )
    seen, deadline = {}, time.monotonic() + seconds + 60
    try:
        while len(seen) < count and time.monotonic() < deadline:
            for inbox, page in broker.client.xread(last, block=500, count=500) or ():
                now = time.monotonic()
                last[inbox.decode()] = page[-1][0]
                for _, fields in page:
                    seen.setdefault(fields[b"message"].decode(), now)
        if sender.wait(30):
            raise NotDone("the sender failed: " + (broker.folder / "sender.log").read_text())
    finally:
        end([sender])
    moments = json.loads(file.read_text(encoding="utf-8"))
    arrived = [(seen[message], due, sent) for message, due, sent in moments if message in seen]
    found = percentiles(((at - due) * 1e3 for at, due, _ in arrived), *SHARES.values())
    sent = percentiles(((at - sent) * 1e3 for at, _, sent in arrived), *SHARES.values())
    return {
        **{name: round(found[share], 3) for name, share in SHARES.items()},
        "sent": {name: round(sent[share], 3) for name, share in SHARES.items()},
        "events": count,
        "missing": count - len(arrived),
    }


def send(path, rate, count, seed, file):
    """Be the sender: put `count` events on the intakes, each at its moment."""
    from hub.stores import keys
    from schemas.identifiers import message_ref

    dice = random.Random(seed)
    shards = list(load.SENDERS)
    ready = []
    for number in range(count):
        shard = shards[number % len(shards)]
        raw = load.event(shard, 1_000_000 * (seed + 1) + number, CODE)
        head = json.loads(raw)
        words = ("XADD", keys.intake(shard), "*", "event", raw)
        ready.append((message_ref(head["source"], head["id"]), hiredis.pack_command(words)))
    moments = []
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        due = time.monotonic() + 0.2
        for message, packed in ready:
            due += dice.expovariate(rate)
            wait = due - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            now = time.monotonic()
            connection.sendall(packed)
            moments.append((message, due, now))
            while select.select([connection], [], [], 0)[0]:
                connection.recv(1 << 16)
        Path(file).write_text(json.dumps(moments), encoding="utf-8")


def main(chosen):
    """Run the rounds and return the result."""
    rates = [int(rate) for rate in chosen.rates.split(",")]
    found = command.result(
        "latency", chosen, rates=rates, seconds=chosen.seconds, kinds=chosen.kinds.split(",")
    )
    cases = [
        {"kind": kind, "fsync": fsync, "rate": rate}
        for rate in rates
        for kind in chosen.kinds.split(",")
        for fsync in KINDS[kind]
    ]
    for number in range(chosen.rounds):
        for case in cases:
            if found.has(**case, round=number) or number >= rounds_of(case, chosen):
                continue
            fewest = 0 if chosen.quick else FEWEST / case["rate"]
            seconds = max(chosen.seconds, fewest)
            try:
                figures = one(case["kind"], case["fsync"], case["rate"], seconds, number)
            except NotDone as error:
                figures = {"failed": str(error)[:500]}
            found.add(**case, round=number, **figures)
            command.say(chosen, f"round {number + 1} {case} {figures}")
    return found.finish(summary(found, cases))


def rounds_of(case, chosen):
    """Return how many rounds of a case there are."""
    if chosen.full or chosen.rounds == 1:
        return chosen.rounds
    return 1 if case["kind"] in ONCE else chosen.rounds - (case["rate"] <= SLOW)


def summary(found, cases):
    """Return the medians of the percentiles, by case. A round that lacks events has none."""
    made = {}
    for case in cases:
        rounds = found.of(**case)
        good = [each for each in rounds if "failed" not in each and not each["missing"]]
        made[f"{case['kind']} {case['fsync']} {case['rate']}/s"] = {
            "rounds": len(rounds),
            "not whole": len(rounds) - len(good),
            "events": sum(each["events"] for each in good),
            **{name: spread((each[name] for each in good), 2) for name in SHARES},
            "sent": {name: spread((each["sent"][name] for each in good), 2) for name in SHARES},
        }
    return made


if __name__ == "__main__":
    if sys.argv[1:2] == ["--send"]:
        send(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]), sys.argv[6])
        raise SystemExit
    options = command.parser(__doc__)
    options.add_argument("--rates", default="20,200,2000", help="events a second")
    options.add_argument("--seconds", type=float, help="of each round, at least")
    options.add_argument("--kinds", default=",".join(KINDS))
    given = command.parse(options, rounds=(1, 3, 5), seconds=(2, 15, 30))
    command.show(given, main(given))
