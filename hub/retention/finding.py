"""Looks through every inbox and queue for what is due, a page at a time."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Final

from handlers.rulebook import Rulebook
from hub.ports import Store
from hub.retention.due import Due, of_copy, of_parked
from hub.retention.keeping import Keeping
from hub.steps import Queue

_PAGE: Final = 200
QUEUES: Final = (Queue.HELD, Queue.DEAD)


class Finder:
    """What is due on `day`. Reads only. Memory: one page, however much there is."""

    def __init__(self, store: Store, book: Rulebook, keeping: Keeping, day: date) -> None:
        self._store = store
        self._book = book
        self._keeping = keeping
        self._day = day

    async def copies(self, shard: str, party: str) -> AsyncIterator[list[Due]]:
        """Yield what is due in one inbox. What it yielded may be erased before it goes on."""
        settings, after = self._book.config.settings, "-"
        while page := await self._store.inbox(shard, party, after, _PAGE):
            after = page[-1].id
            messages = [entry.message for entry in page]
            progress = await self._store.progress(shard, party, messages)
            found = (
                of_copy(entry, how_far, self._day, settings)
                for entry, how_far in zip(page, progress, strict=True)
            )
            yield await self._keeping.marked([due for due in found if due is not None])

    async def parked(self, shard: str, queue: Queue) -> AsyncIterator[list[Due]]:
        """Yield what is due of what waits for a person."""
        after = "-"
        while page := await self._store.parked(shard, queue, after, _PAGE):
            after = page[-1].id
            found = (of_parked(entry, queue, self._day, self._book) for entry in page)
            yield await self._keeping.marked([due for due in found if due is not None])
