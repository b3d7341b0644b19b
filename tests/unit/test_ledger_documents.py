"""What is sealed is read with care: who can write on the broker can have anything sealed."""

import json
from datetime import UTC, datetime

import pytest

from hub.ledger.asking import Line
from hub.ledger.columns import COLUMNS, row
from hub.ledger.documents import document, octets
from hub.ledger.projections import decision_log, ldv
from hub.ledger.projections.sealed import Sealed
from tests.ledger import a_record

GOOD = json.loads(a_record())
VERDICT = {"rule": "r", "role": "gemeente", "outcome": "forward", "party": "gm0363"}
NO_RECORD = {
    "text": b"hello",
    "nothing": b"",
    "another coding": "{}".encode("utf-16"),
    "half a byte": b'"\xff"',
    "list": b"[1]",
    "nothing in it": b"{}",
    "nested too deep": b'{"a":' * 50_000,
    "too large a number": b'{"a":' + b"9" * 5_000 + b"}",
    **{
        name: json.dumps({**GOOD, **changes}).encode()
        for name, changes in {
            "an object that is none": {"object": "x"},
            "an id that is none": {"object": {"kind": "message", "id": 1}},
            "another word": {"event": "forgotten"},
            "a word of another kind": {"event": ["decided"]},
            "no moment": {"time": "once"},
            "a moment nowhere": {"time": "2026-11-23T10:00:00"},
            "no actor": {"actor": None},
            "an origin that is none": {"origin": [1]},
            "a reason that is none": {"reason": {"a": 1}},
            "a count that is none": {"problems": "many"},
            "a count that no column takes": {"problems": 2**40},
            "verdicts that are none": {"verdicts": [{"a": 1}]},
            "a copy on no basis": {"verdicts": [VERDICT]},
        }.items()
    },
}


def sealed(record, person=None):
    return Sealed(0, "ind", 1, record, bytes(32), None if person is None else bytes(16), person)


@pytest.mark.parametrize("record", NO_RECORD.values(), ids=NO_RECORD)
def test_what_is_no_record_stops_no_reader(record):
    """It has its row and its line with its place, and no decision and no action is made of it."""
    each = sealed(record)

    assert {} == document(record)
    assert record == row(COLUMNS, each)["record"]
    assert [] == [*ldv.lines(each, "log.example/x"), *decision_log.decisions(each, "log.example/x")]
    assert each.trace_id


@pytest.mark.parametrize("record", NO_RECORD.values(), ids=NO_RECORD)
def test_what_is_no_record_breaks_no_line_for_programs(record):
    line = Line(0, "ind", 1, record, datetime.now(UTC), "x", None, None, None, "x")

    told = line.as_json()

    assert 1 == len(told.splitlines())
    assert isinstance(json.loads(told)["record"], str)


def test_a_record_with_line_ends_does_not_become_two():
    """JSON may have line ends between its parts; the hub writes none, somebody else might."""
    raw = json.dumps(GOOD, indent=1).encode()
    line = Line(0, "ind", 1, raw, datetime.now(UTC), "x", None, None, None, "x")

    assert raw.decode() == json.loads(line.as_json())["record"]


def test_a_record_is_what_it_says():
    verdicts = [{**VERDICT, "legal_basis": "wet-pga", "purpose": "duiden", "fields": ["doel"]}]
    raw = json.dumps({**GOOD, "verdicts": verdicts, "problems": 3, "reason": "café"}).encode()

    assert json.loads(raw) == document(raw)
    assert GOOD == document(a_record())


@pytest.mark.parametrize("person", [b"hello", b"[1]", b"\xff", b"[" * 100_000, b'{"bsn":1}'])
def test_pseudonyms_that_are_none_stop_no_reader(person):
    assert {} == sealed(a_record(), person).tokens


@pytest.mark.parametrize(
    ("stored", "expected"),
    [(b"a", b"a"), (memoryview(b"a"), b"a"), ("é", b"\xc3\xa9"), (12, b"12"), (None, b"")],
)
def test_a_column_of_bytes_gives_bytes_whatever_somebody_stored(stored, expected):
    assert expected == octets(stored)
