"""Retention by itself, beside a hub that works: once a day, and intake bytes leave the disk hourly.

The first time is five minutes after the start, then shortly after each Dutch midnight, when a new
day of terms has begun. Nothing here can stop the hub: what fails is an alarm, and comes again.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from hub import log, metrics
from hub.errors import HubError
from hub.ports import Store
from hub.retention.job import Retention
from hub.tasks import cancelled

FIRST: Final = timedelta(minutes=5)
_AFTER_MIDNIGHT: Final = timedelta(minutes=10)
_HOUR: Final = timedelta(hours=1)
_AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")

Wait = Callable[[asyncio.Event, float], Awaitable[None]]
"""Waits so many seconds, or until the event is set."""


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


class RetentionLoop:
    """Runs `retention` on its days, and has the broker rewrite its file when anything came in."""

    def __init__(
        self,
        retention: Retention,
        store: Store,
        shards: Iterable[str],
        clock: Callable[[], datetime],
        wait: Wait = _wait,
    ) -> None:
        """`shards`: all whose records show that something was routed."""
        self._retention = retention
        self._store = store
        self._shards = tuple(shards)
        self._clock = clock
        self._wait = wait
        self._routed: int | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Go on until `stop` is set; returns soon after, between two steps. Raises nothing."""
        now = self._clock()
        job_at, hour_at = now + FIRST, now + _HOUR
        while not stop.is_set():
            now = self._clock()
            await self._wait(stop, max(0.0, (min(job_at, hour_at) - now).total_seconds()))
            if stop.is_set():
                return
            now = self._clock()
            if now >= job_at:
                await self._until(stop, self._job())
                job_at = next_run(self._clock())
            elif now >= hour_at:
                await self._until(stop, self._rewritten())
                hour_at = self._clock() + _HOUR

    async def _job(self) -> None:
        report = await self._retention.run()
        metrics.erasure(failed=bool(report.failures))

    async def _rewritten(self) -> None:
        routed = 0
        for shard in self._shards:
            routed += (await self._store.depths(shard, ()))["records"]
        if routed != self._routed:
            await self._retention.rewrite()
            self._routed = routed

    async def _until(self, stop: asyncio.Event, work: Awaitable[None]) -> None:
        """Do `work`, or leave it where it is when the hub stops: it may die anywhere."""
        doing = asyncio.ensure_future(work)
        stopping = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait({doing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await cancelled(doing, stopping)
        if not doing.cancelled() and (error := doing.exception()) is not None:
            metrics.erasure(failed=True)
            reason = str(error) if isinstance(error, HubError) else type(error).__name__
            log.get().error(
                "retention.failed", step="by itself", error=type(error).__name__, reason=reason
            )


def next_run(now: datetime) -> datetime:
    """Return the first moment after `now` at which a new Dutch day has just begun; UTC.

    >>> next_run(datetime(2026, 3, 28, 12, 0, tzinfo=UTC)).isoformat()
    '2026-03-28T23:10:00+00:00'
    >>> next_run(datetime(2026, 3, 29, 12, 0, tzinfo=UTC)).isoformat()  # summer time
    '2026-03-29T22:10:00+00:00'
    """
    tomorrow = now.astimezone(_AMSTERDAM).date() + timedelta(days=1)
    midnight = datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=_AMSTERDAM)
    return midnight.astimezone(UTC) + _AFTER_MIDNIGHT
