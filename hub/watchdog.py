"""What nobody else would notice: a broker that is silent, gone, or came back without its data."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import cycle
from typing import Final

from hub import log
from hub.errors import BrokerLost, BrokerMissing, Unavailable
from hub.ports import Store

_LOOK_S: Final = 1.0
_TELL_S: Final = 10.0  # between two warnings that the broker is silent
_SILENT_S: Final = 120.0  # a broker that loads a long file is silent too
_PATIENCE_S: Final = 5.0  # with one answer: one that hangs would keep us for half a minute


class Watchdog:
    """Looks at one shard of the broker every second, whoever reads it."""

    def __init__(
        self,
        store: Store,
        shards: Mapping[str, Sequence[str]],
        broker_ended: Callable[[], bool],
    ) -> None:
        """`broker_ended` tells that our own broker is gone for good."""
        self._store = store
        self._shards = shards
        self._broker_ended = broker_ended

    async def run(self) -> None:
        """Watch until cancelled.

        Raises:
            BrokerLost: our broker ended, or the reader groups are gone.
            BrokerMissing: it was silent for too long; somebody must look.
            HubError: it refuses us.

        """
        answered, told = time.monotonic(), 0.0
        for shard, intakes in cycle(self._shards.items()):
            await asyncio.sleep(_LOOK_S)
            if self._broker_ended():
                raise BrokerLost("the embedded broker ended; its log is in the data folder")
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    await self._store.depths(shard, intakes)
            except (Unavailable, TimeoutError):
                told = _silent(answered, told)
            else:
                answered, told = time.monotonic(), 0.0


def _silent(answered: float, told: float) -> float:
    """Say now and then that the broker is silent; return when it was last said (monotonic)."""
    now = time.monotonic()
    if now - answered > _SILENT_S:
        raise BrokerMissing(
            f"the broker has not answered for {round(now - answered)} seconds; start it, then"
            " the hub. Nothing is lost: what was accepted is on its disk"
        )
    if told and now - told < _TELL_S:
        return told
    log.get().warning("broker.waiting", attempt=1, wait_s=round(now - answered))
    return now
