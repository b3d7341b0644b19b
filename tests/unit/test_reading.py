"""Reading: right bytes become an event; wrong bytes become every reason, and never a value."""

import json
import traceback

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.catalogue import CATALOGUE, row_of, variant_sensitivity
from schemas.envelope import MAX_EVENT_BYTES, Envelope
from schemas.explaining import MAX_PROBLEMS
from schemas.problems import InvalidEvent
from schemas.reading import parse
from tests.builders import ABSENT, BSNS, EXAMPLES, NAMES, a_signal, an_event, as_bytes

FILES = sorted(EXAMPLES.glob("*.json"))


def problems_of(event):
    """Return place -> problem of an event that must be refused."""
    raw = event if isinstance(event, bytes) else as_bytes(event)
    with pytest.raises(InvalidEvent) as refused:
        parse(raw)
    return {problem.place: problem for problem in refused.value.problems}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_example_can_be_read_and_says_what_it_is(path):
    """The examples are right, and each is read as the type of its own name."""
    event = parse(path.read_bytes())

    assert row_of(event.type).name == path.stem.partition("--")[0]
    assert isinstance(event.data, row_of(event.type).variants)


def test_the_prefix_is_that_of_the_role_config():
    """A hub with a prefix of its own reads its own types, and no others."""
    other = a_signal(type="nl.voorbeeld.signalen.signaal-gemeld")

    event = parse(as_bytes(other), "nl.voorbeeld")

    assert row_of(event.type).name == "signalen.signaal-gemeld"
    assert "type" in problems_of(other)


def test_all_problems_are_named_at_once_with_their_place_on_the_wire():
    """A partner mends everything in one go, and finds each place in what it sent."""
    found = problems_of(
        a_signal(
            source="indigo",
            **{
                "data.fase": ABSENT,
                "data.urgentie": "spoet",
                "data.verzender.oni": "1",
                "data.verzender.onderdel": "balie",
                "data.gemeentecode": "GM0363",
                "data.betrokkene.bsn": "123456789",
                "data.bewarenTot": "morgen",
            },
        )
    )

    assert found.keys() >= {
        "source",
        "data.fase",
        "data.urgentie",
        "data.verzender",
        "data.verzender.onderdel",
        "data.gemeentecode",
        "data.betrokkene.bsn",
        "data.bewarenTot",
    }
    assert found["data.urgentie"].way_out == "did you mean spoed?"
    assert "spoed, hoog, normaal" in found["data.urgentie"].rule
    assert found["data.verzender"].way_out == "did you mean oin?"
    assert found["data.verzender.onderdel"].way_out == "did you mean onderdeel?"


def test_an_unknown_type_names_the_nearest_and_its_attributes_are_still_checked():
    """One wrong letter in the type does not hide what else is wrong."""
    found = problems_of(a_signal(type="nl.lokale-aanpak.signalen.signaal-gemelt", id="a b"))

    assert "nl.lokale-aanpak.signalen.signaal-gemeld" in found["type"].way_out
    assert "id" in found


@pytest.mark.parametrize("missing", ["type", "data", "id", "source", "specversion"])
def test_a_missing_attribute_is_named(missing):
    assert missing in problems_of(a_signal(**{missing: ABSENT}))


def test_a_variant_does_not_show_in_a_place():
    """`soort` chooses a model inside; the place is still a path in the event."""
    found = problems_of(
        an_event("adviezen.advies-uitgebracht", data={"soort": "ggz", "advies": "rust", "x": 1})
    )

    assert found.keys() == {"data.advies", "data"}
    kind = problems_of(an_event("adviezen.advies-uitgebracht", **{"data.soort": "jeugt"}))
    assert kind["data.soort"].way_out == "did you mean jeugd?"


