"""A mapping held against the role config: what the hub would refuse of every row that it makes."""

from collections.abc import Collection, Iterator

from handlers.rulebook import Party, Rulebook
from hub.adapters.mapping import Mapping, PerType, Word
from hub.adapters.mapping_checks import Mistake
from schemas.catalogue import ACTS, CATALOGUE, CORRECTIONS
from schemas.identifiers import oin_of
from schemas.problems import nearest

Path = tuple[str, ...]


def not_admitted(mapping: Mapping, sender: Party, book: Rulebook) -> Iterator[Mistake]:
    """Yield what is wrong for `sender`, so that it is said before the first file and not per row.

    A type that is not in the catalogue is no business of this check.
    """
    if oin_of(mapping.source) != sender.oin:
        rule = f"the OIN is not that of {sender.id} in the role config"
        yield Mistake(("bron",), rule, "use the OIN of the sender")
    for name in dict.fromkeys(mapping.type.types):
        if name in CATALOGUE.keys() - ACTS - CORRECTIONS:
            yield from _type(name, mapping, sender, book)
    for wire, known in (("data.grondslag", book.legal_bases), ("data.doel", book.purposes)):
        yield from _names(mapping, wire, known)


def _type(name: str, mapping: Mapping, sender: Party, book: Rulebook) -> Iterator[Mistake]:
    if not book.rules_for(sender.partner, name):
        hint = nearest(name, book.types_of(sender.partner))
        rule = f"no rule lets {sender.partner} send {name}"
        way_out = f"the nearest that it may send: {hint or 'none'}"
        yield Mistake(mapping.type.place_of(name), rule, way_out)


def _names(mapping: Mapping, wire: str, known: Collection[str]) -> Iterator[Mistake]:
    parts: list[tuple[Path, Mapping | PerType]] = [((), mapping)]
    parts += [(("per_type", name), part) for name, part in mapping.per_type.items()]
    for at, part in parts:
        for place, value in _values(part, wire):
            if value not in known:
                hint = nearest(str(value), known) or ", ".join(sorted(known))
                rule = f"`{value}` is not a {wire.removeprefix('data.')} of the role config"
                yield Mistake((*at, *place), rule, f"perhaps: {hint}")


def _values(part: Mapping | PerType, wire: str) -> Iterator[tuple[Path, Word]]:
    """Yield every value that `part` itself can give a field, and where it says so."""
    if wire in part.constants:
        yield ("vast", wire), part.constants[wire]
    column = part.fields.get(wire)
    if column is None:
        return
    for cell, word in (column.words or {}).items():
        yield ("velden", wire, "waarden", cell), word
    for key, value in (("anders", column.otherwise), ("leeg", column.when_empty)):
        if value is not None:
            yield ("velden", wire, key), value
