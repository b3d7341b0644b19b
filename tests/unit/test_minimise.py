"""Minimisation: no field leaves that the rule does not name, whatever the event holds."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.checks.messages import field_names
from handlers.fields import attributes, expand
from handlers.minimise import minimise, minimise_copy
from schemas.catalogue import CATALOGUE
from schemas.envelope import Envelope
from schemas.reading import parse
from tests.builders import EXAMPLES, PREFIX, a_signal, an_event, as_bytes

FILES = sorted(EXAMPLES.glob("*.json"))


def wire_fields(event):
    """Return every name that a rule could give for this event, nested ones too."""
    return sorted(field_names(type(event.data)))


def left(data):
    """Return the wire names that are in `data`: top level, and one below for objects and lists."""
    names = set()
    for top, value in data.items():
        names.add(top)
        for part in value if isinstance(value, list) else [value]:
            names |= {f"{top}.{name}" for name in part} if isinstance(part, dict) else set()
    return names


@given(st.data())
def test_a_copy_holds_what_the_rule_names_and_nothing_else(data):
    """For every type and any choice of fields; a copy of the whole event gives the same copy."""
    event = parse(data.draw(st.sampled_from(FILES)).read_bytes())
    fields = tuple(data.draw(st.lists(st.sampled_from(wire_fields(event)), unique=True)))

    made = minimise(event, fields)
    copy, whole = json.loads(made), json.loads(minimise(event, tuple(wire_fields(event))))

    for name in left(copy["data"]):
        top = name.partition(".")[0]
        assert name in fields or top in fields or any(f.startswith(f"{name}.") for f in fields)
    assert left(whole["data"]).intersection(fields) <= left(copy["data"])
    assert set(copy) - {"data"} <= Envelope.ALWAYS | set(fields)
    for one in (minimise_copy(made, fields), minimise_copy(json.dumps(whole), fields)):
        again = json.loads(one)
        assert {n: v for n, v in again["data"].items() if v} == {
            n: v for n, v in copy["data"].items() if v
        }


@pytest.mark.parametrize(
    "fields", [("acties.omschrijving",), ("acties.conditie", "acties.termijn")]
)
def test_a_path_into_a_list_keeps_that_member_of_every_item(fields):
    """Of each action what it is, and not who does it; in a copy of a copy too."""
    event = parse(as_bytes(an_event("plannen.plan-van-aanpak-vastgesteld")))
    whole = json.loads(minimise(event, ("acties",)))["data"]["acties"]
    names = [field.partition(".")[2] for field in fields]
    wanted = [{name: action[name] for name in names if name in action} for action in whole]
    assert any(wanted)

    copy = minimise(event, fields)

    assert {"acties": wanted} == json.loads(copy)["data"]
    assert {"acties": wanted} == json.loads(minimise_copy(copy, fields))["data"]
    assert whole == json.loads(minimise(event, ("acties", *fields)))["data"]["acties"]


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


def test_a_copy_of_a_copy_has_no_claim_check_unless_its_rule_names_it():
    """Who may see the copy may not therefore fetch the content at its source."""
    event = parse(as_bytes(a_signal(dataref="https://dossier.example/1", subject="melding/1")))
    copy = minimise(event, ("fase", "dataref", "subject"))

    assert not {"dataref", "subject"} & set(json.loads(minimise_copy(copy, ("fase",))))
    assert "dataref" in json.loads(minimise_copy(copy, ("fase", "dataref")))


def test_field_groups_expand_and_double_names_count_once():
    groups = {"KERN": ("meldingId", "fase")}

    assert ("fase", "meldingId", "reden") == expand(["KERN", "reden", "fase"], groups)


def test_every_type_of_the_catalogue_has_an_example_here():
    """The properties above are about all types, so none may be missing from them."""
    covered = {parse(file.read_bytes()).type.removeprefix(f"{PREFIX}.") for file in FILES}

    assert set(CATALOGUE) == covered
