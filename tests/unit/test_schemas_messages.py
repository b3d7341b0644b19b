"""The rules that the models themselves hold, so that no other code has to."""

import re
from enum import Enum
from typing import get_args

import pytest
from pydantic import BaseModel

from schemas.case import CasePart, CommonPart, Person, PersonPart
from schemas.catalogue import ACTS, CATALOGUE, CORRECTIONS, event_models, variant_sensitivity
from schemas.identifiers import EventId, Line, Reference, SourceUrn, Text, holds_bsn
from schemas.messages.berichten import Prose
from schemas.problems import InvalidEvent
from schemas.reading import parse
from schemas.vocabulary import Nature, Sensitivity
from schemas.wire import models_in, wire_names
from tests.builders import BSNS, EXAMPLES, an_event, as_bytes, example

PREFIX = "nl.lokale-aanpak"
VARIANTS = [
    pytest.param(row, model, id=f"{row.name}-{model.__name__}")
    for row in CATALOGUE.values()
    for model in row.variants
]
FREE_TEXT = (Text, Line, Prose)


def refused_places(event):
    with pytest.raises(InvalidEvent) as refused:
        parse(as_bytes(event))
    return {problem.place for problem in refused.value.problems}


def reachable(model):
    """Yield (wire path, field) of a model and of every model inside it."""
    for name, wire in wire_names(model).items():
        field = model.model_fields[name]
        yield wire, field
        for inner in models_in(field.annotation):
            for path, deeper in reachable(inner):
                yield f"{wire}.{path}", deeper


def pieces(annotation, metadata=()):
    """Yield every (type, metadata) inside an annotation."""
    arguments = get_args(annotation)
    if hasattr(annotation, "__metadata__"):
        yield from pieces(arguments[0], (*metadata, *annotation.__metadata__))
    elif arguments:
        for argument in arguments:
            yield from pieces(argument, metadata)
    else:
        yield annotation, tuple(metadata)


def test_the_catalogue_has_every_type_of_the_domain_and_of_the_hub():
    """65 types about a case or its surroundings, 15 about a message or the hub."""
    hub = [row for row in CATALOGUE.values() if row.is_hub]

    assert (len(CATALOGUE) - len(hub), len(hub)) == (65, 15)
    assert {row.name for row in hub} > ACTS | CORRECTIONS


def test_every_type_has_an_example_and_every_example_a_type():
    """And where a type has several forms, each `soort` has its own."""
    names = {path.stem.partition("--")[0] for path in EXAMPLES.glob("*.json")}
    assert names == set(CATALOGUE)

    for row in CATALOGUE.values():
        if len(row.variants) > 1:
            for model in row.variants:
                for kind in get_args(model.model_fields["kind"].annotation):
                    for word in get_args(kind) or (kind,):
                        assert (EXAMPLES / f"{row.name}--{word}.json").exists(), (row.name, word)


@pytest.mark.parametrize(("row", "model"), VARIANTS)
def test_no_person_fits_in_a_message_of_level_0(row, model):
    """L0 has no field for a person, not even a pseudonym; every other case type has one."""
    has_person = any(
        path.rpartition(".")[2] in {"betrokkene", "betrokkeneRef", "bsn"}
        for path, _ in reachable(model)
    )
    if variant_sensitivity(row, model) is Sensitivity.NO_PERSON:
        assert not has_person
        assert not issubclass(model, CasePart)
    elif issubclass(model, CommonPart):
        assert has_person


@pytest.mark.parametrize(
    "field", [{"betrokkeneRef": "btr-7f3a91c2"}, {"betrokkene": {"naam": "Sami Voorbeeldin"}}]
)
@pytest.mark.parametrize(
    "name",
    [
        "preventies.initiatief-gestart",
        "publicaties.publicatie-beschikbaar",
        "publicaties.training-beschikbaar",
        "adviezen.advies-gevraagd--maatschappelijke-spanningen",
        "adviezen.advies-gevraagd--inrichting-lokale-aanpak",
        "adviezen.advies-uitgebracht--handelingsperspectief",
    ],
)
def test_an_event_of_level_0_with_a_person_is_refused(name, field):
    assert parse(as_bytes(example(name)))
    assert refused_places(an_event(name, data=field)) == {f"data.{next(iter(field))}"}


@pytest.mark.parametrize(
    "name", [n for n, row in CATALOGUE.items() if row.sensitivity is Sensitivity.NO_PERSON]
)
def test_a_type_without_a_person_takes_no_attribute_that_the_profile_does_not_name(name):
    """An extension travels to everybody: it must not be the place where a person still fits."""
    assert refused_places(an_event(name, betrokkenenaam="Sami Voorbeeldin")) == {"the event"}
    assert refused_places(an_event(name, regio="13")) == {"the event"}
    known = {"subject": "training", "dataref": "https://voorbeeld.example/1", "dataschema": "urn:x"}
    assert parse(as_bytes(an_event(name, **known))).subject == "training"


def test_a_type_with_and_without_a_person_takes_extensions():
    """`soort` tells them apart, and that stands in the data."""
    name = "adviezen.advies-gevraagd--maatschappelijke-spanningen"

    assert parse(as_bytes(an_event(name, regio="13"))).extensions == {"regio": "13"}


