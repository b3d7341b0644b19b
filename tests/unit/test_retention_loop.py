"""The loop beside a hub: on its days, hourly only when something came in, and it stops."""

import asyncio
from datetime import UTC, datetime, timedelta

from structlog.testing import capture_logs

from hub.errors import Unavailable
from hub.retention.loop import RetentionLoop, next_run

START = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


class Days:
    """A clock that a wait moves on, a job that says when it ran, and an end."""

    def __init__(self, until, *, fails=False):
        self.now, self.until, self.fails = START, until, fails
        self.stop = asyncio.Event()
        self.ran, self.rewritten = [], []
        self.records = {}

    def clock(self):
        return self.now

    async def wait(self, stop, seconds):
        self.now += timedelta(seconds=seconds)
        if self.now > self.until:
            stop.set()

    async def run(self):
        self.ran.append(self.now)
        if self.fails:
            raise Unavailable("the broker did not answer")

    async def rewrite(self):
        self.rewritten.append(self.now)
        return True

    async def depths(self, shard, _):
        return {"records": self.records.get(shard, lambda _: 0)(self.now)}

    async def loop(self):
        await RetentionLoop(self, self, ["ind", "liv"], self.clock, self.wait).run(self.stop)


async def test_it_runs_soon_after_the_start_and_then_when_a_dutch_day_has_begun():
    """Over the night of the 23rd and that of the 24th, in winter: 23:10 UTC."""
    days = Days(START + timedelta(days=2))

    await days.loop()

    assert ["2026-11-23T10:05", "2026-11-23T23:10", "2026-11-24T23:10"] == [
        moment.isoformat()[:16] for moment in days.ran
    ]


async def test_the_broker_rewrites_its_file_each_hour_in_which_something_came_in():
    """At noon nothing had come since eleven; at one it had."""
    days = Days(START + timedelta(hours=4, minutes=30))
    days.records["ind"] = lambda now: 1 if now.hour < 13 else 2

    await days.loop()

    assert [11, 13] == [moment.hour for moment in days.rewritten]


async def test_what_fails_is_an_alarm_and_comes_again():
    days = Days(START + timedelta(days=1), fails=True)

    with capture_logs() as logs:
        await days.loop()

    assert 2 == len(days.ran)
    assert [("retention.failed", "error")] * 2 == [(e["event"], e["log_level"]) for e in logs]


async def test_a_stop_in_the_middle_of_a_run_is_the_end_of_it():
    """The hub does not wait for a long run: it may die anywhere."""
    days = Days(START + timedelta(days=1))
    begun = asyncio.Event()

    async def long():
        begun.set()
        await asyncio.Event().wait()

    days.run = long
    running = asyncio.ensure_future(days.loop())
    await begun.wait()
    days.stop.set()
    await asyncio.wait_for(running, 10)

    assert not running.cancelled()


async def test_it_waits_for_the_stop_and_not_for_the_time():
    """The real wait: it returns as soon as the hub stops."""
    stop = asyncio.Event()
    days = Days(START)
    running = asyncio.ensure_future(RetentionLoop(days, days, [], days.clock).run(stop))
    await asyncio.sleep(0)
    stop.set()
    await asyncio.wait_for(running, 10)

    assert [] == days.ran


def test_the_next_run_is_on_the_next_dutch_day_in_summer_too():
    """Just before midnight in summer time it is still the same day in UTC."""
    before = datetime(2026, 7, 1, 21, 59, tzinfo=UTC)

    assert datetime(2026, 7, 1, 22, 10, tzinfo=UTC) == next_run(before)
    assert datetime(2026, 7, 2, 22, 10, tzinfo=UTC) == next_run(before + timedelta(minutes=1))
