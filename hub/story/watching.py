"""Look at a hub that works: wait for a decision, open a copy, read the notices of a sender.

Only by what the hub offers: the records and the queues of the store, and for an inbox the client of
the party itself.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, TypeVar

from hub.bootstrap import Hub
from hub.client import Client, Delivery, Receipt
from hub.errors import HubError
from hub.ports import ParkedEntry
from hub.steps import Queue
from schemas.records import Record

T = TypeVar("T")

_LOOK_S: Final = 0.02
_PATIENCE_S: Final = 20.0
_PAGE: Final = 500


class Watching:
    """Reads one hub. Use `open`: it closes the clients that were needed."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.openings: list[
            tuple[str, Receipt]
        ] = []  #: acts by which copies were opened, and whose
        self._clients: dict[str, Client] = {}
        self._opened: dict[tuple[str, str], Delivery] = {}

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, hub: Hub) -> AsyncIterator["Watching"]:
        """Watch `hub` until the block ends."""
        watching = cls(hub)
        try:
            yield watching
        finally:
            for client in watching._clients.values():
                await client.close()

    async def client(self, party: str) -> Client:
        """Return the client of `party`, logged in as that party."""
        if party not in self._clients:
            self._clients[party] = await self.hub.client(party)
        return self._clients[party]

    async def records(self, shard: str) -> list[Record]:
        """Return every record of a shard, in order."""
        found: list[Record] = []
        after = "-"
        while page := await self.hub.store.records(shard, after, _PAGE):
            found += [Record.model_validate_json(entry.record) for entry in page]
            after = page[-1].id
        return found

    async def records_about(self, shard: str, thing: str, count: int = 1) -> list[Record]:
        """Return the records about a message or an entry, when there are at least `count`.

        Raises:
            HubError: not in time.

        """

        async def look() -> list[Record]:
            return [r for r in await self.records(shard) if r.object.id == thing]

        return await _until(look, lambda found: len(found) >= count, "the hub did not decide")

    async def copies(self, party: str, message: str) -> list[Delivery]:
        """Return the copies of `message` that `party` has not acknowledged, by its own client."""
        client = await self.client(party)
        return [
            delivery
            async for delivery in client.inbox(follow=False, consumer="demo")
            if delivery.message == message
        ]

    async def read(self, party: str, delivery: Delivery) -> Delivery:
        """Return the delivery with its content; what is sealed is opened by `party`, once."""
        if not delivery.sealed:
            return delivery
        place = (party, delivery.message)
        if place not in self._opened:
            await delivery.open()
            self._opened[place] = delivery
            if delivery.opening is not None:
                self.openings.append((party, delivery.opening))
        return self._opened[place]

    async def count(self, shard: str, party: str, message: str) -> int:
        """Return how many copies of `message` lie in the inbox, acknowledged or not."""
        found, after = 0, "-"
        while page := await self.hub.store.inbox(shard, party, after, _PAGE):
            found += sum(entry.message == message for entry in page)
            after = page[-1].id
        return found

    async def copy(self, party: str, message: str) -> Delivery:
        """Return the copy of `message`, when it is there."""
        found = await _until(
            lambda: self.copies(party, message), bool, f"{party} did not get its copy"
        )
        return found[0]

    async def notices(self, party: str, message: str, count: int) -> list[Delivery]:
        """Return the notices to `party` about its message, when there are at least `count`.

        One with text is sealed as a copy is: the party opens it.
        """

        async def look() -> list[Delivery]:
            found = [await self.read(party, each) for each in await self._told(party)]
            return [each for each in found if _about(each).get("bericht") == message]

        return await _until(look, lambda found: len(found) >= count, "the notices did not come")

    async def refusal(self, party: str, entry: str) -> Delivery:
        """Return the notice that what came in as `entry` was refused."""

        async def look() -> list[Delivery]:
            found = [each for each in await self._told(party) if not each.sealed]
            return [each for each in found if each.event["data"].get("ingang") == entry]

        return (await _until(look, bool, "the notice did not come"))[0]

    async def _told(self, party: str) -> list[Delivery]:
        client = await self.client(party)
        found = client.inbox(follow=False, consumer="demo")
        return [delivery async for delivery in found if delivery.notice]

    async def parked(self, shard: str, queue: Queue) -> list[ParkedEntry]:
        """Return all that waits in a queue for a person."""
        found: list[ParkedEntry] = []
        after = "-"
        while page := await self.hub.store.parked(shard, queue, after, _PAGE):
            found += page
            after = page[-1].id
        return found

    async def drained(self, patience_s: float = 120.0) -> None:
        """Return when every intake is empty and nothing is under way."""
        shards = self.hub.book.shards()

        async def left() -> int:
            depths = [await self.hub.store.depths(s, intakes) for s, intakes in shards.items()]
            return sum(depth["intake"] + depth["pending"] for depth in depths)

        await _until(left, lambda count: count == 0, "the intakes did not empty", patience_s)


def _about(notice: Delivery) -> dict[str, str]:
    return notice.event["data"].get("betreft") or {}


async def _until(
    look: Callable[[], Awaitable[T]],
    enough: Callable[[T], bool],
    problem: str,
    patience_s: float = _PATIENCE_S,
) -> T:
    deadline = time.monotonic() + patience_s
    while True:
        found = await look()
        if enough(found):
            return found
        if time.monotonic() > deadline:
            raise HubError(f"{problem} in {patience_s:g} s: is the machine very busy? See the log")
        await asyncio.sleep(_LOOK_S)
