"""Every problem of every field is a sentence for who sent it: never the words of Python."""

import enum
import json
import re

import pytest

from schemas import vocabulary
from schemas.problems import InvalidEvent
from schemas.reading import parse
from tests.builders import EXAMPLES, a_safety_report, a_signal, as_bytes

FILES = sorted(EXAMPLES.glob("*.json"))
WRONG = [
    None, "", " ", "x", "x" * 5_000, "spoet", 1, -1, 1.5, 10**12, True, False, [], [""], ["x"] * 70,
    [{}], [1], {}, {"x": 1}, "2026-02-30", "2026-11-23T09:12:40", "999990342",
]  # fmt: skip
ENUMS = [n for n, v in vars(vocabulary).items() if isinstance(v, enum.EnumMeta)]
OF_PYTHON = re.compile(
    r"<|>|\bclass\b|Literal|Enum|\b(str|tuple|dict|None|True|False|Value|items?)\b"
    rf"|pydantic|\b({'|'.join(ENUMS)})\b|[\[{{]'|1 characters|1 entr|should"
)


def problems_of(event):
    with pytest.raises(InvalidEvent) as refused:
        parse(as_bytes(event))
    return refused.value.problems


def with_everywhere(value, wrong, keep):
    """Return what an event becomes when each of its fields, at the lowest level, is `wrong`."""
    if not isinstance(value, dict):
        return wrong
    return {n: v if n in keep else with_everywhere(v, wrong, ()) for n, v in value.items()}


def attempts(event):
    """Yield the event with one wrong value in all fields at once, at each level and in a list."""
    for wrong in WRONG:
        yield {**event, "data": with_everywhere(event["data"], wrong, ("soort",))}
        yield {**event, "data": {**dict.fromkeys(event["data"], wrong), "soort": wrong}}
        yield {**event, **{n: wrong for n in event if n not in {"type", "data"}}}
        lists = {n: [wrong] for n, v in event["data"].items() if isinstance(v, list)}
        if lists:
            yield {**event, "data": {**event["data"], **lists}}


def everything(path):
    """Return the example with every field that its model has: the optional ones empty objects."""
    event = json.loads(path.read_bytes())
    model = type(parse(path.read_bytes()).data)
    names = [field.alias or name for name, field in model.model_fields.items()]
    return {**event, "data": {**dict.fromkeys(names, "?"), **event["data"]}}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_problem_of_any_field_holds_the_words_of_python(path):
    """Whatever stands in a field that it may not have."""
    found = {problem for event in attempts(everything(path)) for problem in refusals(event)}

    assert len(found) >= 15
    assert [str(problem) for problem in found if OF_PYTHON.search(str(problem))] == []


def refusals(event):
    try:
        parse(as_bytes(event))
    except InvalidEvent as refused:
        return refused.problems
    return ()


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (
            a_safety_report(**{"data.urgentie": "hoog"}),
            "data.urgentie: may only be spoed here (write spoed)",
        ),
        (
            a_signal(**{"data.betrokkeneRef": "abc"}),
            "data.betrokkeneRef: has at least 8 characters (write it in full)",
        ),
        (
            a_signal(**{"data.verstrekkenAan": ["lro"] * 33}),
            "data.verstrekkenAan: has at most 32 entries (split it over several events)",
        ),
    ],
    ids=["one word", "text", "list"],
)
def test_a_limit_is_said_in_words(event, line):
    """Text has characters, a list has entries, and one word is not a choice."""
    assert list(map(str, problems_of(event))) == [line]
