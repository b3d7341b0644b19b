"""Wire names against the models: which fields a message type has, and where they are.

The role config speaks the wire names (`betrokkene.naam`); the models have English attributes.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final, get_args, get_origin

from pydantic import BaseModel

from schemas.envelope import Envelope

ENVELOPE_FIELDS: Final = frozenset({"dataref", "subject"})
"""Context attributes that leave only where a rule names them; the others always travel along."""


@cache
def attributes(model: type[BaseModel]) -> Mapping[str, str]:
    """Return wire name -> attribute name of the direct fields of `model`."""
    return {info.alias or name: name for name, info in model.model_fields.items()}


@cache
def submodel(model: type[BaseModel], wire: str) -> type[BaseModel] | None:
    """Return the model inside field `wire`, also inside a tuple or an option; None: it is plain."""
    attribute = attributes(model).get(wire)
    if attribute is None:
        return None
    return _model_in(model.model_fields[attribute].annotation)


@cache
def is_list(model: type[BaseModel], wire: str) -> bool:
    """Whether field `wire` of `model` holds a list: a dotted path then means that of every item."""
    attribute = attributes(model).get(wire)
    return attribute is not None and _is_list(model.model_fields[attribute].annotation)


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) is tuple or any(map(_is_list, get_args(annotation)))


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in get_args(annotation):
        if (found := _model_in(argument)) is not None:
            return found
    return None


def expand(fields: Iterable[str], groups: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Replace field groups (in capitals) by their fields; sorted, each once.

    >>> expand(["KERN", "omschrijving"], {"KERN": ("meldingId", "fase")})
    ('fase', 'meldingId', 'omschrijving')
    """
    found: set[str] = set()
    for name in fields:
        found.update(groups[name] if name.isupper() else (name,))
    return tuple(sorted(found))


Include = dict[str, Any]


@cache
def include_of(model: type[BaseModel], fields: tuple[str, ...]) -> Include:
    """Return what pydantic's serializer must include so that only `fields` of `data` leave.

    A dotted path into a list keeps that member of every item. A field that the model has not is
    left out; `handlers.checks` reports it when the config is loaded.
    """
    data: Include = {}
    envelope: Include = dict.fromkeys(Envelope.ALWAYS, True)
    for wire in fields:
        if wire in ENVELOPE_FIELDS:
            envelope[wire] = True
            continue
        top, _, rest = wire.partition(".")
        attribute = attributes(model).get(top)
        if attribute is None:
            continue
        if not rest:
            data[attribute] = True
            continue
        inner = submodel(model, top)
        name = attributes(inner).get(rest) if inner is not None else None
        if name is not None and data.get(attribute) is not True:
            part = data.setdefault(attribute, {})
            if is_list(model, top):
                part = part.setdefault("__all__", {})
            part[name] = True
    return {**envelope, "data": data}
