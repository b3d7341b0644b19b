"""A sealed hub whose terms can pass: the job of retention on it, and what is left afterwards."""

import json
from datetime import timedelta

from sqlalchemy import select
from structlog.testing import capture_logs

from hub.ledger.database import reading
from hub.ledger.tables import records, subjects
from hub.retention.job import Retention
from hub.retention.pending import Pending
from hub.steps import Queue
from tests.audit_ledger import SealedHub, the_signal
from tests.config_builders import NOW

QUIET = 100
"""Days after which every term of the small config is over, but that of the log."""

LONG = 4_000
"""Days after which that is over too."""


class NoFiles:
    """A broker in memory: it has no file, and what waits on its intakes is what a test says."""

    def __init__(self):
        self.stuck, self.rewrites = {}, 0

    async def waiting(self, shards):  # noqa: ARG002 - as the port has it
        return self.stuck

    async def rewrite(self):
        self.rewrites += 1
        return True


class Retained(SealedHub):
    """A hub with its ledger, and the job of retention on both."""

    def __post_init__(self):
        super().__post_init__()
        self.files = NoFiles()
        self.logged = []

    def job(self, store=None):
        """The job, on the store of the hub or on one that dies."""
        pending = Pending(self.data / "retention.json")
        store = store or self.hub.store
        return Retention(store, self.engine, self.hub.book, self.hub.clock, self.files, pending)

    async def run(self, days=QUIET, store=None, at=None):
        """Run the job so many days on, or at a moment, and seal what it put on record."""
        await self.seal()
        self.hub.now = at or in_days(days)
        with capture_logs() as logs:
            report = await self.job(store).run(self.hub.now)
        self.logged += logs
        await self.seal()
        return report

    async def plan(self, days=QUIET):
        """What the job would do so many days on."""
        await self.seal()
        return await self.job().plan(in_days(days))

    async def messages(self, party):
        """What lies in the inbox of a party: copies only."""
        return [entry.message for entry in await self.hub.inbox(party) if not entry.notice]

    async def said(self, *events, shard="ind"):
        """The records of these events, as (event, result, object kind), in order."""
        found = await self.hub.store.records(shard, count=10_000)
        said = [json.loads(entry.record) for entry in found]
        return [
            (r["event"], r["result"], r["object"]["kind"]) for r in said if r["event"] in events
        ]

    async def waiting(self, queue="held", shard="ind"):
        """The entries that wait for a person."""
        return await self.hub.store.parked(shard, Queue(queue), count=1_000)

    def persons(self):
        """Return how many records still have a salt, and the tokens by which they are found."""
        with reading(self.engine) as connection:
            salted = connection.scalars(
                select(records.c.position).where(records.c.salt.is_not(None))
            )
            tokens = connection.scalars(select(subjects.c.token))
            return list(salted), set(tokens)

    def sealed(self):
        """Return every record of the log, as bytes, in order."""
        with reading(self.engine) as connection:
            return list(connection.scalars(select(records.c.record).order_by(records.c.position)))

    def alarms(self, *events):
        """What was logged under these names."""
        return [each for each in self.logged if each["event"] in events]


def in_days(days):
    """The moment so many days after that of the hub."""
    return NOW + timedelta(days=days)


def another_signal(event_id="b-1", **data):
    """A signal about somebody else, in another case."""
    person = {"bsn": "123456782", "naam": "Noor Proefstra"}
    mine = {"betrokkeneRef": "btr-00000099", "meldingId": f"IND-{event_id}", "betrokkene": person}
    return {**the_signal(event_id, **{**mine, **data}), "correlationid": f"case-{event_id}"}
