"""Gemeenten at a date: each way in which a code can fail to name exactly one."""

from datetime import date

import pytest

from handlers.addressing import Place, Register
from schemas.decisions import HoldReason
from schemas.roles import RoleConfig
from tests.config_builders import a_partner, config_dict

TODAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def register():
    return Register(RoleConfig.model_validate(config_dict(a_partner("ind", 6))))


def test_a_gemeente_that_exists_is_itself(register):
    assert Place("0363") == register.place("0363", TODAY)


def test_a_gemeente_counts_to_the_end_of_its_last_day(register):
    """Wijdemeren ends with 31 December 2026; the day after, its mail goes to Hilversum."""
    assert Place("1696") == register.place("1696", date(2026, 12, 31))
    assert Place("0402") == register.place("1696", date(2027, 1, 1))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (None, HoldReason.GEMEENTE_MISSING),
        ("0000", HoldReason.NO_HOME_ADDRESS),
        ("1999", HoldReason.NO_HOME_ADDRESS),
        ("4321", HoldReason.GEMEENTE_UNKNOWN),
        ("0788", HoldReason.GEMEENTE_SPLIT),
        ("9001", HoldReason.GEMEENTE_UNKNOWN),
        ("9002", HoldReason.GEMEENTE_NOT_YET),
    ],
)
def test_a_code_that_names_no_single_gemeente_is_held(register, code, reason):
    """A person chooses; the hub never guesses."""
    assert Place(None, reason) == register.place(code, TODAY)


def test_successors_that_go_round_are_held_instead_of_followed_for_ever():
    circle = [
        {"code": "8001", "naam": "A", "tot": "2020-12-31", "opvolgers": ["8002"]},
        {"code": "8002", "naam": "B", "tot": "2020-12-31", "opvolgers": ["8001"]},
    ]
    config = config_dict(a_partner("ind", 6), gemeente_register=circle)

    place = Register(RoleConfig.model_validate(config)).place("8001", TODAY)

    assert HoldReason.GEMEENTE_UNKNOWN is place.hold


def test_a_mandate_counts_on_its_first_and_its_last_day_only(register):
    answers = [
        register.has_mandate("0363", "zvh-amsterdam", "procesregie", day)
        for day in (date(2025, 12, 31), date(2026, 1, 1), TODAY, date(2026, 11, 24))
    ]

    assert [False, True, True, False] == answers


def test_a_mandate_is_for_one_house_and_one_task(register):
    assert not register.has_mandate("0363", "zvh-ander", "procesregie", TODAY)
    assert not register.has_mandate("0363", "zvh-amsterdam", "casusregie", TODAY)
    assert not register.has_mandate("0344", "zvh-amsterdam", "procesregie", TODAY)
