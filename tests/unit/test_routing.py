"""decide: for each reason of a yes, a no and a hold, an event that gets exactly that."""

from datetime import UTC, date, datetime, timedelta

import pytest

from handlers.routing import decide
from schemas.decisions import Forward, Hold, HoldReason, Withhold, WithholdReason
from schemas.reading import parse
from tests.builders import ABSENT, a_signal, an_event, as_bytes
from tests.config_builders import NOW, OM, a_book, a_partner, a_recipient, a_rule, to_gemeente


def verdicts(book, event, at=NOW):
    """Decide, and return the verdicts of the decision."""
    return decide(parse(as_bytes(event)), book, at).verdicts


def only(book, event, at=NOW):
    """Decide, and return the one verdict there is."""
    (verdict,) = verdicts(book, event, at)
    return verdict


def reason(book, event, at=NOW):
    """Decide, and return the reason of the verdict that belongs to the first rule."""
    return next(v.reason for v in verdicts(book, event, at) if v.rule != "-")


def test_a_forward_names_party_rule_basis_purpose_fields_deadline_and_last_day():
    verdict = only(
        a_book(a_rule()), a_signal(**{"data.urgentie": "hoog", "data.bewarenTot": ABSENT})
    )

    assert (
        Forward(
            party="gm0363",
            rule="regel-een",
            role="gemeente",
            legal_basis="wet-pga",
            purpose="duiden",
            fields=(
                "betrokkeneRef", "derdenverbod", "doel", "fase", "gemeentecode", "grondslag",
                "meldingId", "omschrijving",
            ),
            deadline=NOW + timedelta(days=1),
            retain_until=date(2027, 3, 3),
        )
        == verdict
    )  # fmt: skip


def test_the_sender_may_ask_for_a_shorter_retention_than_the_rule_and_not_for_a_longer():
    book = a_book(a_rule())

    short = only(book, a_signal(**{"data.bewarenTot": "2026-12-24"}))
    long = only(book, a_signal(**{"data.bewarenTot": "2036-12-24"}))

    assert (date(2026, 12, 24), date(2027, 3, 3)) == (short.retain_until, long.retain_until)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"fase": ["preventie"]}, WithholdReason.OTHER_PHASE),
        ({"onderdeel": "meldpunt"}, WithholdReason.OTHER_UNIT),
        ({"vanaf": "2026-11-24"}, WithholdReason.RULE_NOT_IN_FORCE),
        ({"tot": "2026-11-22"}, WithholdReason.RULE_NOT_IN_FORCE),
        ({"staat_uit": "ja"}, WithholdReason.RULE_NOT_IN_FORCE),
        ({"grondslag": "wet-later"}, WithholdReason.LEGAL_BASIS_NOT_IN_FORCE),
        (
            {"voorwaarden": [{"veld": "statussoort", "is": "overig"}]},
            WithholdReason.CONDITION_NOT_MET,
        ),
        (
            {"voorwaarden": [{"veld": "procedurefase", "ingevuld": "nee"}]},
            WithholdReason.CONDITION_NOT_MET,
        ),
        (
            {"voorwaarden": [{"wet_in_werking": "wet-later"}]},
            WithholdReason.CONDITION_NOT_MET,
        ),
        ({"ontvangers": [a_recipient("partij:ind")]}, WithholdReason.IS_SENDER),
        (
            {"ontvangers": [a_recipient("zvh", mandaat="casusregie")]},
            WithholdReason.NO_MANDATE,
        ),
        (
            {"ontvangers": [a_recipient("aanvrager", uit=["gemeente"])]},
            WithholdReason.NOT_THE_REQUESTER,
        ),
        (
            {"ontvangers": [a_recipient("keuze", uit=["partij:om"])]},
            WithholdReason.NOT_CHOSEN,
        ),
    ],
)
def test_every_no_of_a_rule_has_its_own_word(rule, expected):
    """The rest of the event fits the rule; one thing does not."""
    event = a_signal(**{"data.procedurefase": "nader gehoor", "data.statussoort": "asielzoeker"})

    assert expected is reason(a_book(a_rule(**rule)), event)


