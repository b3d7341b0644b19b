"""Between the types of the ports and what goes over the wire. Pure; the layout is the functions'.

A batch is one flat list of keys and one of arguments: few objects, one call, one flush to disk.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from hub.ports import (
    Act,
    Copy,
    Entry,
    InboxEntry,
    Known,
    Outcome,
    Parked,
    ParkedEntry,
    Queue,
    RecordEntry,
    Step,
    StepResult,
)
from hub.stores import keys

_QUEUE_KEYS: Final = {Queue.HELD: keys.held, Queue.DEAD: keys.dead}
_PLAIN_RESULTS: Final = {
    outcome.value.encode(): StepResult(outcome) for outcome in Outcome if outcome != "blocked"
}


def route_call(
    shard: str, steps: Sequence[Step], seen_ms: int, room: int
) -> tuple[list[str], list[Any]]:
    """Return the keys and the arguments of `route` for a batch of one shard."""
    names = [keys.head(shard), keys.audit(shard), keys.held(shard), keys.dead(shard)]
    names.append(keys.unfinished(shard))
    args: list[Any] = [seen_ms, room, keys.HUB_GROUP]
    for step in steps:
        queue, corrects, held, dead = step.queue, step.corrects, step.held, step.dead
        if queue is Queue.INTAKE:
            names.append(keys.intake(shard, step.intake))
        else:
            names.append(_QUEUE_KEYS[queue](shard))
        if step.message:
            names.append(keys.seen(shard, step.message))
        if corrects:
            names.append(keys.seen(shard, corrects.message))
        args += (
            queue.value,
            step.entry,
            step.record,
            step.duplicate_record,
            "1" if step.message else "",
            len(step.copies),
            len(step.notices),
            ("h" if held else "") + ("d" if dead else ""),
            ("w" if corrects.withdraws else "c") if corrects else "",
            ",".join(corrects.received_by) if corrects else "",
            step.sender,
        )
        for copy in step.copies:
            names.append(keys.inbox(shard, copy.party))
            args += _copy(copy)
        for notice in step.notices:
            names.append(keys.inbox(shard, notice.party))
            args += _copy(notice)
        for parked in (held, dead):
            if parked:
                args += (
                    parked.event,
                    parked.reasons,
                    parked.message,
                    parked.type,
                    parked.sender,
                )
    return names, args


def act_call(shard: str, act: Act, seen_ms: int, room: int) -> tuple[list[str], list[Any]]:
    """Return the keys and the arguments of `act`."""
    names = [
        keys.head(shard),
        keys.audit(shard),
        keys.seen(shard, act.message),
        keys.delivery(shard, act.party, act.message),
        keys.unfinished(shard),
    ]
    args: list[Any] = [seen_ms, room, act.party, act.name, act.act, act.to_state]
    args += (act.at.isoformat(), act.record, act.refused_record)
    args += (",".join(act.allowed_from), ",".join(act.no_op_from))
    args += ("1" if act.notice else "", "1" if act.copy else "")
    for copy in (act.notice, act.copy):
        if copy:
            names.append(keys.inbox(shard, copy.party))
            args += _copy(copy)
    return names, args


def excuse_call(shard: str, handed_out: Sequence[Entry]) -> tuple[list[str], list[Any]]:
    """Return the keys and the arguments of `excuse`."""
    names = [keys.intake(shard, entry.intake) for entry in handed_out]
    args: list[Any] = [keys.HUB_GROUP]
    for entry in handed_out:
        args += (entry.id, entry.deliveries)
    return names, args


def _copy(copy: Copy) -> tuple[Any, ...]:
    return (
        copy.party,
        copy.message,
        copy.type,
        copy.rule,
        copy.sender,
        copy.urgency,
        copy.deadline.isoformat(),
        copy.retain_until,
        copy.content,
    )


def step_result(reply: bytes) -> StepResult:
    """Read one word of the answer of `route`."""
    plain = _PLAIN_RESULTS.get(reply)
    if plain is not None:
        return plain
    outcome, _, detail = reply.decode().partition("|")
    return StepResult(Outcome(outcome), detail)


def event_bytes(fields: Mapping[bytes, bytes]) -> bytes:
    """Return the event of an intake entry.

    An entry without the field `event` is not an event. Its fields are kept as a JSON object, so
    that the dead letter shows what came.
    """
    event = fields.get(b"event")
    if event is not None:
        return event
    text = {
        name.decode("utf-8", "replace"): value.decode("utf-8", "replace")
        for name, value in fields.items()
    }
    return json.dumps(text, ensure_ascii=False).encode()


def entries(
    intake: str, reply: Iterable[tuple[bytes, Mapping[bytes, bytes] | None]]
) -> list[Entry]:
    """Read entries of an intake as a reader group hands them out for the first time."""
    return [Entry(place.decode(), intake, event_bytes(fields or {})) for place, fields in reply]


def inbox_entry(shard: str, party: str, place: bytes, fields: Mapping[bytes, bytes]) -> InboxEntry:
    """Read one entry of an inbox."""

    def text(name: bytes) -> str:
        return fields.get(name, b"").decode()

    return InboxEntry(
        shard=shard,
        id=place.decode(),
        party=party,
        message=text(b"message"),
        type=text(b"type"),
        rule=text(b"rule"),
        sender=text(b"sender"),
        urgency=text(b"urgency"),
        deadline=text(b"deadline"),
        retain_until=text(b"retain"),
        content=fields.get(b"copy", b""),
        notice=b"notice" in fields,
    )


def parked_entry(shard: str, place: bytes, fields: Mapping[bytes, bytes]) -> ParkedEntry:
    """Read one entry of the held or the dead stream."""
    text = {
        name.decode(): value.decode()
        for name, value in fields.items()
        if name in {b"message", b"type", b"sender"}
    }
    parked = Parked(event=fields.get(b"event", b""), reasons=fields.get(b"reasons", b""), **text)
    return ParkedEntry(shard, place.decode(), parked)


def record_entry(shard: str, place: bytes, fields: Mapping[bytes, bytes]) -> RecordEntry:
    """Read one record with its place."""
    return RecordEntry(shard, place.decode(), int(fields[b"seq"]), fields[b"record"])


def places(value: bytes | None) -> dict[str, str]:
    """Return where the copies are, from a `seen` key: party -> entry id in its inbox, in order.

    >>> places(b"gm0363=1-0,lro=2-0;from=ind;withdrawn")
    {'gm0363': '1-0', 'lro': '2-0'}
    """
    parties = (value or b"").decode().partition(";")[0]
    return dict(pair.split("=", 1) for pair in parties.split(",") if pair)


def known(value: bytes | None) -> Known | None:
    """Read the value of a `seen` key.

    >>> known(b"gm0363=1-0;from=ind;withdrawn")
    Known(received_by=('gm0363',), sender='ind', withdrawn=True, corrected=False)
    """
    if value is None:
        return None
    _, *words = value.decode().split(";")
    sender = next((word for word in words if word.startswith("from=")), "")
    return Known(
        received_by=tuple(places(value)),
        sender=sender.removeprefix("from="),
        withdrawn="withdrawn" in words,
        corrected="corrected" in words,
    )
