"""The lines for the Logboek Dataverwerkingen, field by field as the standard asks them."""

import dataclasses
import json
import re
from urllib.parse import urlsplit

import pytest

from hub import planning
from hub.ledger.projections import ldv
from hub.steps import Entry
from schemas.records import RecordEvent
from tests.builders import BSNS, NAMES, a_signal, an_event
from tests.config_builders import NOW
from tests.sealed_records import AMSTERDAM, a_hub, sealed_of

ORIGIN = "seinhuis.example/lokale-aanpak"
PERSON = b'{"bsn":"' + b"a" * 32 + b'","key":"pseudonym.1","ref":"' + b"b" * 32 + b'"}'
CORE = {
    "dpl.core.processing_activity_id",
    "dpl.core.data_subject_id",
    "dpl.core.data_subject_id_type",
    "dpl.core.foreign_operation.processor",
}
FAILED = {"exception.type", "exception.message"}


@pytest.fixture
async def sealed():
    """A signal that went to two, was opened, came twice, and one that was refused."""
    hub = a_hub()
    signal = a_signal(id="a-1", data={"grondslag": "wet-pga", "doel": "duiden"})
    link = {"bron": signal["source"], "id": "a-1"}
    act = an_event("berichten.ingezien", id="act-1", source=AMSTERDAM)
    await hub.send(signal, signal)
    await hub.send({**act, "data": {"betreft": link}})
    await hub.submit(b"no event", shard="ind")
    await hub.work()
    return await sealed_of(hub, "ind", person=PERSON)


def of(sealed, event):
    """Return the lines of the one record with this event."""
    (found,) = [each for each in sealed if each.document["event"] == event]
    return list(ldv.lines(found, ORIGIN))


async def test_a_decision_has_a_line_and_a_child_for_each_copy_it_provides(sealed):
    """Each copy has a processing activity of its own, so it is an action of its own."""
    main, *children = of(sealed, "decided")

    assert "parent_span_id" not in main
    assert [main["span_id"]] * 2 == [child["parent_span_id"] for child in children]
    assert [ldv.PROVIDED] * 2 == [child["name"] for child in children]
    assert 3 == len({line["span_id"] for line in (main, *children)})
    assert 1 == len({line["trace_id"] for line in (main, *children)})


async def test_every_line_has_the_fields_that_the_standard_makes_obligatory(sealed):
    """Types and forms of chapter Specificaties: hex of 16 and 8 bytes, ms as whole numbers."""
    lines = [line for each in sealed for line in ldv.lines(each, ORIGIN)]

    assert lines
    for line in lines:
        assert re.fullmatch("[0-9a-f]{32}", line["trace_id"])
        assert re.fullmatch("[0-9a-f]{16}", line["span_id"])
        assert line["status"] in {"Unset", "Ok", "Error"}
        assert line["name"].strip()
        assert (int, int) == (type(line["start_time"]), type(line["end_time"]))
        assert int(NOW.timestamp() * 1_000) == line["start_time"] <= line["end_time"]
        assert set(line["attributes"]) <= CORE | FAILED  # no namespace that is not established
        assert set(line) <= {
            "trace_id",
            "span_id",
            "parent_span_id",
            "status",
            "name",
            "start_time",
            "end_time",
            "resource",
            "attributes",
        }


async def test_the_processing_activity_is_a_uri_of_the_version_that_held(sealed):
    """By the digest of the role config; a record without one by its moment."""
    main, child, _ = of(sealed, "decided")
    (digest,) = {each.document["config"] for each in sealed if "verdicts" in each.document}

    uri = urlsplit(child["attributes"]["dpl.core.processing_activity_id"])
    assert ("https", "seinhuis.example") == (uri.scheme, uri.netloc)
    assert "/lokale-aanpak/verwerkingsactiviteiten/duiden" == uri.path
    assert f"versie={digest}" == uri.query
    again = of(sealed, "duplicate")[0]["attributes"]["dpl.core.processing_activity_id"]
    assert urlsplit(again).query.startswith(("versie=", "op=2026-11-23T10%3A00%3A00"))
    assert main["attributes"]["dpl.core.processing_activity_id"].startswith("https://")


