"""What a new role config changes, by name."""

from handlers.differences import MOST, difference
from schemas.records import Difference
from schemas.roles import RoleConfig
from tests.config_builders import a_partner, a_rule, config_dict


def a_config(*rules, **changes):
    """A config in which the IND has these rules."""
    return RoleConfig.model_validate(config_dict(a_partner("ind", 6, list(rules)), **changes))


def test_the_same_config_differs_in_nothing():
    assert Difference() == difference(a_config(a_rule()), a_config(a_rule()))


def test_rules_that_came_went_and_changed_are_named():
    before = a_config(a_rule("blijft"), a_rule("gaat"), a_rule("anders"))
    after = a_config(a_rule("blijft"), a_rule("komt"), a_rule("anders", bewaren_dagen=7))

    found = difference(before, after)

    assert (("komt",), ("gaat",), ("anders",)) == (found.added, found.removed, found.changed)


def test_a_rule_of_passing_on_is_a_rule_too():
    passing = {
        "id": "doorzenden-een",
        "cel": "pga-1",
        "berichten": ["signalen.signaal-gemeld"],
        "naar": ["gemeente"],
        "grondslag": "wet-pga",
        "doel": "duiden",
        "velden": ["KERN"],
    }
    after = RoleConfig.model_validate(config_dict(a_partner("ind", 6, doorzenden=[passing])))

    assert ("doorzenden-een",) == difference(a_config(), after).added


def test_a_rule_that_went_to_another_partner_has_changed():
    before = config_dict(a_partner("ind", 6, [a_rule()]), a_partner("liv", 9))
    after = config_dict(a_partner("ind", 6), a_partner("liv", 9, [a_rule()]))

    found = difference(RoleConfig.model_validate(before), RoleConfig.model_validate(after))

    assert (("regel-een",), ()) == (found.changed, found.added)
    assert ("partners/ind", "partners/liv") == found.registers  # their cells name it


def test_every_other_part_is_named_by_where_it_stands():
    """One change in each part of the config, and each is told."""
    old = config_dict(a_partner("ind", 6))
    regions = [{"code": "VR13", "naam": "A", "provincie": "NH", "politie_eenheid": "a"}]
    new = {
        **old,
        "digest": "1" * 64,
        "settings": {**old["settings"], "bewaren_dagen": 99},
        "partners": [{**old["partners"][0], "naam": "anders"}],
        "groups": old["groups"][1:],
        "legal_bases": old["legal_bases"][:1],
        "purposes": [{"id": "duiden", "omschrijving": "anders"}],
        "gemeente_register": old["gemeente_register"][1:],
        "houses": [{**old["houses"][0], "naam": "anders"}],
        "regions": regions,
        "police_units": [{"id": "amsterdam", "naam": "Amsterdam"}],
        "mandates": [],
        "competences": [],
        "table": [{"rij": 6, "partner": "ind", "cellen": {"pga": 1}}],
    }
    assert RoleConfig.model_fields.keys() == new.keys()

    found = difference(RoleConfig.model_validate(old), RoleConfig.model_validate(new))

    assert (
        "bevoegdheden/gm0363-openbare-orde",
        "doelen/duiden",
        "gemeenten/0363",
        "groepen/lro",
        "grondslagen/wet-later",
        "huizen/zvh-amsterdam",
        "instellingen/bewaren_dagen",
        "mandaten/0363-zvh-amsterdam",
        "partners/ind",
        "politie_eenheden/amsterdam",
        "tabel/ind",
        "veiligheidsregios/VR13",
    ) == found.registers


def test_a_second_mandate_of_the_same_house_is_a_change_and_their_order_is_not():
    (mandate,) = config_dict()["mandates"]
    later = {**mandate, "vanaf": "2027-01-01", "tot": None}

    one = a_config(mandates=[mandate])
    two, turned = a_config(mandates=[mandate, later]), a_config(mandates=[later, mandate])

    assert ("mandaten/0363-zvh-amsterdam",) == difference(one, two).registers
    assert Difference() == difference(two, turned)


def test_more_names_than_fit_are_counted():
    rules = [a_rule(f"regel-{number:03}") for number in range(MOST + 5)]

    found = difference(a_config(), a_config(*rules))

    assert (MOST, 5) == (len(found.added), found.left_out)
