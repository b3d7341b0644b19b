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
        silent_since: float | None = None
        for shard, intakes in cycle(self._shards.items()):
            await asyncio.sleep(_LOOK_S)
            if self._broker_ended():
                raise BrokerLost("the embedded broker ended; its log is in the data folder")
            try:
                await self._store.depths(shard, intakes)
            except Unavailable:
                silent_since = _silent(silent_since)
            else:
                silent_since = None


def _silent(since: float | None) -> float:
    """Say now and then that the broker is silent; return since when (monotonic seconds)."""
    now = time.monotonic()
    since = now if since is None else since
    if (now - since) % _TELL_S < _LOOK_S:
        log.get().warning("broker.waiting", attempt=1, wait_s=round(now - since))
    if now - since > _SILENT_S:
        raise BrokerMissing(
            f"the broker has not answered for {round(now - since)} seconds; start it, then"
            " the hub. Nothing is lost: what was accepted is on its disk"
        )
    return since
