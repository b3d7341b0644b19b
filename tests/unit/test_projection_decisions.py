"""The lines of the Authorization Decision Log, field by field as the standard asks them."""

import dataclasses
import json
import re

import pytest

from handlers.deliveries import TRANSITIONS
from hub import planning
from hub.ledger.projections import decision_log
from hub.ledger.projections.decision_log import decisions
from hub.steps import Entry
from tests.builders import BSNS, NAMES, a_signal, an_event
from tests.config_builders import NOW
from tests.sealed_records import AMSTERDAM, a_hub, sealed_of

ORIGIN = "seinhuis.example/lokale-aanpak"


@pytest.fixture
async def hub():
    """A signal that was decided, and acts of which the last is not allowed any more."""
    hub = a_hub()
    signal = a_signal(id="a-1", data={"grondslag": "wet-pga", "doel": "duiden"})
    link = {"bron": signal["source"], "id": "a-1"}

    def act(name, **data):
        event = an_event(f"berichten.{name}", id=name, source=AMSTERDAM)
        return {**event, "data": {"betreft": link, **data}}

    await hub.send(signal, signal)
    await hub.send(act("geweigerd", redencode="dubbel"), act("opgepakt"))
    await hub.submit(b"no event", shard="ind")
    await hub.work()
    return hub


@pytest.fixture
async def sealed(hub):
    """Its records."""
    return await sealed_of(hub, "ind")


def of(sealed, event):
    """Return the lines of the one record with this event."""
    (found,) = [each for each in sealed if each.document["event"] == event]
    return list(decisions(found, ORIGIN))


async def test_each_verdict_is_one_line_with_who_what_and_why(sealed):
    """Subject, action and resource of AuthZEN; the answer with basis, purpose and fields."""
    lines = of(sealed, "decided")

    assert ["gm0363", "lro"] == sorted(
        line["body"]["adl.core.request"]["subject"]["id"] for line in lines
    )
    line = next(
        line for line in lines if line["body"]["adl.core.request"]["subject"]["id"] == "gm0363"
    )
    request, response = line["body"]["adl.core.request"], line["body"]["adl.core.response"]
    assert {"name": "receive"} == request["action"]
    assert ("message", "ind") == (
        request["resource"]["type"],
        request["resource"]["properties"]["sender"],
    )
    assert {"time": "2026-11-23T10:00:00Z"} == request["context"]
    assert response["decision"] is True
    assert ("forward", "wet-pga", "duiden") == (
        response["context"]["outcome"],
        response["context"]["legal_basis"],
        response["context"]["purpose"],
    )
    assert "omschrijving" in response["context"]["fields"]


async def test_a_denial_is_a_decision_and_no_error(sealed):
    """Status Unset and decision false: for who may not, and for what was refused at the door."""
    for event in ("act-refused", "dead-lettered"):
        (line,) = of(sealed, event)
        assert "Unset" == line["status"]
        assert line["body"]["adl.core.response"]["decision"] is False
    assert "ongeldig" == line["body"]["adl.core.response"]["context"]["reason"]


async def test_a_verdict_of_no_is_a_line_too_with_its_reason():
    """Why a signal did not go somewhere is a question as good as why it did."""
    hub = a_hub()
    await hub.send(
        a_signal(data={"grondslag": "wet-pga", "doel": "duiden", "gemeentecode": "1999"})
    )

    lines = of(await sealed_of(hub, "ind"), "decided")
    said = [line["body"]["adl.core.response"] for line in lines]
    assert {False, True} == {one["decision"] for one in said}
    for one in said:
        assert one["decision"] or one["context"]["reason"]
        assert one["decision"] == (one["context"]["outcome"] == "forward")


async def test_every_line_has_the_obligatory_fields_in_their_form(sealed):
    """Chapter Interface: lowercase hex, milliseconds, one place for each `adl.core` field."""
    lines = [line for each in sealed for line in decisions(each, ORIGIN)]

    assert lines
    for line in lines:
        assert re.fullmatch("[0-9a-f]{32}", line["trace_id"])
        assert re.fullmatch("[0-9a-f]{16}", line["span_id"])
        assert re.fullmatch("[0-9a-f]{16}", line["parent_span_id"])
        assert "adl.access_evaluation" == line["event_name"]
        assert int(NOW.timestamp() * 1_000) == line["timestamp"]
        assert line["status"] in {"Unset", "Ok", "Error"}
        assert not set(line.get("attributes", {})) & set(line["body"])
        assert ORIGIN == line["resource"]["seinhuis.log"]


async def test_the_policies_are_a_reference_to_the_config_and_the_rule_that_decided(sealed):
    """Enough to find what was decided with, and never the text itself."""
    (decided,) = [each for each in sealed if each.document["event"] == "decided"]

    assert [
        {"role-config": {"digest": decided.document["config"], "rule": verdict["rule"]}}
        for verdict in decided.document["verdicts"]
    ] == [line["attributes"]["adl.core.policies"] for line in decisions(decided, ORIGIN)]


async def test_each_decision_has_one_line_with_ids_of_its_own(sealed):
    """Ingestion is idempotent: the pair of ids is unique, and the same in each export."""
    lines = [line for each in sealed for line in decisions(each, ORIGIN)]
    verdicts = sum(len(each.document.get("verdicts", ())) for each in sealed)
    acts = sum(each.document["event"] in {"refused", "act-refused"} for each in sealed)

    assert verdicts + acts + 1 == len(lines)  # and one that was refused at the door
    assert len(lines) == len({(line["trace_id"], line["span_id"]) for line in lines})
    again = [dataclasses.replace(each) for each in sealed]
    assert lines == [line for each in again for line in decisions(each, ORIGIN)]


async def test_what_decides_nothing_has_no_line(sealed):
    """A duplicate is not decided again."""
    assert [] == of(sealed, "duplicate")


async def test_a_decision_that_could_not_be_made_is_an_error_without_an_answer():
    """Only then the response may be absent."""
    hub = a_hub()
    await hub.submit(b"poison", shard="ind")
    (entry,) = await hub.store.take("ind", [""], "worker", 1, 0)
    step = planning.given_up("ind", Entry(entry.id, "", entry.event, 6), hub.book, NOW)
    await hub.store.route("ind", [step])

    (line,) = of(await sealed_of(hub, "ind"), "dead-lettered")
    assert "Error" == line["status"]
    assert "adl.core.response" not in line["body"]


async def test_no_line_names_a_person(sealed):
    """A subject is an organisation, a resource the hub's own name of a message."""
    text = json.dumps([line for each in sealed for line in decisions(each, ORIGIN)])

    assert not [word for word in (*NAMES, *BSNS) if word in text]
    assert {"party"} == {
        line["body"]["adl.core.request"]["subject"]["type"]
        for each in sealed
        for line in decisions(each, ORIGIN)
    }


def test_every_act_of_a_recipient_has_its_action():
    """A new act gets a word here before it gets a line."""
    assert set(TRANSITIONS) == set(decision_log.ACTS)
