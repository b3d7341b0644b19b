"""The read model: made from the records alone, total, and the same on both databases."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, insert

from hub.ledger.bulk import insert_rows
from hub.ledger.database import writing
from hub.ledger.read_model import UNREADABLE, projected, rebuild
from hub.ledger.tables import acts, metadata, records, subjects, verdicts
from hub.recording import plain
from schemas.records import RecordEvent
from tests.ledger import NOW, ALedger, a_person, a_record
from tests.ledger_fixtures import ledger, ledger_url, postgresql, postgresql_url

__all__ = ["ledger", "ledger_url", "postgresql", "postgresql_url"]

REF = "3b5878002f6245a16681e26dc015c7e7"

HOSTILE = (
    b"",
    b"no json",
    b"[]",
    b"null",
    b"{}",
    b'{"time": 5}',
    b"\xff\xfe",
    b'{"a":' * 5_000,
    a_record().replace(b"2026-11-23", b"2026-13-77"),
    a_record().replace(b'"message"', b"[1, 2]"),
    a_record().replace(b"duplicate", b"\\u0000"),
    a_record().replace(b"duplicate", b"\\ud800"),
    a_record().replace(b"duplicate", b"x" * 10_000),
    a_record()[:-1] + b',"verdicts":[{"rule":"r"}]}',
    a_record()[:-1] + b',"verdicts":{"rule":"r"}}',
    a_record()[:-1] + b',"party":{"id":"p"}}',
)
"""Bytes that could stop the sealing if the read model were choosy; the hub writes none of them."""


@pytest.fixture
def book(ledger, tmp_path):
    """A ledger whose books are checked after the test."""
    book = ALedger(ledger, tmp_path / "log")
    yield book
    book.check()


def test_an_act_says_what_its_record_says():
    """Moments in microseconds; the message also for an act on a delivery, and then the party."""
    record = plain(
        "ind", NOW, RecordEvent.ERASED, ("delivery", f"gm0363:{REF}"), "term", reason="x"
    )

    act = projected(7, "ind", record, b"").act

    wanted = {"position": 7, "at": 1_795_426_200_000_000, "event": "erased", "shard": "ind"}
    wanted |= {"object_kind": "delivery", "object": f"gm0363:{REF}", "message": REF}
    wanted |= {"party": "gm0363", "result": "term", "actor_kind": "hub", "actor": "hub"}
    assert wanted.items() <= act.items()
    assert "x" == act["reason"]


def test_the_pseudonyms_are_rows_of_their_own():
    """All but the name of the key that made them."""
    found = projected(7, "ind", a_record(), a_person(1)).subjects

    assert [(7, "bsn"), (7, "id")] == [(row["position"], row["kind"]) for row in found]


def test_a_row_has_a_value_for_every_column():
    """What is inserted without SQLAlchemy must be whole."""
    record = json.loads(a_record())
    record["verdicts"] = [{"rule": "r", "role": "x", "outcome": "hold", "party": "gm0363"}]
    made = projected(1, "ind", json.dumps(record).encode(), a_person())

    assert set(acts.columns.keys()) == set(made.act)
    assert set(verdicts.columns.keys()) == set(made.verdicts[0])
    assert set(subjects.columns.keys()) == set(made.subjects[0])
    assert set(acts.columns.keys()) == set(projected(1, "ind", b"", b"").act)


@given(st.one_of(st.binary(max_size=200), st.sampled_from(HOSTILE)), st.binary(max_size=100))
def test_no_bytes_stop_it(record, person):
    """The record is sealed whatever it is; that it cannot be read must not stop the others."""
    made = projected(1, "ind", record, person)

    assert 1 == made.act["position"]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
        max_leaves=5,
    ),
    st.sampled_from(sorted({*json.loads(a_record()), "verdicts", "party", "about", "config"})),
)
def test_no_field_of_another_type_stops_it(value, field):
    """A text column only gets texts, or the database would refuse the whole batch."""
    record = json.loads(a_record())
    record[field] = value

    made = projected(1, "ind", json.dumps(record).encode(), b"")

    texts = [v for k, v in made.act.items() if k not in {"position", "at"}]
    assert all(each is None or isinstance(each, str) for each in texts)
    for line in made.verdicts:
        assert all(
            v is None or isinstance(v, str)
            for k, v in line.items()
            if k not in {"position", "number"}
        )


def test_what_cannot_be_read_is_sealed_and_found(book):
    """On both databases: no NUL, no text too long, no surrogate stops a batch."""
    for number, record in enumerate(HOSTILE, 1):
        if b"\xff" in record:
            continue  # an export is text; the hub writes UTF-8
        book.source.append("ind", record, a_person(number))
    book.written["ind"] = [each.record for each in book.source.streams["ind"]]

    book.seal()

    found = [row.event for row in book.rows(acts, acts.c.shard == "ind")]
    assert len(book.written["ind"]) == len(found)
    assert UNREADABLE in found


def test_it_can_be_made_anew_from_the_records(book):
    """Whatever happened to it: the same rows as the sealer made. And it says how far it is."""
    book.write(30)
    book.seal()
    before = [book.rows(table) for table in (acts, verdicts, subjects)]
    with writing(book.engine) as connection:
        connection.execute(delete(acts).where(acts.c.position > 3))
        connection.execute(delete(subjects))
    told = []

    assert 30 == rebuild(book.engine, lambda done, of: told.append((done, of)))

    assert before == [book.rows(table) for table in (acts, verdicts, subjects)]
    assert [(30, 30)] == told


def test_a_rebuild_of_an_empty_ledger_is_empty(ledger):
    """The day before the first record."""
    assert 0 == rebuild(ledger)


def test_a_rebuild_that_is_stopped_changes_nothing(book):
    """It is one transaction."""
    book.write(5)
    book.seal()

    with pytest.raises(KeyboardInterrupt):
        rebuild(book.engine, stop)

    assert 5 == len(book.rows(acts))


def stop(*_):
    raise KeyboardInterrupt


def test_many_rows_go_in_as_one_would(ledger):
    """What the quick way makes is what SQLAlchemy makes: bytes, nulls and quotes alike."""
    rows = [
        {
            "position": number,
            "shard": "i'n\"d\\",
            "seq": number,
            "record": bytes(range(256)),
            "commitment": b"",
            "salt": None,
            "person": "é€😀".encode(),
        }
        for number in (1, 2, 3)
    ]

    with writing(ledger) as connection:
        insert_rows(connection, records, rows[:2])
        connection.execute(insert(records), rows[2:])
        found = [dict(row._mapping) for row in connection.execute(records.select())]

    assert rows == found


def test_every_table_can_be_written_quickly():
    """The quick way knows texts, whole numbers and bytes; another type needs more thought."""
    kinds = {type(column.type).__name__ for t in metadata.tables.values() for column in t.columns}

    assert {"BigInteger", "Integer", "LargeBinary", "String", "Text"} == kinds
