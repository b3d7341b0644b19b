"""Data minimisation (AVG art. 5 lid 1 onder c): a copy holds what its rule names, and no more."""

import json
from typing import Any

from handlers.fields import ENVELOPE_FIELDS, include_of
from handlers.serializing import serializer_of
from schemas.envelope import Envelope


def minimise(event: Envelope, fields: tuple[str, ...]) -> bytes:
    """Return the copy of `event` with only `fields` of its data, as a CloudEvent in JSON.

    Context attributes and extensions travel along untouched, but for `subject` and `dataref`,
    which leave only where `fields` names them. Absent fields are left out. The bytes are made
    from the validated model: what was not understood cannot leave.
    """
    data = event.data.__class__
    if not event.__pydantic_extra__:
        serializer = serializer_of(event.__class__, data, fields)
        if serializer is not None:
            return serializer.to_json(event, by_alias=True, exclude_none=True)
    include = include_of(data, fields)
    if event.__pydantic_extra__:
        include = {**include, **dict.fromkeys(event.__pydantic_extra__, True)}
    return event.__pydantic_serializer__.to_json(
        event, include=include, by_alias=True, exclude_none=True
    )


def minimise_copy(copy: bytes, fields: tuple[str, ...]) -> bytes:
    """Return a copy of a copy, for who gets it passed on: at most what `copy` itself holds."""
    event: dict[str, Any] = json.loads(copy)
    event["data"] = _parts(event.get("data", {}), fields)
    for name in ENVELOPE_FIELDS - set(fields):
        event.pop(name, None)
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


def _parts(data: dict[str, Any], fields: tuple[str, ...]) -> dict[str, Any]:
    """Return what `fields` name of `data`; a dotted path into a list, of each of its items."""
    kept: dict[str, Any] = {top: data[top] for top in fields if top in data}
    inside: dict[str, list[str]] = {}
    for wire in fields:
        top, _, rest = wire.partition(".")
        if rest and top in data and top not in kept:
            inside.setdefault(top, []).append(rest)
    for top, names in inside.items():
        value = data[top]
        if isinstance(value, list):
            kept[top] = [_named(item, names) for item in value]
        elif found := _named(value, names):
            kept[top] = found
    return kept


def _named(value: Any, names: list[str]) -> dict[str, Any]:
    return {name: value[name] for name in names if name in value} if isinstance(value, dict) else {}
