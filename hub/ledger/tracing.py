"""The life of one message, from the records alone: who got it, what they did, what became of it.

And its case: which other messages hang together with it, by the pseudonyms of case, report, id and
cause, by trace id, and by being a correction. Once the person is erased those are gone, and a case
is known by its corrections only.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, or_, select, union

from handlers.deliveries import TRANSITIONS
from hub.ledger.asking import Line, matching
from hub.ledger.filters import beginning
from hub.ledger.tables import acts
from schemas.records import RecordEvent

_SEVERAL: Final = 21
_STATES: Final = {each.record.value: each.to.value for each in TRANSITIONS.values() if each.to}
_OF_ENTRIES: Final = tuple(
    each.value
    for each in (
        *(RecordEvent.DEAD_LETTERED, RecordEvent.DISCARDED, RecordEvent.RE_DECIDED),
        *(RecordEvent.REDELIVERED, RecordEvent.OPENED, RecordEvent.ERASED),
        RecordEvent.RETENTION_PASSED,
    )
)
CORRECTING: Final = (RecordEvent.CORRECTED.value, RecordEvent.WITHDRAWN.value)


@dataclass(slots=True)
class Delivery:
    """One copy: how its party came by it, and how far it is."""

    party: str
    since: datetime  #: UTC
    by: str  #: `decided`, `released`, …: which record gave it; `forwarded by gm0363`
    rule: str | None = None
    legal_basis: str | None = None
    purpose: str | None = None
    state: str = "delivered"
    acted: datetime | None = None  #: when it came to that state
    openings: int = 0
    erased: datetime | None = None
    #: what the party got since: `corrected` or `withdrawn` -> the message that says so
    told: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Story:
    """All records about one message, and of its corrections, in the order of their time."""

    message: str
    lines: tuple[Line, ...]

    @property
    def corrections(self) -> list[str]:
        """The messages that correct or withdraw it, in order."""
        found = (
            line.message
            for line in self.lines
            if line.about == self.message and line.record.get("type") in _CORRECTION_TYPES
        )
        return list(dict.fromkeys(each for each in found if each))

    def deliveries(self, message: str | None = None) -> dict[str, Delivery]:
        """Return party -> its copy of the message (or of a correction), as the records leave it."""
        return _deliveries(self.lines, message or self.message)


_CORRECTION_TYPES: Final = frozenset({"berichten.gerectificeerd", "berichten.ingetrokken"})


def candidates(connection: Connection, name: str) -> list[str]:
    """Return the messages whose name begins so, at most 21; the exact one alone if there is one.

    Also those that are only known from what others say about them.
    """
    found = union(
        *(
            select(column).where(beginning(column, name))
            for column in (acts.c.message, acts.c.about)
        )
    )
    listed = sorted(connection.scalars(found.order_by("message").limit(_SEVERAL)))
    return [name] if name in listed else listed


def entries(connection: Connection, name: str) -> list[tuple[str, str]]:
    """Return (shard, entry) of what could not be read as a message: `ENTRY` or `SHARD/ENTRY`."""
    shard, _, entry = name.rpartition("/")
    found = connection.execute(
        select(acts.c.shard, acts.c.object)
        .where(acts.c.event == RecordEvent.DEAD_LETTERED.value, acts.c.object_kind == "entry")
        .where(acts.c.object.startswith(entry, autoescape=True))
        .distinct()
    )
    return sorted((row.shard, row.object) for row in found if shard in {"", row.shard})


def story_of_entry(connection: Connection, shard: str, entry: str) -> Story:
    """Return all records about an entry that is no message."""
    found = matching(
        connection,
        acts.c.event.in_(_OF_ENTRIES),
        acts.c.object_kind == "entry",
        or_(
            (acts.c.object == entry) & (acts.c.shard == shard),
            acts.c.object == f"{shard}/{entry}",
        ),
    )
    return Story(entry, tuple(found))


def story(connection: Connection, message: str) -> Story:
    """Return all records about a message, and those of what corrects or withdraws it."""
    either = or_(acts.c.message == message, acts.c.about == message)
    found = Story(message, tuple(matching(connection, either)))
    lines = {line.position: line for line in found.lines}
    for each in found.corrections:
        lines.update({x.position: x for x in matching(connection, acts.c.message == each)})
    # Of several shards one may be sealed later: their own time tells what came first.
    return Story(message, tuple(sorted(lines.values(), key=lambda line: (line.at, line.position))))


def _deliveries(lines: tuple[Line, ...], message: str) -> dict[str, Delivery]:
    found: dict[str, Delivery] = {}
    for line in lines:
        record = line.record
        if line.about == message and line.event in CORRECTING and line.message:
            for verdict in _forwards(record):
                if verdict["party"] in found:
                    found[verdict["party"]].told[line.event] = line.message
        if line.message != message or not record:
            continue
        for verdict in _forwards(record):
            copy = Delivery(
                verdict["party"],
                line.at,
                line.event,
                verdict["rule"],
                verdict.get("legal_basis"),
                verdict.get("purpose"),
            )
            found.setdefault(copy.party, copy)
        if record["object"]["kind"] == "delivery":
            _acted(found, line, record)
    return found


def _acted(found: dict[str, Delivery], line: Line, record: Mapping[str, Any]) -> None:
    who = str(record["object"]["id"]).partition(":")[0]
    if line.event == RecordEvent.FORWARDED.value:
        to = str(record.get("party"))
        found.setdefault(to, Delivery(to, line.at, f"passed on by {who}"))
        return
    copy = found.get(who)
    if copy is None:
        return
    if line.event == RecordEvent.OPENED.value:
        copy.openings += 1
    if line.event == RecordEvent.ERASED.value:
        copy.erased = line.at
    if line.event in _STATES and record["result"] == "ok":
        copy.state, copy.acted = _STATES[line.event], line.at


def _forwards(record: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for verdict in record.get("verdicts") or ():
        if verdict["outcome"] == "forward":
            yield verdict
