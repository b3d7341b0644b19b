"""How many records a second does one sealer take into the ledger, and how large is one there?

    python benchmarks/sealing.py [--records 20000] [--rounds 3] [--postgres] [--json]

Records are those of the real pipeline, on simulated traffic by the real role config, pseudonyms
included. The audit streams are in memory, so that the ledger alone is measured: leaves, tree,
checkpoint, read model, one durable transaction for 500 records, and the published folder with its
own flushes. `--postgres` starts Debian's PostgreSQL beside it, on a unix socket. Rounds are
interleaved, medians are given. Then the published folder is checked against the database.
"""

import argparse
import asyncio
import bisect
import contextlib
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
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
        else:
            size = Path(engine.url.database).stat().st_size
    if len(records) > rows:
        raise SystemExit(f"only {rows} of {len(records)} records were sealed")
    engine.dispose()
    return done / seconds, plain / rows, size / rows


EMPTY_POSTGRESQL = 7_600_000
"""Bytes of a PostgreSQL 15 database without a table, about: its own catalogue."""


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--records", type=int, default=20_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--postgres", action="store_true", help="also on Debian's PostgreSQL")
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    from hub import log

    log.configure(json=True, level="error")
    records = asyncio.run(made(chosen.records))
    results = {}
    with contextlib.ExitStack() as stack:
        server = None
        if chosen.postgres:
            from tests.ledger_fixtures import (
                postgresql_address,
                postgresql_binaries,
                running_postgresql,
            )

            binaries = postgresql_binaries()
            if binaries is None:
                raise SystemExit("no PostgreSQL: apt-get install postgresql")
            server = stack.enter_context(running_postgresql(binaries))
        for _ in range(chosen.rounds):
            folder = Path(tempfile.mkdtemp(prefix="sealing-"))
            results.setdefault("sqlite", []).append(
                sealed(f"sqlite:///{folder / 'ledger.db'}", folder, records)
            )
            shutil.rmtree(folder)
            if server:
                folder = Path(tempfile.mkdtemp(prefix="sealing-"))
                name = f"t{uuid.uuid4().hex}"
                import sqlalchemy

                admin = sqlalchemy.create_engine(
                    postgresql_address(server, "postgres"), isolation_level="AUTOCOMMIT"
                )
                with admin.connect() as connection:
                    connection.execute(sqlalchemy.text(f"CREATE DATABASE {name}"))
                admin.dispose()
                results.setdefault("postgresql", []).append(
                    sealed(postgresql_address(server, name), folder, records)
                )
                shutil.rmtree(folder)
    report = {
        name: {
            "records a second": [round(r[0]) for r in rounds],
            "median": round(statistics.median(r[0] for r in rounds)),
            "bytes a record": round(statistics.median(r[1] for r in rounds)),
            "bytes of the whole database a record": round(statistics.median(r[2] for r in rounds)),
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
