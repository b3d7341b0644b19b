"""What the models of a message type can hold: its variants, its fields, the values of a field."""

from datetime import date
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from handlers.fields import ENVELOPE_FIELDS, attributes, submodel
from schemas.case import CasePart, CommonPart, PersonPart
from schemas.catalogue import CATALOGUE
from schemas.identifiers import GemeenteCode

PERSON_FIELDS: Final = frozenset(attributes(PersonPart)) - frozenset(attributes(CommonPart))
"""What a message about a person has and a message without one has not."""

Model = type[BaseModel]


def variants(message: str, kinds: tuple[str, ...] = ()) -> tuple[Model, ...]:
    """Return the models of a known type; with `kinds`, those that can have such a `soort`."""
    models = CATALOGUE[message].variants
    if not kinds:
        return models
    return tuple(model for model in models if set(kinds) & kinds_of(model))


def kinds_of(model: Model) -> frozenset[str]:
    """Return the values that `soort` may have in this model; empty: it has no `soort`."""
    if "kind" not in model.model_fields:
        return frozenset()
    return frozenset(map(str, values_of(model, "soort") or ()))


@cache
def field_names(model: Model) -> frozenset[str]:
    """Return every wire name that `velden` may name for this model, nested ones with a dot."""
    names = set(attributes(model)) | ENVELOPE_FIELDS
    for wire in attributes(model):
        inner = submodel(model, wire)
        if inner is not None:
            names |= {f"{wire}.{name}" for name in attributes(inner)}
    return frozenset(names)


def data_field_names(model: Model) -> frozenset[str]:
    """Return the wire names that a condition may ask about: those of `data` only."""
    return field_names(model) - ENVELOPE_FIELDS


def is_about_a_person(model: Model) -> bool:
    """Whether messages of this model are about a person (L1 and up)."""
    return issubclass(model, CasePart)


def values_of(model: Model, wire: str) -> frozenset[Any] | None:
    """Return the closed list of values of a field, or None when its values are open."""
    return _values(annotation_of(model, wire))


def type_words(model: Model, wire: str) -> tuple[tuple[type, ...], str]:
    """Return of which Python types a value of this field is, and their name for the reader.

    No types at all: the field is a list or has parts, and its value cannot be compared.
    """
    found = _types(annotation_of(model, wire))
    if found is None:
        return (), "a list, or has parts"
    return tuple(found), " or ".join(sorted({_WORDS[kind] for kind in found}))


_WORDS: Final[dict[type, str]] = {
    str: "text", bool: "`ja` or `nee`", int: "a whole number", date: "a day",
}  # fmt: skip


def is_gemeente_code(model: Model, wire: str) -> bool:
    """Whether a direct field of `data` holds the CBS code of a gemeente."""
    info = model.model_fields[attributes(model)[wire]]
    metadata = list(info.metadata)
    for part in get_args(info.annotation):
        metadata += getattr(part, "__metadata__", ())
    return _GEMEENTE_CODE in {getattr(item, "pattern", None) for item in metadata}


_GEMEENTE_CODE: Final = GemeenteCode.__metadata__[0].pattern  # type: ignore[attr-defined]  # an Annotated


def annotation_of(model: Model, wire: str) -> Any:
    """Return the type of a known wire field, without the option of being absent."""
    top, _, rest = wire.partition(".")
    if rest:
        inner = submodel(model, top)
        if inner is not None:
            return annotation_of(inner, rest)
    return model.model_fields[attributes(model)[top]].annotation


def _values(annotation: Any) -> frozenset[Any] | None:
    origin = get_origin(annotation)
    if origin is Literal:
        return frozenset(get_args(annotation))
    if origin in {Union, UnionType}:
        parts = [_values(part) for part in get_args(annotation) if part is not type(None)]
        found = [part for part in parts if part is not None]
        return frozenset().union(*found) if len(found) == len(parts) else None
    if hasattr(annotation, "__metadata__"):
        return _values(get_args(annotation)[0])
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return frozenset(member.value for member in annotation)
    return frozenset({True, False}) if annotation is bool else None


def _types(annotation: Any) -> set[type] | None:
    origin = get_origin(annotation)
    if origin is Literal:
        return {_plain(type(value)) for value in get_args(annotation)}
    if hasattr(annotation, "__metadata__"):
        return _types(get_args(annotation)[0])
    if origin in {Union, UnionType}:
        found: set[type] = set()
        for part in get_args(annotation):
            if part is not type(None):
                found |= _types(part) or set()
        return found or None
    if isinstance(annotation, type) and issubclass(annotation, (str, bool, int, date)):
        return {_plain(annotation)}
    return None


def _plain(kind: type) -> type:
    return next(plain for plain in (str, bool, int, date) if issubclass(kind, plain))
