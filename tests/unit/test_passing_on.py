"""Doorzenden: what a recipient may pass on itself."""

from datetime import timedelta

import pytest

from handlers.passing_on import HeldCopy, decide_passing_on
from schemas.decisions import Forward, Withhold, WithholdReason
from schemas.vocabulary import Urgency
from tests.config_builders import NOW, a_book, a_partner, a_rule

SIGNAL = "signalen.signaal-gemeld"
RULE = {
    "id": "gemeente-naar-huis",
    "cel": "pga-1",
    "berichten": [SIGNAL],
    "naar": ["zvh"],
    "grondslag": "wet-pga",
    "doel": "duiden",
    "mandaat": "procesregie",
    "velden": ["KERN", "omschrijving"],
}


@pytest.fixture(scope="module")
def book():
    others = [
        p.model_dump(by_alias=True) for p in a_book(a_rule()).config.partners if p.id != "gemeente"
    ]
    gemeente = a_partner("gemeente", 5, soort="gemeente", oin=None, doorzenden=[RULE])
    return a_book(partners=[gemeente, *others])


def decide(book, to="zvh-amsterdam", by="gm0363", name=SIGNAL, ban=False, at=NOW, gemeente="0363"):
    """Ask whether `by` may pass a message of this type on to `to`."""
    copy = HeldCopy(name, Urgency.NORMAL, ban, gemeente)
    return decide_passing_on(book, book.parties[by], book.parties[to], copy, at)


def test_a_gemeente_passes_on_to_its_house_under_its_mandate(book):
    verdict = decide(book)

    assert isinstance(verdict, Forward)
    assert ("zvh-amsterdam", "gemeente-naar-huis") == (verdict.party, verdict.rule)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"ban": True}, WithholdReason.THIRD_PARTY_BAN),
        ({"by": "gm0344"}, WithholdReason.NO_MANDATE),
        ({"at": NOW + timedelta(days=1)}, WithholdReason.NO_MANDATE),
        ({"to": "om"}, WithholdReason.RULE_NOT_IN_FORCE),
        ({"name": "casussen.casus-afgesloten"}, WithholdReason.RULE_NOT_IN_FORCE),
        ({"by": "om"}, WithholdReason.RULE_NOT_IN_FORCE),
    ],
)
def test_whatever_no_rule_allows_is_withheld(book, changes, expected):
    verdict = decide(book, **changes)

    assert isinstance(verdict, Withhold)
    assert expected is verdict.reason


@pytest.fixture(scope="module")
def of_a_house():
    """A book in which a house may pass on to the gemeente."""
    rule = {**RULE, "id": "huis-naar-gemeente", "naar": ["gemeente"]}
    del rule["mandaat"]
    others = [
        p.model_dump(by_alias=True) for p in a_book(a_rule()).config.partners if p.id != "zvh"
    ]
    return a_book(
        partners=[a_partner("zvh", 16, soort="zvh", oin=None, doorzenden=[rule]), *others]
    )


@pytest.mark.parametrize(
    ("case", "to", "may"),
    [
        ("0363", "gm0363", True),
        ("0363", "gm0402", False),
        ("0363", "gm0344", False),
        (None, "gm0402", True),
        (None, "gm0344", False),
    ],
)
def test_naar_gemeente_means_that_of_the_case_and_not_any(of_a_house, case, to, may):
    """Without a gemeente in the copy, one that belongs to the house."""
    verdict = decide(of_a_house, by="zvh-amsterdam", to=to, gemeente=case)

    assert may is isinstance(verdict, Forward)
