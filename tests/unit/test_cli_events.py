"""Events are taken out of a file as they stand there, whatever form the file has."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.cli.events import events_in, split
from hub.cli.exits import Exit
from hub.cli.failing import Stop

ODD = b'{ "a" : 1.50, "b":"\\u00e9", "a":2 }'
"""Bytes that a round through a parser would change."""


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (ODD, [ODD]),
        (b"\n " + ODD + b"\n\n", [ODD]),
        (b"[" + ODD + b" ,\n" + ODD + b"]\n", [ODD, ODD]),
        (ODD + b"\n" + ODD + b"\n", [ODD, ODD]),
        (ODD + b"\r\n\r\n" + ODD, [ODD, ODD]),
        (b'{\n "a": 1\n}', [b'{\n "a": 1\n}']),
        (b"[ ]", [b"[ ]"]),
        (b"", []),
        (b"  \n", []),
    ],
    ids=repr,
)
def test_bytes_are_taken_apart_untouched(raw, expected):
    assert split(raw) == expected


@pytest.mark.parametrize(
    "broken",
    [b"[1,", b"[1 2]", b"[1,]", b"[,1]", b"[1] x", b"[", b"[\xff]", b"not json", b'{"a":\n1'],
    ids=repr,
)
def test_what_cannot_be_taken_apart_stays_one_so_that_reading_it_says_why(broken):
    assert split(broken) == [broken]


@given(st.lists(st.dictionaries(st.text(), st.integers() | st.text()), min_size=1))
def test_an_array_and_lines_give_the_same_events(events):
    lines = "\n".join(json.dumps(event) for event in events).encode()

    assert [json.loads(e) for e in split(json.dumps(events).encode())] == events
    assert [json.loads(e) for e in split(lines)] == events


def test_a_broken_line_among_lines_does_not_touch_the_others():
    assert split(b'{"a":1}\n{"a":\n{"a":3}') == [b'{"a":1}', b'{"a":', b'{"a":3}']


def test_a_file_that_is_not_there_is_not_found(tmp_path):
    with pytest.raises(Stop) as stopped:
        events_in(str(tmp_path / "nothing.json"))

    assert stopped.value.code is Exit.NOT_FOUND


def test_an_empty_file_or_a_folder_cannot_be_used(tmp_path):
    (tmp_path / "empty").touch()
    for name in ("empty", "."):
        with pytest.raises(Stop) as stopped:
            events_in(str(tmp_path / name))
        assert stopped.value.code is Exit.NOT_USABLE


def test_a_dash_is_stdin(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(ODD)))

    assert events_in("-") == [ODD]
