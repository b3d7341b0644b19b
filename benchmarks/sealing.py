"""How many records a second does one sealer take into the ledger, and how large is one there?

    python benchmarks/sealing.py [--records 20000] [--rounds 3] [--postgres]
                                 [--rate 200] [--seconds 10] [--json]

Records are those of the real pipeline, on simulated traffic by the real role config, pseudonyms
included. The audit streams are in memory, so that the ledger alone is measured: leaves, tree,
checkpoint, read model, one durable transaction for 500 records, and the published folder with its
own flushes. `--postgres` starts Debian's PostgreSQL beside it, on a unix socket. Rounds are
interleaved, medians are given.

Then the delay: records are written to an embedded broker at `--rate` a second (Poisson) for
`--seconds`, and a sealer runs beside it, as in `seinhuis up`. It is the time from when a record was
written until its shard is marked as sealed: in the ledger, under a signed checkpoint, published.
"""

import argparse
import asyncio
import bisect
import contextlib
import json
import os
import platform
import random
import shutil
import statistics
import sys
import tempfile
import threading
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path

REPO = Path(__file__).parent.parent
sys.path.insert(0, str(REPO))

START = datetime(2026, 11, 23, 8, tzinfo=UTC)


async def made(count):
    """Return `count` (shard, record, person), as the hub writes them."""
    from hub import bootstrap
    from hub.config import settings
    from hub.pipeline import Pipeline
    from hub.pseudonyms import Pseudonyms
    from hub.simulation import generate
    from hub.stores.memory import MemoryStore
    from schemas.identifiers import oin_of

    book = bootstrap.rulebook(settings({}))
    store = MemoryStore(unsealed_max=10**9, unsealed_ms=10**12, inbox_cap=10**9)
    await store.prepare(book.shards())
    now = [START]
    pipeline = Pipeline(store, book, lambda: now[0], Pseudonyms([("pseudonym.1", bytes(32))]))
    for moment, _, event in generate(book, 7, count, START):
        now[0] = moment
        party = book.by_oin[oin_of(event["source"])]
        raw = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
        await store.submit(party.shard, raw, party.intake)
        entries = await store.take(party.shard, (party.intake,), "w", 10, 0)
        await pipeline.run(party.shard, entries)
    found = []
    for shard in book.shards():
        after = "-"
        while page := await store.records(shard, after, 1_000):
            found += [(shard, each.record, each.person) for each in page]
            after = page[-1].id
    # In the order of time, as they came.
    return sorted(found, key=lambda each: each[1][:40])[:count]


def a_source(records):
    """Return the records as audit streams in memory, quick to read."""
    from hub.ledger.source import MemorySource, Reading, ShardRead, order

    source = MemorySource()
    for shard, record, person in records:
        source.append(shard, record, person)
    places = {s: [order(e.id) for e in entries] for s, entries in source.streams.items()}

    def read(after, count):
        shards = {}
        for shard, last in after.items():
            first = bisect.bisect_right(places[shard], order(last))
            page = tuple(source.streams[shard][first : first + count])
            shards[shard] = ShardRead(page, source.heads[shard], len(page) >= count)
        return Reading(source.now_ms, shards)

    source.read = read
    return source


def sealed(url, folder, records):
    """Seal all records into an empty ledger; return (seconds, bytes of the database)."""
    from sqlalchemy import func, select, text

    from hub.ledger.database import open_ledger, reading
    from hub.ledger.migrations import migrate
    from hub.ledger.publish import Publisher
    from hub.ledger.sealer import LogKeys, Parts, Sealer
    from hub.proof.notes import Ed25519Signer

    engine = open_ledger(url)
    migrate(engine)
    signer = Ed25519Signer("seinhuis.example/benchmark", bytes(32))
    keys = (str(signer.verifier),)
    source = a_source(records)
    publisher = Publisher(folder / "log", engine, lambda: keys)
    sealer = Sealer(
        Parts(
            engine=engine,
            source=source,
            publisher=publisher,
            keys=lambda: LogKeys(signer, keys),
            clock=lambda: datetime.now(UTC),
            shards=tuple(source.streams),
            holder="benchmark",
        )
    )
    sealer.round()  # the lease, and a look at everything
    begin, done = time.perf_counter(), 0
    while count := sealer.round():
        done += count
    seconds = time.perf_counter() - begin
    sealer.close()
    with reading(engine) as connection:
        from hub.ledger.tables import records as table

        rows = connection.scalar(select(func.count()).select_from(table))
        plain = connection.scalar(
            select(func.sum(func.length(table.c.record) + func.length(table.c.commitment)))
        )
        plain += rows * 16 + (connection.scalar(select(func.sum(func.length(table.c.person)))) or 0)
        if engine.dialect.name == "postgresql":
            size = connection.scalar(text("SELECT pg_database_size(current_database())"))
            size -= EMPTY_POSTGRESQL
    if len(records) > rows:
        raise SystemExit(f"only {rows} of {len(records)} records were sealed")
    engine.dispose()  # SQLite: the last connection takes the write-ahead log into the file
    if engine.dialect.name != "postgresql":
        size = Path(engine.url.database).stat().st_size
    return done / seconds, plain / rows, size / rows


