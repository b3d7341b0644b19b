"""A hub on a store of choice that checks its own books, and a store that dies where it is told.

`Hub.story()` verifies the books each time it is asked: a test cannot pass on broken ones.
"""

import inspect
import json
from collections import Counter
from datetime import UTC, datetime, timedelta

from hub.desk import Desk
from hub.late_corrections import LateCorrections
from hub.pipeline import Pipeline
from hub.pseudonyms import Pseudonyms
from hub.steps import Queue
from hub.stores.memory import MemoryStore
from schemas.identifiers import message_ref, oin_of
from schemas.problems import InvalidEvent
from schemas.reading import parse
from schemas.record_words import out_of_vocabulary
from schemas.records import Record
from tests.builders import as_bytes
from tests.config_builders import NOW

LONG_ENOUGH = 6
"""Of a value this long, no part of a record may hold it; of a shorter one, no word may be it."""


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

    def __init__(self, book, store=None, pseudonyms=None):
        self.book = book
        self.store = store or MemoryStore()
        self.now = NOW
        self.pseudonyms = pseudonyms or Pseudonyms([("pseudonym.1", bytes(32))])
        self.pipeline = self.pipeline_on(self.store)
        self.sent = []
        self.events = []

    def clock(self):
        """Return the moment of this hub."""
        return self.now

    def later(self, **time):
        """Let time pass."""
        self.now += timedelta(**time)

    def pipeline_on(self, store):
        """Return a pipeline of this hub on another store: one that dies, say."""
        return Pipeline(store, self.book, self.clock, self.pseudonyms)

    def desk(self, store=None):
        """Return the desk of an operator."""
        return Desk(store or self.store, self.book, self.clock, "operator", self.pseudonyms)

    def late(self, store=None):
        """Return what applies held corrections."""
        return LateCorrections(store or self.store, self.book, self.clock, self.pseudonyms)

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
        self.events.append(raw)
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
        persons = self._persons()
        values = personal_values(self.events)
        for entry in entries:  # the hub makes them without the model; here they are held to it
            Record.model_validate_json(entry.record)
            record = json.loads(entry.record)
            assert b"null" not in entry.record, "what is absent is left out"
            assert [] == out_of_vocabulary(record), record["event"]
            assert [] == [kind for kind, value in values if holds(entry.record, value)], record
            message = record["object"]["id"].rpartition(":")[2]
            if record["object"]["kind"] == "delivery":  # by an act, which has a person of its own
                assert entry.person in persons.values()
            elif message in persons:
                assert persons[message] == entry.person
        return [json.loads(entry.record) for entry in entries]

    def _persons(self):
        """Return message -> the personal part that each record about it must have beside it."""
        persons = {}
        for raw in self.events:
            try:
                event = parse(raw, self.book.prefix)
            except InvalidEvent:
                continue
            ref = message_ref(event.source, event.id)
            persons[ref] = self.pseudonyms.of(event)
        return persons

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
                offered = (record["event"], record["result"]) == ("redelivered", "offered")
                if "verdicts" in record or record["event"] == "discarded" or offered:
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


def personal_values(events):
    """Return (what it is, value) of everything of a person or a case in what was sent."""
    found = set()
    for raw in events:
        try:
            event = json.loads(raw)
        except ValueError:
            continue
        data = event["data"]
        person = data.get("betrokkene", {})
        values = {
            **{name: event.get(name) for name in ("id", "correlationid", "causationid")},
            **{name: data.get(name) for name in ("meldingId", "betrokkeneRef", "omschrijving")},
            **{name: person.get(name) for name in ("bsn", "naam", "geboortedatum")},
        }
        found |= {(kind, value) for kind, value in values.items() if isinstance(value, str)}
    return found


def holds(record, value):
    """Whether the bytes of a record hold a value; a short one only as a whole word of JSON."""
    return (value if len(value) >= LONG_ENOUGH else f'"{value}"').encode() in record


def at(text):
    """Return a moment, UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
