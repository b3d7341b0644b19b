"""Admission: who may say what, on which intake."""

from handlers.admission import admit
from handlers.corrections import admit_correction
from schemas.reading import parse
from tests import builders
from tests.builders import an_event, as_bytes
from tests.config_builders import a_book, a_partner, a_rule

GEMEENTE = "urn:nld:oin:00000099100000363000:systeem:test"


KNOWN = {"grondslag": "wet-pga", "doel": "duiden"}


def a_signal(**overrides):
    """A signal with a legal basis and a purpose that the small config knows."""
    return builders.a_signal(data=KNOWN, **overrides)


def problems(event, book=None, shard="ind", intake=""):
    """Return the problems of an event that comes in on this intake."""
    return admit(parse(as_bytes(event)), book or a_book(a_rule()), shard, intake)


def test_a_partner_may_send_what_a_rule_names():
    assert [] == problems(a_signal())


def test_an_unknown_organisation_is_refused():
    event = a_signal(source="urn:nld:oin:00000099000000099000:systeem:test")
    event["data"]["verzender"] = {"oin": "00000099000000099000"}

    (problem,) = problems(event)

    assert "source" == problem.place


def test_the_source_must_belong_to_the_intake():
    """The access list guards the intake; the event may not say that it is somebody else's."""
    (problem,) = problems(a_signal(), shard="liv")

    assert "belongs to ind" in problem.rule


def test_a_gemeente_may_use_its_own_intake_and_not_its_neighbours():
    book = a_book(a_rule())
    event = an_event("berichten.ingezien", source=GEMEENTE)

    assert [] == problems(event, book, "gemeente", "gm0363")
    assert ["source"] == [p.place for p in problems(event, book, "gemeente", "gm0344")]


def test_a_type_without_a_rule_is_refused_with_the_nearest_that_has_one():
    event = builders.a_report_of_the_rvdk(data=KNOWN)

    (problem,) = problems(event, shard="rvdk")

    assert "type" == problem.place
    assert "no rule lets rvdk send signalen.signaal-gemeld" == problem.rule


def test_only_the_hub_says_what_the_hub_did():
    event = an_event("gegevens.vernietigd", source=a_signal()["source"])

    (problem,) = problems(event)

    assert "only the hub itself says this" == problem.way_out


def test_all_problems_come_at_once_and_with_the_nearest_word():
    event = builders.a_signal(
        data={"grondslag": "wet-pgaa", "doel": "duidne", "verzender": {"onderdeel": "nergens"}}
    )

    found = problems(event)

    assert ["data.grondslag", "data.doel", "data.verzender.onderdeel"] == [p.place for p in found]
    assert ["perhaps: wet-pga", "perhaps: duiden"] == [p.way_out for p in found[:2]]


def test_a_unit_of_the_partner_is_known():
    event = a_signal(**{"data.verzender.onderdeel": "loket"})
    partner = a_partner(
        "ind", 6, [a_rule()], onderdelen=[{"id": "loket", "naam": "Loket", "postbus": "nee"}]
    )
    others = [
        p.model_dump(by_alias=True) for p in a_book(a_rule()).config.partners if p.id != "ind"
    ]

    assert [] == problems(event, a_book(partners=[partner, *others]))


def test_only_who_sent_an_event_may_correct_it():
    mine = an_event("berichten.gerectificeerd")
    other = an_event("berichten.gerectificeerd", **{"data.betreft.bron": GEMEENTE})

    assert [] == admit_correction(parse(as_bytes(mine)))
    assert ["data.betreft.bron"] == [p.place for p in admit_correction(parse(as_bytes(other)))]
