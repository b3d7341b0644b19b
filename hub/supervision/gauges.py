"""One look at a hub every five seconds: readings for the alarms, and gauges for `/metrics`.

With the rights of the hub's user, over the broker only: so it says the same in every worker, and in
a terminal (`seinhuis status`). A look never raises: that the broker is silent is a reading too.
"""

import asyncio
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from hub import metrics, pulse
from hub.bootstrap import HUB_SHARD, Hub, now
from hub.config import Settings
from hub.errors import HubError, Unavailable
from hub.metrics import PROCESS
from hub.stores.looking import ServerLook, ShardLook
from hub.supervision.readings import DiskReading, PartyReading, Readings, ShardReading
from hub.supervision.unread import Unread

INBOXES: Final = 100
"""Inboxes visited at one look: thousands take turns, so that no look holds up the worker."""

_PATIENCE_S: Final = 3.0  # a broker that takes connections and hangs would keep us for 30 s


class Gauges:
    """Looks at one hub. Keep it: some readings are found bit by bit."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._looking = hub.looking
        self._unread = Unread(hub.server, hub.looking)
        self._answered = time.monotonic()
        self._last = Readings(now())
        self.functions = True  #: those of this version were on the broker at the last look

    async def look(self, inboxes: int | None = INBOXES) -> Readings:
        """Return what is so now. `inboxes`: how many are visited; None: all (seconds, if many)."""
        try:
            found = await self._look(inboxes)
            self._answered = time.monotonic()
        except HubError:
            silent = time.monotonic() - self._answered
            # Just fallen silent is silent too: 0.0 would say that it answers.
            found = replace(self._last, at=now(), broker_answers=False, silent_s=max(silent, 1e-6))
        self._last = replace(
            found,
            disks=_disks(self._hub.settings),
            erasure_failed=bool(PROCESS.value(metrics.ERASURE_FAILED)),
        )
        pulse.beat(pulse.LOOK)
        return self._last

    async def _look(self, inboxes: int | None) -> Readings:
        book, settings = self._hub.book, self._hub.settings
        before = time.time()
        server = await self._server()
        skew = (before + time.time()) / 2 - server.now_ms / 1_000
        self.functions = server.functions
        parties = sorted(party.id for party in book.parties.values() if party.has_inbox)
        shards = [
            await self._looking.shard(shard, intakes, parties)
            for shard, intakes in sorted(book.shards().items())
        ]
        own = await self._looking.shard(HUB_SHARD, ())
        unfinished = {
            (each.shard, party): count
            for each in shards
            for party, count in each.unfinished.items()
        }
        at = now()
        await self._unread.visit(unfinished, at, inboxes)
        return Readings(
            at=at,
            shards=tuple(_shard(each, server) for each in shards),
            own=_shard(own, server),
            parties=tuple(self._party(party, unfinished, server) for party in parties),
            inbox_limit=settings.inbox_cap,
            unsealed_limit=settings.unsealed_max,
            seal_delay_limit_s=settings.unsealed_ms / 1_000,
            broker_memory=server.memory,
            broker_memory_limit=server.memory_limit,
            broker_aof=server.aof,
            replicas_short=server.short,
            clock_skew_s=skew,
        )

    async def _server(self) -> ServerLook:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await self._looking.server()
        except TimeoutError as error:
            raise Unavailable("the broker did not answer in time") from error

    def _party(
        self, party: str, unfinished: Mapping[tuple[str, str], int], server: ServerLook
    ) -> PartyReading:
        mine = {shard: n for (shard, each), n in unfinished.items() if each == party}
        looks = [look for (_, each), look in self._unread.seen.items() if each == party]
        oldest = [each.oldest_ms for each in looks if each.oldest_ms is not None]
        return PartyReading(
            party,
            entries=sum(each.entries for each in looks),
            unfinished=sum(mine.values()),
            fullest=max(mine.values(), default=0),
            oldest_unread_s=_age(min(oldest, default=None), server),
            past_deadline=sum(each.past_deadline for each in looks),
        )


def publish(readings: Readings) -> None:
    """Show the readings as gauges of this process."""
    for metric, value in (
        (metrics.UNSEALED_LIMIT, readings.unsealed_limit),
        (metrics.SEAL_DELAY, readings.seal_delay_s),
        (metrics.SEAL_DELAY_LIMIT, readings.seal_delay_limit_s),
        (metrics.INBOX_LIMIT, readings.inbox_limit),
        (metrics.BROKER_UP, int(readings.broker_answers)),
        (metrics.BROKER_MEMORY, readings.broker_memory),
        (metrics.BROKER_MEMORY_LIMIT, readings.broker_memory_limit),
        (metrics.BROKER_AOF, readings.broker_aof),
        (metrics.CLOCK_SKEW, readings.clock_skew_s),
        (metrics.PROCESS_MEMORY, resident()),
        (metrics.LOOKED_AT, readings.at.timestamp()),
    ):
        PROCESS.put(metric, value)
    for metric, name in (
        (metrics.INTAKE, "intake"),
        (metrics.PENDING, "pending"),
        (metrics.INTAKE_OLDEST, "oldest_s"),
        (metrics.HELD, "held"),
        (metrics.HELD_OLDEST, "held_oldest_s"),
        (metrics.DEAD, "dead"),
    ):
        PROCESS.show(metric, {(each.shard,): getattr(each, name) for each in readings.shards})
    readers = {(each.shard,): int(bool(each.reader)) for each in readings.shards}
    PROCESS.show(metrics.READER, readers)
    sealed = readings.shards if readings.own is None else (*readings.shards, readings.own)
    PROCESS.show(metrics.UNSEALED, {(each.shard,): each.unsealed for each in sealed})
    parties = [each for each in readings.parties if each.entries or each.unfinished]
    for metric, name in (
        (metrics.INBOX, "entries"),
        (metrics.UNFINISHED, "unfinished"),
        (metrics.FULLEST, "fullest"),
        (metrics.OLDEST_UNREAD, "oldest_unread_s"),
        (metrics.PAST_DEADLINE, "past_deadline"),
    ):
        PROCESS.show(metric, {(each.party,): getattr(each, name) for each in parties})
    PROCESS.show(metrics.DISK_FREE, {(each.of,): each.free for each in readings.disks})
    PROCESS.show(metrics.DISK_SIZE, {(each.of,): each.size for each in readings.disks})


def _shard(look: ShardLook, server: ServerLook) -> ShardReading:
    return ShardReading(
        shard=look.shard,
        intake=look.intake,
        pending=look.pending,
        oldest_s=_age(look.oldest_ms, server),
        held=look.held,
        held_oldest_s=_age(look.held_oldest_ms, server),
        dead=look.dead,
        unsealed=look.unsealed,
        seal_delay_s=_age(look.unsealed_since_ms, server),
        reader=look.reader,
    )


def _age(since_ms: int | None, server: ServerLook) -> float:
    return 0.0 if since_ms is None else max(0.0, (server.now_ms - since_ms) / 1_000)


def _disks(settings: Settings) -> tuple[DiskReading, ...]:
    """Return those folders that are on this machine: an external broker or database has its own."""
    found = []
    folders = {"data": None if settings.broker else settings.data}
    if settings.ledger.startswith("sqlite:///"):
        folders["ledger"] = Path(settings.ledger.removeprefix("sqlite:///")).absolute().parent
    for of, folder in folders.items():
        if folder is not None and folder.is_dir():
            usage = shutil.disk_usage(folder)
            found.append(DiskReading(of, usage.free, usage.total))
    return tuple(found)


def resident() -> int:
    """Return the resident memory of this process in bytes; 0 where the system does not say."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
