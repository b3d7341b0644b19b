"""What a record tells in a few words, and the bars of `audit stats`."""

from types import SimpleNamespace

import pytest

from hub.cli.audit_stats import bars
from hub.cli.audit_timeline import _named
from hub.cli.audit_words import described, meaning
from schemas.record_words import MEANINGS, PLACEHOLDERS
from schemas.records import RecordEvent

_EXAMPLES = {"NUMBER": "3", "FIRST-LAST": "4-6", "VERSION": "0.1.0"}


def a_record(event, kind, result):
    """A record as it is read from the log."""
    name = f"gm0363:{'a' * 32}" if kind == "delivery" else "a" * 32
    return {
        "event": event.value,
        "object": {"kind": kind, "id": name},
        "result": result,
        "actor": {"kind": "hub", "id": "hub"},
        "party": "lro",
    }


@pytest.mark.parametrize("event", RecordEvent)
def test_every_event_is_told_in_words_about_everything_that_it_can_be_about(event):
    """Whichever word is added to the vocabulary: a person does not read the word itself."""
    for kind in MEANINGS[event].kinds:
        for result in MEANINGS[event].results:
            told = described(a_record(event, kind, _EXAMPLES.get(result, result)))

            assert event.value not in told.removeprefix("refused by").split(":")[0].split()[:1], (
                told
            )
            assert len(told.split()) >= 3, told


@pytest.mark.parametrize("event", RecordEvent)
def test_a_result_that_says_something_is_told(event):
    placeholders = [word for word in MEANINGS[event].results if word in PLACEHOLDERS]
    for word in placeholders:
        record = a_record(event, MEANINGS[event].kinds[0], _EXAMPLES[word])

        assert _EXAMPLES[word] in described(record)


def test_another_role_config_is_told_with_the_rules_that_differ():
    """Five names of each kind, and how many more; the record has them all."""
    record = a_record(RecordEvent.CONFIG_LOADED, "config", "other") | {
        "config_before": "2053bc45a4fe" + "0" * 52,
        "difference": {"added": ["new"], "changed": [f"r{n}" for n in range(7)], "left_out": 3},
    }

    assert (
        "this role config is in force: other than 2053bc45:"
        " added new; changed r0, r1, r2, r3, r4 and 2 more; and 3 more"
    ) == described(record)


def test_what_a_recipient_did_with_a_withdrawal_is_not_told_as_of_a_correction():
    """In the story of a message that was corrected and then withdrawn."""
    events = {"a": "decided", "b": "corrected", "c": "withdrawn"}
    lines = [SimpleNamespace(message=name, event=event) for name, event in events.items()]
    story = SimpleNamespace(lines=lines)

    assert ["the message", "the correction", "the withdrawal"] == [_named(n, story) for n in "abc"]


def test_what_is_no_record_is_told_as_such():
    assert described({}).startswith("! ")
    assert meaning("unreadable") == ""
    assert meaning("opened") == MEANINGS[RecordEvent.OPENED].says


@pytest.mark.parametrize("width", [40, 80, 200])
def test_bars_fit_the_line_and_the_largest_fills_it(width):
    counted = {
        "politie": 1_234_567,
        "a-type-with-a-name-that-is-much-too-long-for-a-line": 3,
        "x": 0,
    }
    rows = list(bars(counted, width))

    assert [] == [row for row in rows if len(row) > max(width, 62)]
    assert rows[0].endswith("█" * 5)
    assert rows[1][-1] in "▏▎▍▌▋▊▉█"  # little is not nothing
    assert rows[2].endswith(" 0")


def test_a_bar_is_as_long_as_its_count():
    """To the character; the last one may be a part."""
    long, half = (len(row.split()[-1]) for row in bars({"a": 100, "b": 50}, 80))

    assert abs(long - 2 * half) <= 1
