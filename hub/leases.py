"""Which shards this worker reads: one reader for each, and every worker its share.

Every worker says now and then that it lives, and sees who else does. From that each works out the
same division by itself: shard i of all, in order, is for worker i mod n of all that live. What is
another's is given back once it is drained; what is ours is taken as soon as it is free. Who is
killed is followed up when its leases end; under its own name it has them again at once.

A shard whose node of a cluster is away keeps no other one waiting: all are asked meanwhile, each
for a part of the term, and who did not answer the last time is asked last.

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
from hub.tasks import cancelled, let_go

_ROUNDS: Final = 20  # looks in the term of a lease: so soon a shard that is free is taken
_RENEWALS: Final = 4  # in a term; a round has two parts, and each may last as long as one of these
_AT_ONCE: Final = 16  # shards that are asked for meanwhile; each takes a connection


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
        self._tokens = 0
        self._held: dict[str, _Lease] = {}
        self._leaving: dict[str, asyncio.Task[None]] = {}
        self._living: Sequence[str] = ()
        self._unanswered: set[str] = set()
        self._silent = False

    async def run(self) -> None:
        """Take, renew and give back, until cancelled; then call `close`.

        Raises:
            Superseded: another process took over under our name.
            HubError: the store refuses us for good.

        """
        while True:
            if await self._round():
                pulse.beat(pulse.LEASES)
                if self._silent:
                    self._silent = False
                    self._readers.again()
            else:
                self._silent = True
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

    async def _round(self) -> bool:
        """Renew, give back and take; return whether all that was asked was answered."""
        term = self._ttl_ms / 1_000
        due = [
            shard
            for shard, lease in self._held.items()
            if time.monotonic() - lease.renewed > term / _RENEWALS
        ]
        answered = await self._asked(self._look_who_lives, self._renew, due)
        ours = set(share(self._shards, self._living, self._worker)) if self._living else set()
        given_up = []
        if self._living:
            given_up = [s for s in self._held if s not in ours and s not in self._leaving]
        for shard in given_up:
            self._leave(shard)
        before = len(self._held)
        answered &= await self._asked(None, self._take, ours - self._held.keys())
        taken = len(self._held) - before
        if taken > 0 or given_up:
            log.get().info(
                "reader.shards",
                shards=len(self._held),
                workers=len(self._living),
                taken=taken,
                given_up=len(given_up),
            )
            metrics.leases(len(self._held))
        return answered

    async def _asked(
        self,
        first: Callable[[], Awaitable[None]] | None,
        each: Callable[[str], Awaitable[None]],
        shards: Iterable[str],
    ) -> bool:
        """Do `first`, and `each` for its shard, meanwhile; return whether all were answered.

        Raises:
            HubError: the store refuses us for good.

        """
        places = asyncio.Semaphore(_AT_ONCE)

        async def one(shard: str) -> None:
            async with places:
                self._unanswered.add(shard)
                await each(shard)
            self._unanswered.discard(shard)

        ordered = sorted(shards, key=lambda shard: (shard in self._unanswered, shard))
        tasks = [asyncio.ensure_future(one(shard)) for shard in ordered]
        if first is not None:
            tasks.insert(0, asyncio.ensure_future(first()))
        if not tasks:
            return True
        try:
            done, late = await asyncio.wait(tasks, timeout=self._ttl_ms / 1_000 / _RENEWALS)
        except asyncio.CancelledError:
            await cancelled(*tasks)
            raise
        let_go(*late)
        errors = [error for task in done if (error := task.exception()) is not None]
        for error in errors:
            if not isinstance(error, Unavailable):
                raise error
        return not (late or errors)

    async def _look_who_lives(self) -> None:
        self._living = await self._store.workers(self._worker, self._ttl_ms)

    async def _take(self, shard: str) -> None:
        self._tokens += 1
        token = f"{self._instance}.{self._tokens}"
        asked = time.monotonic()
        taken = await self._store.lease(shard, self._worker, token, self._ttl_ms)
        if taken and shard not in self._held:  # an answer that came too late: it was asked again
            self._held[shard] = _Lease(token, asked + self._ttl_ms / 1_000, asked)
            self._readers.begin(shard, token)

    async def _renew(self, shard: str) -> None:
        lease = self._held[shard]
        asked = time.monotonic()
        ours = await self._store.lease(shard, self._worker, lease.token, self._ttl_ms)
        if self._held.get(shard) is not lease:
            # It was given back meanwhile. If our question came after that, it is ours again, and
            # nobody would read it.
            await self._store.release(shard, self._worker, lease.token)
        elif ours:
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
