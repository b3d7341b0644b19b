"""What the books say, in numbers: by outcome, by sender, by kind of recipient, and how long."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from handlers.rulebook import Rulebook
from hub.simulation.sending import Sent
from hub.story.books import DELIVERING, VERDICT, Books
from schemas.records import RecordEvent

_REFUSED = "refused (dead)"


def summary(books: Books, book: Rulebook, sent: Sequence[Sent]) -> dict[str, Any]:
    """Return the counts, ready to be shown or written as JSON.

    `sent` are the events whose latency counts: from the entry in the intake to the entry in an
    inbox, in milliseconds of the broker's clock.
    """
    events: Counter[str] = Counter()
    withheld: Counter[str] = Counter()
    held: Counter[str] = Counter()
    senders: dict[str, Counter[str]] = {}
    for shard, _, record in books.records:
        events[record.event.value] += 1
        by_sender = senders.setdefault(shard, Counter())
        if record.event in VERDICT:
            by_sender["events"] += 1
            by_sender[record.event.value] += 1
        if record.event in DELIVERING - {RecordEvent.RELEASED}:
            for line in record.verdicts or ():
                if line.outcome == "forward":
                    by_sender["copies"] += 1
                elif line.outcome == "hold":
                    held[line.reason or ""] += 1
                    by_sender["held"] += 1
                else:
                    withheld[line.reason or ""] += 1
    copies = books.copies()
    return {
        "events": sum(events[kind.value] for kind in VERDICT),
        "copies": len(copies),
        "notices": len(books.inbox) - len(copies),
        "withheld": dict(withheld.most_common()),
        "held": dict(held.most_common()),
        "released": events[RecordEvent.RELEASED.value],
        "refused": events[RecordEvent.DEAD_LETTERED.value],
        "duplicates": events[RecordEvent.DUPLICATE.value],
        "corrections": events[RecordEvent.CORRECTED.value] + events[RecordEvent.WITHDRAWN.value],
        "acts": events[RecordEvent.ACT_ACCEPTED.value],
        "acts_refused": events[RecordEvent.ACT_REFUSED.value],
        "by_sender": {
            shard: {
                "events": counts["events"],
                "copies": counts["copies"],
                "held": counts["held"],
                "refused": counts[RecordEvent.DEAD_LETTERED.value],
                "acts": counts[RecordEvent.ACT_ACCEPTED.value],
            }
            for shard, counts in sorted(senders.items())
            if counts["events"]
        },
        "by_recipient": _recipients(books, book),
        "latency_ms": _latency(books, sent),
    }


def _recipients(books: Books, book: Rulebook) -> dict[str, dict[str, int]]:
    copies: Counter[str] = Counter()
    parties: dict[str, set[str]] = {}
    for entry in books.copies():
        kind = _kind(entry.party, book)
        copies[kind] += 1
        parties.setdefault(kind, set()).add(entry.party)
    return {kind: {"parties": len(parties[kind]), "copies": n} for kind, n in copies.most_common()}


def _kind(party: str, book: Rulebook) -> str:
    known = book.parties[party]
    if known.partner in {"gemeente", "zvh"}:
        return {"gemeente": "gemeente", "zvh": "Zorg- en Veiligheidshuis"}[known.partner]
    if party in book.groups:
        return "group with an inbox"
    return "partner" if party == known.partner else "unit of a partner"


def _latency(books: Books, sent: Sequence[Sent]) -> dict[str, int] | None:
    came: dict[str, int] = {}
    for each in sent:
        came.setdefault(each.message, _ms(each.entry))  # the first: a repeat delivers nothing
    later = {r.object.id for _, _, r in books.records if r.event is RecordEvent.RELEASED}
    passed = {
        record.object.id.partition(":")[2]
        for _, _, record in books.records
        if record.event is RecordEvent.FORWARDED
    }
    waits = sorted(
        _ms(entry.id) - came[entry.message]
        for entry in books.copies()
        if entry.message in came and entry.message not in later | passed
    )
    if not waits:
        return None
    return {"p50": _at(waits, 0.50), "p99": _at(waits, 0.99), "most": waits[-1]}


def _at(values: Sequence[int], share: float) -> int:
    return values[min(len(values) - 1, int(share * len(values)))]


def _ms(entry: str) -> int:
    return int(entry.partition("-")[0])


def rows(counts: dict[str, Any]) -> Iterable[tuple[str, int]]:
    """Yield the lines of the table of outcomes."""
    yield "events accepted", counts["events"]
    yield "copies delivered", counts["copies"]
    for reason, count in counts["withheld"].items():
        yield f"withheld: {reason}", count
    for reason, count in counts["held"].items():
        yield f"held: {reason}", count
    yield "released by the operator", counts["released"]
    yield _REFUSED, counts["refused"]
    yield "duplicates", counts["duplicates"]
    yield "corrections and withdrawals", counts["corrections"]
    yield "acts of recipients", counts["acts"]
    yield "acts refused", counts["acts_refused"]
    yield "notices to senders", counts["notices"]
