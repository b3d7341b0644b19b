"""From one entry to the one atomic step that it brings about. Pure: no store, no clock.

`read` tells what an entry is; `routed`, `refused` and `given_up` make its step. The person of a
step is what `hub.pseudonyms` makes of its event: it stands beside the record, never in it.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from handlers.admission import admit
from handlers.corrections import admit_correction
from handlers.minimise import minimise
from handlers.partitions import partner_of
from handlers.rulebook import Party, Rulebook
from hub import notices, recording
from hub.pseudonyms import Pseudonyms
from hub.steps import Copy, Correction, Entry, Parked, Queue, Step
from schemas.catalogue import ACTS, CORRECTIONS
from schemas.decisions import Decision, Forward, Hold
from schemas.envelope import Envelope
from schemas.identifiers import message_ref, oin_of
from schemas.made_often import made_often
from schemas.messages.berichten import MessageLink
from schemas.problems import InvalidEvent, Problem
from schemas.reading import parse
from schemas.records import RecordEvent
from schemas.vocabulary import Urgency


class What(Enum):
    """What an entry turned out to be."""

    EVENT = auto()
    CORRECTION = auto()
    ACT = auto()
    REFUSED = auto()


@made_often
@dataclass(frozen=True, slots=True)
class Read:
    """An entry that was read and admitted, or the problems that stand in the way."""

    entry: Entry
    what: What
    event: Envelope | None
    problems: tuple[Problem, ...] = ()
    person: bytes = b""  #: the erasable part of every record about it; empty: not an event


def read(entry: Entry, book: Rulebook, shard: str, pseudonyms: Pseudonyms | None = None) -> Read:
    """Read and admit one entry. Never raises: what is wrong comes back as problems."""
    try:
        event = parse(entry.event, book.prefix)
    except InvalidEvent as invalid:
        return Read(entry, What.REFUSED, None, invalid.problems)
    person = pseudonyms.of(event) if pseudonyms is not None else b""
    problems = admit(event, book, shard, entry.intake)
    name = event.type.removeprefix(f"{book.prefix}.")
    if not problems and name in CORRECTIONS:
        problems = admit_correction(event)
    if problems:
        return Read(entry, What.REFUSED, event, tuple(problems), person)
    what = What.ACT if name in ACTS else What.CORRECTION if name in CORRECTIONS else What.EVENT
    return Read(entry, what, event, (), person)


def publisher_of(read: Read, book: Rulebook, shard: str) -> str:
    """Return the party that speaks: the unit that the event names, else whose intake it is.

    What became of the event is told to this party, and only this party (or its partner) corrects
    it. A unit without an inbox is told through its partner.
    """
    data = read.event.data if read.event is not None else None
    unit = book.parties.get(getattr(getattr(data, "sender", None), "unit", None) or "")
    if unit is not None and unit.has_inbox and unit.partner == partner_of(shard):
        return unit.id
    return read.entry.intake or partner_of(shard)


def event_of(read: Read) -> Envelope:
    """Return the event of an admitted entry; what was refused may not have one.

    Raises:
        InvalidEvent: the entry was refused: a mistake of the caller.

    """
    if read.event is None:
        raise InvalidEvent(read.problems)
    return read.event


def routed(
    shard: str,
    entry: Entry,
    event: Envelope,
    decision: Decision,
    publisher: str,
    corrects: Correction | None = None,
    what: RecordEvent = RecordEvent.DECIDED,
    person: bytes = b"",
) -> Step:
    """Make the step of a decided event: copies, what is held, and the record."""
    holds = decision.holds
    return Step(
        queue=Queue.INTAKE,
        entry=entry.id,
        intake=entry.intake,
        message=decision.message,
        sender=publisher,
        record=recording.decided(shard, event, decision, what),
        duplicate_record=_duplicate(
            shard, event, decision.at, decision.message, decision.type, decision.sender
        ),
        copies=copies(event, decision),
        held=parked(entry.event, decision, holds) if holds else None,
        corrects=corrects,
        person=person,
    )


def copies(event: Envelope, decision: Decision) -> tuple[Copy, ...]:
    """Make the minimised copy of every forward."""
    urgency = str(getattr(event.data, "urgency", Urgency.NORMAL))
    message, name, sender = decision.message, decision.type, decision.sender
    made = []
    fields, content = None, b""
    for verdict in decision.verdicts:
        if not isinstance(verdict, Forward):
            continue
        if verdict.fields is not fields:  # for all gemeenten of a rule they are the same
            fields = verdict.fields
            content = minimise(event, fields)
        copy = Copy(  # by place: by name it takes half as long again
            verdict.party,
            message,
            name,
            verdict.rule,
            urgency,
            verdict.deadline,
            verdict.retain_until.isoformat(),
            sender,
            content,
        )
        made.append(copy)
    return tuple(made)


def parked(event: bytes, decision: Decision, holds: Iterable[Hold]) -> Parked:
    """Park an event with what is held; the reasons are JSON that `seinhuis held` shows."""
    reasons = [
        {
            "rule": hold.rule,
            "role": hold.role,
            "party": hold.party,
            "reason": hold.reason.value,
            "detail": hold.detail,
        }
        for hold in holds
    ]
    return Parked(
        event=event,
        reasons=json.dumps(reasons).encode(),
        message=decision.message,
        type=decision.type,
        sender=decision.sender,
    )


def refused(
    shard: str,
    entry: Entry,
    book: Rulebook,
    at: datetime,
    problems: Iterable[Problem],
    event: Envelope | None = None,
    *,
    code: str = "ongeldig",
    person: bytes = b"",
) -> Step:
    """Make the step of a refusal: to the dead stream with every reason, and a notice."""
    listed = tuple(problems)
    sender = entry.intake or partner_of(shard)
    about = None if event is None else MessageLink(source=event.source, id=event.id)
    party = book.parties.get(sender)
    # Else anybody could make records about messages of another, with a person of its choice.
    its_own = event is not None and party is not None and party.oin == oin_of(event.source)
    message = message_ref(event.source, event.id) if event is not None and its_own else ""
    thing = ("message", message) if message else ("entry", entry.id)
    name = event.type.removeprefix(f"{book.prefix}.") if event is not None else ""
    data = event.data if event is not None else None
    reasons = [{"place": p.place, "rule": p.rule, "way_out": p.way_out} for p in listed]
    return Step(
        queue=Queue.INTAKE,
        entry=entry.id,
        intake=entry.intake,
        record=recording.plain(
            shard,
            at,
            RecordEvent.DEAD_LETTERED,
            thing,
            "refused",
            event=event if its_own else None,
            message_type=name or None,
            sender=sender,
            problems=len(listed),
            reason=code,
            config=book.digest,
            about=link.message if (link := getattr(data, "about", None)) is not None else None,
        ),
        notices=(notices.refusal(book, sender, at, entry.id, listed, about, code),),
        dead=Parked(
            event=entry.event,
            reasons=json.dumps(reasons, ensure_ascii=False).encode(),
            message=message,
            type=name,
            sender=sender,
        ),
        person=person,
    )


def acted(shard: str, read: Read, by: Party, book: Rulebook, at: datetime) -> Step:
    """Make the step that finishes the entry of an act that was done in the sender's shard.

    The same act again is a duplicate, as the same event is.
    """
    event = event_of(read)
    ref = message_ref(event.source, event.id)
    name = event.type.removeprefix(f"{book.prefix}.")
    return Step(
        queue=Queue.INTAKE,
        entry=read.entry.id,
        intake=read.entry.intake,
        message=ref,
        sender=by.id,
        record=recording.plain(
            shard,
            at,
            RecordEvent.ACT_ACCEPTED,
            ("message", ref),
            "ok",
            actor=("partner", by.id),
            event=event,
            message_type=name,
            sender=by.id,
            about=event.data.about.message,
        ),
        duplicate_record=_duplicate(shard, event, at, ref, name, by.id),
        person=read.person,
    )


def given_up(shard: str, entry: Entry, book: Rulebook, at: datetime) -> Step:
    """Make the step of an entry that stopped its worker time and again; it is not read again."""
    problem = Problem(
        "the event",
        f"handling it failed {entry.deliveries - 1} times",
        "the operator looks at it: seinhuis dead show",
    )
    return refused(shard, entry, book, at, (problem,), code="niet-toegestaan")


def _duplicate(
    shard: str, event: Envelope, at: datetime, message: str, name: str, sender: str
) -> bytes:
    return recording.duplicate(shard, at, event, message, name, sender)