def test_a_condition_that_is_not_met_is_named_and_its_value_is_not():
    rule = a_rule(voorwaarden=[{"veld": "statussoort", "is": "overig"}])

    verdict = verdicts(a_book(rule), a_signal(**{"data.statussoort": "asielzoeker"}))[-1]

    assert "statussoort" == verdict.detail


def test_a_condition_may_say_that_a_person_looks():
    rule = a_rule(voorwaarden=[{"veld": "statussoort", "is": "overig", "anders": "aanhouden"}])

    assert HoldReason.CONDITION_UNCLEAR is reason(a_book(rule), a_signal())


def test_a_derdenverbod_stops_the_copies_and_not_the_addressee():
    """Wiv 2017 art. 65: who it is for gets it; nobody beside."""
    rule = a_rule(ontvangers=[to_gemeente(), a_recipient("zvh", afschrift="ja")])

    found = {v.role: v for v in verdicts(a_book(rule), a_signal(**{"data.derdenverbod": True}))}

    assert isinstance(found["gemeente"], Forward)
    assert WithholdReason.THIRD_PARTY_BAN is found["zvh"].reason


def test_a_mandate_that_ended_withholds():
    rule = a_rule(ontvangers=[a_recipient("zvh", mandaat="procesregie")])
    book = a_book(rule)

    assert isinstance(only(book, a_signal()), Forward)
    assert WithholdReason.NO_MANDATE is reason(book, a_signal(), NOW + timedelta(days=1))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"gemeentecode": ABSENT}, HoldReason.GEMEENTE_MISSING),
        ({"gemeentecode": "4321"}, HoldReason.GEMEENTE_UNKNOWN),
        ({"gemeentecode": "0788"}, HoldReason.GEMEENTE_SPLIT),
        ({"gemeentecode": "1999"}, HoldReason.NO_HOME_ADDRESS),
        ({"adresstatus": "briefadres"}, HoldReason.NO_HOME_ADDRESS),
        ({"adresstatus": "onbekend"}, HoldReason.NO_HOME_ADDRESS),
        ({"adresstatus": "rni"}, HoldReason.NO_HOME_ADDRESS),
        ({"gemeentegrondslag": "verblijf"}, HoldReason.OTHER_BASIS),
    ],
)
def test_an_address_that_names_no_single_gemeente_is_held(data, expected):
    rule = a_rule(ontvangers=[to_gemeente(grond=["inschrijving"])])

    assert expected is reason(a_book(rule), a_signal(data=data))


def test_a_gemeente_without_a_house_is_held_for_its_house():
    rule = a_rule(ontvangers=[a_recipient("zvh")])

    event = a_signal(**{"data.gemeentecode": "0344"})

    assert HoldReason.ZVH_UNKNOWN is reason(a_book(rule), event)


def test_an_ended_gemeente_goes_to_its_successor_and_to_the_house_of_that():
    rule = a_rule(ontvangers=[to_gemeente(), a_recipient("zvh")])
    event = a_signal(**{"data.gemeentecode": "1696"})

    found = verdicts(a_book(rule), event, datetime(2027, 1, 1, tzinfo=UTC))

    assert ["gm0402", "zvh-amsterdam"] == [v.party for v in found]


def test_an_ambtsbericht_asks_for_a_competence_that_is_on_record():
    """Wiv 2017 art. 68: asked and recorded, asked and not recorded, not asked."""
    rule = a_rule(
        bericht="ambtsberichten.ambtsbericht-uitgebracht",
        ontvangers=[
            to_gemeente(bevoegdheid="openbare-orde", velden=["kenmerk"]),
            a_recipient("partij:om", bevoegdheid="strafvordering", velden=["kenmerk"]),
        ],
    )
    book = a_book(rule, sender="aivd")
    known = {"0363": Forward, "0344": Hold}

    for code, kind in known.items():
        event = an_event(
            "ambtsberichten.ambtsbericht-uitgebracht",
            data={
                "gemeentecode": code,
                "handelingsperspectiefBevoegdheid": ["openbare-orde"],
            },
        )
        found = {v.role: v for v in verdicts(book, event)}
        assert isinstance(found["gemeente"], kind)
        assert WithholdReason.COMPETENCE_NOT_ASKED is found["partij:om"].reason


