"""What every scene needs: the hub, somebody who watches it, the screen, and the events."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.client import Delivery, Receipt
from hub.simulation.sending import Sent
from hub.story.showing import Show
from hub.story.signals import Signals
from hub.story.watching import Watching
from schemas.envelope import Envelope
from schemas.reading import parse
from schemas.records import Record


@dataclass(slots=True)
class Stage:
    """The place where the story is told."""

    watching: Watching
    show: Show
    signals: Signals
    sent: list[Sent]  #: everything that was accepted, for the books

    def read(self, event: Mapping[str, Any]) -> Envelope:
        """Return the event as the hub reads it: with the defaults of its model written out."""
        return parse(json.dumps(event).encode(), self.watching.hub.book.prefix)

    async def publish(self, party: str, event: Mapping[str, Any]) -> Receipt:
        """Publish as `party`, with its own client, and note what was accepted."""
        receipt = await (await self.watching.client(party)).publish(event)
        self.note(party, receipt.entry, receipt.message, str(event["type"]))
        return receipt

    def note(self, party: str, entry: str, message: str, full_type: str) -> None:
        """Note that the broker accepted an event."""
        book = self.watching.hub.book
        name = full_type.removeprefix(f"{book.prefix}.")
        self.sent.append(Sent(party, book.parties[party].shard, entry, message, name))

    async def deliver(
        self, party: str, event: Mapping[str, Any]
    ) -> tuple[Record, dict[str, Delivery]]:
        """Publish, wait for the decision, and return it with the copies that came of it."""
        receipt = await self.publish(party, event)
        shard = self.watching.hub.book.parties[party].shard
        record = (await self.watching.records_about(shard, receipt.message))[0]
        return record, await self.copies(record)

    async def copies(self, record: Record) -> dict[str, Delivery]:
        """Return the copy of everybody who should have one by this record; waits for each."""
        parties = [v.party for v in record.verdicts or () if v.outcome == "forward" and v.party]
        return {party: await self.watching.copy(party, record.object.id) for party in parties}

    async def open(self, copies: Mapping[str, Delivery]) -> dict[str, Delivery]:
        """Let each recipient open its own copy; each opening is an act, and on record."""
        return {party: await self.watching.read(party, copy) for party, copy in copies.items()}

    async def act(self, delivery: Delivery, party: str, *, case_ref: str) -> int:
        """Let the recipient acknowledge, take up and feed back; return how many acts."""
        receipts = [
            ("berichten.ontvangst-bevestigd", await delivery.acknowledge()),
            ("berichten.opgepakt", await delivery.take_up(case_ref)),
            ("berichten.terugkoppeling-gegeven", await delivery.feed_back("in-behandeling")),
        ]
        for name, receipt in receipts:
            if receipt is not None:
                self.note(party, receipt.entry, receipt.message, name)
        return len(receipts)

    def note_openings(self) -> None:
        """Note every opening until now: an opening is an event that was accepted, as any act."""
        for party, receipt in self.watching.openings:
            self.note(party, receipt.entry, receipt.message, "berichten.ingezien")
        self.watching.openings.clear()
