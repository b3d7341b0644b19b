"""The place registers as delivered: complete, dated, and honest about what they are."""

from datetime import date
from functools import cache

import pytest

from handlers.addressing import Register
from hub.roles import default_folder, load
from schemas.decisions import HoldReason
from schemas.roles import RoleConfig

REGISTERS = ("gemeenten", "zorg-en-veiligheidshuizen", "regios", "mandaten", "bevoegdheden")
TODAY = date(2026, 11, 23)


@cache
def _config() -> RoleConfig:
    return load(default_folder())


@pytest.mark.parametrize("name", REGISTERS)
def test_a_register_says_where_it_came_from_and_how_certain_it_is(name: str):
    """Who reads it must know what to confirm before relying on it."""
    text = (default_folder() / f"register/{name}.yaml").read_text(encoding="utf-8")
    header = [line for line in text.splitlines()[:25] if line.startswith("#")]

    assert any(line.startswith("# Herkomst: ") for line in header)
    assert any(line.startswith("# Zekerheid") for line in header)


def test_the_gemeenten_on_a_day_are_as_many_as_there_were():
    """342 from 2023 on; one less if Wijdemeren joins Hilversum; 345 on 1 January 2022."""

    def count(day: date) -> int:
        return sum(gemeente.in_force(day) for gemeente in _config().gemeente_register)

    assert count(date(2021, 1, 1)) == 352
    assert count(date(2022, 1, 1)) == 345
    assert count(date(2022, 3, 24)) == 344
    assert count(date(2023, 1, 1)) == 342
    assert count(TODAY) == 342
    assert count(date(2027, 1, 1)) == 341


def test_a_gemeente_leads_to_its_successor_from_the_day_after_its_last():
    """Weesp ended on 23 March 2022 and went to Amsterdam."""
    register = Register(_config())

    assert register.place("0457", date(2022, 3, 23)).code == "0457"
    assert register.place("0457", date(2022, 3, 24)).code == "0363"
    assert register.place("1696", date(2026, 12, 31)).code == "1696"
    assert register.place("1696", date(2027, 1, 1)).code == "0402"
    assert register.place("0265", TODAY).code == "1945"  # through Groesbeek to Berg en Dal


def test_a_gemeente_that_was_divided_waits_for_a_person():
    """Its code does not say in which part somebody lives."""
    split = {g.code: g.successors for g in _config().gemeente_register if len(g.successors) > 1}

    assert split == {
        "0053": ("1966", "1969"),
        "0140": ("0080", "1900", "1949"),
        "0788": ("0757", "0824", "0855", "0865"),
        "1671": ("0796", "0828"),
    }
    assert Register(_config()).place("0788", TODAY).hold is HoldReason.GEMEENTE_SPLIT


def test_every_gemeente_of_today_has_one_house_a_region_and_a_police_unit():
    """So that a message for any of them has somewhere to go."""
    config = _config()
    regions = {region.code: region for region in config.regions}
    members = [member.code for house in config.houses for member in house.areas]
    current = [g for g in config.gemeente_register if g.in_force(TODAY)]

    assert sorted(members) == [gemeente.code for gemeente in current]
    assert (len(regions), len(config.police_units), len(config.houses)) == (25, 10, 31)
    for gemeente in current:
        region = regions[gemeente.region or ""]
        assert gemeente.police_unit == region.police_unit
        assert gemeente.province == region.province


def test_every_oin_is_of_the_test_range():
    """A real OIN in an example would make it look like an agreement."""
    config = _config()
    oins = [g.oin for g in config.gemeente_register] + [house.oin for house in config.houses]
    oins += [partner.oin for partner in config.partners if partner.oin]

    assert all(oin is not None and oin.startswith("00000099") for oin in oins)
    assert len(set(oins)) == len(oins)


def test_the_example_mandates_show_both_outcomes():
    """Ten gemeenten gave none; one has ended, one begins in 2027."""
    config = _config()
    register = Register(config)
    today = [g.code for g in config.gemeente_register if g.in_force(TODAY)]

    def without(day: date) -> list[str]:
        return [
            code
            for code in today
            if not register.has_mandate(code, register.house(code) or "", "procesregie", day)
        ]

    never = ["0088", "0096", "0141", "0184", "0277", "0339", "0473", "0513", "0744", "0981"]
    assert without(TODAY) == sorted([*never, "0717", "0050"])
    assert without(date(2027, 1, 1)) == sorted([*never, "0717", "1696"])


def test_the_example_competences_show_both_outcomes():
    """The OM and the politie by law; all gemeenten but ten, by example."""
    register = Register(_config())
    lacking = [
        g.code
        for g in _config().gemeente_register
        if g.in_force(TODAY) and not register.has_competence(f"gm{g.code}", "openbare-orde", TODAY)
    ]

    assert register.has_competence("om", "strafvordering", TODAY)
    assert register.has_competence("politie", "politietaak", TODAY)
    assert lacking == [
        "0060", "0093", "0293", "0417", "0437", "0579", "0678", "0944", "0965", "1658",
    ]  # fmt: skip
