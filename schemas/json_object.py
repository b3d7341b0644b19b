"""Bytes as one JSON object; or the one problem that keeps them from being read at all."""

import json
import re
from typing import Any, Final

from pydantic_core import from_json

from schemas.problems import Problem

_WHOLE: Final = "the event"
_POSITION: Final = re.compile(r"at (line \d+ column \d+)$")
_MEMBERS: Final = frozenset({"specversion", "type", "source", "id"})
_FEW: Final = 8


def json_object(raw: bytes) -> dict[str, Any] | Problem:
    """Return the object in `raw`, or why it is none; then nothing else can be said of it."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return Problem(_WHOLE, "is not UTF-8", "write it as UTF-8, without a byte order mark")
    try:
        document = from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        return _not_json(text, str(error))
    if not isinstance(document, dict):
        return Problem(_WHOLE, "is not a JSON object", "send one CloudEvent in structured mode")
    if len(document) <= _FEW and _MEMBERS.isdisjoint(map(str.lower, document)):
        return Problem(
            _WHOLE,
            "has none of the members of a CloudEvent",
            "put the whole CloudEvent as JSON in the field `event`: XADD … * event '{…}'",
        )
    return document


def _not_json(text: str, reason: str) -> Problem:
    if "recursion" in reason:
        way_out = "no message type needs more than 5 levels"
        return Problem(_position(reason), "is nested too deep", way_out)
    if "surrogate" in reason or "hex escape" in reason:
        return Problem(_position(reason), "has half a character (\\u escape)", "write it as UTF-8")
    place = _begin_of_fault(text) or _position(reason)
    if reason.startswith("trailing"):
        rule = "goes on after the end of its JSON (RFC 8259)"
        return Problem(place, rule, "send each event by itself, with nothing after it")
    if reason.startswith("EOF"):
        return Problem(place, "ends before its JSON (RFC 8259) is whole", "send all of it")
    way_out = "look at quotes, commas and brackets there"
    if place.endswith(" line 1 column 1"):
        way_out = "send one JSON object, nothing before it"
    return Problem(place, "is not JSON (RFC 8259)", way_out)


def _begin_of_fault(text: str) -> str | None:
    """Return the place where the wrong word begins, in characters.

    The reader of events counts bytes, and names the letter at which it gave up.
    """

    def refuse(_: str) -> None:
        raise ValueError

    try:
        json.loads(text, parse_int=str, parse_float=str, parse_constant=refuse)
    except json.JSONDecodeError as error:
        return f"{_WHOLE}, line {error.lineno} column {error.colno}"
    except (ValueError, RecursionError):
        return None
    return None


def _position(reason: str) -> str:
    found = _POSITION.search(reason)
    return f"{_WHOLE}, {found[1]}" if found else _WHOLE
