"""Asking the ledger, on SQLite and on PostgreSQL: the same answers, found by an index."""

import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from hub.ledger import asking, cases, filters, tracing
from hub.ledger.bulk import insert_rows
from hub.ledger.database import open_ledger, reading, writing
from hub.ledger.filters import Filters
from hub.ledger.live import LiveLog, ReadModel
from hub.ledger.migrations import migrate
from hub.ledger.read_model import insert_projections, projected
from hub.ledger.reading import Log, tokens_asked
from hub.ledger.statistics import MEANINGS, counts
from hub.ledger.tables import notes, records
from tests.ledger_fixtures import (  # noqa: F401 - fixtures that pytest finds by name
    ledger,
    ledger_url,
    postgresql,
    postgresql_url,
)

START = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)
PARTIES = ("gm0363", "lro", "politie")
BASES = ("wet-pga", "wpg")
TOKEN = "a1" * 16


def message(number):
    """The name of message `number`: different from its first digit on."""
    return hashlib.sha256(str(number).encode()).hexdigest()[:32]


def a_record(number):
    """A decision, an act, an answer or a correction, ten minutes after the one before."""
    at = (START + timedelta(minutes=10 * number)).isoformat().replace("+00:00", "Z")
    sender = ("ind", "rvdk")[number % 2]
    record = {
        "time": at,
        "event": "decided",
        "object": {"kind": "message", "id": message(number)},
        "result": "delivered",
        "origin": {"shard": sender},
        "actor": {"kind": "partner", "id": sender},
        "type": "signalen.signaal-gemeld" if number % 5 else "casussen.casus-aangemeld",
        "sender": sender,
        "config": f"{number % 2}" * 64,
    }
    if number % 4 == 3:
        of = message(number - 3)
        return record | {
            "event": "opened",
            "object": {"kind": "delivery", "id": f"gm0363:{of}"},
            "result": "ok",
            "actor": {"kind": "partner", "id": "gm0363"},
            "party": "gm0363",
            "about": of,
        }
    party, basis = PARTIES[number % 3], BASES[number % 7 == 0]
    verdict = {"rule": "r", "role": "x", "party": party}
    given = verdict | {"outcome": "forward", "legal_basis": basis, "purpose": "duiden"}
    withheld = {"rule": "r", "role": "y", "outcome": "withhold", "reason": "not-invited"}
    return record | {"verdicts": [given, withheld | {"party": "nctv"}]}


def fill(engine, count=120):
    """Put records in the ledger with their read model; without a tree, which asking needs not."""
    made = [json.dumps(a_record(number), separators=(",", ":")).encode() for number in range(count)]
    person = json.dumps({"bsn": TOKEN, "key": "pseudonym.1"}).encode()
    rows = [
        {
            "position": number,
            "shard": json.loads(record)["origin"]["shard"],
            "seq": number // 2 + 1,
            "record": record,
            "commitment": b"c" * 32,
            "salt": b"s" * 16,
            "person": person if number % 10 == 0 else None,
        }
        for number, record in enumerate(made)
    ]
    with writing(engine) as connection:
        insert_rows(connection, records, rows)
        insert_projections(
            connection,
            [projected(r["position"], r["shard"], r["record"], r["person"] or b"") for r in rows],
        )


@pytest.fixture
def filled(ledger):  # noqa: F811 - the fixture
    """A hundred and twenty records over twenty hours."""
    fill(ledger)
    return ledger