async def test_a_line_is_about_one_person_by_one_pseudonym_or_about_none(sealed):
    """The BSN's where there is one; without, the reference of the sender; erased, nobody."""
    (decided,) = [each for each in sealed if each.document["event"] == "decided"]
    decided = dataclasses.replace(decided, person=PERSON)
    by_ref = dataclasses.replace(
        decided, person=b'{"key":"pseudonym.1","ref":"' + b"b" * 32 + b'"}'
    )
    asked = dataclasses.replace(decided, person=b'{"asked":"' + b"d" * 32 + b'"}')
    erased = dataclasses.replace(decided, person=None, salt=None)

    def subject(one):
        return {
            (
                line["attributes"].get("dpl.core.data_subject_id"),
                line["attributes"].get("dpl.core.data_subject_id_type"),
            )
            for line in ldv.lines(one, ORIGIN)
        }

    assert {("a" * 32, "BSN")} == subject(decided)
    assert {("b" * 32, "betrokkeneRef")} == subject(by_ref)
    assert {("d" * 32, "pseudoniem")} == subject(asked)
    assert {(None, None)} == subject(erased)


async def test_no_line_says_who_did_it(sealed):
    """No user and no operator: that is for the audit log, at the place that `resource` names."""
    text = json.dumps([line for each in sealed for line in ldv.lines(each, ORIGIN)])

    assert "gm0363" not in text
    assert "actor" not in text
    assert "operator" not in text
    assert not [word for word in (*NAMES, *BSNS) if word in text]
    assert '"seinhuis.record": "ind/1"' in text


async def test_only_a_failure_of_the_hub_itself_is_an_error(sealed):
    """What is refused for a reason is Unset, also when it was no event at all."""
    assert {"Unset"} == {line["status"] for each in sealed for line in ldv.lines(each, ORIGIN)}

    hub = a_hub()
    await hub.submit(b"poison", shard="ind")
    ((entry,),) = [await hub.store.take("ind", [""], "worker", 1, 0)]
    step = planning.given_up("ind", Entry(entry.id, "", entry.event, 6), hub.book, NOW)
    await hub.store.route("ind", [step])
    ((line,),) = [list(ldv.lines(each, ORIGIN)) for each in await sealed_of(hub, "ind")]
    assert "Error" == line["status"]
    assert FAILED <= set(line["attributes"])


async def test_nothing_is_sampled_and_what_processes_no_person_is_named(sealed):
    """Every word of the records has a name or is said to have none; each record its own lines."""
    assert set(RecordEvent) == set(ldv.NAMES)
    assert all(list(ldv.lines(each, ORIGIN)) for each in sealed)
    silent = {event.value for event, name in ldv.NAMES.items() if name is None}
    assert not silent & {each.document["event"] for each in sealed}


async def test_the_trace_is_the_senders_and_else_the_same_for_a_whole_message(sealed):
    """What the partner logs under its trace can be joined with ours."""
    events = {each.document["event"]: each for each in sealed}
    given = dataclasses.replace(
        events["decided"],
        record=json.dumps({**events["decided"].document, "trace_id": "c" * 32}).encode(),
    )
    without = [
        dataclasses.replace(
            each,
            record=json.dumps(
                {key: value for key, value in each.document.items() if key != "trace_id"}
            ).encode(),
        )
        for each in (events["decided"], events["opened"])
    ]

    assert {"c" * 32} == {line["trace_id"] for line in ldv.lines(given, ORIGIN)}
    assert without[0].trace_id == without[1].trace_id


async def test_the_same_record_gives_the_same_lines_each_time(sealed):
    """So what was loaded twice can be told to be the same."""
    again = [dataclasses.replace(each) for each in sealed]

    assert [list(ldv.lines(each, ORIGIN)) for each in sealed] == [
        list(ldv.lines(each, ORIGIN)) for each in again
    ]
