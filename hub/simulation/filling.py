"""A payload model filled in, field by field, by the name of each field on the wire.

A closed list gives its own words; the rest has a filler here. So a new message type made of known
fields needs nothing new, and a field that nobody knows how to fill is an error, never a gap.
"""

import types
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from hub.simulation import texts
from hub.simulation.cases import Case
from hub.simulation.chance import Dice
from schemas.case import CasePart
from schemas.wire import words_of

_OPTIONAL_SHARE: Final = 0.6


def fill(
    model: type[BaseModel], case: Case, dice: Dice, day: date, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what `model` needs beyond `given`, and some of what it may have; wire names.

    Raises:
        LookupError: a required field that no filler knows.

    """
    data = dict(given)
    for name, info in model.model_fields.items():
        wire = info.alias or name
        if wire in data or wire in _LEFT_OUT:
            continue
        if not info.is_required() and not dice.maybe(_OPTIONAL_SHARE):
            continue
        value = _value(wire, info, model, case, dice, day)
        if value is not None:
            data[wire] = value
        elif info.is_required():
            raise LookupError(f"{model.__name__}: no filler for the field {wire}")
    return data


_LEFT_OUT: Final = frozenset({
    "namens", "verstrekkenAan", "deelnemers", "aanvrager", "adresstatus", "derdenverbod",
    "bewarenTot", "betrokkene", "zaakRef", "herkomst", "bezorgdVia",
})  # fmt: skip
"""Set by who writes the event, or not at all: they decide where it goes."""


def _value(
    wire: str, info: FieldInfo, model: type[BaseModel], case: Case, dice: Dice, day: date
) -> Any:
    filler = _FILLERS.get(wire)
    if filler is not None:
        return filler(case, dice, day)
    words, many = _choices(info.annotation)
    if words:
        return dice.some(words, 2) if many else dice.one_of(words)
    sentences = (texts.ABOUT_A_PERSON if issubclass(model, CasePart) else texts.PUBLIC).get(wire)
    if sentences:
        return dice.one_of(sentences).format(naam=case.person.name)
    lines = texts.LINES.get(wire)
    if lines is None:
        return None
    return dice.some(lines, 2) if _is_tuple(info.annotation) else dice.one_of(lines)


def _choices(annotation: Any) -> tuple[list[Any], bool]:
    """Return the words of a closed list as they stand on the wire, and whether several may be."""
    found = [word for word in words_of(annotation) if isinstance(word, str | bool)]
    found += [member.value for enum in _enums(annotation) for member in enum]
    plain = [word.value if isinstance(word, Enum) else word for word in found]
    return list(dict.fromkeys(plain)), _is_tuple(annotation)


def _enums(annotation: Any) -> list[type[Enum]]:
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return [annotation]
    if get_origin(annotation) in {Annotated, tuple, Union, types.UnionType}:
        return [enum for argument in get_args(annotation) for enum in _enums(argument)]
    return []


def _is_tuple(annotation: Any) -> bool:
    return get_origin(annotation) is tuple


Filler = Callable[[Case, Dice, date], Any]


def _in(low: int, high: int) -> Filler:
    return lambda _, dice, day: (day + timedelta(days=dice.number(low, high))).isoformat()


def _reference(prefix: str) -> Filler:
    return lambda _, dice, __: f"{prefix}-{dice.hex(6)}"


def _meeting(_: Case, dice: Dice, day: date) -> str:
    on = day + timedelta(days=dice.number(2, 21))
    return f"{datetime.combine(on, time(dice.number(9, 15))).isoformat()}Z"


def _actions(case: Case, dice: Dice, day: date) -> list[dict[str, Any]]:
    return [
        {
            "actiehouderOin": f"00000099{dice.number(1, 16):09d}000",
            "omschrijving": action,
            "termijn": _in(14, 90)(case, dice, day),
        }
        for action in dice.some(texts.ACTION, 2)
    ]


_PARTNERS: Final = ("ind", "kmar", "lse", "liv", "rvdk")

_FILLERS: Final[dict[str, Filler]] = {
    "acties": _actions,
    "actieRef": _reference("actie"),
    "afgeslotenOp": _in(0, 0),
    "antwoordRef": _reference("antw"),
    "aanvang": _meeting,
    "begintOp": _in(14, 60),
    "besluitdatum": _in(0, 0),
    "beslotenOp": _in(0, 0),
    "betrokkenPartijen": lambda _, dice, __: dice.some(("jeugdreclassering", "om", "rvdk"), 3),
    "akkoorden": lambda _, __, ___: {"burgemeester": True, "om": True, "politie": True},
    "bevoegdheid": lambda case, _, __: case.competence,
    "datum": _in(-3, 0),
    "datumPublicatie": _in(0, 0),
    "deelnemer": lambda _, dice, __: dice.one_of(_PARTNERS),
    "eerderGedetineerd": lambda _, __, ___: True,
    "eersteKenmerk": _reference("AMB"),
    "embargoTot": _in(10, 40),
    "gebundeldeSignalen": lambda _, dice, __: [f"sig-{dice.hex(6)}"],
    "handelingsperspectiefBevoegdheid": lambda case, _, __: [case.competence],
    "kenmerk": _reference("AMB"),
    "latBetrokken": lambda _, dice, __: dice.maybe(0.8),
    "medeUitvoerders": lambda _, dice, __: dice.some(("rn", "dji"), 2),
    "meldingId": _reference("M"),
    "mogelijk": lambda _, dice, __: dice.maybe(0.5),
    "naarGemeente": lambda case, _, __: case.elsewhere,
    "opdrachtRef": _reference("opdracht"),
    "ouderdom": _in(-60, -5),
    "overlegRef": lambda case, _, __: case.meeting,
    "peildatum": _in(-10, 0),
    "regisseur": lambda case, _, __: f"gm{case.gemeente}",
    "statussoort": lambda case, _, __: case.residence,
    "terugkoppelingGewenst": lambda _, dice, __: dice.maybe(0.4),
    "termijn": _in(14, 60),
    "toelichtingRef": _reference("doc"),
    "toezicht": lambda case, _, __: case.supervision,
    "url": lambda _, dice, __: f"https://voorbeeld.example/publicaties/{dice.hex(6)}",
    "versie": lambda _, dice, __: dice.number(1, 4),
    "verwachteDatum": _in(20, 120),
    "verwachtOp": _in(5, 60),
    "verzochtOp": _in(0, 0),
}
"""Wire name -> what stands there. Days count from the day that the event happens."""
