"""The rules as delivered: what must hold for all of them, whoever changes one."""

from functools import cache

import pytest

from handlers.fields import expand
from handlers.routing import decide
from handlers.rulebook import Rulebook
from hub.roles import default_folder, load
from schemas.case import CasePart
from schemas.catalogue import CATALOGUE
from schemas.decisions import Forward, HoldReason
from schemas.reading import parse
from schemas.vocabulary import GemeenteBasis
from tests.builders import an_event, as_bytes
from tests.config_builders import NOW

FREE_OF_GROUND = {
    # The AIVD names a competence of the burgemeester: where it is needed, not where somebody lives.
    "aivd-ambtsbericht",
    "aivd-schriftelijke-bevestiging",
    "rvdk-signaal-zvh",  # the house of the place where a child is known; said in the file
}


@cache
def the_book() -> Rulebook:
    return Rulebook(load(default_folder()))


def by_place():
    """Yield every rule and recipient that is found through the gemeente of the event."""
    for partner in the_book().config.partners:
        if partner.kind == "gemeente":
            continue  # a gemeente sends about its own case, to its own house, by a mandate
        for rule in partner.rules:
            for recipient in rule.recipients:
                if recipient.to in {"gemeente", "zvh"} and any(
                    issubclass(model, CasePart) for model in CATALOGUE[rule.message].variants
                ):
                    yield rule, recipient


def test_what_is_told_about_a_person_goes_to_a_gemeente_on_a_ground_that_is_named():
    """On another ground (`overig`, or none) a person looks first; a table already has its case."""
    for rule, recipient in by_place():
        if rule.id in FREE_OF_GROUND or rule.message.startswith("casusoverleggen."):
            continue
        assert recipient.basis, rule.id
        assert GemeenteBasis.OTHER not in recipient.basis, rule.id


def test_a_house_gets_no_more_of_a_signal_than_from_another_sender():
    """Who it is and which behaviour; free text about where it came from stays with the gemeente."""
    groups = the_book().config.settings.field_groups
    seen = {
        rule.id: set(expand(recipient.fields, groups))
        for rule, recipient in by_place()
        if rule.message == "signalen.signaal-gemeld" and recipient.to == "zvh" and recipient.is_copy
    }

    assert len(seen) >= 3
    assert len(set(map(frozenset, seen.values()))) == 1, seen
    assert not {"herkomst", "omschrijving", "betrokkene.bsn"} & next(iter(seen.values()))


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("interventies.interventie-gestart", "lse-interventie-gestart"),
        ("interventies.interventie-afgerond", "lse-interventie-afgerond"),
        ("interventies.stopgesprek-gehouden", "politie-stopgesprek"),
        ("interventies.risicobeheersing-gestart", "politie-risico-gestart"),
        ("interventies.risicobeheersing-gewijzigd", "politie-risico-gewijzigd"),
        ("interventies.risicobeheersing-beeindigd", "politie-risico-beeindigd"),
    ],
)
@pytest.mark.parametrize("ground", list(GemeenteBasis))
def test_an_intervention_reaches_the_gemeente_on_the_grounds_of_its_rule(name, rule, ground):
    """`overig` waits for a person; `terugkeer` counts in detention, and not before it."""
    partner = rule.partition("-")[0]
    oin = {"lse": "00000099000000008000", "politie": "00000099000000012000"}[partner]
    changes = {"verzender": {"oin": oin}, "gemeentegrondslag": ground.value}
    if partner == "lse":
        changes["soort"] = "individuele-begeleiding"
    source = f"urn:nld:oin:{oin}:systeem:proef"
    event = parse(as_bytes(an_event(name, source=source, data=changes)))

    (verdict,) = (
        verdict
        for verdict in decide(event, the_book(), NOW).verdicts
        if verdict.rule == rule and verdict.role == "gemeente"
    )

    allowed = {GemeenteBasis.REGISTRATION, GemeenteBasis.RESIDENCE}
    if name.startswith("interventies.risico"):
        allowed.add(GemeenteBasis.RETURN)
    if ground in allowed:
        assert isinstance(verdict, Forward)
    else:
        assert verdict.reason is HoldReason.OTHER_BASIS