def test_a_group_with_an_inbox_gets_one_copy_there():
    rule = a_rule(ontvangers=[a_recipient("groep:lro")])

    assert "lro" == only(a_book(rule), a_signal()).party


def test_a_casusoverleg_gives_its_standing_members_a_copy_and_those_invited_who_may():
    """The OM sits there only when the event names it, with the necessity that its row asks."""
    rule = a_rule(
        bericht="casusoverleggen.casusoverleg-gepland",
        ontvangers=[a_recipient("groep:casusoverleg")],
    )
    book = a_book(rule)

    def to_om(**data):
        event = an_event("casusoverleggen.casusoverleg-gepland", data=data)
        event["source"] = "urn:nld:oin:00000099000000006000:systeem:test"
        event["data"]["verzender"] = {"oin": "00000099000000006000"}
        return {v.party: v for v in verdicts(book, event)}

    nobody = to_om(deelnemers=[], noodzaak="nodig", gemeentecode="0363")
    without = to_om(deelnemers=["om"], noodzaak=ABSENT, gemeentecode="0363")
    invited = to_om(deelnemers=["om"], noodzaak="nodig", gemeentecode="0363")
    stranger = to_om(deelnemers=["rvdk"], noodzaak="nodig", gemeentecode="0363")

    assert {"gm0363", "zvh-amsterdam", "politie", "om"} == set(nobody)
    assert WithholdReason.NOT_INVITED is nobody[OM].reason
    assert WithholdReason.CONDITION_NOT_MET is without[OM].reason
    assert isinstance(invited[OM], Forward)
    assert HoldReason.CHOICE_NOT_ALLOWED is stranger["rvdk"].reason


def test_an_answer_goes_to_who_asked_if_the_rule_lets_it():
    rule = a_rule(
        bericht="duidingen.duiding-vastgesteld",
        ontvangers=[a_recipient("aanvrager", uit=["gemeente"])],
    )
    book = a_book(rule)

    def answer_to(party):
        event = an_event("duidingen.duiding-vastgesteld", data={"aanvrager": party})
        event["source"] = "urn:nld:oin:00000099000000006000:systeem:test"
        event["data"]["verzender"] = {"oin": "00000099000000006000"}
        return only(book, event)

    assert "gm0344" == answer_to("gm0344").party
    assert HoldReason.REQUESTER_NOT_ALLOWED is answer_to("om").reason
    assert HoldReason.REQUESTER_NOT_ALLOWED is answer_to("nobody").reason


def test_whoever_asked_is_reached_only_where_somebody_reads():
    """A unit without an inbox is nobody; an ended gemeente is the one after it."""
    rule = a_rule(
        bericht="duidingen.duiding-vastgesteld",
        ontvangers=[a_recipient("aanvrager", uit=["gemeente"])],
    )
    desk = {"id": "burgerzaken", "naam": "Burgerzaken", "postbus": "nee"}
    others = [
        partner.model_dump(by_alias=True)
        for partner in a_book(rule).config.partners
        if partner.id != "gemeente"
    ]
    gemeente = a_partner("gemeente", 5, soort="gemeente", oin=None, onderdelen=[desk])
    book = a_book(partners=[gemeente, *others])

    def answer_to(party, at=NOW):
        event = an_event("duidingen.duiding-vastgesteld", data={"aanvrager": party})
        event["source"] = "urn:nld:oin:00000099000000006000:systeem:test"
        event["data"]["verzender"] = {"oin": "00000099000000006000"}
        return only(book, event, at)

    assert HoldReason.REQUESTER_NOT_ALLOWED is answer_to("burgerzaken").reason
    assert HoldReason.REQUESTER_NOT_ALLOWED is answer_to("gm0788").reason
    assert "gm1696" == answer_to("gm1696").party
    assert "gm0402" == answer_to("gm1696", datetime(2027, 1, 1, tzinfo=UTC)).party


