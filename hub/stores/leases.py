"""Who reads a shard, on a server: the part of the store of `hub.ports.Store`."""

from hub.errors import Superseded
from hub.stores import keys, library
from hub.stores.server import OnServer


class LeasesOnServer(OnServer):
    """Each method is one call of the function with its name; the contract stands in the port."""

    async def lease(self, shard: str, worker: str, token: str, ttl_ms: int) -> bool:
        """Take or renew the lease."""
        key = keys.lease(shard)
        reply = await self._call("FCALL", library.LEASE, 1, key, worker, token, ttl_ms)
        if reply < 0:
            raise Superseded(worker)
        return bool(reply)

    async def release(self, shard: str, worker: str, token: str) -> None:
        """Compare and delete."""
        await self._call("FCALL", library.RELEASE, 1, keys.lease(shard), worker, token)

    async def workers(self, worker: str, ttl_ms: int) -> list[str]:
        """Write until when we live, and read who else does; the clock is the server's."""
        reply = await self._call("FCALL", library.WORKERS, 1, keys.workers(), worker, ttl_ms)
        return sorted(str(name, "utf-8") for name in reply)
