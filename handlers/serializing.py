"""A serializer that knows beforehand which fields leave: made once for a model and its fields.

Telling the general serializer with every event what to include costs half as much again. The bytes
are the same.
"""

from functools import cache
from typing import Any, Final

from pydantic import BaseModel
from pydantic_core import SchemaSerializer

from handlers.fields import include_of
from schemas.envelope import Envelope

_AROUND: Final = frozenset({
    *("model", "default", "nullable", "model-field"),
    *("function-after", "function-before", "function-wrap"),
})  # fmt: skip
"""Kinds of schema that have one other inside, under `schema`."""


class _CannotTell(Exception):  # noqa: N818 - not an error: then the general one does it
    """Part of a field is to leave, and the schema has none of the kinds that are known here."""


@cache
def serializer_of(
    event: type[Envelope], data: type[BaseModel], fields: tuple[str, ...]
) -> SchemaSerializer | None:
    """Return what writes an `event` with a `data` with only `fields` of it, and no extensions.

    Call it as pydantic's own: `to_json(event, by_alias=True, exclude_none=True)`. None: the general
    serializer must be used, with `include_of`.
    """
    schema: Any = event.__pydantic_core_schema__
    if schema["type"] == "definitions":  # of variants that stand in several types
        schema = schema["schema"]
    include = include_of(data, fields)
    try:
        pruned = _pruned(schema, {name: kept for name, kept in include.items() if name != "data"})
        inner = pruned["schema"]["fields"]["data"]
        # Of a type with variants, this is the variant.
        inner["schema"] = _pruned(data.__pydantic_core_schema__, include["data"])
        inner.pop("serialization_exclude", None)
    except (_CannotTell, KeyError):
        return None
    return SchemaSerializer(pruned, None, _use_prebuilt=False)


def _pruned(schema: Any, include: Any) -> Any:
    """Return the schema with what is not in `include` (True: all) left out of what is written."""
    kind = schema["type"]
    if kind in _AROUND:
        return {**schema, "schema": _pruned(schema["schema"], include)}
    if kind == "tuple" and not isinstance(include, bool):
        inner = include.get("__all__", include)
        return {**schema, "items_schema": [_pruned(each, inner) for each in schema["items_schema"]]}
    if kind == "model-fields":
        fields = {
            name: _field(field, include is True or include.get(name))
            for name, field in schema["fields"].items()
        }
        return {**schema, "fields": fields}
    if include is not True:
        raise _CannotTell
    # A word of a closed list is text already: asking it for its value costs more than writing it.
    return {"type": "str"} if kind == "enum" and schema.get("sub_type") == "str" else schema


def _field(field: Any, include: Any) -> Any:
    if not include:
        return {**field, "serialization_exclude": True}
    return {**field, "schema": _pruned(field["schema"], include)}
