"""A shard that is not sealed further: what was found, and how a person lets it go on.

Found and accepted are records in shard `ledger`, so they are sealed and stay. Accepting is a note:
the sealer seals it, and in the same transaction goes on behind the fault.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic_core import from_json
from sqlalchemy import Connection, Engine, select

from hub import recording
from hub.errors import NotFound
from hub.ledger.database import writing
from hub.ledger.intake import Fault
from hub.ledger.store import LEDGER_SHARD, add_note
from hub.ledger.tables import acts
from schemas.records import RecordEvent

SEALER: Final[recording.Named] = ("hub", "sealer")
_FOUND: Final = (RecordEvent.GAP_FOUND, RecordEvent.SHARD_SET_BACK)


@dataclass(frozen=True, slots=True)
class OpenFault:
    """A fault that is on record and that nobody has accepted yet."""

    shard: str
    kind: RecordEvent  #: gap-found or shard-set-back
    first: int  #: the broker's number
    last: int
    found_at: int  #: microseconds since 1970, UTC
    position: int  #: of the record


def found(fault: Fault, at: datetime) -> bytes:
    """Return the record that says it."""
    return recording.plain(
        LEDGER_SHARD, at, fault.kind, ("shard", fault.shard), fault.span, actor=SEALER
    )


def open_faults(connection: Connection) -> dict[str, OpenFault]:
    """Return shard -> the newest fault that is on record and not accepted."""
    faults: dict[str, OpenFault] = {}
    for row in _rows(connection):
        if row.event == RecordEvent.GAP_ACCEPTED:
            faults.pop(row.object, None)
            continue
        first, last = _numbers(row.result)
        kind = RecordEvent(row.event)
        faults[row.object] = OpenFault(row.object, kind, first, last, row.at, row.position)
    return faults


def shifts(connection: Connection, shard: str) -> list[int]:
    """Return what was added to the broker's numbers of a shard in the course of time; 0 first.

    Each time that a set-back was accepted, the numbers that were given out again are skipped.
    """
    found, again = [0], 0
    for row in _rows(connection):
        if row.object != shard:
            continue
        if row.event == RecordEvent.GAP_ACCEPTED:
            found += [found[-1] + again] if again else []
            again = 0
        else:
            first, last = _numbers(row.result)
            again = last - first + 1 if row.event == RecordEvent.SHARD_SET_BACK else 0
    return found


def accept(engine: Engine, shard: str, reason: str, actor: recording.Named, at: datetime) -> str:
    """Leave a note that this fault was looked into, and return its numbers: `<first>-<last>`.

    The sealer goes on with the shard within a moment. `reason`: a person's words on why, without
    personal data; it is sealed. Twice is one time too many, and harmless.

    Raises:
        NotFound: nothing of this shard is to be accepted.

    """
    with writing(engine) as connection:
        fault = open_faults(connection).get(shard)
        if fault is None:
            raise NotFound(
                f"shard {shard} is not stopped: there is no gap to accept; see `seinhuis doctor`"
            )
        span = f"{fault.first}-{fault.last}"
        record = recording.plain(
            LEDGER_SHARD,
            at,
            RecordEvent.GAP_ACCEPTED,
            ("shard", shard),
            span,
            actor=actor,
            reason=reason,
        )
        add_note(connection, record)
    return span


def accepted(record: bytes) -> tuple[str, int, int] | None:
    """Return (shard, first, last) when a note accepts a fault; None for every other note."""
    if RecordEvent.GAP_ACCEPTED.value.encode() not in record:
        return None
    said: Mapping[str, str | dict[str, str]] = from_json(record)
    name, span = said["object"], said["result"]
    if said["event"] != RecordEvent.GAP_ACCEPTED or not isinstance(name, dict):
        return None
    return name["id"], *_numbers(str(span))


def _rows(connection: Connection) -> Sequence[Any]:
    """Return what is on record of faults, in order. Few: each was an alarm."""
    events = (*_FOUND, RecordEvent.GAP_ACCEPTED)
    return connection.execute(
        select(acts.c.position, acts.c.at, acts.c.event, acts.c.object, acts.c.result)
        .where(acts.c.event.in_([event.value for event in events]))
        .where(acts.c.shard == LEDGER_SHARD)
        .order_by(acts.c.position)
    ).all()


def _numbers(span: str) -> tuple[int, int]:
    first, _, last = span.partition("-")
    return int(first), int(last)
