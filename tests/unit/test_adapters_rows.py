"""One row to one event: the same row is the same event, and nothing is guessed."""

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from hub.adapters.mapping import Mapping
from hub.adapters.mapping_file import load_mapping
from hub.adapters.rows import to_event
from schemas.problems import InvalidEvent
from schemas.reading import parse
from tests.builders import BSNS, NAMES, PREFIX, a_signal, as_bytes

INDIGO = load_mapping(Path("examples/drop-folder/indigo-signalen.yaml"))
MELDPUNT = load_mapping(Path("examples/drop-folder/meldpunt.yaml"))


def a_row(**cells):
    """A row of the INDIGO export that is right; an override says what differs."""
    row = {
        "Meldingnummer": "IND-2026-1",
        "Versie": "1",
        "Soort bericht": "Signaal",
        "Geregistreerd op": "16-11-2026 09:40",
        "Dossier": "",
        "Fase": "PGA",
        "Gemeentecode": "363",
        "Pseudoniem": "btr-11aa22bb",
        "BSN": "",
        "Naam": NAMES[0],
        "Geboortedatum": "17-4-1998",
        "Peildatum": "13-11-2026",
        "Omschrijving": "Steunt een groep.",
        "Prioriteit": "Hoog",
        "Terugkoppeling": "Ja",
        "Gedrag": "",
        "Status": "",
    }
    return {**row, **{name.replace("_", " "): cell for name, cell in cells.items()}}


def event_of(row, mapping=INDIGO):
    return json.loads(to_event(row, mapping, PREFIX))


def refusal_of(content, mapping=INDIGO):
    with pytest.raises(InvalidEvent) as found:
        to_event(content, mapping, PREFIX)
    return [str(problem) for problem in found.value.problems]


def with_id(*columns):
    """The INDIGO mapping with other columns in the id."""
    changed = INDIGO.model_dump(by_alias=True)
    changed["id"] = {"kolommen": list(columns)}
    return Mapping.model_validate(changed)


def test_a_row_becomes_an_event_of_the_catalogue():
    """With constants, words, dates and leading zeros as the mapping says."""
    event = parse(to_event(a_row(), INDIGO, PREFIX))

    assert event.type == f"{PREFIX}.signalen.signaal-gemeld"
    assert event.id == "indigo-IND-2026-1/1"
    assert event.time.isoformat() == "2026-11-16T09:40:00+01:00"
    assert event.data.gemeente == "0363"
    assert event.data.urgency == "hoog"
    assert event.data.feedback_wanted is True
    assert event.data.sender.oin == "00000099000000006000"
    assert event.data.data_subject.date_of_birth.isoformat() == "1998-04-17"


def test_the_same_row_is_the_same_bytes():
    """A file that is read again after a crash must be a repetition, not news."""
    assert to_event(a_row(), INDIGO, PREFIX) == to_event(a_row(), INDIGO, PREFIX)


def test_an_empty_cell_leaves_its_field_out_unless_the_mapping_says_what_it_means():
    """`leeg` is for what the export leaves out because everybody knows it."""
    event = event_of(a_row(Prioriteit=" ", Terugkoppeling=""))

    assert event["data"]["urgentie"] == "normaal"
    assert "terugkoppelingGewenst" not in event["data"]
    assert "correlationid" not in event


def test_the_type_is_chosen_by_a_column_and_brings_its_own_constants():
    """One export may hold several kinds of message."""
    event = event_of(a_row(Soort_bericht="Inbreng LRO"))

    assert event["type"].endswith("duidingen.signaal-ingebracht")
    assert (event["data"]["grondslag"], event["data"]["doel"]) == ("avg-publieke-taak", "duiden")


def test_a_row_that_the_mapping_skips_is_no_event_and_no_problem():
    """Else an export with anything else in it would always be refused."""
    assert to_event(a_row(Soort_bericht="Intern", Omschrijving="x"), INDIGO, PREFIX) is None


def test_a_row_of_json_may_have_objects_and_numbers():
    """A path with dots goes into an object; a number is text unless the mapping says `getal`."""
    raw = (Path("examples/drop-folder/meldpunt-export.json").read_bytes()).strip()[1:-1]
    event = event_of(raw, MELDPUNT)

    assert event["id"] == "mr-731"
    assert event["data"]["meldingId"] == "731"
    assert event["data"]["gemeentecode"] == "0599"
    assert event["data"]["betrokkene"] == {"naam": NAMES[2]}


def test_a_cloudevent_goes_on_as_the_bytes_that_came():
    """What the sender logged is what the hub routes; a mapping does not touch it."""
    raw = as_bytes(a_signal())

    assert to_event(raw, None, PREFIX) == raw
    assert to_event(raw, INDIGO, PREFIX) == raw


