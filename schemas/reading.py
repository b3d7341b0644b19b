"""Bytes to an event of the catalogue, in one pass; or every reason why not.

What is right is read once, from bytes to a checked model. Only what is wrong is read again, by
`schemas.explaining`, to say where, which rule, and what would be right.
"""

import re
from typing import Final

from pydantic import ValidationError

from schemas.case import CommonPart
from schemas.catalogue import DEFAULT_PREFIX, event_adapter
from schemas.envelope import MAX_EVENT_BYTES, Envelope
from schemas.explaining import across, explain, repeated_names
from schemas.problems import InvalidEvent, Problem
from schemas.swift import surely_once, surely_without_bsn, swift_reader

_NAME: Final = re.compile(rb'"([A-Za-z0-9\\]++)"\s*+:')
"""Every member name of a valid event: names are letters and digits, maybe written with escapes.

In a text value a quote is always escaped, so a match never begins or ends inside one.
"""


def parse(raw: bytes, prefix: str = DEFAULT_PREFIX) -> Envelope:
    """Return the event in `raw`: one JSON object, UTF-8, at most `MAX_EVENT_BYTES`.

    `prefix` is that of the role config; a type with another prefix is unknown. Members carry their
    wire names only, and each once: a reader that takes the first and a reader that takes the last
    would see two different events. About 20 µs for an event of 1 KB.

    Raises:
        InvalidEvent: with all problems at once, and never a value from the event. Nothing else.

    """
    if len(raw) > MAX_EVENT_BYTES:
        raise InvalidEvent([_too_large(len(raw))])
    event = _swiftly(raw, prefix) if surely_without_bsn(raw) else None
    counted = event is not None and surely_once(raw, event)
    if event is None:
        try:
            event = event_adapter(prefix).validate_json(
                raw, strict=True, by_alias=True, by_name=False
            )
        except ValidationError as error:
            raise InvalidEvent(explain(raw, error, prefix)) from None
    data = event.data
    problems = (
        across(event.source, data.sender.oin, event.time, data.retain_until)
        if isinstance(data, CommonPart)
        else []
    )
    names = () if counted else _NAME.findall(raw)
    if len(set(names)) != len(names) or b"\\" in b"".join(names):
        # A name may return at another level (`id` in `betreft`): now look at each object by itself.
        problems += repeated_names(raw)
    if problems:
        raise InvalidEvent(problems)
    return event


def _swiftly(raw: bytes, prefix: str) -> Envelope | None:
    """Return the event, or None when the other reader must say what is wrong, or look once more."""
    try:
        event: Envelope = swift_reader(prefix).validate_json(
            raw, strict=True, by_alias=True, by_name=False
        )
    except ValidationError:
        return None
    # An extension may be a number that is a burgerservicenummer once its zeros are back.
    return None if event.__pydantic_extra__ else event


def _too_large(size: int) -> Problem:
    return Problem(
        "the event",
        f"is {size} bytes, and an event has at most {MAX_EVENT_BYTES}",
        "leave the content at its source and say in dataref where it can be had",
    )
