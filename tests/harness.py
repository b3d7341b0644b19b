"""A hub on a store of choice that checks its own books, and a store that dies where it is told.

`Hub.story()` verifies the books each time it is asked: a test cannot pass on broken ones.
"""

import inspect
import json
from collections import Counter
from datetime import UTC, datetime, timedelta

from hub.desk import Desk
from hub.pipeline import Pipeline
from hub.ports import Queue
from hub.stores.memory import MemoryStore
from schemas.identifiers import oin_of
from schemas.records import Record
from tests.builders import as_bytes
from tests.config_builders import NOW


class Crash(BaseException):
    """The process dies here. No handler of ours may catch it, so it is no Exception."""


class DyingStore:
    """A store that dies before or after its call number `at`; before: nothing was done."""

    def __init__(self, store, at, *, after):
        self._store, self._at, self._after, self.calls = store, at, after, 0

    def __getattr__(self, name):
        method = getattr(self._store, name)
        if not inspect.iscoroutinefunction(method):
            return method

        async def call(*args, **kwargs):
            self.calls += 1
            if self.calls == self._at and not self._after:
                raise Crash
            result = await method(*args, **kwargs)
            if self.calls == self._at:
                raise Crash
            return result

        return call


class Hub:
    """Intake, pipeline and desk on one store, driven by hand; time stands still unless moved."""

    def __init__(self, book, store=None):
        self.book = book
        self.store = store or MemoryStore()
        self.now = NOW
        self.pipeline = Pipeline(self.store, book, self.clock)
        self.sent = []

    def clock(self):
        """Return the moment of this hub."""
        return self.now

    def later(self, **time):
        """Let time pass."""
        self.now += timedelta(**time)

    def desk(self):
        """Return the desk of an operator."""
        return Desk(self.store, self.book, self.clock, "operator")

    def place_of(self, event):
        """Return the shard and the intake of the event's sender."""
        party = self.book.by_oin[oin_of(event["source"])]
        return party.shard, party.intake

    async def submit(self, event, *, shard=None, intake=""):
        """Put an event (or bytes) on its intake, as a partner would."""
        raw = event if isinstance(event, bytes) else as_bytes(event)
        if shard is None:
            shard, intake = self.place_of(event)
        entry = await self.store.submit(shard, raw, intake)
        self.sent.append((shard, entry))
        return entry

    async def work(self, pipeline=None):
        """Take everything that waits through, as a worker that starts afresh would."""
        for shard, intakes in self.book.shards().items():
            while True:
                entries = await self.store.reclaim(shard, intakes, "worker", 0, 100)
                entries = entries or await self.store.take(shard, intakes, "worker", 100, 0)
                if not entries:
                    break
                await (pipeline or self.pipeline).run(shard, entries)

    async def send(self, *events):
        """Send and work."""
        for event in events:
            await self.submit(event)
        await self.work()

    async def inbox(self, party):
        """Return all copies and notices of a party, over all shards, oldest first."""
        found = []
        for shard in self.book.shards():
            found += await self.store.inbox(shard, party, count=10_000)
        return sorted(found, key=lambda entry: tuple(map(int, entry.id.split("-"))))

    async def copies(self, party):
        """Return the copies of a party, without notices, as data."""
        return [json.loads(e.content) for e in await self.inbox(party) if e.sender != "hub"]

    async def notices(self, party):
        """Return the notices to a party: (type, data)."""
        return [
            (e.type, json.loads(e.content)["data"])
            for e in await self.inbox(party)
            if e.sender == "hub"
        ]

    async def records(self, shard):
        """Return the records of a shard as data, each checked, and `seq` without a gap."""
        entries = await self.store.records(shard, count=10_000)
        assert list(range(1, len(entries) + 1)) == [entry.seq for entry in entries]
        for entry in entries:  # the hub makes them without the model; here they are held to it
            Record.model_validate_json(entry.record)
        return [json.loads(entry.record) for entry in entries]

    async def story(self, shard="ind"):
        """Return the records of a shard as readable lines."""
        lines = []
        for record in await self.records(shard):
            parts = [record["event"], record["result"], record.get("party") or ""]
            lines.append(" ".join(filter(None, parts)))
            lines += [
                "  " + " ".join(filter(None, (v["outcome"], v.get("party"), v.get("reason"))))
                for v in record.get("verdicts", ())
            ]
        return lines

    async def check_books(self):
        """Check that nothing was lost and nothing doubled; return how much was delivered.

        Every intake is empty; every forward on record is one copy in one inbox; every copy has a
        forward, a passing on, or a notice behind it. What the last word on a message holds, still
        waits; so a hold ends in a copy or a discard, and never vanishes.
        """
        expected, actual = Counter(), Counter()
        parties = [party.id for party in self.book.parties.values() if party.has_inbox]
        for shard, intakes in self.book.shards().items():
            depths = await self.store.depths(shard, intakes)
            assert (0, 0) == (depths["intake"], depths["pending"]), shard
            last_word = {}
            for record in await self.records(shard):
                for verdict in record.get("verdicts", ()):
                    if verdict["outcome"] == "forward":
                        expected[verdict["party"], record["object"]["id"]] += 1
                if record["event"] == "forwarded":  # passed on by who has it
                    expected[record["party"], record["object"]["id"].partition(":")[2]] += 1
                if "verdicts" in record or record["event"] == "discarded":
                    last_word[record["object"]["id"]] = record.get("verdicts", ())
            on_record = Counter(
                (message, v["rule"], v["role"], v.get("party") or v.get("detail"))
                for message, verdicts in last_word.items()
                for v in verdicts
                if v["outcome"] == "hold"
            )
            waiting = Counter(
                (entry.parked.message, r["rule"], r["role"], r["party"] or r["detail"] or None)
                for entry, reasons in await self.parked("held", shard)
                for r in reasons
            )
            assert on_record == waiting, shard
            for party in parties:
                for entry in await self.store.inbox(shard, party, count=10_000):
                    if entry.sender != "hub":
                        actual[party, entry.message] += 1
        assert expected == actual
        assert all(count == 1 for count in actual.values())
        return sum(actual.values())

    async def parked(self, queue, shard="ind"):
        """Return what waits in a queue of a shard, with its reasons as data."""
        return [
            (entry, json.loads(entry.parked.reasons))
            for entry in await self.store.parked(shard, Queue(queue), count=10_000)
        ]


def at(text):
    """Return a moment, UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
