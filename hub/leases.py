"""Which shards this worker reads: one reader for each, and every worker its share.

Every worker says now and then that it lives, and sees who else does. From that each works out the
same division by itself: shard i of all, in order, is for worker i mod n of all that live. What is
another's is given back once it is drained; what is ours is taken as soon as it is free. Who is
killed is followed up when its leases end; under its own name it has them again at once.

Time here only says when to look, and when to stop reading. What keeps two workers from writing is
the token that goes with every batch (`hub.ports.Store.route`).
"""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final, NamedTuple

from hub import log, metrics, pulse
from hub.errors import HubError, Unavailable
from hub.ports import Store

_ROUNDS: Final = 20  # looks in the term of a lease: so soon a shard that is free is taken
_RENEWALS: Final = 3


class Readers(NamedTuple):
    """What is done with a shard; all may be called again for the same."""

    begin: Callable[[str, str], None]  #: read this shard under this token
    end: Callable[[str], Awaitable[None]]  #: read it no more; returns when all is committed or left
    again: Callable[[], None]  #: the store answers again: begin anew with what is pending


class _Lease(NamedTuple):
    token: str
    until: float  #: `time.monotonic()`: from then on another may have it
    renewed: float


def share(shards: Iterable[str], living: Sequence[str], worker: str) -> list[str]:
    """Return the shards that are for `worker`, of all that live.

    >>> share(["ind", "dji", "liv"], ["first", "second"], "first")
    ['dji', 'liv']
    """
    count = len(living)
    return [shard for n, shard in enumerate(sorted(shards)) if living[n % count] == worker]


class Leases:
    """The leases of one worker."""

    def __init__(
        self, store: Store, shards: Iterable[str], worker: str, ttl_ms: int, readers: Readers
    ) -> None:
        """`worker`: its name; no other process on this broker may have it at the same time."""
        self._store = store
        self._shards = sorted(shards)
        self._worker = worker
        self._ttl_ms = ttl_ms
        self._readers = readers
        self._instance = f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(4)}"
        self._asked = 0
        self._held: dict[str, _Lease] = {}
        self._leaving: dict[str, asyncio.Task[None]] = {}
        self._silent = False

    async def run(self) -> None:
        """Take, renew and give back, until cancelled; then call `close`.

        Raises:
            Superseded: another process took over under our name.
            HubError: the store refuses us for good.

        """
        while True:
            try:
                async with asyncio.timeout(self._ttl_ms / 1_000):
                    await self._round()
            except (Unavailable, TimeoutError):
                self._silent = True
            else:
                pulse.beat(pulse.LEASES)
                if self._silent:
                    self._silent = False
                    self._readers.again()
            self._lapse()
            await asyncio.sleep(self._ttl_ms / 1_000 / _ROUNDS)

    async def close(self) -> None:
        """Give everything back, so that others take over at once; as far as the store answers."""
        for shard in [*self._held]:
            self._leave(shard)
        if self._leaving:
            await asyncio.wait(self._leaving.values())
        await self._store.workers(self._worker, 0)
        metrics.leases(0)

    async def _round(self) -> None:
        living = await self._store.workers(self._worker, self._ttl_ms)
        ours = set(share(self._shards, living, self._worker))
        given_up = [s for s in self._held if s not in ours and s not in self._leaving]
        for shard in given_up:
            self._leave(shard)
        for shard, lease in [*self._held.items()]:
            if time.monotonic() - lease.renewed > self._ttl_ms / 1_000 / _RENEWALS:
                await self._renew(shard, lease)
        taken = 0
        for shard in sorted(ours - self._held.keys()):
            taken += await self._take(shard)
        if taken or given_up:
            log.get().info(
                "reader.shards",
                shards=len(self._held),
                workers=len(living),
                taken=taken,
                given_up=len(given_up),
            )
            metrics.leases(len(self._held))

    async def _take(self, shard: str) -> bool:
        self._asked += 1
        token = f"{self._instance}.{self._asked}"
        asked = time.monotonic()
        if not await self._store.lease(shard, self._worker, token, self._ttl_ms):
            return False
        self._held[shard] = _Lease(token, asked + self._ttl_ms / 1_000, asked)
        self._readers.begin(shard, token)
        return True

    async def _renew(self, shard: str, lease: _Lease) -> None:
        asked = time.monotonic()
        if await self._store.lease(shard, self._worker, lease.token, self._ttl_ms):
            self._held[shard] = _Lease(lease.token, asked + self._ttl_ms / 1_000, asked)
        else:
            self._lose(shard)

    def _lapse(self) -> None:
        """Stop reading what we could not renew in time: it may be another's by now."""
        now = time.monotonic()
        for shard in [shard for shard, lease in self._held.items() if lease.until <= now]:
            self._lose(shard)

    def _lose(self, shard: str) -> None:
        if shard not in self._leaving:
            log.get().warning("reader.lost", shard=shard)
            self._leave(shard)

    def _leave(self, shard: str) -> None:
        """Read it no more, then give it back; renewed until then."""
        if shard not in self._leaving:
            task = asyncio.create_task(self._left(shard), name=f"leave:{shard}")
            self._leaving[shard] = task

    async def _left(self, shard: str) -> None:
        try:
            await self._readers.end(shard)
            lease = self._held.pop(shard, None)
            if lease is not None:
                await self._store.release(shard, self._worker, lease.token)
        except HubError:
            pass  # then it ends by itself
        finally:
            del self._leaving[shard]
