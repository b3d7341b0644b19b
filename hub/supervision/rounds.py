"""The supervision of a hub at work: a look every five seconds, its alarms, and its web address."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from importlib.metadata import version
from typing import Final

from hub import log, metrics, pulse, tracing
from hub.bootstrap import Hub
from hub.supervision import health
from hub.supervision.alarms import bounds
from hub.supervision.alerting import Alerting
from hub.supervision.gauges import Gauges, publish
from hub.supervision.http import Answers, serving
from hub.supervision.readings import Readings
from hub.tasks import cancelled

EVERY_S: Final = 5.0
_BEAT_S: Final = 1.0


class Supervision:
    """Looks, tells, and answers. It stops nothing and nobody: that is for the watchdog."""

    def __init__(self, hub: Hub) -> None:
        """NotUsable: the bounds of the alarms cannot be read."""
        self._gauges = Gauges(hub)
        self._alerting = Alerting(bounds(hub.settings.alarms))
        self._readings: Readings | None = None
        metrics.build(version("seinhuis"), hub.book.digest[:12])

    def answers(self) -> Answers:
        """Return what the web address says."""
        return Answers(
            live=lambda: health.hub_alive(self._readings),
            ready=self._ready,
            metrics=metrics.PROCESS.text,
        )

    async def run(self) -> None:
        """Go round until cancelled. Raises nothing else."""
        rounds = [asyncio.create_task(_beat()), asyncio.create_task(self._look())]
        try:
            await asyncio.gather(*rounds)
        finally:
            await cancelled(*rounds)

    async def round(self) -> Readings:
        """Look once and tell what changed."""
        readings = await self._gauges.look()
        publish(readings)
        self._alerting.look(readings)
        self._readings = readings
        return readings

    async def _look(self) -> None:
        while True:
            try:
                await self.round()
            except Exception as error:  # noqa: BLE001 - a mistake in looking must stop no event
                log.get().error("supervision.failed", error=type(error).__name__)
            await asyncio.sleep(EVERY_S)

    def _ready(self) -> health.Health:
        return health.hub_ready(self._readings, functions=self._gauges.functions)


@contextlib.asynccontextmanager
async def supervising(hub: Hub) -> AsyncIterator[None]:
    """Supervise `hub` beside its work.

    Raises:
        NotUsable: the web address or the bounds of the alarms cannot be used.

    """
    supervision = Supervision(hub)
    if hub.settings.otlp is not None:
        tracing.start(hub.settings.otlp, worker=hub.settings.worker, version=version("seinhuis"))
    with serving(hub.settings.metrics, supervision.answers()):
        task = asyncio.create_task(supervision.run(), name="supervision")
        try:
            yield
        finally:
            await cancelled(task)
            if hub.settings.otlp is not None:  # a thread that is not needed may be one too many
                await asyncio.to_thread(tracing.stop)


async def _beat() -> None:
    while True:
        pulse.beat(pulse.LOOP)
        await asyncio.sleep(_BEAT_S)
