"""The real role config: the four signals, and every condition that the table of partners states."""

from datetime import UTC, datetime, timedelta

import pytest

from handlers.admission import admit
from handlers.routing import decide
from handlers.rulebook import Rulebook
from hub.roles import default_folder, load
from schemas.decisions import Forward
from schemas.identifiers import oin_of
from schemas.reading import parse
from tests.builders import (
    ABSENT,
    a_detention_signal,
    a_report_of_the_rvdk,
    a_safety_report,
    a_signal,
    an_event,
    as_bytes,
)

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def book():
    return Rulebook(load(default_folder()))


def decided(book, event, at=NOW):
    """Admit and decide; return the decision."""
    parsed = parse(as_bytes(event))
    party = book.by_oin[oin_of(parsed.source)]
    assert [] == admit(parsed, book, party.shard, party.intake)
    return decide(parsed, book, at)


def receivers(book, event, at=NOW):
    """Return who gets a copy."""
    return {forward.party for forward in decided(book, event, at).forwards}


def why(book, event, party, at=NOW):
    """Return every reason why a party does not get it."""
    return {
        verdict.reason.value
        for verdict in decided(book, event, at).verdicts
        if verdict.party == party and not isinstance(verdict, Forward)
    }


def by(event, oin, **sender):
    """Let another organisation send it."""
    event["source"] = f"urn:nld:oin:{oin}:systeem:test"
    event["data"]["verzender"] = {"oin": oin, **sender}
    return event


def partner_oin(row):
    """The test OIN of the partner in this row of the table."""
    return f"00000099{row:09d}000"


# --- the four signals ---------------------------------------------------------------------------


def test_an_ind_signal_goes_to_the_lro_in_every_phase(book):
    for phase in ("preventie", "pga", "detentie-en-re-integratie"):
        assert "lro" in receivers(book, a_signal(**{"data.fase": phase}))


def test_an_ind_signal_goes_to_gemeente_and_house_in_the_pga_phase_only(book):
    where = {"gemeentecode": "0363"}

    assert {"lro", "gm0363", "zvh-amsterdam-amstelland"} == receivers(
        book, a_signal(data={"fase": "pga", **where})
    )
    assert {"lro"} == receivers(book, a_signal(data={"fase": "preventie", **where}))


def test_a_veiligheidsmelding_goes_to_the_gemeente_of_registration_within_the_hour(book):
    decision = decided(book, a_safety_report(**{"data.gemeentecode": "0363"}))

    (forward,) = decision.forwards
    assert "gm0363" == forward.party
    assert NOW + timedelta(hours=1) == forward.deadline


def test_a_veiligheidsmelding_on_another_basis_than_registration_is_held(book):
    event = a_safety_report(**{"data.gemeentegrondslag": "verblijf"})

    assert ["other-basis"] == [hold.reason.value for hold in decided(book, event).holds]


def test_a_melding_of_the_rvdk_goes_to_the_house_and_not_to_the_gemeente(book):
    event = a_report_of_the_rvdk(**{"data.gemeentecode": "0363"})

    assert {"zvh-amsterdam-amstelland"} == receivers(book, event)


def test_a_report_of_djis_meldpunt_goes_to_the_gemeente_of_return_and_its_house(book):
    event = a_detention_signal(**{"data.gemeentecode": "0363"})

    assert {"gm0363", "zvh-amsterdam-amstelland"} == receivers(book, event)


def test_a_detention_signal_of_another_unit_than_the_meldpunt_is_not_routed(book):
    event = by(a_detention_signal(), partner_oin(3), onderdeel="mar")

    assert set() == receivers(book, event)


# --- the conditions of the table ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("competence", "expected"),
    [("openbare-orde", "gm0363"), ("strafvordering", "om"), ("politietaak", "politie")],
)
def test_an_ambtsbericht_goes_only_to_who_has_the_competence_it_asks(book, competence, expected):
    event = an_event(
        "ambtsberichten.ambtsbericht-uitgebracht",
        data={"gemeentecode": "0363", "handelingsperspectiefBevoegdheid": [competence]},
    )

    assert {expected} == receivers(book, event)


def test_an_ambtsbericht_to_a_gemeente_without_the_recorded_competence_is_held(book):
    recorded = {c.party for c in book.config.competences if c.competence.value == "openbare-orde"}
    current = [g for g in book.config.gemeente_register if g.in_force(NOW.date())]
    code = next(g.code for g in current if f"gm{g.code}" not in recorded)
    event = an_event(
        "ambtsberichten.ambtsbericht-uitgebracht",
        data={"gemeentecode": code, "handelingsperspectiefBevoegdheid": ["openbare-orde"]},
    )

    assert {"competence-not-recorded"} == why(book, event, f"gm{code}")


