"""A short round of the chaos suite: a whole hub, some faults in a row, and the books afterwards.

All faults, and for as long as one likes: `make chaos`.
"""

import random

import pytest

from tests.chaos.faults import every
from tests.chaos.faults_input import flood
from tests.chaos.running import Lap, finish, lap, strike
from tests.chaos.world import World

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(170)]

HOLD_S = 2.0


def test_nothing_is_lost_or_doubled_when_processes_die(tmp_path):
    """By kill -9: worker, sealer and broker, alone and together; and a half-written file."""
    names = ("worker-killed", "sealer-killed", "all-killed", "torn-tail", "worker-stopped")

    done = lap(World(tmp_path / "w", 1), [every()[n] for n in names], random.Random(1), HOLD_S)

    assert "" == done.books.faults()
    assert [] == done.complaints
    assert len(names) == len(done.struck)
    assert done.books.sent > 0
    assert done.books.deliveries > 0
    assert done.books.acts > 0


def test_nothing_is_lost_or_doubled_when_the_broker_refuses(tmp_path):
    """Read-only, full, replies that are lost, no rights, no functions, hostile entries."""
    names = ("replies-lost", "read-only", "disk-full-broker", "access-lost", "functions-lost")
    chance = random.Random(2)
    done = Lap()
    world = World(tmp_path / "w", 2)
    try:
        world.begin()
        for name in names:
            done.struck.append(strike(world, every()[name], chance, HOLD_S))
        flood(world, chance, 400)
        finish(world, done)
    finally:
        world.close()

    assert "" == done.books.faults()
    assert [] == done.complaints
    assert done.books.dead >= 400


def test_only_the_poison_is_given_up(tmp_path):
    """An event that kills its worker six times harms no other; nor does one that raises."""
    names = ("poison-kills", "poison-raises")

    done = lap(World(tmp_path / "w", 3), [every()[n] for n in names], random.Random(3), HOLD_S)

    assert "" == done.books.faults()
    assert [] == done.complaints
    assert 2 == done.books.given_up


def test_an_empty_broker_stops_the_hub(tmp_path):
    """A worker that runs stops, and one that is started again does not begin; then all is there."""
    faults = [every()["back-empty"]]

    done = lap(World(tmp_path / "w", 4), faults, random.Random(4), HOLD_S)

    assert "" == done.books.faults()
    assert [] == done.complaints
    assert {"worker-1", "worker-2"} == {name.partition(":")[0] for name in done.stops}
    assert not any(name.endswith(":0") for name in done.stops)
