"""The fields of a model as rows for a reader: wire name, meaning, form, required."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from pydantic import BaseModel

from schemas.identifiers import NOT_BLANK
from schemas.rules_in_words import pattern_in_words
from schemas.wire import wire_names

_FORMATS: Final = {"date": "date", "date-time": "moment with offset"}
_PLAIN: Final = {"null": "absent", "boolean": "true or false", "integer": "whole number"}
_WORDS: Final = {49: "party of the role config", 61: "word of the role config"}


@dataclass(frozen=True, slots=True)
class Row:
    """One field."""

    name: str  #: on the wire
    meaning: str  #: English
    shape: str  #: in words: `text of at most 200 characters`, `one of feit, oordeel, advies`
    required: bool


@cache
def rows_of(model: type[BaseModel]) -> tuple[Row, ...]:
    """Return the fields of `model`, in its order."""
    schema = model.model_json_schema()
    return tuple(_rows(model, schema, schema.get("$defs", {})))


def _rows(model: type[BaseModel], schema: dict[str, Any], defs: dict[str, Any]) -> list[Row]:
    english = {wire: name for name, wire in wire_names(model).items()}
    return [
        Row(
            name,
            field.get("description") or english[name].replace("_", " "),
            _shape(field, defs),
            name in schema.get("required", ()),
        )
        for name, field in schema["properties"].items()
    ]


def _shape(field: dict[str, Any], defs: dict[str, Any]) -> str:
    """Say in words what JSON Schema says of one field."""
    if "$ref" in field:
        return _shape(defs[field["$ref"].rpartition("/")[2]], defs)
    options = field.get("anyOf") or field.get("oneOf")
    if options and "properties" not in field:  # beside members it says which belong together
        shapes = (_shape(option, defs) for option in options if option.get("type") != "null")
        return " or ".join(dict.fromkeys(shapes))
    if "const" in field or "enum" in field:
        words = [json.dumps(word).strip('"') for word in field.get("enum", [field.get("const")])]
        return f"{'one of ' * (len(words) > 1)}{', '.join(f'`{word}`' for word in words)}"
    kind = str(field.get("type"))
    if kind == "array":
        most = f", at most {field['maxItems']}" if "maxItems" in field else ""
        return f"list of: {_shape(field['items'], defs)}{most}"
    if kind == "object":
        return f"object of {'; '.join(_members(field, defs))}"
    return _text(field) if kind == "string" else _PLAIN.get(kind, "see `data` of each type")


def _members(field: dict[str, Any], defs: dict[str, Any]) -> Iterator[str]:
    for name, part in field.get("properties", {}).items():
        optional = "" if name in field.get("required", ()) else " (optional)"
        yield f"`{name}`{optional}: {_shape(part, defs)}"


def _text(field: dict[str, Any]) -> str:
    if "format" in field:
        return _FORMATS[field["format"]]
    if field.get("pattern", NOT_BLANK) == NOT_BLANK:
        return (
            f"text of at most {field['maxLength']} characters" if "maxLength" in field else "text"
        )
    words = pattern_in_words(field["pattern"])[0]
    if words == pattern_in_words("^[a-z](?:")[0]:
        return _WORDS.get(field.get("maxLength", 0), words)
    return words.removeprefix("is ").removeprefix("has ").removeprefix("an ").removeprefix("a ")
