"""A batch of CloudEvents taken apart without touching a byte of them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.adapters.nlgov import split

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


@given(st.lists(values, max_size=6), st.sampled_from([None, 1, 4]))
def test_a_batch_gives_its_members_as_they_stood(members, indent):
    """Whatever stands in it, and however it is laid out."""
    text = json.dumps(members, indent=indent)

    parts = [part.decode() for _, part in split(text)]

    assert [json.loads(part) for part in parts] == members
    assert all(part in text for part in parts)


@given(values.filter(lambda value: not isinstance(value, list)), st.sampled_from(["", "\n ", "\t"]))
def test_one_value_is_a_batch_of_one(value, space):
    """A file with one event needs no brackets."""
    assert [json.loads(part) for _, part in split(space + json.dumps(value) + space)] == [value]


def test_numbers_and_escapes_stay_as_they_were_written():
    """1.0 is not 1, and what was signed must stay what was signed."""
    assert [part for _, part in split('[{"a": 1.0, "b": "\\u00e9"}]')] == [
        b'{"a": 1.0, "b": "\\u00e9"}'
    ]


def test_each_member_comes_with_the_line_on_which_it_begins():
    """So that a refusal can name it."""
    assert [line for line, _ in split('\n[\n {"a":\n 1},\n\n {}\n]\n')] == [3, 6]


@pytest.mark.parametrize(
    ("text", "line", "before"),
    [
        ("", 1, 0),
        ("[", 1, 0),
        ("[{},]", 1, 1),
        ("[{}\n{}]", 2, 1),
        ("[{},\n{}\n", 3, 2),
        ("{}\n{}", 2, 1),
        ("[{}] x", 1, 1),
        ("[{},\n{'a': 1}]", 2, 1),
        ("[" * 200_000, 1, 0),
    ],
)
def test_where_it_stops_being_json_is_told(text, line, before):
    """What came before stands; the rest is not guessed at."""
    found = []
    with pytest.raises(ValueError) as stop:  # noqa: PT011  (its argument is looked at)
        found.extend(split(text))

    assert stop.value.args == (line,)
    assert len(found) == before