def test_an_english_name_is_not_a_wire_name_but_is_understood():
    """The wire has one language: a second name for a field could say something else."""
    found = problems_of(a_signal(**{"data.urgency": "spoed", "data.urgentie": "normaal"}))

    assert found["data.urgency"].way_out == "did you mean urgentie?"
    alone = a_signal(**{"data.urgency": "spoed", "data.urgentie": ABSENT})
    assert problems_of(alone).keys() == {"data.urgency"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("data.terugkoppelingGewenst", "true"),
        ("data.terugkoppelingGewenst", 1),
        ("data.minderjarig", "ja"),
        ("time", 1763888000),
        ("data.betrokkene.bsn", 999990342),
        ("data.verstrekkenAan", "gm0363"),
        ("data.betrokkene", []),
    ],
)
def test_a_value_of_another_type_is_refused_and_not_bent(path, value):
    """What is read is what was sent, by the letter of the JSON Schema."""
    assert path in problems_of(a_signal(**{path: value}))


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        (b"", "JSON"),
        (b"nonsense", "JSON"),
        (b"\xff\xfe{}", "UTF-8"),
        (b"\xef\xbb\xbf{}", "JSON"),
        (b"[1]", "object"),
        (b"null", "object"),
        (b'{"type": NaN}', "JSON"),
        (b'{"id": "\\ud800"}', "half a character"),
        (b"[" * 5_000, "deep"),
        (b'{"a":' * 3_000, "deep"),
        (b'{"time": ' + b"9" * 6_000 + b"}", "JSON"),
        (b'{"a": 1}' + b" " * MAX_EVENT_BYTES, "bytes"),
    ],
    ids=lambda value: value if isinstance(value, str) else repr(value[:12]),
)
def test_what_is_not_json_or_too_large_is_one_clear_problem(raw, word):
    (problem,) = problems_of(raw).values()

    assert word in problem.rule
    assert problem.way_out


@pytest.mark.parametrize(
    ("raw", "place", "words"),
    [
        (b"not json", "line 1 column 1", "nothing before it"),
        (b'{"id":1}\n{"id":2}', "line 2 column 1", "nothing after it"),
        ('{"é": "é", "b": tru}'.encode(), "line 1 column 17", "quotes, commas"),
        (b'{"id": "a', "line 1 column 8", "send all of it"),
        (b'{"a": NaN, "b": ' + b"[" * 5_000, "line 1 column 7", "quotes, commas"),
    ],
    ids=["words", "glued", "middle", "half", "odd"],
)
def test_what_is_not_json_says_where_the_fault_begins_and_what_to_do(raw, place, words):
    """In characters, as an editor counts them."""
    (problem,) = problems_of(raw).values()

    assert problem.place == f"the event, {place}"
    assert words in problem.way_out


@pytest.mark.parametrize("fields", [{}, {"soort": "signaal", "gemeente": "0363"}])
def test_an_object_without_any_member_of_a_cloudevent_says_how_to_send_one(fields):
    """What the hub makes of an entry whose fields are not `event`: one problem, not seven."""
    (problem,) = problems_of(fields).values()

    assert "none of the members of a CloudEvent" in problem.rule
    assert "XADD … * event '{…}'" in problem.way_out


def test_an_object_with_some_member_of_a_cloudevent_hears_which_are_missing():
    """Also when it is written with a capital: then a hint at the name helps more."""
    assert {"type", "source", "id"} <= problems_of({"specversion": "1.0"}).keys()
    assert {"type", "source", "id"} <= problems_of({"Type": "x"}).keys()


def test_an_event_of_exactly_the_most_bytes_is_read():
    """The limit is 64 KiB, the last byte included."""
    raw = as_bytes(a_signal())
    full = raw + b" " * (MAX_EVENT_BYTES - len(raw))

    assert parse(full)
    assert "dataref" in next(iter(problems_of(full + b" ").values())).way_out


@pytest.mark.parametrize(
    "repeated",
    [
        (b'"id":', b'"id":"ander","id":'),
        (b'"id":', b'"\\u0069d":"ander","id":'),
        (b'"id":', b'"id" :"ander","id"\n:'),
        (b'"oin":', b'"oin":"00000099000000007000","oin":'),
        (b'"data":', b'"data":{},"data":'),
    ],
    ids=["plain", "escaped", "spaced", "deep", "data"],
)
def test_a_member_that_stands_twice_is_refused(repeated):
    """Who takes the first and who takes the last would see two different events."""
    raw = as_bytes(a_signal())
    assert repeated[0] in raw

    found = problems_of(raw.replace(*repeated, 1))

    assert any("twice" in problem.rule for problem in found.values())


