"""The way of one shard through the pipeline."""

from collections.abc import Callable, Sequence

from hub import log
from hub.errors import BrokerLost, Unavailable
from hub.pipeline import Pipeline
from hub.ports import Entry


class Lane:
    """Takes the batches of one shard through, in the order in which they are put."""

    def __init__(self, pipeline: Pipeline, shard: str, failed: Callable[[Exception], None]) -> None:
        """`failed` is told of what no later batch can mend: the hub must stop."""
        self._pipeline = pipeline
        self._shard = shard
        self._failed = failed
        self.token = ""  #: of the lease under which this process reads the shard

    async def put(self, entries: Sequence[Entry]) -> None:
        """Take a batch. What fails stays pending, so nothing is lost by not raising here."""
        try:
            await self._pipeline.run(self._shard, entries)
        except Unavailable as error:
            log.get().warning(
                "batch.failed", shard=self._shard, entries=len(entries), error=type(error).__name__
            )
        except Exception as error:  # noqa: BLE001  (whatever it is: say so; the entries are pending)
            log.get().error(
                "batch.failed", shard=self._shard, entries=len(entries), error=type(error).__name__
            )
            if isinstance(error, BrokerLost):
                self._failed(error)

    async def drain(self) -> None:
        """Wait until all that was put is committed, or left pending."""

    async def close(self) -> None:
        """Drain, and end. Idempotent."""
        await self.drain()