def right(number, wanted):
    """Whether record `number` meets filters, said without SQL."""
    said = a_record(number)
    at = datetime.fromisoformat(said["time"])
    verdicts = said.get("verdicts", ())
    given = {v["party"] for v in verdicts if v["outcome"] == "forward"}
    name = said["object"]["id"].rpartition(":")[2]
    checks = {
        "since": lambda value: at >= value,
        "until": lambda value: at <= value,
        "sender": lambda value: said["sender"] == value,
        "recipient": lambda value: value in given | {said.get("party")},
        "message": lambda value: name.startswith(value) or said.get("about", "").startswith(value),
        "type": lambda value: said["type"] == value,
        "event": lambda value: said["event"] == value,
        "result": lambda value: said["result"] == value,
        "actor": lambda value: said["actor"]["id"] == value,
        "legal_basis": lambda value: value in {v.get("legal_basis") for v in verdicts},
        "shard": lambda value: said["origin"]["shard"] == value,
        "person": lambda value: value == TOKEN and number % 10 == 0,
        "config": said["config"].startswith,
    }
    return all(checks[name](value) for name, value in wanted.items())


QUESTIONS = [
    {},
    {"since": START + timedelta(hours=3)},
    {"until": START + timedelta(hours=3)},
    {"since": START + timedelta(hours=3), "until": START + timedelta(hours=4), "sender": "ind"},
    {"sender": "rvdk"},
    {"recipient": "gm0363"},
    {"recipient": "nctv"},
    {"message": message(8)[:6]},
    {"message": message(8), "event": "opened"},
    {"type": "casussen.casus-aangemeld", "sender": "ind"},
    {"event": "opened", "result": "ok"},
    {"actor": "gm0363"},
    {"legal_basis": "wpg"},
    {"legal_basis": "wet-pga", "recipient": "lro"},
    {"shard": "ind", "event": "decided"},
    {"person": TOKEN},
    {"person": "0" * 32},
    {"config": "1"},
    {"config": "1" * 64, "event": "opened"},
]


@pytest.mark.parametrize("many", [10, 20_000], ids=["walking", "looking up"])
@pytest.mark.parametrize("wanted", QUESTIONS, ids=lambda wanted: " ".join(wanted) or "all")
def test_what_is_found_is_what_meets_every_filter(filled, wanted, many, monkeypatch):
    """Whichever way it is searched: by looking up few, or by walking through many."""
    monkeypatch.setattr(filters, "_MANY", many)
    expected = [number for number in range(120) if right(number, wanted)]
    with reading(filled) as connection:
        everything = list(asking.newest(connection, Filters(**wanted)))
        newest = list(asking.newest(connection, Filters(**wanted), 7))
        later = list(asking.after(connection, Filters(**wanted), 60))

    assert expected == [line.position for line in everything]
    assert expected[-7:] == [line.position for line in newest]
    assert [number for number in expected if number > 60] == [line.position for line in later]
    assert [] == [
        line
        for line in everything
        if line.raw != json.dumps(a_record(line.position), separators=(",", ":")).encode()
    ]


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        ({}, "acts_at"),
        ({"since": START, "until": START}, "acts_at"),
        ({"sender": "ind"}, "acts_sender"),
        ({"event": "opened"}, "acts_event"),
        ({"message": "abc"}, "acts_message"),
        ({"message": "abc"}, "acts_about"),
        ({"recipient": "gm0363"}, "verdicts_party"),
        ({"recipient": "gm0363"}, "acts_party"),
        ({"legal_basis": "wpg"}, "verdicts_basis"),
        ({"person": TOKEN}, "subjects_token"),
    ],
    ids=str,
)
def test_the_main_filters_use_their_index(tmp_path, wanted, index):
    """So that an answer over a million records takes no longer than one over a thousand."""
    engine = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    migrate(engine)
    with reading(engine) as connection:
        plan = explained(connection, Filters(**wanted))
    engine.dispose()

    assert index in plan
    assert "SCAN acts" not in plan.replace("SCAN acts USING INDEX", "")


def explained(connection, wanted):
    """Return how SQLite finds the newest fifty."""
    asked = []

    def note(_, __, statement, parameters, *___):
        asked.append((statement, parameters))

    event.listen(connection.engine, "before_cursor_execute", note)
    list(asking.newest(connection, wanted, 50))
    event.remove(connection.engine, "before_cursor_execute", note)
    statement, parameters = asked[-1]
    rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
    return "\n".join(row[3] for row in rows)


