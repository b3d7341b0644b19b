"""`seinhuis explain`: the decision of the hub, offline, for people and for programs."""

import json

import pytest
from typer.testing import CliRunner

from handlers.rulebook import Rulebook
from hub import bootstrap
from hub.cli.app import app
from hub.cli.exits import Exit
from hub.roles import default_folder, load
from tests.builders import BSNS, NAMES, a_safety_report, a_signal, an_event

run = CliRunner().invoke


@pytest.fixture(scope="module")
def book():
    return Rulebook(load(default_folder()))


@pytest.fixture(autouse=True)
def _loaded_once(book, monkeypatch):
    monkeypatch.setattr(bootstrap, "load", lambda _: book.config)


def explain(*events, words=(), as_json=True):
    """Explain events given on stdin; return the result, and the documents when as JSON."""
    given = "\n".join(json.dumps(event) for event in events)
    result = run(app, ["explain", "-", *words, *(["--json"] if as_json else [])], input=given)
    if not as_json:
        return result
    return result, [json.loads(line) for line in result.stdout.splitlines()]


def test_everybody_that_a_rule_names_has_a_verdict_with_a_basis_or_a_reason():
    result, (found,) = explain(a_signal())

    assert result.exit_code == Exit.DONE
    assert found["sender"] == "ind"
    forwards = {v["party"]: v for v in found["verdicts"] if v["outcome"] == "forward"}
    assert set(forwards) == {"gm0363", "zvh-amsterdam-amstelland", "lro"}
    assert forwards["gm0363"]["legal_basis"] == "wet-pga"
    assert "betrokkene.bsn" in forwards["gm0363"]["fields"]
    assert "betrokkene.bsn" not in forwards["lro"]["fields"]
    assert all(v.get("reason") for v in found["verdicts"] if v["outcome"] != "forward")


def test_a_person_reads_who_gets_it_and_who_not_and_why():
    result = explain(a_signal(**{"data.gemeentecode": "0000"}), as_json=False)

    assert result.exit_code == Exit.DONE
    assert "no-home-address:" in result.stdout
    assert "avg-publieke-taak" in result.stdout
    assert "in the copy of lro: betrokkene (geboortedatum, geslacht, naam)," in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "\x1b" not in result.stdout


def test_the_copies_hold_what_the_rule_names_and_no_more():
    _, (found,) = explain(a_signal(), words=["--copies"])

    assert found["copies"]["gm0363"]["data"]["betrokkene"]["bsn"] in BSNS
    assert "omschrijving" not in found["copies"]["zvh-amsterdam-amstelland"]["data"]
    assert "bsn" not in found["copies"]["lro"]["data"]["betrokkene"]


def test_a_field_that_the_event_does_not_have_is_not_said_to_be_in_a_copy():
    """The rule allows it; this event has none: naming it would tell of a person what is not so."""
    event = a_signal()
    full, (before,) = explain(event)
    del event["data"]["betrokkene"]["bsn"]
    _, (after,) = explain(event, words=["--copies"])
    person = explain(event, as_json=False)

    def of(found, key):
        (line,) = [v for v in found["verdicts"] if v.get("party") == "gm0363" and "fields" in v]
        return line[key]

    assert full.exit_code == Exit.DONE
    assert "betrokkene.bsn" in of(before, "in_copy")
    assert "betrokkene.bsn" in of(after, "fields")
    assert "betrokkene.bsn" not in of(after, "in_copy")
    assert "bsn" not in after["copies"]["gm0363"]["data"]["betrokkene"]
    assert "bsn" not in person.stdout


def test_without_copies_no_value_of_a_person_is_shown():
    """The verdicts name fields; the values stay in the file."""
    result = explain(a_signal(), as_json=False)

    assert [value for value in (*NAMES, *BSNS) if value in result.stdout] == []


def test_the_day_decides_as_it_will_on_that_day():
    """Wijdemeren is to join Hilversum on 2027-01-01: then Hilversum gets it."""
    event = a_signal(**{"data.gemeentecode": "1696"})

    def receivers(day):
        _, (found,) = explain(event, words=["--at", day])
        return {v["party"] for v in found["verdicts"] if v["outcome"] == "forward"}

    assert "gm1696" in receivers("2026-12-31")
    assert "gm0402" in receivers("2027-01-01")
    assert "gm1696" not in receivers("2027-01-01")


@pytest.mark.parametrize(
    ("given", "moment"),
    [
        ("2026-12-31", "2026-12-31T11:00:00Z"),
        ("2026-07-01T00:30:00+02:00", "2026-06-30T22:30:00Z"),
    ],
)
def test_a_day_is_its_noon_in_the_netherlands_and_a_moment_is_itself(given, moment):
    _, (found,) = explain(a_safety_report(), words=["--at", given])

    assert found["at"] == moment


@pytest.mark.parametrize("wrong", ["tomorrow", "2026-13-01", "2026-01-01T09:00:00"])
def test_a_day_that_is_none_is_told_how_to_write_it(wrong):
    result, _ = explain(a_signal(), words=["--at", wrong])

    assert result.exit_code == Exit.NOT_USABLE
    assert "2027-01-01" in json.loads(result.stderr)["error"]


def test_every_problem_of_what_is_refused_is_shown_and_the_others_are_explained():
    invalid = a_signal(**{"data.urgentie": "direct", "data.fase": "later"})
    not_allowed = an_event("signalen.veiligheidsmelding-gedaan")
    not_allowed["source"] = a_signal()["source"]
    not_allowed["data"]["verzender"] = a_signal()["data"]["verzender"]
    result, found = explain(invalid, not_allowed, a_signal())

    assert result.exit_code == Exit.REFUSED
    assert "2 of 3 events" in json.loads(result.stderr)["error"]
    assert {p["place"] for p in found[0]["problems"]} == {"data.urgentie", "data.fase"}
    assert [p["place"] for p in found[1]["problems"]] == ["type"]
    assert found[2]["problems"] == []
    assert found[2]["verdicts"]


def test_an_event_that_is_not_valid_is_not_said_to_be_no_event():
    result = explain(a_signal(**{"data.fase": "later"}), as_json=False)

    assert result.stdout.startswith("signalen.signaal-gemeld (invalid)\n")
    assert explain([], as_json=False).stdout.startswith("(not an event)\n")


def test_a_refusal_shows_no_value_of_the_event():
    event = a_signal(**{"data.urgentie": "Sami Voorbeeldin", "data.betrokkene.bsn": "123456789"})
    result = explain(event, as_json=False)

    assert result.exit_code == Exit.REFUSED
    assert "data.urgentie" in result.stdout
    assert "Voorbeeldin" not in result.output
    assert "123456789" not in result.output


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("berichten.gerectificeerd", "everyone who received the original"),
        ("berichten.opgepakt", "the sender of the message"),
    ],
)
def test_what_only_a_running_hub_can_know_is_said_so(name, says):
    _, (found,) = explain(an_event(name))

    assert found["problems"] == []
    assert says in found["goes_to"]


def test_a_control_character_of_a_sender_does_not_reach_the_terminal():
    event = a_signal(**{"data.omschrijving": "a\u001b[31mb\u202ec"})
    result = explain(event, words=["--copies"], as_json=False)

    assert "omschrijving: a [31mb c" in result.stdout
