"""The books of a hub: what was accepted against what is on record and what lies in the inboxes.

Everything is read back: inboxes and the newest records from the broker, older records from the
ledger, because what is sealed leaves the broker. Each check compares two accounts that were kept
apart, and says what does not agree.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select

from hub.bootstrap import HUB_SHARD, Hub, now
from hub.errors import NotFound
from hub.ledger.reading import open_log
from hub.ledger.tables import records as table
from hub.ports import InboxEntry, RecordEntry
from hub.simulation.sending import Sent
from schemas.records import Record, RecordEvent

_PAGE: Final = 1_000

VERDICT: Final = frozenset({
    RecordEvent.DECIDED, RecordEvent.DUPLICATE, RecordEvent.DEAD_LETTERED, RecordEvent.CORRECTED,
    RecordEvent.WITHDRAWN, RecordEvent.ACT_ACCEPTED,
})  # fmt: skip
"""The record that says what became of an accepted event: each has exactly one."""

DELIVERING: Final = frozenset({
    RecordEvent.DECIDED, RecordEvent.CORRECTED, RecordEvent.WITHDRAWN, RecordEvent.RELEASED,
    RecordEvent.RE_DECIDED, RecordEvent.REDELIVERED,
})  # fmt: skip
"""Records whose forwards were delivered in the same step."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what must hold, and what does not (nothing, when all is well)."""

    what: str
    wrong: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether the two accounts agree."""
        return not self.wrong


@dataclass(frozen=True, slots=True)
class Books:
    """All records and all inboxes of a hub."""

    records: tuple[tuple[str, int, Record], ...]  #: shard, seq, record
    inbox: tuple[InboxEntry, ...]
    left: int  #: entries that are still in an intake

    def checks(self, sent: Iterable[Sent]) -> list[Check]:
        """Compare with what was accepted: `sent` is everything that was published here."""
        accepted = list(sent)
        return [
            self._one_verdict_each(accepted),
            self._one_entry_for_each_forward(),
            self._no_gaps(),
            Check("no event is left in an intake", (f"{self.left} left",) if self.left else ()),
        ]

    def _one_verdict_each(self, accepted: Sequence[Sent]) -> Check:
        by_entry: Counter[tuple[str, str]] = Counter()
        by_message: Counter[str] = Counter()
        first: Counter[str] = Counter()
        for _, _, record in self.records:
            if record.event not in VERDICT:
                continue
            if record.object.kind == "entry":
                # In a shared shard two parties may each have an entry of the same id.
                by_entry[record.sender or "", record.object.id] += 1
            else:
                by_message[record.object.id] += 1
                first[record.object.id] += record.event is not RecordEvent.DUPLICATE
        unread = [each for each in accepted if by_entry[each.party, each.entry]]
        read = Counter(each.message for each in accepted if not by_entry[each.party, each.entry])
        wrong = [f"entry {e.entry} of {e.party}" for e in unread if by_entry[e.party, e.entry] != 1]
        wrong += [f"message {m}: not accepted here" for m in by_message if m not in read]
        wrong += [
            f"message {message}: accepted {count}, on record {by_message[message]}"
            for message, count in read.items()
            if by_message[message] != count or first[message] != 1
        ]
        text = f"each of {len(accepted):,} accepted events has exactly one verdict record"
        return Check(text, tuple(wrong))

    def _one_entry_for_each_forward(self) -> Check:
        promised: set[tuple[str, str]] = set()
        for _, _, record in self.records:
            if record.event in DELIVERING:
                promised |= {
                    (line.party or "", record.object.id)
                    for line in record.verdicts or ()
                    if line.outcome == "forward"
                }
            elif record.event is RecordEvent.FORWARDED:
                promised.add((record.party or "", record.object.id.partition(":")[2]))
        found = Counter((entry.party, entry.message) for entry in self.copies())
        wrong = [f"{party}, message {m}: no copy" for party, m in sorted(promised - set(found))]
        wrong += [
            f"{party}, message {message}: {count} copies, {int((party, message) in promised)} due"
            for (party, message), count in sorted(found.items())
            if count != 1 or (party, message) not in promised
        ]
        text = f"each of {len(promised):,} forwards is exactly one inbox entry, and no other is"
        return Check(text, tuple(wrong))

    def _no_gaps(self) -> Check:
        numbers: dict[str, list[int]] = {}
        for shard, seq, _ in self.records:
            numbers.setdefault(shard, []).append(seq)
        wrong = tuple(
            f"{shard}: the numbers are not 1 to {len(found)}"
            for shard, found in sorted(numbers.items())
            if found != list(range(1, len(found) + 1))
        )
        return Check(f"the {len(self.records):,} records are numbered without a gap", wrong)

    def copies(self) -> list[InboxEntry]:
        """Return the inbox entries that are copies, and no notices of the hub."""
        return [entry for entry in self.inbox if not entry.notice]


async def read(hub: Hub) -> Books:
    """Read every record and every inbox of the hub."""
    shards = hub.book.shards()
    found = {
        (entry.shard, entry.seq): entry.record
        for shard in (*shards, HUB_SHARD)
        for entry in await _records(hub, shard)
    }
    # After the broker: what it had no more by then, was sealed before.
    found |= await asyncio.to_thread(_sealed, hub)
    records = [
        (shard, seq, Record.model_validate_json(record))
        for (shard, seq), record in sorted(found.items())
    ]
    parties = [party.id for party in hub.book.parties.values() if party.has_inbox]
    inbox = [
        entry for shard in shards for party in parties for entry in await _inbox(hub, shard, party)
    ]
    depths = [await hub.store.depths(shard, intakes) for shard, intakes in shards.items()]
    left = sum(depth["intake"] for depth in depths)
    return Books(tuple(records), tuple(inbox), left)


async def _records(hub: Hub, shard: str) -> list[RecordEntry]:
    found: list[RecordEntry] = []
    after = "-"
    while page := await hub.store.records(shard, after, _PAGE):
        found += page
        after = page[-1].id
    return found


def _sealed(hub: Hub) -> dict[tuple[str, int], bytes]:
    """Return every record in the ledger; none where nobody seals. Reading it is on record."""
    with contextlib.suppress(NotFound), open_log(hub.settings, now) as log:
        log.on_record("demo", {})
        wanted = select(table.c.shard, table.c.seq, table.c.record)
        with log.look() as connection:
            return {(row.shard, row.seq): row.record for row in connection.execute(wanted)}
    return {}


async def _inbox(hub: Hub, shard: str, party: str) -> list[InboxEntry]:
    found: list[InboxEntry] = []
    after = "-"
    while page := await hub.store.inbox(shard, party, after, _PAGE):
        found += page
        if len(page) < _PAGE:
            break
        after = page[-1].id
    return found