def test_an_answer_is_read_a_few_records_at_a_time(filled):
    """The first line comes before the last is fetched: an answer never stands in memory whole."""
    with reading(filled) as connection:
        found = asking.after(connection, Filters())
        first = [next(found).position, next(found).position]
        found.close()

    assert [0, 1] == first


def test_size_and_numbers_are_those_of_the_log(filled, ledger):  # noqa: F811 - the fixture
    with reading(filled) as connection:
        assert (120, {}) == (asking.size(connection), asking.numbers(connection))


@pytest.mark.parametrize("by", MEANINGS)
def test_counts_are_what_counting_by_hand_gives(filled, by):
    with reading(filled) as connection:
        found = counts(connection, by, Filters(sender="ind"))
    decided = [a_record(n) for n in range(120) if n % 2 == 0 and n % 4 != 3]
    by_hand = {
        "sender": lambda: {"ind": len(decided)},
        "type": lambda: tally(each["type"] for each in decided),
        "event": lambda: {"decided": len(decided)},
        "recipient": lambda: tally(each["verdicts"][0]["party"] for each in decided),
        "legal-basis": lambda: tally(each["verdicts"][0]["legal_basis"] for each in decided),
        "reason": lambda: {"not-invited": len(decided)},
        "day": lambda: tally(local(each["time"], "%Y-%m-%d") for each in decided),
        "hour": lambda: tally(local(each["time"], "%H:00") for each in decided),
    }

    assert by_hand[by]() == {name: count for name, count in found.items() if count}


def test_a_day_without_messages_is_counted_as_none(ledger):  # noqa: F811 - the fixture
    rows = []
    for position, day in enumerate(("2026-11-20", "2026-11-23")):
        said = a_record(position) | {"time": f"{day}T10:00:00Z"}
        rows.append(projected(position, "ind", json.dumps(said).encode(), b""))
    with writing(ledger) as connection:
        insert_projections(connection, rows)
    with reading(ledger) as connection:
        found = counts(connection, "day", Filters())

    assert [1, 0, 0, 1] == list(found.values())
    assert "2026-11-21" == list(found)[1]


def tally(values):
    """Count."""
    found = {}
    for value in values:
        found[value] = found.get(value, 0) + 1
    return found


def local(text, form):
    """Return a moment as people in the Netherlands write it (in November: one hour ahead)."""
    return (datetime.fromisoformat(text) + timedelta(hours=1)).strftime(form)


def test_a_story_and_a_case_are_the_same_on_both_databases(filled):
    with reading(filled) as connection:
        names = tracing.candidates(connection, message(8)[:8])
        story = tracing.story(connection, message(8))
        case = cases.case_of(connection, message(8))

    assert [message(8)] == names
    assert [8, 11] == [line.position for line in story.lines]
    assert ["delivered"] == [copy.state for copy in story.deliveries().values()]
    assert [message(8)] == [each.message for each in case]


def test_the_live_log_reads_each_record_once_and_its_read_model_agrees(filled):
    """The cursor over the records stays open while the read model is compared with each page."""
    model = ReadModel()
    with reading(filled) as connection:
        lines = [json.loads(line) for _, line in LiveLog(connection, model, "x").lines()]

    assert list(range(120)) == [line["position"] for line in lines]
    assert (120, [], 0) == (model.checked, model.wrong, model.more)


def test_a_question_is_durable_beside_an_open_answer(filled):
    """One connection reads while another writes: on SQLite too."""
    log = Log(filled, "fg", lambda: START)
    with log.look() as connection:
        asking.size(connection)
        log.on_record("audit show", {"limit": "1"}, person=tokens_asked([TOKEN, "b" * 32, TOKEN]))
    with reading(filled) as connection:
        (row,) = connection.execute(notes.select()).all()

    assert {"kind": "operator", "id": "fg"} == json.loads(row.record)["actor"]
    assert {"asked": TOKEN, "asked.2": "b" * 32} == json.loads(row.person)
