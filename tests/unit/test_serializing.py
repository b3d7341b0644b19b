"""The prepared serializer writes what the general one writes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.checks.messages import field_names
from handlers.fields import include_of
from handlers.serializing import serializer_of
from schemas.reading import parse
from tests.builders import EXAMPLES

FILES = sorted(EXAMPLES.glob("*.json"))


@given(st.data())
def test_the_bytes_are_those_of_the_general_serializer(data):
    """For every type and variant, and any choice of fields."""
    event = parse(data.draw(st.sampled_from(FILES)).read_bytes())
    names = sorted(field_names(type(event.data)))
    fields = tuple(sorted(data.draw(st.sets(st.sampled_from(names)))))

    expected = event.__pydantic_serializer__.to_json(
        event, include=include_of(type(event.data), fields), by_alias=True, exclude_none=True
    )
    serializer = serializer_of(type(event), type(event.data), fields)

    assert serializer is not None
    assert expected == serializer.to_json(event, by_alias=True, exclude_none=True)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_type_has_a_prepared_serializer(path):
    """No type falls back to the general one by accident."""
    event = parse(path.read_bytes())

    assert serializer_of(type(event), type(event.data), ("meldingId", "fase")) is not None