@pytest.mark.parametrize(
    ("cells", "place"),
    [
        ({"Omschrijving": " "}, "column Omschrijving"),
        ({"Soort_bericht": ""}, "column Soort bericht"),
        ({"Soort_bericht": "Memo"}, "column Soort bericht"),
        ({"Versie": ""}, "column Versie"),
        ({"Fase": "Nazorg"}, "column Fase"),
        ({"Peildatum": "2026-11-13"}, "column Peildatum"),
        ({"Gemeentecode": "03633"}, "column Gemeentecode"),
        ({"Gemeentecode": "GM0363"}, "column Gemeentecode"),
        ({"BSN": "123456789"}, "column BSN (data.betrokkene.bsn)"),
        ({"Pseudoniem": "x y"}, "column Pseudoniem (data.betrokkeneRef)"),
        ({"Fase": ""}, "column Fase (data.fase)"),
        ({"Meldingnummer": "1" * 200}, "column Meldingnummer, Versie (id)"),
    ],
)
def test_a_cell_that_cannot_be_read_names_its_column(cells, place):
    """The person who mends it looks at the spreadsheet, not at the event."""
    assert any(problem.startswith(f"{place}: ") for problem in refusal_of(a_row(**cells)))


def test_every_wrong_cell_of_a_row_is_told_at_once():
    """One round of mending for a row."""
    found = refusal_of(a_row(Fase="x", Prioriteit="x", Peildatum="x"))

    assert [problem.partition(":")[0] for problem in found] == [
        "column Fase",
        "column Peildatum",
        "column Prioriteit",
    ]


def test_a_constant_that_is_wrong_is_blamed_on_the_mapping():
    """Not on a column that does not exist."""
    changed = INDIGO.model_dump(by_alias=True)
    changed["vast"]["data.vertrouwelijkheid"] = "heel"
    mapping = Mapping.model_validate(changed)

    assert refusal_of(a_row(), mapping)[0].startswith(
        "vast in the mapping (data.vertrouwelijkheid): "
    )


def test_a_field_that_the_type_needs_and_the_mapping_lacks_is_said_so():
    """The mapping must be mended, not the export."""
    changed = INDIGO.model_dump(by_alias=True)
    del changed["velden"]["data.betrokkeneRef"]
    mapping = Mapping.model_validate(changed)

    assert refusal_of(a_row(), mapping) == [
        "data.betrokkeneRef: is required (add it; the mapping has no column for it)"
    ]


@pytest.mark.parametrize("bsn", BSNS)
def test_a_bsn_in_the_id_is_refused(bsn):
    """An id stands in the envelope, where anybody on the way may log it."""
    found = refusal_of(a_row(Meldingnummer=bsn, BSN=bsn), with_id("BSN"))

    assert found
    assert bsn not in "".join(found)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[1]", "not a JSON object"),
        (b"{", "not a JSON object"),
        (b"\xff{}", "not a JSON object"),
        (b"[" * 100_000, "not a JSON object"),
        (b'{"a": 1}', "no mapping was given"),
        ({"a": "1"}, "no mapping was given"),
        (b'{"specversion": "1.0", "data_base64": "AAAA"}', "binary content"),
    ],
)
def test_what_is_neither_event_nor_row_is_refused_with_a_way_out(content, words):
    """Each with the one thing that the sender can do about it."""
    (found,) = refusal_of(content, None)

    assert words in found


def test_a_row_in_which_a_name_stands_twice_is_refused():
    """Nobody knows which of the two counts."""
    assert "twice" in refusal_of(b'{"nummer": 1, "nummer": 2}', MELDPUNT)[0]


cell = st.text(max_size=12) | st.sampled_from(["a", "b", "/", "a/b", "%2F", "-", "é", " "])


@given(st.tuples(cell, cell), st.tuples(cell, cell))
@example(("a/b", "c"), ("a", "b/c"))
@example(("a/b", "c"), ("a%2Fb", "c"))
def test_two_different_rows_never_get_the_same_id(one, other):
    """Else the hub would take the second for a repetition, and it would be lost."""
    from hub.adapters.rows import _id_of

    mapping = with_id("Een", "Twee")
    ids, stripped = [], []
    for values in (one, other):
        problems = []
        ids.append(_id_of(dict(zip(("Een", "Twee"), values, strict=True)), mapping, problems))
        assume(not problems)  # an empty cell is refused
        stripped.append(tuple(value.strip() for value in values))

    assert (ids[0] == ids[1]) == (stripped[0] == stripped[1])


@settings(max_examples=300)
@given(
    st.fixed_dictionaries(
        {}, optional={name: cell | st.just(value) for name, value in a_row().items()}
    ),
    st.sampled_from([name for name in a_row() if name != "Soort bericht"]),
)
def test_a_refusal_never_repeats_a_cell(changes, column):
    """Whatever stands in an export, and wherever: nothing personal gets into an error."""
    secret = f"{NAMES[0]} {BSNS[0]} geheim"  # a BSN in a text: always refused
    row = {**a_row(), **changes, "Soort bericht": "Signaal", "Naam": secret, column: secret}

    refusal = "".join(refusal_of(row))

    assert refusal
    assert not [word for word in (NAMES[0], BSNS[0], "geheim") if word in refusal]


@settings(max_examples=200)
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(a_row(), cell)))
def test_what_comes_out_is_always_an_event_of_the_catalogue(changes):
    """Never half an event."""
    raw = None
    with contextlib.suppress(InvalidEvent):
        raw = to_event({**a_row(), **changes}, INDIGO, PREFIX)

    assert raw is None or parse(raw).source == INDIGO.source
