"""Filling a model by the wire names of its fields: complete, and loud when it cannot."""

import json
from datetime import UTC, date, datetime
from typing import Annotated, Any

import pytest
from pydantic import Field

from handlers.rulebook import Rulebook
from hub.roles import default_folder, load
from hub.simulation.cases import a_case
from hub.simulation.chance import Dice
from hub.simulation.filling import fill
from hub.simulation.places import Places
from schemas.case import CommonPart
from schemas.catalogue import CATALOGUE
from schemas.identifiers import Line
from schemas.reading import parse
from schemas.vocabulary import Phase

BOOK = Rulebook(load(default_folder()))
DAY = date(2026, 11, 23)
OIN = "00000099000000006000"
VARIANTS = [
    (row.name, number)
    for row in CATALOGUE.values()
    if not row.is_hub
    for number in range(len(row.variants))
]


@pytest.mark.parametrize(("name", "number"), VARIANTS)
def test_every_variant_of_every_type_can_be_filled(name: str, number: int) -> None:
    """Also the types that no rule of today sends: a new rule must find its message filled."""
    dice = Dice(name, number)
    row = CATALOGUE[name]
    phase = min(row.phases)
    case = a_case(dice, Places(BOOK, DAY), DAY, phase, minor=True)
    given: dict[str, Any] = {
        "verzender": {"oin": OIN},
        "fase": phase.value,
        "categorieBetrokkene": "verdachte",
        "urgentie": "spoed",
        "minderjarig": True,
        "betrokkeneRef": case.pseudonym("ind"),
        "grondslag": "wet-pga",
        "doel": "signaleren",
        "herkomst": "eigen dossier",
    }
    model: Any = row.variants[number]
    wires = {info.alias or wire for wire, info in model.model_fields.items()}
    if name.startswith("ambtsberichten"):
        given.pop("herkomst")
    given = {wire: value for wire, value in given.items() if wire in wires}
    for _ in range(5):
        event = {
            "specversion": "1.0",
            "id": dice.id(),
            "source": f"urn:nld:oin:{OIN}:systeem:zaaksysteem",
            "type": f"{BOOK.prefix}.{name}",
            "time": datetime(2026, 11, 23, 9, tzinfo=UTC).isoformat(),
            "data": fill(model, case, dice, DAY, given),
        }
        assert isinstance(parse(json.dumps(event).encode()).data, model)


def test_a_required_field_that_nobody_can_fill_is_an_error() -> None:
    """A gap would be an event that the hub refuses, far from its cause."""

    class WithSomethingNew(CommonPart):
        new: Annotated[Line, Field(alias="ietsNieuws")]

    dice = Dice("new")
    case = a_case(dice, Places(BOOK, DAY), DAY, Phase.PREVENTION)
    given = {"verzender": {"oin": OIN}, "fase": "preventie"}
    with pytest.raises(LookupError, match="ietsNieuws"):
        fill(WithSomethingNew, case, dice, DAY, given)


def test_one_person_has_another_pseudonym_at_each_party_and_keeps_it() -> None:
    """A pseudonym of one organisation says nothing at another."""
    case = a_case(Dice("p"), Places(BOOK, DAY), DAY, Phase.PGA)
    assert case.pseudonym("ind") == case.pseudonym("ind") != case.pseudonym("politie")
