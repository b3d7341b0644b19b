"""A ledger that grows: what sealing a record costs in it, and what asking it costs."""

import re
import shutil
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from kit.load import REPO

_MESSAGE = re.compile(rb'(?<="id":")[0-9a-f]{32}(?=")')
_TEMPLATES = 2_000


def grown(sizes, count):
    """Yield (size, figures) for an SQLite ledger of each size, the smallest first.

    At each size: `count` further records sealed, then one of the messages in it looked up, and a
    receipt made for it.
    """
    folder = Path(tempfile.mkdtemp(prefix="seinhuis-ledger-"))
    try:
        yield from _grown(folder, sizes, count)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _grown(folder, sizes, count):
    from hub.ledger.database import open_ledger
    from hub.ledger.migrations import migrate
    from hub.ledger.publish import Publisher
    from hub.ledger.sealer import LogKeys, Parts, Sealer
    from hub.proof.notes import Ed25519Signer

    engine = open_ledger(f"sqlite:///{folder / 'ledger.db'}")
    migrate(engine)
    signer = Ed25519Signer("seinhuis.example/benchmark", bytes(32))
    keys = (str(signer.verifier),)
    source = _Source()
    parts = Parts(
        engine=engine,
        source=source,
        publisher=Publisher(folder / "log", engine, lambda: keys),
        keys=lambda: LogKeys(signer, keys),
        clock=lambda: datetime.now(UTC),
        shards=source.shards,
        holder="benchmark",
    )
    sealer = Sealer(parts)
    sealer.round()  # the lease, and a look at everything
    done = 0
    for size in sizes:
        done += _seal(sealer, source, size - done)
        begun, own = time.perf_counter(), time.process_time()
        done += _seal(sealer, source, count)
        seconds, cpu = time.perf_counter() - begun, time.process_time() - own
        file = (folder / "ledger.db").stat().st_size
        yield (
            size,
            {
                "seal_us": round(seconds / count * 1e6, 1),
                "seal_cpu_us": round(cpu / count * 1e6, 1),
                "bytes_a_record": round(file / done),
                **_asked(engine, source, signer),
            },
        )
    sealer.close()
    engine.dispose()


def _seal(sealer, source, count):
    source.offer(count)
    sealed = 0
    while sealed < count:
        found = sealer.round()
        if not found:
            raise SystemExit("the sealer does not take the records: nothing was measured")
        sealed += found
    return sealed


def _asked(engine, source, signer):
    """Return how long the story of a message, and a receipt of it, take (ms, medians)."""
    from hub.ledger import proving, tracing
    from hub.ledger.database import reading

    stories, receipts = [], []
    with reading(engine) as connection:
        for number in range(0, source.offered, max(1, source.offered // 40)):
            message = source.message(number)
            begun = time.perf_counter()
            if not tracing.story(connection, message).lines:
                raise SystemExit("a sealed message is not in the ledger: nothing was measured")
            between = time.perf_counter()
            if not list(proving.receipts(connection, proving.about(message), (signer.verifier,))):
                raise SystemExit("a sealed record has no receipt: nothing was measured")
            stories.append(between - begun)
            receipts.append(time.perf_counter() - between)
    return {
        "story_ms": round(statistics.median(stories) * 1e3, 2),
        "receipt_ms": round(statistics.median(receipts) * 1e3, 2),
    }


class _Source:
    """Audit streams that never end: the records of a simulation again and again, with new ids."""

    def __init__(self):
        import asyncio
        import sys

        sys.path.insert(0, str(REPO / "benchmarks"))
        from sealing import made

        templates = [
            (shard, record, person)
            for shard, record, person in asyncio.run(made(_TEMPLATES))
            if b'"decided"' in record and _MESSAGE.search(record)
        ]
        self._by_shard = {}
        for shard, record, person in templates:
            self._by_shard.setdefault(shard, []).append((record, person))
        self.shards = tuple(sorted(self._by_shard))
        self.offered = 0
        self._heads = dict.fromkeys(self.shards, 0)
        self._marks = dict.fromkeys(self.shards, 0)

    def offer(self, count):
        """Let so many further records be there, spread over the shards."""
        self.offered += count
        whole, rest = divmod(self.offered, len(self.shards))
        for number, shard in enumerate(self.shards):
            self._heads[shard] = whole + (number < rest)

    def message(self, number):
        """Return the message of the record that is about the `number`th of its shard."""
        whole, place = divmod(number, len(self.shards))
        return _MESSAGE.search(self._record(self.shards[place], whole + 1)[0])[0].decode()

    def _record(self, shard, seq):
        records = self._by_shard[shard]
        record, person = records[seq % len(records)]
        name = b"%08x%024x" % (self.shards.index(shard), seq)
        return _MESSAGE.sub(name, record, count=1), person

    def read(self, after, count):
        from hub.ledger.source import AuditEntry, Reading, ShardRead

        shards = {}
        for shard, last in after.items():
            first = int(last.partition("-")[0])
            head = self._heads[shard]
            seqs = range(first + 1, min(head, first + count) + 1)
            page = tuple(AuditEntry(f"{s}-0", s, *self._record(shard, s)) for s in seqs)
            shards[shard] = ShardRead(page, head, self._marks[shard], len(page) >= count)
        return Reading(max(self._heads.values()) + 1_000, shards)

    def sealed(self, shards):
        return {shard: self._marks[shard] for shard in shards}

    def mark(self, sealed, at_ms):  # noqa: ARG002 - the broker keeps the moment too
        self._marks |= sealed  # a source that forgot would count as set back, and be read anew

    def trim(self, below):
        pass

    def config(self, digest):  # noqa: ARG002 - the sealer asks; there is none
        return None

    def close(self):
        pass
