"""Records that are joined from parts are, to the byte, those of the model."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import recording
from schemas.catalogue import CORRECTIONS
from schemas.decisions import (
    Decision,
    Forward,
    Hold,
    HoldReason,
    Withhold,
    WithholdReason,
)
from schemas.identifiers import message_ref
from schemas.reading import parse
from schemas.records import Record, RecordEvent, verdict_line
from tests.builders import EXAMPLES, a_signal, as_bytes

AT = datetime(2026, 11, 23, 9, 12, 40, 123, tzinfo=UTC)
EVENT = parse(as_bytes(a_signal()))
TRACED = EVENT.model_copy(update={"traceparent": f"00-{'4b' * 16}-{'00' * 8}-01"})

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
moments = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=1))]),
)
forwards = st.builds(
    Forward, words, words, words, words, words, st.tuples(words, words), moments, st.just(AT.date())
)
withholds = st.builds(Withhold, words, words, words, st.sampled_from(WithholdReason), words)
holds = st.builds(Hold, st.none() | words, words, words, st.sampled_from(HoldReason), words)


def as_the_model_writes(raw):
    """Return the bytes of the same record when the model has read and written it."""
    return Record.model_validate_json(raw).model_dump_json(exclude_none=True).encode()


@given(
    moments,
    st.lists(forwards | withholds | holds, max_size=4),
    words,
    st.sampled_from([EVENT, TRACED]),
    st.none() | words,
)
def test_the_record_of_a_decision_is_what_the_model_writes(at, verdicts, word, event, reason):
    """Whatever stands in its words: quotes, controls, any language."""
    decision = Decision(message_ref(event.source, event.id), word, word, at, word, tuple(verdicts))

    raw = recording.decided("ind", event, decision, reason=reason)
    record = Record.model_validate_json(raw)

    assert tuple(map(verdict_line, verdicts)) == record.verdicts
    assert (at, word, word) == (record.time, record.sender, record.type)
    assert reason == record.reason
    in_order = {name for name in Record.model_fields if getattr(record, name) is not None}
    assert in_order == record.model_fields_set
    assert sorted(as_the_model_writes(raw)) == sorted(raw)


@pytest.mark.parametrize("event", [EVENT, TRACED], ids=["plain", "traced"])
def test_the_record_of_a_duplicate_is_what_the_general_way_makes(event):
    """As `plain` makes it, for the same words."""
    ref = message_ref(event.source, event.id)

    expected = recording.plain(
        "ind",
        AT,
        RecordEvent.DUPLICATE,
        ("message", ref),
        "duplicate",
        event=event,
        message_type="signalen.signaal-gemeld",
        sender="ind",
    )

    assert expected == recording.duplicate("ind", AT, event, ref, "signalen.signaal-gemeld", "ind")


@pytest.mark.parametrize("name", sorted(CORRECTIONS))
def test_the_record_of_a_correction_names_its_original(name):
    """Only that of a correction does."""
    event = parse((EXAMPLES / f"{name}.json").read_bytes())
    decision = Decision(message_ref(event.source, event.id), "ind", name, AT, "d", ())

    of_correction = Record.model_validate_json(recording.decided("ind", event, decision))
    other = replace(decision, type="signalen.signaal-gemeld")

    assert message_ref(event.data.about.source, event.data.about.id) == of_correction.about
    assert Record.model_validate_json(recording.decided("ind", EVENT, other)).about is None