@pytest.mark.parametrize("field", ["ideologieAangetroffen", "directVeiligheidsrisico"])
@pytest.mark.parametrize("value", [False, None, "true", 1])
def test_a_safety_report_needs_both_to_be_true(field, value):
    """Ideology without a direct risk, or a risk without ideology, is a signal."""
    event = an_event("signalen.veiligheidsmelding-gedaan", **{f"data.{field}": value})

    assert refused_places(event) == {f"data.{field}"}


def test_a_safety_report_is_always_urgent():
    event = an_event("signalen.veiligheidsmelding-gedaan", **{"data.urgentie": "normaal"})

    assert refused_places(event) == {"data.urgentie"}


@pytest.mark.parametrize("name", ["casussen.casus-opgeschaald", "casussen.casus-afgeschaald"])
@pytest.mark.parametrize("who", ["burgemeester", "om", "politie"])
def test_scaling_a_case_needs_three_consents(name, who):
    """The driehoek decides together, or there is no decision."""
    assert parse(as_bytes(example(name)))
    assert refused_places(an_event(name, **{f"data.akkoorden.{who}": False})) == {
        f"data.akkoorden.{who}"
    }


@pytest.mark.parametrize(
    "name", [name for name, row in CATALOGUE.items() if row.family == "ambtsberichten"]
)
def test_no_free_text_fits_in_an_ambtsbericht(name):
    """Walks every field of data and envelope: a closed list, a shape without spaces, or nothing."""
    model = event_models(PREFIX)[f"{PREFIX}.{name}"]
    for path, field in [
        *((n, f) for n, f in model.model_fields.items() if n != "data"),
        *reachable(CATALOGUE[name].model),
    ]:
        for kind, metadata in pieces(field.annotation, field.metadata):
            if isinstance(kind, type) and issubclass(kind, str) and not issubclass(kind, Enum):
                shapes = [shape for rule in metadata if (shape := getattr(rule, "pattern", None))]
                fits = all(re.search(shape, "de inhoud van het bericht") for shape in shapes)
                assert not fits, f"a sentence fits in {path}"
    assert model.model_config["extra"] == "forbid"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("data.omschrijving", "de inhoud"),
        ("data.verzender.rol", "de inhoud"),
        ("data.herkomst", "de inhoud"),
        ("data.kenmerk", "de inhoud"),
        ("data.betrokkene", {"naam": "Sami Voorbeeldin"}),
        ("subject", "inhoud"),
        ("dataref", "https://elders.example/inhoud"),
        ("tracestate", "inhoud"),
        ("inhoud", "de inhoud"),
    ],
)
def test_an_ambtsbericht_with_content_is_refused(path, value):
    """That it exists may pass; what it says never (Wiv 2017)."""
    event = an_event("ambtsberichten.ambtsbericht-uitgebracht", **{path: value})

    assert refused_places(event) == {path}


def test_a_criminal_investigation_needs_a_suspect():
    event = an_event(
        "strafzaken.onderzoek-gestart", **{"data.categorieBetrokkene": "persoon-met-zorgsignalen"}
    )

    assert refused_places(event) == {"data.categorieBetrokkene"}


@pytest.mark.parametrize("level", ["ontvangen", "in-behandeling", "afgerond-zonder-inhoud"])
def test_feedback_has_text_only_at_its_level(level):
    name = "berichten.terugkoppeling-gegeven"

    assert refused_places(an_event(name, data={"niveau": level}))
    assert parse(as_bytes(an_event(name)))


@pytest.mark.parametrize(("row", "model"), VARIANTS)
def test_every_case_message_says_whether_it_is_fact_opinion_or_advice(row, model):
    """Wpg art. 4 lid 3. What can only be one of them is fixed by the model."""
    if not issubclass(model, CasePart):
        return
    field = model.model_fields["nature"]
    fixed = {
        word for kind, _ in pieces(field.annotation) for word in [kind] if isinstance(word, Nature)
    }
    assert field.is_required() or fixed == {field.default}, row.name


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("adviezen.advies-uitgebracht--jeugd", "feit"),
        ("duidingen.duiding-vastgesteld", "feit"),
        ("wegingen.uitkomst-vastgesteld", "feit"),
        ("strafzaken.beoordeling-gegeven", "advies"),
        ("interventies.stopgesprek-gehouden", "oordeel"),
    ],
)
def test_an_opinion_cannot_be_sent_as_a_fact(name, wrong):
    assert refused_places(an_event(name, data={"soortInformatie": wrong})) == {
        "data.soortInformatie"
    }


@pytest.mark.parametrize(("row", "model"), VARIANTS)
def test_a_bsn_has_one_place_and_only_in_types_that_name_a_person(row, model):
    """`betrokkene.bsn`, in models made from `PersonPart`; nowhere else, at no depth."""
    places = {path for path, _ in reachable(model) if path.rpartition(".")[2] == "bsn"}

    assert places == ({"betrokkene.bsn"} if issubclass(model, PersonPart) else set())