@pytest.mark.parametrize(
    ("detained", "supervision", "takes_part"),
    [
        (True, "huidig", True),
        (True, "eerder", True),
        (True, "geen", False),
        (False, "huidig", False),
        (ABSENT, "huidig", False),
        (True, ABSENT, False),
    ],
)
def test_the_ter_team_is_invited_only_if_detained_before_and_under_supervision(
    book, detained, supervision, takes_part
):
    event = an_event(
        "casusoverleggen.casusoverleg-gepland",
        data={
            "deelnemers": ["ter-team"],
            "eerderGedetineerd": detained,
            "toezicht": supervision,
        },
    )

    assert takes_part is ("ter-team" in receivers(book, event))


def test_the_nctv_takes_part_from_a_date_and_with_a_stated_necessity(book):
    def invited(necessity, at=NOW):
        event = an_event(
            "casusoverleggen.casusoverleg-gepland",
            data={"deelnemers": ["nctv"], "noodzaak": necessity},
        )
        return "nctv" in receivers(book, event, at)

    law = book.legal_bases["wet-coordinatie"]
    before = datetime.combine(law.from_day - timedelta(days=1), NOW.time(), UTC)
    assert invited("nodig voor deze casus")
    assert not invited(ABSENT)
    assert not invited("nodig voor deze casus", before)


def test_grip_information_never_goes_to_a_gemeente(book):
    event = an_event("detenties.detentie-informatie-uitgewisseld")
    rows = {"dji": 3, "om": 11, "politie": 12}

    for partner, row in rows.items():
        if book.rules_for(partner, "detenties.detentie-informatie-uitgewisseld"):
            verdicts = decided(book, by(dict(event), partner_oin(row))).verdicts
            assert not any((v.party or "").startswith("gm") for v in verdicts)


def test_mail_of_a_gemeente_reaches_its_house_only_under_a_mandate(book):
    mandated = {m.gemeente for m in book.config.mandates if m.in_force(NOW.date())}
    current = {g.code for g in book.config.gemeente_register if g.in_force(NOW.date())}
    with_mandate = "0363"
    without = min(current - mandated)
    assert with_mandate in mandated

    def houses(code):
        event = an_event("casussen.casus-aangemeld", data={"gemeentecode": code})
        event = by(event, f"0000009910000{code}000")
        return {party for party in receivers(book, event) if party.startswith("zvh")}

    assert {"zvh-amsterdam-amstelland"} == houses(with_mandate)
    assert set() == houses(without)


def test_a_derdenverbod_stops_every_copy_beside_the_addressee(book):
    event = a_signal(data={"fase": "pga", "gemeentecode": "0363", "derdenverbod": True})

    assert {"third-party-ban"} == why(book, event, "zvh-amsterdam-amstelland")
    assert "lro" in receivers(book, event)


def test_a_strafadvies_goes_to_the_om_and_not_to_the_case_table(book):
    event = an_event("adviezen.advies-uitgebracht--strafadvies")
    assert "rvdk" == book.by_oin[oin_of(event["source"])].id

    assert {"om"} == receivers(book, event)


@pytest.mark.parametrize(("status", "answered"), [("asielzoeker", True), ("overig", False)])
def test_the_liv_thinks_along_only_about_asylum_seekers_and_status_holders(book, status, answered):
    event = an_event("adviezen.advies-gevraagd--vreemdelingenketen", data={"statussoort": status})

    assert answered is ("liv" in receivers(book, event))


# --- the whole ------------------------------------------------------------------------------------


def test_the_ended_gemeente_goes_to_its_successor_on_the_day(book):
    """Wijdemeren is to join Hilversum on 1 January 2027 (a planned end: register/gemeenten)."""
    event = a_signal(data={"fase": "pga", "gemeentecode": "1696"})

    assert "gm1696" in receivers(book, event, datetime(2026, 12, 31, 22, 59, tzinfo=UTC))
    assert "gm0402" in receivers(book, event, datetime(2026, 12, 31, 23, 0, tzinfo=UTC))


def test_every_rule_can_be_reached_by_its_index(book):
    ids = [rule.id for partner in book.config.partners for rule in partner.rules]
    reached = {
        prepared.rule.id
        for partner in book.config.partners
        for name in book.types_of(partner.id)
        for prepared in book.rules_for(partner.id, name)
    }

    assert len(ids) >= 100
    assert set(ids) == reached


def test_nobody_sees_a_bsn_that_its_rule_does_not_name(book):
    """The rules that let a BSN through, counted by kind of recipient: never a house or the LRO."""
    roles = {
        recipient.role
        for partner in book.config.partners
        for name in book.types_of(partner.id)
        for prepared in book.rules_for(partner.id, name)
        for recipient in prepared.recipients
        if {"betrokkene", "betrokkene.bsn"} & set(recipient.fields)
    }

    assert not roles & {"zvh", "groep:lro"}
    assert "gemeente" in roles
