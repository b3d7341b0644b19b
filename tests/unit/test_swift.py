"""The quick reader: it lets nothing through that the other reader would refuse."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.catalogue import event_adapter
from schemas.identifiers import holds_bsn
from schemas.problems import InvalidEvent
from schemas.reading import parse
from schemas.swift import surely_once, surely_without_bsn, swift_reader
from tests.builders import BSNS, EXAMPLES, a_signal, as_bytes

FILES = sorted(EXAMPLES.glob("*.json"))
PIECES = (
    *BSNS,
    *(
        "999.990.342",
        "9999.90.342",
        "999 990 342",
        "999\u00a0990\u00a0342",
        "999\u202f990\u202f342",
    ),
    *("bsn", "BSN", "bsn 9.9.9.9.9.0.3.4.2", "%39", "999-990-342", "2026.11.", "+31 "),
    *("a", "Z", "é", " ", ".", "-", "/", "_", ":", "0", "9", "\u2003", '"', "\n", ""),
)


@given(st.lists(st.sampled_from(PIECES), max_size=6).map("".join))
@example("bsn: 9-9-9-9-9-0-3-4-2")
@example("Bſn 999990342")
@example("zaak%2F999990342")
def test_a_text_with_a_burgerservicenummer_is_never_sure_to_have_none(text):
    """Whatever `holds_bsn` finds in any text keeps the quick reader from being used."""
    raw = json.dumps({"herkomst": text}, ensure_ascii=False).encode()

    assert not (holds_bsn(text) and surely_without_bsn(raw))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_both_readers_read_the_same(path):
    """The quick one gives the same event, to the last field that was set."""
    raw = path.read_bytes()

    slow = event_adapter().validate_json(raw, strict=True, by_alias=True, by_name=False)
    quick = swift_reader().validate_json(raw, strict=True, by_alias=True, by_name=False)

    assert slow == quick
    assert slow.model_fields_set == quick.model_fields_set
    assert surely_once(raw, quick)


def test_a_common_signal_is_read_quickly():
    """With the BSN in its own field, as most signals have: else nothing would be gained."""
    raw = as_bytes(a_signal(data={"betrokkene": {"bsn": BSNS[0], "naam": "Sami Voorbeeldin"}}))

    assert surely_without_bsn(raw)


@pytest.mark.parametrize("between", [":", " :", "\n:", ": ", "\t:\t"])
def test_a_member_that_stands_twice_is_seen_however_it_is_spaced(between):
    """Counting members is not misled by space before a colon."""
    raw = as_bytes(a_signal())
    twice = b'{"id"' + between.encode() + b'"a-1",' + raw.lstrip()[1:]

    with pytest.raises(InvalidEvent) as refused:
        parse(twice)

    assert ["id"] == [problem.place for problem in refused.value.problems]


def test_a_number_that_is_a_burgerservicenummer_is_refused_in_an_extension():
    """Its leading zero does not stand in the bytes, so counting nine digits does not find it."""
    with pytest.raises(InvalidEvent):
        parse(as_bytes(a_signal(kenmerk=10000008)))