def test_a_choice_outside_the_list_of_the_rule_is_held():
    rule = a_rule(ontvangers=[a_recipient("keuze", uit=["partij:om", "gemeente"])])
    event = a_signal(**{"data.verstrekkenAan": ["om", "rvdk"]})

    found = {v.party: v for v in verdicts(a_book(rule), event)}

    assert isinstance(found["om"], Forward)
    assert WithholdReason.NOT_CHOSEN is found["gm0363"].reason
    assert HoldReason.CHOICE_NOT_ALLOWED is found["rvdk"].reason


def test_a_choice_of_gemeenten_is_free_where_no_person_is_in_it():
    """A publication may go to several gemeenten; a case stays with the gemeente of the case."""
    rule = a_rule(
        bericht="publicaties.publicatie-beschikbaar",
        ontvangers=[{"aan": "keuze", "velden": ["titel"], "uit": ["gemeente"]}],
    )
    chosen = {"data.verstrekkenAan": ["gm0344", "gm0363"]}
    event = an_event("publicaties.publicatie-beschikbaar", **chosen)
    event["source"] = a_signal()["source"]
    event["data"]["verzender"] = a_signal()["data"]["verzender"]
    case_rule = a_rule(ontvangers=[a_recipient("keuze", uit=["gemeente"])])

    free = [v.party for v in verdicts(a_book(rule), event) if isinstance(v, Forward)]
    bound = {v.party: v for v in verdicts(a_book(case_rule), a_signal(**chosen))}

    assert ["gm0344", "gm0363"] == free
    assert isinstance(bound["gm0363"], Forward)
    assert HoldReason.CHOICE_NOT_ALLOWED is bound["gm0344"].reason


def from_gemeente(name, code, **data):
    """An event that a gemeente sends itself."""
    event = an_event(name, data=data)
    oin = f"0000009910000{code}000"
    event["source"] = f"urn:nld:oin:{oin}:systeem:test"
    event["data"]["verzender"] = {**event["data"]["verzender"], "oin": oin}
    return event


def test_a_unit_reports_to_its_own_gemeente_and_a_gemeente_not_to_itself():
    """Burgerzaken to the meldpunt is an internal route, and a real one."""
    book = a_book(a_rule(), sender="gemeente")
    name = "signalen.signaal-gemeld"

    unit = {"oin": "00000099100000363000", "onderdeel": "burgerzaken"}
    internal = from_gemeente(name, "0363", verzender=unit, gemeentecode="0363")
    itself = from_gemeente(name, "0363", gemeentecode="0363")

    assert isinstance(only(book, internal), Forward)
    assert WithholdReason.IS_SENDER is reason(book, itself)


def test_a_gemeente_uses_its_own_mandate_and_not_that_of_another():
    rule = a_rule(ontvangers=[a_recipient("zvh", mandaat="procesregie")])
    book = a_book(rule, sender="gemeente")
    name = "signalen.signaal-gemeld"

    own = from_gemeente(name, "0363", gemeentecode="0363")
    borrowed = from_gemeente(name, "0344", gemeentecode="0363")

    assert isinstance(only(book, own), Forward)
    assert WithholdReason.NO_MANDATE is reason(book, borrowed)


def test_two_rules_to_one_party_give_one_copy_and_a_reason():
    book = a_book(a_rule("regel-een"), a_rule("regel-twee", doel="duiden"))

    first, second = verdicts(book, a_signal())

    assert isinstance(first, Forward)
    assert Withhold("gm0363", "regel-twee", "gemeente", WithholdReason.ALREADY_FORWARDED) == second


def test_an_event_that_nobody_would_get_waits_for_a_person():
    """Nothing is dropped silently."""
    found = verdicts(a_book(a_rule(fase=["preventie"])), a_signal())

    assert [HoldReason.NOBODY_RECEIVES, WithholdReason.OTHER_PHASE] == [v.reason for v in found]
