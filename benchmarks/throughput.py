"""How many events a second does one worker route, and how long does one take?

    python benchmarks/throughput.py [--events 4000] [--rounds 3] [--rate 200] [--seconds 8] [--json]
                                    [--no-seal]

The whole job, with `appendfsync always`: read, validate, admit, decide by the real role config,
minimise, a copy for each recipient sealed under a key of its own, the record with all verdicts and
its person as pseudonyms, the duplicate check, acknowledge. `hub` is `hub.working.work`, as
`seinhuis up` runs it: with the sealer in a thread of the same process, which takes the records into
an SQLite ledger meanwhile; `--no-seal` leaves that to nobody. `naive` is a FastStream handler that
does the same decisions and then one await after another: SET, XADD for each recipient, XADD of the
record, and FastStream's own acknowledgement; it seals no copy and no record. Rounds are
interleaved, medians are given; trust the ratio within one run, not figures of two runs: machines
are shared and noisy.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPO = Path(__file__).parent.parent
EXAMPLES = REPO / "tests" / "examples"
FOUR = {
    "ind": "signalen.signaal-gemeld",
    "liv": "signalen.veiligheidsmelding-gedaan",
    "rvdk": "signalen.signaal-gemeld--rvdk",
    "dji": "signalen.detentiesignaal-gemeld",
}
GROUP = "naive"


def events(count):
    """Yield (shard, bytes) of the four signals in turn, each with an id of its own."""
    templates = {
        shard: json.loads((EXAMPLES / f"{name}.json").read_bytes()) for shard, name in FOUR.items()
    }
    for number in range(count):
        shard = list(FOUR)[number % len(FOUR)]
        event = {**templates[shard], "id": f"bench-{number}"}
        yield shard, json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


def a_broker(folder):
    """Return an embedded broker, and its hub user's address once started."""
    from hub.access import sealer_user
    from hub.embedded import EmbeddedBroker

    return EmbeddedBroker(Path(folder) / "broker", users=(sealer_user(),))


async def load(address, count):
    """Put `count` events on the intakes and return how many went to each shard."""
    from hub.stores import keys
    from hub.stores.connection import connect

    redis = await connect(address.url, address.user, address.password)
    sent = dict.fromkeys(FOUR, 0)
    batch = redis.pipeline(transaction=False)
    for number, (shard, raw) in enumerate(events(count), 1):
        batch.xadd(keys.intake(shard), {"event": raw})
        sent[shard] += 1
        if number % 500 == 0:
            await batch.execute()
    await batch.execute()
    await redis.aclose()
    return sent


async def drained(worker, address, sent, timeout_s=300):
    """Wait until every event has a record; return (seconds of work, copies per event)."""
    from hub.stores import keys
    from hub.stores.connection import connect

    redis = await connect(address.url, address.user, address.password)
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if [await redis.xlen(keys.audit(shard)) for shard in sent] >= list(sent.values()):
            break
        if worker.poll() is not None:
            raise SystemExit("the worker ended; run it in the foreground: --child KIND --folder F")
        await asyncio.sleep(0.02)
    else:
        raise SystemExit("not drained in time")
    first, last, copies = [], [], 0
    for shard in sent:
        head = await redis.xrange(keys.audit(shard), count=1)
        if head[0][1].get(b"seq", b"1") != b"1":
            raise SystemExit("took so long that sealed records left the broker: fewer --events")
        tail = await redis.xrevrange(keys.audit(shard), count=1)
        first.append(int(head[0][0].split(b"-")[0]))
        last.append(int(tail[0][0].split(b"-")[0]))
        for _, fields in head:
            record = json.loads(fields[b"record"])
            forwards = [v for v in record["verdicts"] if v["outcome"] == "forward"]
            copies += len(forwards) * sent[shard]
    await redis.aclose()
    return (max(last) - min(first)) / 1_000, copies / sum(sent.values())


