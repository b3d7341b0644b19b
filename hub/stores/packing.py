"""From what the server answers to the types of the ports. Pure; the layout is that of `keys`."""

import json
from collections.abc import Iterable, Mapping
from typing import Final

from hub.ports import InboxEntry, ParkedEntry, Progress, RecordEntry
from hub.steps import Entry, Known, Outcome, Parked, StepResult

_PLAIN_RESULTS: Final = {
    outcome.value.encode(): StepResult(outcome) for outcome in Outcome if outcome != "blocked"
}


def step_result(reply: bytes) -> StepResult:
    """Read one word of the answer of `route`."""
    plain = _PLAIN_RESULTS.get(reply)
    if plain is not None:
        return plain
    outcome, _, detail = reply.decode().partition("|")
    return StepResult(Outcome(outcome), detail)


def order(place: bytes) -> tuple[int, int]:
    """Return what entry ids are in order by: their milliseconds and their number.

    >>> order(b"1700000000000-10") > order(b"1700000000000-9")
    True
    """
    milliseconds, _, number = place.partition(b"-")
    return int(milliseconds), int(number)


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
    rule, sender, urgency, deadline, retain_until = about(fields.get(b"about", b""))
    return InboxEntry(
        shard=shard,
        id=place.decode(),
        party=party,
        message=fields.get(b"message", b"").decode(),
        type=fields.get(b"type", b"").decode(),
        rule=rule,
        sender=sender,
        urgency=urgency,
        deadline=deadline,
        retain_until=retain_until,
        content=fields.get(b"copy", b""),
        notice=b"notice" in fields,
    )


def about(value: bytes) -> tuple[str, str, str, str, str]:
    """Read the field `about` of an inbox entry: rule, sender, urgency, deadline, last day.

    Each is empty when it is not there.

    >>> about(b"ind-signaal ind hoog 2026-11-24T12:00:00+00:00 2031-11-23")
    ('ind-signaal', 'ind', 'hoog', '2026-11-24T12:00:00+00:00', '2031-11-23')
    """
    rule, sender, urgency, deadline, retain_until, *_ = (*value.decode().split(" "), *[""] * 5)
    return rule, sender, urgency, deadline, retain_until


def parked_entry(shard: str, place: bytes, fields: Mapping[bytes, bytes]) -> ParkedEntry:
    """Read one entry of the held or the dead stream."""

    def text(name: bytes) -> str:
        return fields.get(name, b"").decode()

    parked = Parked(
        event=fields.get(b"event", b""),
        reasons=fields.get(b"reasons", b""),
        message=text(b"message"),
        type=text(b"type"),
        sender=text(b"sender"),
        key=fields.get(b"key", b""),
    )
    return ParkedEntry(shard, place.decode(), parked)


def record_entry(shard: str, place: bytes, fields: Mapping[bytes, bytes]) -> RecordEntry:
    """Read one record with its place."""
    return RecordEntry(
        shard,
        place.decode(),
        int(fields[b"seq"]),
        fields[b"record"],
        fields.get(b"person", b""),
    )


def progress(state: bytes | None, finished: bytes | None, erased: bytes | None) -> Progress:
    """Read how far a delivery is, from the fields of its hash.

    >>> progress(b"opened", None, None)
    Progress(state='opened', finished='', erased='')
    """
    return Progress(
        (state or b"delivered").decode(), (finished or b"").decode(), (erased or b"").decode()
    )


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
