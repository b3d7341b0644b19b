"""Corrections that came before their original: held, and applied once the original is known.

Done now and then for each shard. What cannot be done now (another worker was first, an inbox is
full) stays held for the next time or for a person; nothing here may stop a worker.
"""

from handlers.corrections import original_of
from handlers.rulebook import Rulebook
from hub import log
from hub.desk import Desk
from hub.errors import HubError, Unavailable
from hub.homing import where_known
from hub.pipeline import Clock
from hub.ports import ParkedEntry, Store
from hub.pseudonyms import Pseudonyms
from hub.steps import Queue
from schemas.catalogue import CORRECTIONS
from schemas.problems import InvalidEvent
from schemas.reading import parse

REASON = "original-arrived"


class LateCorrections:
    """Applies held corrections whose original is known by now."""

    def __init__(
        self, store: Store, book: Rulebook, clock: Clock, pseudonyms: Pseudonyms | None = None
    ) -> None:
        self._store = store
        self._book = book
        self._desk = Desk(store, book, clock, "hub", pseudonyms)

    async def apply(self, shard: str) -> int:
        """Apply what can be applied; return how many.

        Raises:
            Unavailable: the store did not answer; come again later.

        """
        applied, after = 0, "-"
        while page := await self._store.parked(shard, Queue.HELD, after):
            after = page[-1].id
            for found in page:
                if found.parked.type in CORRECTIONS:
                    applied += await self._apply_one(shard, found)
        return applied

    async def _apply_one(self, shard: str, found: ParkedEntry) -> bool:
        try:
            original = original_of(parse(found.parked.event, self._book.prefix))
            there = await where_known(self._store, self._book, shard, original)
            (known,) = await self._store.known(there, [original])
            if known is None or not known.received_by:
                return False
            if there != shard:
                await self._desk.move(found, there, REASON)
                return True
            await self._desk.decide_again(shard, Queue.HELD, found.id, REASON)
        except Unavailable:
            raise
        except (HubError, InvalidEvent) as error:
            log.get().info(
                "correction.waits", shard=shard, entry=found.id, error=type(error).__name__
            )
            return False
        return True