def test_the_same_name_at_two_levels_or_inside_a_text_is_no_repetition():
    """`id` of the event and `id` in `betreft` are two things; text may quote JSON."""
    text = 'Hij schreef: {"id": 1, "id": 2}, en "data": niets.'

    assert parse(as_bytes(an_event("berichten.ingezien")))
    assert parse(as_bytes(a_signal(**{"data.omschrijving": text}))).data.description == text


def test_the_sender_in_the_data_is_the_sender_in_the_source():
    """Nobody speaks as another: the access list guards the source, so the data must agree."""
    found = problems_of(a_signal(**{"data.verzender.oin": "00000099000000007000"}))

    assert found.keys() == {"data.verzender.oin"}


def test_content_cannot_end_before_it_begins():
    """`bewarenTot` is a last day: the day of `time` itself is the first that it may be."""
    assert parse(as_bytes(a_signal(**{"data.bewarenTot": "2026-11-23"})))
    assert "data.bewarenTot" in problems_of(a_signal(**{"data.bewarenTot": "2026-11-22"}))


def test_relations_are_checked_also_when_something_else_is_wrong():
    found = problems_of(
        a_signal(
            **{
                "data.verzender.oin": "00000099000000007000",
                "data.bewarenTot": "2026-11-22",
                "data.fase": "later",
            }
        )
    )

    assert found.keys() == {"data.verzender.oin", "data.bewarenTot", "data.fase"}


@pytest.mark.parametrize("place", ["id", "subject", "correlationid", "dataref"])
@pytest.mark.parametrize("bsn", ["zaak-999990342", "BSN:999990342", "999.990.342", "9999.90.342"])
def test_a_bsn_never_stands_in_the_envelope(place, bsn):
    """Anybody on the way may log attributes."""
    assert place in problems_of(a_signal(**{place: bsn}))
    assert "burgerservicenummer" in problems_of(a_signal(zaaknummer=bsn))["the event"].rule


def test_a_bsn_as_a_number_or_a_name_of_an_attribute_is_refused_too():
    assert problems_of(a_signal(zaaknummer=999990342))
    assert problems_of(a_signal(**{"999990342": "x"}))


def test_extensions_travel_along_untouched():
    """Attributes that the profile does not name are kept, with their type."""
    event = parse(as_bytes(a_signal(partitionkey="3", attempt=2, replay=False)))

    assert event.extensions == {"partitionkey": "3", "attempt": 2, "replay": False}


@pytest.mark.parametrize(("name", "value"), [("Upper", "x"), ("a" * 21, "x"), ("deep", {"a": 1})])
def test_an_extension_has_a_short_name_and_a_simple_value(name, value):
    assert problems_of(a_signal(**{name: value}))


@pytest.mark.parametrize(
    "name",
    ["SamiVoorbeeldin", "samivoorbeeldin", "omschrijvingSami", "Sami", "naamSami", "NaamSami"],
)
@pytest.mark.parametrize("where", ["", "data.", "data.verzender.", "data.betrokkene."])
@pytest.mark.parametrize("value", [{"deep": 1}, "999990342"])
def test_a_name_that_is_not_ours_is_not_shown(where, name, value):
    """A name may be a person: a refusal says that there is an unknown field, and in what."""
    event = a_signal(**{f"{where}{name}": value})

    for refused in (event, event | {"type": "geheim"}, event | {name: value}):
        found = problems_of(refused)
        assert "sami" not in "\n".join(map(str, found.values())).lower()
        assert where.rstrip(".") in found or not where or refused["type"] == "geheim"
    twice = as_bytes(event).replace(b"{", b'{"%s":1,"%s":2,' % (name.encode(), name.encode()))
    assert "sami" not in "\n".join(map(str, problems_of(twice).values())).lower()


