"""Alive and ready: the difference between what a restart helps and what it does not."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hub import metrics, pulse
from hub.ledger.sealer import SealerStatus
from hub.supervision import health
from hub.supervision.readings import Readings, ShardReading


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self):
        self.now = 1_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    """A process that has just begun, and its clock."""
    pulse.forget()
    clock = Clock()
    monkeypatch.setattr(pulse.time, "monotonic", clock)
    monkeypatch.setattr(health, "PROCESS", metrics.Registry())
    yield clock
    pulse.forget()


READINGS = Readings(
    datetime(2026, 3, 1, tzinfo=UTC),
    shards=(ShardReading("ind", reader="first"),),
    unsealed_limit=100,
    seal_delay_limit_s=900.0,
)


def beats(*names):
    """Go round once, in each of these."""
    for name in names:
        pulse.beat(name)


def about(found):
    """Return what the problems are about."""
    return [each for each, _ in found.problems]


ALL = (pulse.LOOP, pulse.READER, pulse.LEASES, pulse.LOOK)


def test_a_hub_that_goes_round_is_alive_and_ready(clock):
    """All is well, and nothing is said."""
    beats(*ALL)
    assert {"status": "ok", "reasons": []} == health.hub_alive(READINGS).document()
    assert health.hub_ready(READINGS).good


def test_a_hub_that_is_starting_is_alive_and_not_ready(clock):
    """It must not be restarted for that."""
    assert health.hub_alive(None).good
    assert ["start"] == about(health.hub_ready(None))


def test_an_event_loop_that_hangs_is_dead(clock):
    """Only a restart helps."""
    beats(*ALL)
    clock.now += 16
    assert ["event loop"] == about(health.hub_alive(READINGS))


def test_a_reader_that_hangs_is_dead_unless_it_has_nothing_to_read_or_no_broker(clock):
    """Who stands by, or waits for a broker, makes no rounds and is well."""
    health.PROCESS.put(metrics.LEASES, 3)
    beats(*ALL)
    clock.now += 121
    beats(pulse.LOOP)
    assert ["reader"] == about(health.hub_alive(READINGS))
    assert health.hub_alive(replace(READINGS, broker_answers=False)).good
    health.PROCESS.put(metrics.LEASES, 0)
    assert health.hub_alive(READINGS).good


def test_a_hub_without_its_broker_is_alive_and_says_for_how_long_it_has_waited(clock):
    """A restart would not bring the broker back."""
    beats(*ALL)
    silent = replace(READINGS, broker_answers=False, silent_s=12.3)
    assert health.hub_alive(silent).good
    assert [("broker", "it has not answered for 12 s")] == [*health.hub_ready(silent).problems]


def test_a_broker_without_our_functions_is_not_ready(clock):
    """It was emptied, and nothing can be written."""
    beats(*ALL)
    assert ["functions"] == about(health.hub_ready(READINGS, functions=False))


def test_a_hub_that_cannot_ask_for_shards_is_not_ready(clock):
    """It may have lost what it read, and another may not have it yet."""
    beats(pulse.LOOP, pulse.LOOK)
    assert ["leases"] == about(health.hub_ready(READINGS))
    beats(*ALL)
    clock.now += 31
    beats(pulse.LOOP, pulse.LOOK, pulse.READER)
    assert ["leases"] == about(health.hub_ready(READINGS))


@pytest.mark.parametrize(
    "waits", [{"unsealed": 100}, {"unsealed": 1, "seal_delay_s": 900.0}], ids=["many", "long"]
)
def test_a_hub_whose_records_wait_beyond_a_bound_is_not_ready(clock, waits):
    """Nothing new is handled then; one less and it is."""
    beats(*ALL)
    full = replace(READINGS, shards=(ShardReading("ind", **waits), ShardReading("dji")))
    ((what, why),) = health.hub_ready(full).problems
    assert "sealing" == what
    assert why.endswith(": ind")
    less = {name: value - 1 for name, value in waits.items()}
    assert health.hub_ready(replace(READINGS, shards=(ShardReading("ind", **less),))).good


def test_a_look_that_hangs_shows(clock):
    """Old readings are no answer."""
    beats(*ALL)
    clock.now += 46
    beats(pulse.LOOP, pulse.LEASES, pulse.READER)
    assert ["look"] == about(health.hub_ready(READINGS))


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (SealerStatus(), ["sealing"]),
        (SealerStatus(active=True, holder="one"), []),
        (SealerStatus(holder="another"), []),
        (SealerStatus(holder="one", stalled_s=3.0), ["sealing"]),
    ],
    ids=["starting", "sealing", "standing by", "stalled"],
)
def test_a_sealer_is_ready_when_it_seals_or_stands_by(clock, status, expected):
    """One that cannot seal is alive: the ledger or the broker is away."""
    beats(pulse.SEALER)
    assert expected == about(health.sealer_ready(status))
    assert health.sealer_alive().good


def test_a_sealer_that_hangs_is_dead(clock):
    """Two minutes without a round."""
    beats(pulse.SEALER)
    clock.now += 121
    assert ["sealer"] == about(health.sealer_alive())
