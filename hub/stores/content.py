"""The content of copies on a server: its keys, the answers to openings, and how it is erased."""

from collections.abc import Sequence

from redis.asyncio import Redis

from hub.errors import BrokerError
from hub.ports import Progress
from hub.steps import Erasure
from hub.stores import keys, library, packing
from hub.stores.calls import Bounds, erase_call
from hub.stores.server import OnServer


class ContentOnServer(OnServer):
    """That part of the store of `hub.ports.Store`; the contract stands there."""

    def __init__(self, client: Redis, bounds: Bounds, replicas: int = 0) -> None:
        super().__init__(client, replicas)
        self._bounds = bounds

    async def progress(self, shard: str, party: str, messages: Sequence[str]) -> list[Progress]:
        """Read how far each delivery is."""
        replies = await self._pipelined(
            ("HMGET", keys.delivery(shard, party, message), "state", "finished", "erased")
            for message in messages
        )
        return [packing.progress(*reply) for reply in replies]

    async def copy_key(self, shard: str, party: str, message: str) -> bytes | None:
        """Read the key of a copy."""
        found: bytes | None = await self._call("HGET", keys.copy_keys(shard, message), party)
        return found

    async def replace_key(
        self, shard: str, party: str, message: str, old: bytes, new: bytes
    ) -> bool:
        """Compare and set, in one call of the function `replace_key`."""
        key = keys.copy_keys(shard, message)
        return bool(await self._call("FCALL", library.REPLACE_KEY, 1, key, party, old, new))

    async def answer(self, shard: str, party: str, act: str, value: bytes, keep_ms: int) -> None:
        """Set the answer; the server forgets it by itself."""
        await self._call("SET", keys.opened(shard, party, act), value, "PX", keep_ms)

    async def hand_over(
        self,
        shard: str,  # noqa: ARG002 - the port has these; here nothing is sealed
        party: str,  # noqa: ARG002
        message: str,  # noqa: ARG002
        act: str,  # noqa: ARG002
        public_key: bytes,  # noqa: ARG002
    ) -> bool:
        """There is nothing to hand over: what is sealed was sealed outside of this store."""
        return True

    async def erase(self, shard: str, erasures: Sequence[Erasure]) -> list[bool]:
        """Erase in one call of the function `erase`.

        BrokerError: a key has the wrong type. The others were done; the same call again is safe.
        """
        if not erasures:
            return []
        names, args = erase_call(shard, erasures, self._bounds)
        replies = await self._call("FCALL", library.ERASE, len(names), *names, *args)
        for reply in replies:
            if isinstance(reply, bytes):
                raise wrong_type(reply)
        return [reply == 1 for reply in replies]


def wrong_type(key: bytes) -> BrokerError:
    """Return what to raise when a function found something else than it wrote."""
    return BrokerError(f"the key {key.decode()} has the wrong type: something else wrote it")
