"""What a lane does with an error that no later batch can mend."""

import pytest

from hub.errors import BrokerLost, NoMemory, NotAllowed
from hub.lane import Lane
from hub.steps import Entry


class Failing:
    """A pipeline that cannot plan."""

    def __init__(self, error):
        self.error = error

    async def plan(self, *_):
        raise self.error


async def told(error):
    """Return what the hub is told when a batch fails with `error`, and the lane."""
    failures = []
    lane = Lane(Failing(error), "ind", failures.append)
    await lane.put([Entry("1-1", "", b"{}")])
    return failures, lane


@pytest.mark.parametrize("error", [BrokerLost("gone"), NotAllowed("no rights")])
async def test_what_a_person_must_mend_stops_the_hub(error):
    failures, lane = await told(error)
    assert [error] == failures
    assert lane.behind


async def test_a_process_without_memory_stops():
    """It may wait for ever for a thread that never began; started again it is sound."""
    failures, lane = await told(MemoryError())
    assert [NoMemory] == [type(failure) for failure in failures]
    assert "memory" in str(failures[0])
    assert lane.behind


async def test_an_event_on_which_the_code_raises_stops_nobody():
    """It comes again, alone, and is given up in the end."""
    failures, lane = await told(ZeroDivisionError())
    assert [] == failures
    assert lane.behind
