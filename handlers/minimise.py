"""Data minimisation (AVG art. 5 lid 1 onder c): a copy holds what its rule names, and no more."""

import json
from typing import Any

from handlers.fields import ENVELOPE_FIELDS, include_of
from schemas.envelope import Envelope


def minimise(event: Envelope, fields: tuple[str, ...]) -> bytes:
    """Return the copy of `event` with only `fields` of its data, as a CloudEvent in JSON.

    Context attributes and extensions travel along untouched, but for `subject` and `dataref`,
    which leave only where `fields` names them. Absent fields are left out. The bytes are made
    from the validated model: what was not understood cannot leave.
    """
    include = include_of(event.data.__class__, fields)
    if event.__pydantic_extra__:
        include = {**include, **dict.fromkeys(event.__pydantic_extra__, True)}
    return event.__pydantic_serializer__.to_json(
        event, include=include, by_alias=True, exclude_none=True
    )


def minimise_copy(copy: bytes, fields: tuple[str, ...]) -> bytes:
    """Return a copy of a copy, for who gets it passed on: at most what `copy` itself holds."""
    event: dict[str, Any] = json.loads(copy)
    data: dict[str, Any] = event.get("data", {})
    kept: dict[str, Any] = {}
    for wire in fields:
        top, _, rest = wire.partition(".")
        if top not in data:
            continue
        if not rest:
            kept[top] = data[top]
        elif isinstance(data[top], dict) and rest in data[top]:
            kept.setdefault(top, {})[rest] = data[top][rest]
    for name in ENVELOPE_FIELDS - set(fields):
        event.pop(name, None)
    return json.dumps({**event, "data": kept}, ensure_ascii=False, separators=(",", ":")).encode()
