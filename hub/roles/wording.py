"""What a model says of a wrong value, in words for who wrote the file.

A privacy officer mends these files. The words of the validator ("Input should be a valid tuple")
are about Python; here each becomes a rule and a way out in terms of the file.
"""

import re
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from hub.roles.tree import Document
from schemas.problems import Problem, nearest

_QUOTED: Final = re.compile(r"'([^']+)'")

_ROLE: Final = r"^(gemeente|zvh|aanvrager|keuze|(partij|groep):[a-z][a-z0-9-]*)$"
_ROLE_WORDS: Final = ("gemeente", "zvh", "aanvrager", "keuze", "partij", "groep")

_FORMS: Final = {
    r"^(algemeen|preventie|pga|detentie-en-re-integratie)-[1-9]$": (
        "a cell is a column of the table and a number",
        "write for example `pga-1` or `detentie-en-re-integratie-2`",
    ),
    _ROLE: (
        "a recipient is a role",
        "write `gemeente`, `zvh`, `aanvrager`, `keuze`, `partij:…` or `groep:…`",
    ),
    r"^[A-Za-z0-9._-]{0,40}$": (
        "it has at most 40 letters, digits, dots, hyphens and low lines",
        "write for example `indigo-`",
    ),
    r"^[0-9]{20}$": ("an OIN has 20 digits", "write all 20, between quotes"),
    r"^[0-9]{4}$": ("a gemeente has a CBS code of four digits", 'write for example "0363"'),
}
_NAME_FORM: Final = (
    "a name here has small letters, digits and hyphens, and begins with a letter",
    "write for example `ind-signaal-pga`",
)
_FIELD_FORM: Final = (
    "a field is a wire name with at most one dot, or a field group in capitals",
    "write for example `omschrijving`, `betrokkene.naam` or `KERN`",
)


def problem_of(
    error: ErrorDetails, model: Any, document: Document, under: tuple[str, ...]
) -> Problem:
    """Turn one validation error into a problem. `under` is where in the file `model` begins."""
    loc = error["loc"]
    rule, way_out = _words(error, model, _called(loc))
    return Problem(document.place((*under, *loc)), rule, way_out)


def _called(loc: tuple[str | int, ...]) -> str:
    names = [step for step in loc if isinstance(step, str)]
    name = f"`{names[-1]}`" if names else "this"
    return f"{name}, item {loc[-1] + 1}," if loc and isinstance(loc[-1], int) and names else name


def _words(error: ErrorDetails, model: Any, name: str) -> tuple[str, str]:
    kind, context, value = error["type"], error.get("ctx", {}), error["input"]
    if kind == "extra_forbidden":
        return unknown_key(str(error["loc"][-1]), _keys_at(model, error["loc"][:-1]))
    if kind in {"enum", "literal_error"}:
        return _not_a_choice(name, value, _QUOTED.findall(str(context.get("expected", ""))))
    if kind == "string_pattern_mismatch":
        return _wrong_form(name, value, str(context.get("pattern", "")))
    if kind == "string_type":
        return f"{name} must be text", _as_text(value)
    if kind in _PLAIN:
        rule, way_out = _PLAIN[kind]
        facts = {"name": name, "key": name.strip("`"), **context}
        return rule.format(**facts), way_out.format(**facts)
    return _by_family(kind, name)


_LIST: Final = ("{name} must be a list", "write [a, b], or each item on a line with `- `")
_KEYS: Final = ("{name} must have keys of its own", "write `key: value` below it")
_PLAIN: Final = {
    "missing": ("{name} is missing here", "add a line {key}: …"),
    "too_short": ("{name} is empty", "give at least one"),
    "greater_than_equal": ("{name} must be {ge} or more", "write a higher number"),
    "less_than_equal": ("{name} must be {le} or less", "write a lower number"),
    "model_type": _KEYS,
    "model_attributes_type": _KEYS,
    "dict_type": _KEYS,
    "tuple_type": _LIST,
    "list_type": _LIST,
}


def _by_family(kind: str, name: str) -> tuple[str, str]:
    if kind.startswith("bool"):
        return f"{name} is `ja` or `nee`", "write one of the two"
    if kind.startswith("date"):
        return f"{name} must be a day", "write year, month and day: 2027-01-31"
    if kind.startswith("int"):
        return f"{name} must be a whole number", "write digits only, without quotes"
    return (
        f"{name} has a value that is not possible here",
        "compare it with the same key in another file",
    )


def unknown_key(key: str, keys: list[str]) -> tuple[str, str]:
    """Return the rule and the way out for a key that may not stand here."""
    near = nearest(key, keys)
    known = f"perhaps `{near}`" if near else f"the keys here are: {', '.join(keys)}"
    return f"`{key}` is not a key here", known


def _not_a_choice(name: str, value: Any, choices: list[str]) -> tuple[str, str]:
    near = nearest(str(value), choices)
    known = f"perhaps `{near}`" if near else f"one of: {', '.join(choices)}"
    return f"`{value}` is not possible for {name.rstrip(',')}", known


def _wrong_form(name: str, value: Any, pattern: str) -> tuple[str, str]:
    if pattern in _FORMS:
        rule, way_out = _FORMS[pattern]
        if pattern == _ROLE and (near := _nearest_role(str(value))):
            way_out = f"perhaps `{near}`"
    else:
        rule, way_out = _FIELD_FORM if "A-Z_" in pattern else _NAME_FORM
    return f"`{value}` is not possible for {name.rstrip(',')}: {rule}", way_out


def _nearest_role(value: str) -> str | None:
    """Return the nearest role; what stands behind the colon stays as it is."""
    word, colon, name = value.partition(":")
    near = nearest(word.strip().lower(), _ROLE_WORDS)
    if near in {"partij", "groep"}:
        return f"{near}:{name.strip()}" if colon else None
    return near


def _as_text(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "put it between quotes, so that leading zeros stay"
    return "write one value, between quotes if it is a number or a day"


def _keys_at(model: Any, loc: tuple[str | int, ...]) -> list[str]:
    """Return the keys that may stand in the part of the file at `loc`."""
    for step in loc:
        model = _inside(model)
        if isinstance(step, str) and isinstance(model, type) and issubclass(model, BaseModel):
            by_alias = {info.alias or name: info for name, info in model.model_fields.items()}
            model = by_alias[step].annotation if step in by_alias else None
    model = _inside(model)
    if isinstance(model, type) and issubclass(model, BaseModel):
        return [info.alias or name for name, info in model.model_fields.items()]
    return []


def _inside(annotation: Any) -> Any:
    """Strip options and lists: `tuple[Rule, ...] | None` is about `Rule`."""
    while not isinstance(annotation, type) or get_origin(annotation) is not None:
        origin, arguments = get_origin(annotation), get_args(annotation)
        if not arguments:
            return None
        if origin in {Union, UnionType}:
            annotation = next(a for a in arguments if a is not type(None))
        else:
            annotation = arguments[0]
    return annotation