@pytest.mark.parametrize("bsn", [*BSNS, "010000008"])
def test_a_bsn_keeps_its_leading_zeros(bsn):
    event = parse(as_bytes(an_event("signalen.signaal-gemeld", data={"betrokkene": {"bsn": bsn}})))

    assert event.data.data_subject.bsn == bsn


@pytest.mark.parametrize("bsn", ["123456789", "000000000", "12345678", "1234567820", "12345678a"])
def test_what_fails_the_eleven_test_is_no_bsn(bsn):
    event = an_event("signalen.signaal-gemeld", **{"data.betrokkene.bsn": bsn})

    assert refused_places(event) == {"data.betrokkene.bsn"}


def texts_in(value, path=()):
    """Yield the path of every text in an event."""
    if isinstance(value, str):
        yield path
    for name, inner in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list)
        else ()
    ):  # fmt: skip
        yield from texts_in(inner, (*path, name))


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_no_text_of_any_message_takes_a_bsn(path):
    """Every text of every example, in envelope and data: with a BSN in it, it is refused."""
    for where in texts_in(example(path.stem)):
        if where == ("data", "betrokkene", "bsn"):
            continue
        event = example(path.stem)
        place = event
        for part in where[:-1]:
            place = place[part]
        was = place[where[-1]]
        for bsn in ("-999990342", " 999990342", "-bsn999990342", ":999.990.342"):
            place[where[-1]] = was + bsn
            assert refused_places(event), where


@pytest.mark.parametrize(
    "text",
    [
        "bsn123456782",
        "BSN:123456782",
        "mijnbsn123456782",
        "bsn-nr. 123456782",
        "bsn 12 34 56 782",
        "bsn 123-456-782",
        "123.456.782",
        "1234.56.782",
        "123 456 782",
        "123\u00a0456\u00a0782",
        "zie 123.456.782.",
        "op 100 123 456 782",
        "https://voorbeeld.example/?q=bsn%3A123456782",
        "https://voorbeeld.example/?q=%20123456782",
    ],
)
def test_a_bsn_is_found_however_it_is_written(text):
    """Groups, the letters in front of it, or an escape in a URL do not hide it."""
    assert holds_bsn(text)


@pytest.mark.parametrize(
    "text",
    [
        "btr-a123456782",
        "123456782a",
        "1123456782",
        "4f1c7b52-9f31-4c0a-8b0e-123456782012",
        "abcdef12-1234-5678-2123-123456782abc",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa123456782-01",
        "00000099123456782000",
        "10.123.456.782",
        "123.456.782.10",
        "+31 123 456 782",
        "2003.06.005",
        "123.456 782",
        "bsn 123456789",
    ],
)
def test_a_digest_or_a_longer_number_is_no_bsn(text):
    """What is no BSN must pass: a refused signal does not reach the gemeente."""
    assert not holds_bsn(text)


@pytest.mark.parametrize("system", ["bsn.123.456.782", "123.456.782", "indigo-123.456.782"])
def test_a_source_names_no_person(system):
    """The only part of `source` that a partner chooses freely."""
    source = f"urn:nld:oin:00000099000000006000:systeem:{system}"

    assert "source" in refused_places(an_event("signalen.signaal-gemeld", source=source))


@pytest.mark.parametrize(("row", "model"), VARIANTS)
def test_wire_names_are_dutch_camel_case_and_each_stands_once(row, model):
    """NL API Design Rules; and no field is known under the English name of another."""

    def check(part):
        names = list(wire_names(part).values())
        assert len(set(names)) == len(names)
        assert all(name.isalpha() and name[0].islower() for name in names), names
        for field in part.model_fields.values():
            for inner in models_in(field.annotation):
                check(inner)

    check(model)


def test_models_are_closed_and_frozen():
    """A field that we do not know is a field that we cannot protect; a fact is not edited."""
    for row in CATALOGUE.values():
        for model in row.variants:
            assert model.model_config["extra"] == "forbid"
            assert model.model_config["frozen"]
    assert issubclass(Person, BaseModel)


def test_identifiers_of_free_shape_are_the_ones_we_think():
    """The walk above relies on these having a pattern."""
    for kind in (Reference, EventId, SourceUrn):
        assert any(getattr(rule, "pattern", None) for _, rules in pieces(kind) for rule in rules)
    for kind in FREE_TEXT:
        shapes = {getattr(rule, "pattern", None) for _, rules in pieces(kind) for rule in rules}
        assert shapes <= {None, r"\S"}


@pytest.mark.parametrize("blank", [" ", "   ", "\t\n", "\u00a0", ""])
@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("casusoverleggen.deelname-verzocht", "noodzaak"),
        ("signalen.signaal-gemeld", "omschrijving"),
        ("signalen.signaal-gemeld", "herkomst"),
    ],
)
def test_text_is_more_than_blanks(name, field, blank):
    """A rule may ask for a stated necessity: a space does not state one."""
    assert refused_places(an_event(name, **{f"data.{field}": blank})) == {f"data.{field}"}
    assert parse(as_bytes(an_event(name, **{f"data.{field}": f"{blank}x{blank}"})))