def child(kind, folder):
    """Start a worker of this kind as a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(REPO)}
    command = [sys.executable, __file__, "--child", kind, "--folder", folder]
    return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)


async def run_hub(address, folder):
    """Be the worker of the hub, until killed."""
    from hub import bootstrap, log
    from hub.config import settings
    from hub.data_folder import running
    from hub.working import work

    log.configure(json=True, level="warning")
    passwords = {
        "SEINHUIS_BROKER_PASSWORD": address.password,
        "SEINHUIS_SEALER_PASSWORD": running(folder / "broker", "sealer").password,
        "SEINHUIS_SEAL": os.environ["SEINHUIS_SEAL"],
    }
    chosen = settings(passwords, broker=address.url, worker="bench", data=folder / "hub")
    async with bootstrap.start(chosen) as hub:
        await work(hub, asyncio.Event())


async def run_naive(address, _):
    """Be a FastStream handler that does the same job one await after another, until killed."""
    from faststream import FastStream
    from faststream.redis import RedisBroker, StreamSub
    from faststream.security import SASLPlaintext

    from handlers.routing import decide
    from hub import bootstrap, planning
    from hub.config import settings
    from hub.ports import Entry
    from hub.stores import keys
    from hub.stores.connection import connect

    book = bootstrap.rulebook(settings({}))
    redis = await connect(address.url, address.user, address.password)
    security = SASLPlaintext(address.user, address.password)
    broker = RedisBroker(address.url, security=security, logger=None, apply_types=False)
    for shard in FOUR:
        try:
            await redis.xgroup_create(keys.intake(shard), GROUP, "0", mkstream=True)
        except Exception as error:
            if "BUSYGROUP" not in str(error):
                raise

    async def parser(message, original):
        parsed = await original({**message, "data": {b"__data__": b"{}"}})
        parsed.raw_message = message
        return parsed

    async def body(message):
        return message.raw_message["data"][b"event"]

    def subscribe(shard):
        async def handle(raw):
            at = bootstrap.now()
            entry = Entry("0-0", "", raw)
            read = planning.read(entry, book, shard)
            decision = decide(read.event, book, at)
            step = planning.routed(shard, entry, read.event, decision, shard)
            if not await redis.set(keys.seen(shard, step.message), "", nx=True, ex=86_400):
                return
            for copy in step.copies:
                fields = {
                    "message": copy.message, "type": copy.type, "rule": copy.rule,
                    "sender": copy.sender, "urgency": copy.urgency,
                    "deadline": copy.deadline.isoformat(), "retain": copy.retain_until,
                    "copy": copy.content,
                }  # fmt: skip
                await redis.xadd(keys.inbox(shard, copy.party), fields)
            await redis.xadd(keys.audit(shard), {"record": step.record})

        broker.subscriber(
            stream=StreamSub(keys.intake(shard), group=GROUP, consumer="n", max_records=100),
            parser=parser,
            decoder=body,
        )(handle)

    for shard in FOUR:
        subscribe(shard)
    await FastStream(broker, logger=None).run()


async def throughput(kind, count):
    """Return (events a second, copies per event) of one round."""
    with tempfile.TemporaryDirectory() as folder, a_broker(folder) as broker:
        sent = await load(broker.address(), count)
        worker = child(kind, folder)
        try:
            seconds, copies = await drained(worker, broker.address(), sent)
        finally:
            worker.kill()
            worker.wait()
        return count / seconds, copies


async def latency(kind, rate, seconds):
    """Return the latencies (ms) from XADD to visible in the inbox, at Poisson arrivals.

    Measured from when an event was due, so that a stall counts for every event behind it.
    """
    from hub.stores import keys
    from hub.stores.connection import connect
    from schemas.identifiers import message_ref

    with tempfile.TemporaryDirectory() as folder, a_broker(folder) as broker:
        address = broker.address()
        sent = await load(address, 200)  # warm: imports, first batches
        worker = child(kind, folder)
        try:
            await drained(worker, address, sent)
            await asyncio.sleep(0.5)
            writer = await connect(address.url, address.user, address.password)
            reader = await connect(address.url, address.user, address.password)
            due, seen = {}, {}
            inbox = keys.inbox("liv", "gm0363")
            template = json.loads((EXAMPLES / f"{FOUR['liv']}.json").read_bytes())
            template["data"]["gemeentecode"] = "0363"
            stop = asyncio.Event()

            async def read():
                last = "$"
                while not stop.is_set():
                    found = await reader.xread({inbox: last}, block=200, count=500)
                    for _, page in found:
                        moment = time.perf_counter()
                        for entry, fields in page:
                            last = entry
                            seen[fields[b"message"].decode()] = moment

            reading = asyncio.create_task(read())
            await asyncio.sleep(0.3)
            start, offset, number = time.perf_counter(), 0.0, 0
            pending = set()
            random.seed(1)
            room = asyncio.Semaphore(50)  # connections of the writer; waiting counts as latency

            async def write(raw):
                async with room:
                    await writer.xadd(keys.intake("liv"), {"event": raw})

            while offset < seconds:
                offset += random.expovariate(rate)
                wait = start + offset - time.perf_counter()
                if wait > 0:
                    await asyncio.sleep(wait)
                event_id = f"lat-{number}"
                number += 1
                due[message_ref(template["source"], event_id)] = start + offset
                raw = json.dumps({**template, "id": event_id}).encode()
                task = asyncio.create_task(write(raw))
                pending.add(task)
                task.add_done_callback(pending.discard)
            await asyncio.gather(*pending)
            for _ in range(200):
                if len(seen) >= len(due):
                    break
                await asyncio.sleep(0.05)
            stop.set()
            await reading
            await writer.aclose()
            await reader.aclose()
        finally:
            worker.kill()
            worker.wait()
        missing = len(due) - len(seen)
        return [(seen[key] - due[key]) * 1_000 for key in seen], missing


def percentile(values, share):
    """Return the value below which `share` of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def commit():
    """Return the commit that was measured."""
    command = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.check_output(command, cwd=REPO, text=True).strip()