def test_a_name_with_a_letter_or_two_wrong_is_shown_with_what_it_should_be():
    """A typing mistake is found by its place; a name of another message type is ours too."""
    found = problems_of(
        a_signal(
            corelationid={"deep": 1},
            data={"omschrijvin": "x", "gemeenteocde": "x", "vraag": "x"},
        )
    )

    assert found["corelationid"].way_out == "did you mean correlationid?"
    assert found["data.omschrijvin"].way_out == "did you mean omschrijving?"
    assert found["data.gemeenteocde"].way_out == "did you mean gemeentecode?"
    assert "data.vraag" in found


def test_a_problem_shows_no_value_and_no_strange_name():
    """Refusals are sent back and logged; what a person sent must not be."""
    strange = {"J. van Proefstra 999990342": 1, "naam": NAMES[0], "x999990342": 2}
    event = a_signal(
        id="geheim 999990342",
        type="geheim",
        **{"data.betrokkene.bsn": "geheim", "data.fase": "geheim", "data.meldingId": "geheim é"},
    )
    event["data"].update(strange)
    event["data"]["omschrijving"] = {"geheim": NAMES[1]}
    again = event | {"type": "nl.lokale-aanpak.signalen.signaal-gemeld"}

    for refused in (event, again):
        shown = "\n".join(map(str, problems_of(refused).values()))
        for secret in (*NAMES, *BSNS, "geheim", "Proefstra"):
            assert secret not in shown


def test_a_traceback_shows_no_value_either():
    """What pydantic found quotes the event; it must not come along as the cause."""
    with pytest.raises(InvalidEvent) as refused:
        parse(as_bytes(a_signal(type="geheim", id="geheim geheim")))

    assert "geheim" not in "".join(traceback.format_exception(refused.value, chain=True)).replace(
        'type="geheim", id="geheim geheim"', ""
    )


def test_there_are_never_more_problems_than_a_notice_can_hold():
    letters = "bcfghjklpquvwxyz"
    names = sorted(a_signal()["data"])
    many = a_signal(data={name + letter: 0 for name in names for letter in letters})

    with pytest.raises(InvalidEvent) as refused:
        parse(as_bytes(many))
    assert len(refused.value.problems) == MAX_PROBLEMS
    assert "more problems" in refused.value.problems[-1].rule


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner),
    max_leaves=8,
)


def event_or_reasons(raw):
    try:
        problems = () if isinstance(parse(raw), Envelope) else None
    except InvalidEvent as refused:
        problems = refused.problems
        assert problems, "refused without a reason"
    assert problems is not None
    assert all(problem.place and problem.rule for problem in problems)


@given(st.binary(max_size=200))
def test_any_bytes_are_an_event_or_have_reasons(raw):
    """Nothing else comes out, whatever comes in: the worker may rely on it."""
    event_or_reasons(raw)


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_any_event_with_anything_in_any_place_is_an_event_or_has_reasons(data):
    """As above, but close to real events: something odd in one place of an example."""
    event = json.loads(data.draw(st.sampled_from(FILES)).read_bytes())
    place = event
    while isinstance(place, dict):
        name = data.draw(st.sampled_from(sorted(place)) | st.text(max_size=8))
        if isinstance(place.get(name), dict) and data.draw(st.booleans()):
            place = place[name]
            continue
        place[name] = data.draw(anything)
        break
    event_or_reasons(json.dumps(event).encode())


@given(st.sampled_from(FILES), st.integers(0, 4_000), st.binary(min_size=1, max_size=3))
@settings(max_examples=300, deadline=None)
def test_a_damaged_event_is_an_event_or_has_reasons(path, position, noise):
    raw = path.read_bytes()
    at = position % len(raw)

    event_or_reasons(raw[:at] + noise + raw[at + len(noise) :])


def test_the_sensitivity_of_a_variant_is_at_most_that_of_its_type():
    """An advice without a person is L0, beside an advice about one."""
    levels = {
        (name, model.__name__): variant_sensitivity(row, model)
        for name, row in CATALOGUE.items()
        for model in row.variants
    }

    assert levels["adviezen.advies-uitgebracht", "PublicAdviceGiven"].value == "L0"
    assert levels["adviezen.advies-uitgebracht", "SealedAdviceGiven"].value == "L3"
    assert all(level <= CATALOGUE[name].sensitivity for (name, _), level in levels.items())
