"""Know when the hub has handled an event, without asking for each by itself."""

import asyncio
from typing import Final

from hub.errors import Unavailable
from hub.ports import Store

_LOOK_S: Final = 0.02
_PATIENCE_S: Final = 15.0


class Delivered:
    """Asks the store now and then about all messages that somebody waits for."""

    def __init__(self, store: Store, patience_s: float = _PATIENCE_S) -> None:
        self._store = store
        self._patience_s = patience_s
        self._patient = True
        self._known: set[tuple[str, str]] = set()
        self._asked: dict[tuple[str, str], asyncio.Future[None]] = {}

    async def wait(self, shard: str, message: str) -> None:
        """Return when `message` has been handled, or when the hub takes too long.

        Too long once is too long for all that follow: no hub is at work, and waiting is of no use.
        """
        place = (shard, message)
        if place in self._known or not self._patient:
            return
        if place not in self._asked:
            self._asked[place] = asyncio.get_running_loop().create_future()
        try:
            await asyncio.wait_for(asyncio.shield(self._asked[place]), self._patience_s)
        except TimeoutError:
            self._patient = False

    async def watch(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_S)
            by_shard: dict[str, list[str]] = {}
            for shard, message in self._asked:
                by_shard.setdefault(shard, []).append(message)
            for shard, messages in by_shard.items():
                try:
                    found = await self._store.known(shard, messages)
                except Unavailable:
                    continue  # asked again at the next look
                for message, known in zip(messages, found, strict=True):
                    if known is not None:
                        self._known.add((shard, message))
                        self._asked.pop((shard, message)).set_result(None)
