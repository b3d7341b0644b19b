"""Minimisation: no field leaves that the rule does not name, whatever the event holds."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.fields import attributes, expand, has_field
from handlers.minimise import minimise, minimise_copy
from schemas.catalogue import CATALOGUE
from schemas.envelope import Envelope
from schemas.reading import parse
from tests.builders import EXAMPLES, PREFIX, a_signal, as_bytes

FILES = sorted(EXAMPLES.glob("*.json"))


def wire_fields(event):
    """Return every name that a rule could give for this event, nested ones too."""
    found = set(attributes(type(event.data)))
    for top in list(found):
        found |= {
            f"{top}.{name}"
            for name in ("bsn", "naam", "geboortedatum", "geslacht", "oin", "onderdeel")
            if has_field(type(event.data), f"{top}.{name}")
        }
    return sorted(found | {"dataref", "subject"})


def left(copy):
    """Return the wire names that are in a copy: top level, and one below for objects."""
    names = set()
    for top, value in copy["data"].items():
        names.add(top)
        if isinstance(value, dict):
            names |= {f"{top}.{name}" for name in value}
    return names


@given(st.data())
def test_no_field_leaves_that_the_rule_does_not_name(data):
    """For every type and any choice of fields."""
    event = parse(data.draw(st.sampled_from(FILES)).read_bytes())
    fields = tuple(data.draw(st.lists(st.sampled_from(wire_fields(event)), unique=True)))

    copy = json.loads(minimise(event, fields))

    for name in left(copy):
        top = name.partition(".")[0]
        assert name in fields or top in fields or any(f.startswith(f"{name}.") for f in fields)
    assert set(copy) - {"data"} <= Envelope.ALWAYS | set(fields)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_rule_that_names_every_field_lets_the_whole_event_through(file):
    """What is not withheld arrives as it came."""
    sent = json.loads(file.read_bytes())
    event = parse(file.read_bytes())
    everything = tuple(attributes(type(event.data)))

    copy = json.loads(minimise(event, (*everything, "dataref", "subject")))

    assert sent["data"].keys() <= copy["data"].keys()
    assert {k: v for k, v in sent.items() if k != "data"}.keys() <= copy.keys()


def test_extensions_travel_along_untouched():
    event = parse(as_bytes(a_signal(regiocode="vr13", volgnr=7)))

    copy = json.loads(minimise(event, ("meldingId",)))

    assert ("vr13", 7) == (copy["regiocode"], copy["volgnr"])


def test_the_claim_check_leaves_only_where_a_rule_names_it():
    event = parse(as_bytes(a_signal(dataref="https://dossier.example/1")))

    assert "dataref" not in json.loads(minimise(event, ("meldingId",)))
    assert "dataref" in json.loads(minimise(event, ("meldingId", "dataref")))


def test_a_part_of_the_person_leaves_without_the_rest():
    person = {"naam": "Noor Proefstra", "bsn": "999990342"}
    event = parse(as_bytes(a_signal(**{"data.betrokkene": person})))

    copy = json.loads(minimise(event, ("betrokkene.naam",)))

    assert {"betrokkene": {"naam": "Noor Proefstra"}} == copy["data"]


def test_a_copy_of_a_copy_holds_at_most_what_the_copy_held():
    event = parse(as_bytes(a_signal(**{"data.betrokkene": {"naam": "Noor Proefstra"}})))
    copy = minimise(event, ("betrokkene.naam", "omschrijving", "fase"))

    again = json.loads(minimise_copy(copy, ("betrokkene.naam", "betrokkene.bsn", "urgentie")))

    assert {"betrokkene": {"naam": "Noor Proefstra"}} == again["data"]
    assert event.id == again["id"]


def test_field_groups_expand_and_double_names_count_once():
    groups = {"KERN": ("meldingId", "fase")}

    assert ("fase", "meldingId", "reden") == expand(["KERN", "reden", "fase"], groups)


def test_every_type_of_the_catalogue_has_an_example_here():
    """The properties above are about all types, so none may be missing from them."""
    covered = {parse(file.read_bytes()).type.removeprefix(f"{PREFIX}.") for file in FILES}

    assert set(CATALOGUE) == covered