async def main(options):
    """Run the rounds, interleaved, and print what came out."""
    rates = {"hub": [], "naive": []}
    copies = 0.0
    for number in range(options.rounds):
        for kind, found_before in rates.items():
            count = options.events if kind == "hub" else max(400, options.events // 10)
            found, copies = await throughput(kind, count)
            found_before.append(found)
            if not options.json:
                print(f"round {number + 1} {kind:6} {found:9.0f} events/s", flush=True)
    waits = {}
    for kind in rates:
        waits[kind], missing = await latency(kind, options.rate, options.seconds)
        if missing:
            raise SystemExit(f"{missing} events never arrived")
    result = {
        "machine": f"{os.cpu_count()} cores {os.uname().machine}, {sys.version.split()[0]}",
        "commit": commit(),
        "appendfsync": "always",
        "copies": "hub: sealed, each under a key of its own; naive: in the clear",
        "records_sealed_meanwhile": os.environ["SEINHUIS_SEAL"] == "1",
        "copies_per_event": round(copies, 2),
        "events_per_second": {
            kind: {
                "median": round(statistics.median(found)),
                "min": round(min(found)),
                "max": round(max(found)),
            }
            for kind, found in rates.items()
        },
        "ratio": round(statistics.median(rates["hub"]) / statistics.median(rates["naive"]), 1),
        "latency_ms": {
            kind: {
                "rate": options.rate,
                "n": len(found),
                "p50": round(percentile(found, 0.50), 2),
                "p99": round(percentile(found, 0.99), 2),
                "max": round(max(found), 1),
            }
            for kind, found in waits.items()
        },
    }  # fmt: skip
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=20_000, help="preloaded for each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", type=int, default=200, help="events a second for the latency")
    parser.add_argument("--seconds", type=int, default=8, help="of the latency measurement")
    parser.add_argument("--json", action="store_true", help="nothing but the result")
    parser.add_argument("--no-seal", action="store_true", help="no sealer in the hub's process")
    parser.add_argument("--child", choices=["hub", "naive"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        from hub.data_folder import running

        where = running(Path(chosen.folder) / "broker")
        try:
            import uvloop

            runner = uvloop.run
        except ImportError:
            runner = asyncio.run
        runner({"hub": run_hub, "naive": run_naive}[chosen.child](where, Path(chosen.folder)))
    else:
        os.environ["SEINHUIS_SEAL"] = "0" if chosen.no_seal else "1"
        asyncio.run(main(chosen))
