"""The references are made from the code, are valid, and are what is committed."""

import json
import re
from datetime import date, datetime
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker

from handlers.rulebook import Rulebook
from hub.reference import document, generate, schema
from hub.reference.examples import examples_of
from hub.roles import default_folder, load
from schemas.catalogue import ACTS, CATALOGUE, CORRECTIONS, event_models
from schemas.identifiers import message_ref
from schemas.problems import InvalidEvent
from schemas.reading import parse
from schemas.rules_in_words import pattern_in_words
from tests.builders import ABSENT, BSNS, EXAMPLES, NAMES, a_signal, an_event, as_bytes

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
REGISTER = Path(__file__).parents[2] / "partners_config" / "register"

formats = FormatChecker(formats=())


@formats.checks("date-time", raises=ValueError)
def is_moment(value):
    """RFC 3339: with an offset."""
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@formats.checks("date", raises=ValueError)
def is_day(value):
    return not isinstance(value, str) or bool(date.fromisoformat(value))


@pytest.fixture(scope="module")
def book():
    return Rulebook(load(default_folder()))


@pytest.fixture(scope="module")
def asyncapi(book):
    return document(book)


def walk(node, path=()):
    """Yield (path, node) of every object in a document."""
    if isinstance(node, dict):
        yield path, node
    for name, inner in (
        node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list)
        else ()
    ):  # fmt: skip
        yield from walk(inner, (*path, name))


def resolve(root, reference):
    """Return what a local reference points at; fails when it points nowhere."""
    assert reference.startswith("#/"), reference
    for part in reference[2:].split("/"):
        root = root[part.replace("~1", "/").replace("~0", "~")]
    return root


def test_what_is_committed_is_what_the_code_makes(tmp_path, book):
    """Run `make docs` after a change of a model, an example or a rule. And no file is left over."""
    made = {path.relative_to(tmp_path) for path in generate(tmp_path, book)}
    committed = {p.relative_to(REFERENCE) for p in REFERENCE.rglob("*") if p.is_file()}
    known = {"schemas", "asyncapi.json", "messages.md"}

    assert made == {path for path in committed if path.parts[0] in known}
    stale = [str(p) for p in made if (tmp_path / p).read_bytes() != (REFERENCE / p).read_bytes()]
    assert stale == [], "out of date, run `make docs`"


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_schema_is_valid_by_the_metaschema_and_says_what_it_is(name):
    made = schema(name)

    Draft202012Validator.check_schema(made)
    assert made["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert made["$id"].endswith(name)
    assert made["title"] == CATALOGUE[name].title
    assert made["description"]
    assert made["examples"]
    for _, node in walk(made):
        if isinstance(node.get("$ref"), str):
            assert resolve(made, node["$ref"])


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_example_is_valid_by_its_schema_and_not_by_that_of_another_type(name):
    validator = Draft202012Validator(schema(name), format_checker=formats)
    other = Draft202012Validator(schema("publicaties.training-beschikbaar"))
    for example in examples_of(name).values():
        validator.validate(example)
        if name != "publicaties.training-beschikbaar":
            assert not other.is_valid(example)


@pytest.mark.parametrize(
    "wrong",
    [
        {"source": "indigo"},
        {"time": "2026-11-23T10:00:00"},
        {"time": "gisteren"},
        {"Upper": "x"},
        {"deep": {"a": 1}},
        {"data.fase": ABSENT},
        {"data.urgentie": "direct"},
        {"data.gemeentecode": "GM0363"},
        {"data.bewarenTot": "morgen"},
        {"data.terugkoppelingGewenst": "ja"},
        {"data.onbekend": 1},
        {"data.betrokkene.bsn": "12345"},
    ],
    ids=str,
)
def test_schema_and_reader_refuse_the_same(wrong):
    """A partner that checks by the schema is not surprised by the hub, and the other way round."""
    event = a_signal(**wrong)
    validator = Draft202012Validator(schema("signalen.signaal-gemeld"), format_checker=formats)

    assert not validator.is_valid(event)
    with pytest.raises(InvalidEvent):
        parse(as_bytes(event))


def test_an_ambtsbericht_with_content_is_not_valid_by_its_schema():
    name = "ambtsberichten.ambtsbericht-uitgebracht"
    validator = Draft202012Validator(schema(name))

    assert validator.is_valid(an_event(name))
    for content in ({"dataref": "https://elders.example"}, {"data.inhoud": "x"}, {"extra": "x"}):
        assert not validator.is_valid(an_event(name, **content))


def test_every_shape_of_an_identifier_is_said_in_words():
    """A problem and the page of the types say what a pattern means, never the pattern."""
    patterns = {
        node["pattern"]
        for name in CATALOGUE
        for _, node in walk(schema(name))
        if isinstance(node.get("pattern"), str)
    }
    unsaid = {p for p in patterns if "right shape" in pattern_in_words(p)[0]}

    assert len(patterns) > 10
    assert unsaid == set()


def test_asyncapi_has_what_version_3_requires(asyncapi):
    """The members that AsyncAPI 3.0 requires, each with values that it allows."""
    assert asyncapi["asyncapi"] == "3.0.0"
    assert asyncapi["info"].keys() >= {"title", "version"}
    for server in asyncapi["servers"].values():
        assert server.keys() >= {"host", "protocol"}
    for channel in asyncapi["channels"].values():
        named = set(re.findall(r"{([a-z]+)}", channel["address"]))
        assert named == set(channel["parameters"])
        assert all(values.keys() <= {"enum", "default", "description", "examples"}
                   for values in channel["parameters"].values())  # fmt: skip
    for operation in asyncapi["operations"].values():
        assert operation["action"] in {"send", "receive"}
        channel = resolve(asyncapi, operation["channel"]["$ref"])
        of_channel = [f"{operation['channel']['$ref']}/messages/{m}" for m in channel["messages"]]
        assert [m["$ref"] for m in operation["messages"]] == of_channel
    keys = re.compile(r"^[a-zA-Z0-9._-]+$")
    for part in asyncapi["components"].values():
        assert all(keys.match(name) for name in part)


def test_every_reference_of_asyncapi_leads_somewhere(asyncapi):
    references = [node["$ref"] for _, node in walk(asyncapi) if isinstance(node.get("$ref"), str)]

    assert len(references) > 1_000
    for reference in references:
        assert resolve(asyncapi, reference) is not None


def test_asyncapi_has_every_sender_every_inbox_and_every_type(asyncapi, book):
    assert {f"intake-{shard}" for shard in book.shards()} | {"inbox"} == set(asyncapi["channels"])
    intake = asyncapi["channels"]["intake-ind"]
    name = intake["address"].replace("{shard}", intake["parameters"]["shard"]["default"])
    assert name == "hub:{ind}:in"
    may_send = {*book.types_of("ind"), *ACTS, *CORRECTIONS}
    assert {message.replace("_", ".") for message in intake["messages"]} == may_send
    messages = {m.replace("_", ".") for m in asyncapi["components"]["messages"]}
    assert messages == {*CATALOGUE, "delivery"}


def test_every_example_is_valid_by_the_payload_of_asyncapi(asyncapi):
    """Envelope and data are described apart there; together they must still fit."""
    for name in CATALOGUE:
        payload = asyncapi["components"]["messages"][name.replace(".", "_")]["payload"]
        validator = Draft202012Validator({**payload, "components": asyncapi["components"]})
        for example in examples_of(name).values():
            validator.validate(example)
            assert not validator.is_valid({**example, "data": {}})


def test_two_models_never_share_a_name():
    """AsyncAPI lists models by class name: a second one of that name would hide the first."""
    models = {model for row in CATALOGUE.values() for model in row.variants}

    assert len({model.__name__ for model in models}) == len(models)
    assert len({m.__name__ for m in event_models("nl.lokale-aanpak").values()}) == len(CATALOGUE)


def test_the_page_names_every_type_and_every_field_once_in_its_section():
    page = (REFERENCE / "messages.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^### (\S+)$(.*?)(?=^##)", page + "\n##", re.MULTILINE | re.DOTALL))

    assert list(sections) == list(CATALOGUE)
    for name, row in CATALOGUE.items():
        assert row.title in sections[name]
        assert sections[name].count("<details>") == len(examples_of(name))
    assert "| `directVeiligheidsrisico` | " in sections["signalen.veiligheidsmelding-gedaan"]


