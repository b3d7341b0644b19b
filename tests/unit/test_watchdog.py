"""A broker that hangs is silent since its last answer, and not since somebody gave up asking."""

import asyncio

import pytest
from structlog.testing import capture_logs

from hub import watchdog
from hub.errors import BrokerMissing

SHARDS = {"ind": ("",)}


class Hangs:
    """Answers a few times, and then takes the question and nothing more."""

    def __init__(self, answers):
        self.left = answers

    async def depths(self, _shard, _intakes):
        if not self.left:
            await asyncio.sleep(3_600)
        self.left -= 1
        return {}


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    for name, seconds in (("_LOOK_S", 0.01), ("_PATIENCE_S", 0.05), ("_SILENT_S", 0.4)):
        monkeypatch.setattr(watchdog, name, seconds)


async def test_a_broker_that_hangs_stops_the_hub_in_time():
    """redis-py waits half a minute for one answer: that must not come on top."""
    watch = watchdog.Watchdog(Hangs(3), SHARDS, lambda: False)
    with capture_logs() as said, pytest.raises(BrokerMissing, match="has not answered for"):
        async with asyncio.timeout(20):
            await watch.run()
    waiting = [line for line in said if line["event"] == "broker.waiting"]
    assert len(waiting) == 1, "told at once, and then every ten seconds"


async def test_a_broker_that_answers_late_now_and_then_is_not_silent():
    class Slow(Hangs):
        async def depths(self, shard, intakes):
            self.left += 1
            return await super().depths(shard, intakes) if self.left % 2 else await self.hang()

        async def hang(self):
            self.left += 1
            await asyncio.sleep(3_600)

    watch = watchdog.Watchdog(Slow(2), SHARDS, lambda: False)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.5):
            await watch.run()
