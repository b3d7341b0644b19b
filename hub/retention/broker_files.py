"""What the broker still has on disk of what is gone, and what is stuck on an intake.

A key that is deleted stays in the append-only file until that is rewritten. So does an event on its
intake after it was routed, and nothing else holds that in the clear.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from hub.data_folder import BrokerAddress
from hub.errors import BrokerError, Unavailable
from hub.stores import keys
from hub.stores.connection import connect, servers, translated
from hub.stores.server import OnServer

_LOOK_S: Final = 0.2
_LONGEST_S: Final = 3_600.0
_ANSWER_S: Final = 5.0


class BrokerFiles:
    """The append-only file and the intakes of one broker; connects when it is asked something."""

    def __init__(self, hub: BrokerAddress, sealer: BrokerAddress | None) -> None:
        """`sealer`: who may have the file rewritten; None: this process may not, another does."""
        self._hub = hub
        self._sealer = sealer

    async def waiting(self, shards: Mapping[str, tuple[str, ...]]) -> dict[tuple[str, str], str]:
        """Return (shard, intake) -> the oldest entry that is still there, where there is one.

        Raises:
            Unavailable: the broker did not answer.

        """
        places = [(shard, intake) for shard, intakes in shards.items() for intake in intakes]
        async with _connected(self._hub) as server:
            replies = await server.ask(
                [("XRANGE", keys.intake(*place), "-", "+", "COUNT", 1) for place in places]
            )
        return {
            place: reply[0][0].decode()
            for place, reply in zip(places, replies, strict=True)
            if reply
        }

    async def rewrite(self) -> bool:
        """Have the append-only file of each server rewritten, one after the other; safe to repeat.

        Returns at the end of the last. Of the replicas as well, where one can know them. False:
        nothing was done, because this process may not, or the broker keeps no such file.

        Raises:
            Unavailable: the broker did not answer, could not do it, or takes longer than an hour.

        """
        if self._sealer is None:
            return False
        async with _connected(self._sealer) as broker:
            return await broker.rewrite_everywhere()


class _Server(OnServer):
    async def ask(self, commands: list[tuple[Any, ...]]) -> list[Any]:
        return await self._pipelined(commands)

    async def rewrite_everywhere(self) -> bool:
        try:
            async with servers(self._redis) as everyone:
                done = [await _Server(each).rewrite() for each in everyone]
        except Exception as error:
            raise translated(error) from error
        return all(done)

    async def rewrite(self) -> bool:
        until = time.monotonic() + _LONGEST_S
        before = await self._idle(until)
        if not before.get("aof_enabled"):
            return False
        while True:
            try:
                await self._call("BGREWRITEAOF")
                break
            except BrokerError as error:
                # Somebody else began one: it may not see all that we erased, so ours comes after.
                if "in progress" not in str(error):
                    raise
            before = await self._idle(until)
        while True:
            now = await self._idle(until)
            if now.get("aof_rewrites", 1) > before.get("aof_rewrites", 0):
                break
            await asyncio.sleep(_LOOK_S)
        if now.get("aof_last_bgrewrite_status", "ok") != "ok":
            raise Unavailable(
                "the broker could not rewrite its append-only file: is its disk full? Its own log"
                " says why"
            )
        return True

    async def _idle(self, until: float) -> Mapping[str, Any]:
        """Return what the server says of its file, once no rewrite is under way."""
        while True:
            found: Mapping[str, Any] = await self._call("INFO", "persistence")
            if not (found.get("aof_rewrite_in_progress") or found.get("aof_rewrite_scheduled")):
                return found
            if time.monotonic() > until:
                raise Unavailable("the broker has been rewriting its file for more than an hour")
            await asyncio.sleep(_LOOK_S)


@contextlib.asynccontextmanager
async def _connected(address: BrokerAddress) -> AsyncIterator[_Server]:
    redis = await connect(address.url, address.user, address.password, wait_s=_ANSWER_S)
    server = _Server(redis)
    try:
        yield server
    finally:
        await server.close()