def delays(url, folder, records, rate, seconds):
    """Return how long each record waited for its seal, in seconds, sorted."""
    from contextlib import closing

    import redis

    from hub.embedded import EmbeddedBroker
    from hub.ledger.database import open_ledger
    from hub.ledger.migrations import migrate
    from hub.ledger.publish import Publisher
    from hub.ledger.sealer import LogKeys, Parts, Sealer
    from hub.ledger.valkey_source import ValkeySource
    from hub.proof.notes import Ed25519Signer
    from hub.stores import keys as names

    engine = open_ledger(url)
    migrate(engine)
    signer = Ed25519Signer("seinhuis.example/benchmark", bytes(32))
    keys = (str(signer.verifier),)
    dice, stop, written, sealed = random.Random(1), threading.Event(), {}, {}
    with EmbeddedBroker(folder / "data") as broker:
        address = broker.address("sealer")
        parts = Parts(
            engine=engine,
            source=ValkeySource(address.url, address.user, address.password),
            publisher=Publisher(folder / "log", engine, lambda: keys),
            keys=lambda: LogKeys(signer, keys),
            clock=lambda: datetime.now(UTC),
            shards=("bench",),
            holder="benchmark",
        )
        sealing = threading.Thread(target=Sealer(parts).run, args=(stop,))
        sealing.start()
        hub = broker.address()
        login = {"username": hub.user, "password": hub.password}

        def watch():
            with closing(redis.Redis.from_url(hub.url, **login)) as client:
                while not stop.is_set():
                    seq = int(client.hget(names.sealed("bench"), "seq") or 0)
                    now = time.perf_counter()
                    for each in range(len(sealed) + 1, seq + 1):
                        sealed[each] = now
                    time.sleep(0.002)

        watching = threading.Thread(target=watch)
        watching.start()
        try:
            with closing(redis.Redis.from_url(hub.url, **login)) as client:
                due, end, number = time.perf_counter(), time.perf_counter() + seconds, 0
                while due < end:
                    time.sleep(max(0.0, due - time.perf_counter()))
                    _, record, person = records[number % len(records)]
                    number += 1
                    fields = {"seq": number, "record": record, "person": person}
                    client.xadd(names.audit("bench"), fields)
                    client.hset(names.head("bench"), "seq", number)  # after it: else it is a gap
                    written[number] = time.perf_counter()
                    due += dice.expovariate(rate)
            while len(sealed) < number and sealing.is_alive():
                time.sleep(0.01)
        finally:  # or the threads would keep what failed from ending
            stop.set()
            sealing.join()
            watching.join()
            parts.source.close()
    engine.dispose()
    return sorted(sealed[each] - written[each] for each in written)


EMPTY_POSTGRESQL = 7_600_000
"""Bytes of a PostgreSQL 15 database without a table, about: its own catalogue."""


def a_server():
    """Start PostgreSQL; a context manager that gives the folder with its socket."""
    from tests.ledger_fixtures import postgresql_binaries, running_postgresql

    binaries = postgresql_binaries()
    if binaries is None:
        raise SystemExit("no PostgreSQL: apt-get install postgresql")
    return running_postgresql(binaries)


@contextlib.contextmanager
def a_place(kind, server):
    """Give the URL of an empty database, and a folder for the rest."""
    import sqlalchemy

    folder = Path(tempfile.mkdtemp(prefix="sealing-"))
    url = f"sqlite:///{folder / 'ledger.db'}"
    if kind == "postgresql":
        from tests.ledger_fixtures import postgresql_address

        name = f"t{uuid.uuid4().hex}"
        admin = sqlalchemy.create_engine(
            postgresql_address(server, "postgres"), isolation_level="AUTOCOMMIT"
        )
        with admin.connect() as connection:
            connection.execute(sqlalchemy.text(f"CREATE DATABASE {name}"))
        admin.dispose()
        url = postgresql_address(server, name)
    yield url, folder
    shutil.rmtree(folder)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--records", type=int, default=20_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--postgres", action="store_true", help="also on Debian's PostgreSQL")
    options.add_argument("--rate", type=float, default=200.0)
    options.add_argument("--seconds", type=float, default=10.0)
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    from hub import log

    log.configure(json=True, level="error")
    records = asyncio.run(made(chosen.records))
    results = {}
    waits = {}
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(a_server()) if chosen.postgres else None
        kinds = ["sqlite", *(["postgresql"] if server else [])]
        for _ in range(chosen.rounds):
            for kind in kinds:
                with a_place(kind, server) as (url, folder):
                    results.setdefault(kind, []).append(sealed(url, folder, records))
        for kind in kinds:
            with a_place(kind, server) as (url, folder):
                waits[kind] = delays(url, folder, records, chosen.rate, chosen.seconds)
    report = {
        name: {
            "records a second": [round(r[0]) for r in rounds],
            "median": round(statistics.median(r[0] for r in rounds)),
            "bytes a record": round(statistics.median(r[1] for r in rounds)),
            "bytes of the whole database a record": round(statistics.median(r[2] for r in rounds)),
        }
        | {
            "seal delay ms (p50, p99, max)": [
                round(waits[name][int(share * (len(waits[name]) - 1))] * 1_000, 1)
                for share in (0.5, 0.99, 1.0)
            ]
        }
        for name, rounds in results.items()
    }
    if chosen.json:
        print(json.dumps(report))
        return
    print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")
    for name, figures in report.items():
        print(f"{name}: {figures}")


if __name__ == "__main__":
    main()
