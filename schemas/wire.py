"""What a model looks like on the wire: its Dutch names, and the model behind a path."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel


def fields_at(
    model: type[BaseModel], path: Sequence[str | int], document: Mapping[str, Any]
) -> dict[str, str]:
    """Return the fields of the object at `path`: name in Python -> name on the wire.

    `document` tells which variant of a union is meant, by its `soort`. Empty when `path` leads
    nowhere.

    >>> from schemas.case import PersonPart
    >>> fields_at(PersonPart, ["verzender"], {})
    {'oin': 'oin', 'unit': 'onderdeel', 'role': 'rol'}
    """
    here: type[BaseModel] | None = model
    value: Any = document
    for part in path:
        value = _step(value, part)
        if isinstance(part, int) or here is None:
            continue
        name = next((n for n, wire in wire_names(here).items() if wire == part), None)
        here = _chosen(here.model_fields[name].annotation, value) if name else None
    return wire_names(here) if here is not None else {}


def wire_names(model: type[BaseModel]) -> dict[str, str]:
    """Return name in Python -> name on the wire, in the order of the model."""
    return {name: field.alias or name for name, field in model.model_fields.items()}


def names_below(model: type[BaseModel]) -> frozenset[str]:
    """Return the wire names of a model and of every model inside it, at any depth."""
    inside = (m for field in model.model_fields.values() for m in models_in(field.annotation))
    return frozenset(wire_names(model).values()).union(*map(names_below, inside))


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield every model that stands in a type: in a union, a tuple, an optional."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from models_in(argument)


@cache
def holds_models(model: type[BaseModel]) -> tuple[str, ...]:
    """Return the attributes of a model that may hold another model, in Python.

    >>> from schemas.case import PersonPart
    >>> holds_models(PersonPart)
    ('sender', 'data_subject')
    """
    return tuple(
        name
        for name, field in model.model_fields.items()
        if any(True for _ in models_in(field.annotation))
    )


def _chosen(annotation: Any, value: Any) -> type[BaseModel] | None:
    models = list(models_in(annotation))
    kind = value.get("soort") if isinstance(value, dict) else None
    for model in models:
        field = model.model_fields.get("kind")
        if len(models) == 1 or (field and kind in words_of(field.annotation)):
            return model
    return None


def words_of(annotation: Any) -> tuple[Any, ...]:
    """Return the words of a Literal, or of a union of them."""
    return tuple(
        word
        for argument in get_args(annotation)
        for word in (words_of(argument) if get_args(argument) else (argument,))
    )


def _step(value: Any, part: str | int) -> Any:
    try:
        return value[part]
    except (KeyError, IndexError, TypeError):
        return None