def test_every_link_of_the_page_leads_somewhere():
    page = (REFERENCE / "messages.md").read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", h.lower()).replace(" ", "-") for h in headings}
    links = re.findall(r"\]\(([^)]+)\)", page)

    assert len(links) > 200
    for link in links:
        assert link[1:] in anchors if link.startswith("#") else (REFERENCE / link).exists(), link


def test_every_legal_basis_and_purpose_of_the_examples_is_in_the_register():
    """An example shows words that the role config has."""

    def ids(file, key):
        return {item["id"] for item in yaml.safe_load((REGISTER / file).read_bytes())[key]}

    known = {
        "grondslag": ids("grondslagen.yaml", "grondslagen"),
        "doel": ids("doelen.yaml", "doelen"),
    }
    for path in EXAMPLES.glob("*.json"):
        data = json.loads(path.read_bytes())["data"]
        for field, words in known.items():
            assert data.get(field) is None or data[field] in words, path.name


def test_examples_are_about_synthetic_people_gemeenten_that_exist_and_test_oins():
    registered = yaml.safe_load((REGISTER / "gemeenten.yaml").read_bytes())["gemeenten"]
    codes = {gemeente["code"] for gemeente in registered}
    for path in EXAMPLES.glob("*.json"):
        event = json.loads(path.read_bytes())
        person = event["data"].get("betrokkene", {})
        assert person.get("naam", NAMES[0]) in NAMES
        assert person.get("bsn", BSNS[0]) in BSNS
        assert event["data"].get("gemeentecode", "0363") in codes
        assert all(
            oin.startswith("00000099") for oin in re.findall(r"(?<!\d)\d{20}(?!\d)", str(event))
        )


def test_what_an_example_is_about_is_another_example():
    """Acts and corrections point at an event that can be looked up here."""
    events = [json.loads(path.read_bytes()) for path in EXAMPLES.glob("*.json")]
    known = {(event["source"], event["id"]) for event in events}
    about = [event["data"]["betreft"] for event in events if "betreft" in event["data"]]

    assert len(known) == len(events)
    assert len(about) >= 9
    refs = {message_ref(*each) for each in known}
    assert all((at.get("bericht") or message_ref(at["bron"], at["id"])) in refs for at in about)
