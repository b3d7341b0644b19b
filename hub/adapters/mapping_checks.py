"""What a mapping must say together: types that exist, paths that they have, readings that fit."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from hub.adapters.dates import DateForm
from hub.adapters.mapping import Column, Mapping, Word
from schemas.catalogue import CATALOGUE, event_models
from schemas.problems import nearest
from schemas.wire import models_in, wire_names

GIVEN: Final = frozenset({
    "specversion", "id", "source", "type", "datacontenttype", "data.verzender.oin",
})  # fmt: skip
"""Paths that follow from the mapping itself."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something wrong in a mapping, at a key path of its file."""

    path: tuple[str | int, ...]
    rule: str
    way_out: str


def mistakes(mapping: Mapping) -> list[Mistake]:
    """Return everything wrong that the form of the file does not show; empty: it can be used."""
    found = [*_type_mistakes(mapping)]
    known = [name for name in mapping.type.types if name in CATALOGUE]
    found += _part_mistakes((), mapping.constants, mapping.fields, known)
    for name, part in mapping.per_type.items():
        at = ("per_type", name)
        if name in mapping.type.types:
            types = [name] if name in CATALOGUE else []
            found += _part_mistakes(at, part.constants, part.fields, types)
        else:
            hint = nearest(name, mapping.type.types)
            found.append(
                Mistake(
                    at,
                    f"`{name}` is not a type that this mapping makes",
                    f"perhaps `{hint}`" if hint else "name it under type, or leave it out",
                )
            )
    return found


def paths_of(message_type: str) -> set[str]:
    """Return every wire path that an event of this type may have, to two levels below data.

    >>> {"time", "data.omschrijving", "data.betrokkene.bsn"} <= paths_of("signalen.signaal-gemeld")
    True
    """
    row = CATALOGUE[message_type]
    model = next(m for name, m in event_models().items() if name.endswith(f".{message_type}"))
    paths = set(wire_names(model)) - {"data"}
    for variant in row.variants:
        for name, field in variant.model_fields.items():
            wire = field.alias or name
            inner = list(models_in(field.annotation))
            below = {f"data.{wire}.{key}" for part in inner for key in wire_names(part).values()}
            paths |= below or {f"data.{wire}"}
    return paths


def _type_mistakes(mapping: Mapping) -> Iterator[Mistake]:
    choice = mapping.type
    if (choice.constant is None) == (choice.column is None):
        yield Mistake(("type",), "gives no type, or two ways to find it", "write vast, or kolom")
    elif choice.column is not None and not choice.words:
        yield Mistake(("type",), "says which column, not which types", "add waarden: {…: type}")
    elif choice.constant is not None and (choice.words or choice.skip):
        yield Mistake(("type",), "waarden and overslaan go with kolom", "leave out vast, or them")
    for word in choice.skip:
        if word in choice.words:
            yield Mistake(("type", "overslaan"), f"`{word}` has a type as well", "choose one")
    for name in choice.types:
        if name not in CATALOGUE:
            hint = nearest(name, CATALOGUE)
            yield Mistake(
                choice.place_of(name),
                f"`{name}` is not a message type",
                f"perhaps `{hint}`" if hint else "see docs/reference/messages.md",
            )


def _part_mistakes(
    at: tuple[str, ...],
    constants: dict[str, Word],
    fields: dict[str, Column],
    types: list[str],
) -> Iterator[Mistake]:
    for path in constants:
        yield from _path_mistakes((*at, "vast", path), path, types)
        if path in fields:
            yield Mistake((*at, "velden", path), "stands under vast as well", "keep one of the two")
    for path, column in fields.items():
        yield from _path_mistakes((*at, "velden", path), path, types)
        yield from _column_mistakes((*at, "velden", path), column)


def _path_mistakes(at: tuple[str, ...], path: str, types: list[str]) -> Iterator[Mistake]:
    if path in GIVEN:
        yield Mistake(at, f"`{path}` follows from bron, id and type", "leave it out")
        return
    if "." not in path and path.isalnum() and path.islower() and path != "data":
        return  # an attribute of the envelope, or an extension: the hub looks at its value
    for name in types:
        paths = paths_of(name)
        if path not in paths:
            hint = nearest(path, paths - GIVEN)
            way_out = "move it to per_type when another type has it, or leave it out"
            yield Mistake(
                at,
                f"`{path}` is not a field of {name}",
                f"perhaps `{hint}`; or {way_out}" if hint else way_out,
            )


def _column_mistakes(at: tuple[str, ...], column: Column) -> Iterator[Mistake]:
    readings = column.readings()
    if len(readings) > 1:
        yield Mistake(at, f"is read in {len(readings)} ways: {', '.join(readings)}", "keep one")
    if column.otherwise is not None and column.words is None:
        yield Mistake((*at, "anders"), "anders goes with waarden", "add waarden, or leave it out")
    for key, form in (("datum", column.day), ("tijdstip", column.moment)):
        if form is not None and (reason := DateForm.mistake(form, with_time=key == "tijdstip")):
            yield Mistake((*at, key), reason, "write for example dd-mm-jjjj, with uu:mm for a time")
