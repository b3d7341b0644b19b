"""Who reads a shard, in memory: what lease.lua does. One object for all shards."""

import time
from dataclasses import dataclass

from hub.errors import Superseded


@dataclass(slots=True)
class _Lease:
    worker: str
    token: str
    until: float  #: `time.monotonic()`


class MemoryLeases:
    """The leases of every shard, and the workers that live; the contract stands in the port."""

    def __init__(self) -> None:
        self._leases: dict[str, _Lease] = {}
        self._alive: dict[str, float] = {}

    def holder(self, shard: str, token: str) -> str | None:
        """Return the worker that reads the shard under `token`; None: nobody does."""
        lease = self._of(shard)
        return lease.worker if lease and lease.token == token else None

    async def lease(self, shard: str, worker: str, token: str, ttl_ms: int) -> bool:
        """Take or renew the lease."""
        lease = self._of(shard)
        if lease and lease.worker != worker:
            return False
        if lease and token.partition(".")[0] < lease.token.partition(".")[0]:
            raise Superseded(worker)
        self._leases[shard] = _Lease(worker, token, time.monotonic() + ttl_ms / 1_000)
        return True

    async def release(self, shard: str, worker: str, token: str) -> None:
        """Compare and delete."""
        if self.holder(shard, token) == worker:
            del self._leases[shard]

    async def workers(self, worker: str, ttl_ms: int) -> list[str]:
        """Note until when the worker lives, and forget who did not say so in time."""
        now = time.monotonic()
        self._alive[worker] = now + ttl_ms / 1_000
        self._alive = {name: until for name, until in self._alive.items() if until > now}
        return sorted(self._alive)

    def _of(self, shard: str) -> _Lease | None:
        lease = self._leases.get(shard)
        return lease if lease and lease.until > time.monotonic() else None
