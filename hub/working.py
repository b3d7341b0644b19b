"""A hub at work: the worker, and beside it the sealer, refusals, retention, and supervision.

What stops by itself stops the hub, with its reason: a person must look. Only the work that can wait
until tomorrow (retention, refusals) goes on to its next round instead.
"""

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator
from importlib.metadata import version
from typing import Final

from hub import log
from hub.access import users
from hub.bootstrap import HUB_SHARD, Hub, now
from hub.errors import Unavailable
from hub.late_corrections import LateCorrections
from hub.own_records import OwnRecords
from hub.pipeline import Pipeline
from hub.pseudonyms import Pseudonyms
from hub.retention.job import retention
from hub.retention.loop import RetentionLoop
from hub.sealing_process import SealerProcess, Work
from hub.shard_reader import Reading
from hub.stores import keys, packing
from hub.supervision.rounds import supervising
from hub.tasks import cancelled, ended
from hub.worker import Intakes, Worker

_BESIDE_S: Final = 2.0
_GARBAGE: Final = 50_000  # objects between two looks of the collector: some tens of batches


async def work(hub: Hub, stop: asyncio.Event) -> None:
    """Route events until `stop` is set. Start, config and stop are on record.

    Raises:
        HubError: worker or sealer stopped for another reason; exit non-zero.

    """
    async with _sealing(hub) as sealing:  # first: a process takes a while to begin
        own = OwnRecords(hub.store, hub.book, now)
        await _begin(hub, own)
        worker = _worker(hub, hub.pseudonyms())
        # What is loaded by now stays: let the collector not walk through it with every batch. A
        # batch makes thousands of objects and no cycles, so it need not look after every 700.
        gc.collect()
        gc.freeze()
        gc.set_threshold(_GARBAGE, 20, 50)
        async with _retaining(hub, stop), supervising(hub):
            beside = asyncio.create_task(_watch(hub, own, sealing), name="beside")
            working = asyncio.create_task(worker.run(stop), name="worker")
            try:
                await asyncio.wait({working, beside}, return_when=asyncio.FIRST_COMPLETED)
                if not working.done():
                    stop.set()
                    await working
                    await beside  # raises why it ended
                await working
            finally:
                stop.set()
                await cancelled(beside)
                await ended(working)
            await own.keys_created(hub.keyring)
            await own.stopped()
    log.get().info("hub.stopped", reason="asked")


async def _begin(hub: Hub, own: OwnRecords) -> None:
    """Put on record and in the log that this hub begins, and with which config."""
    for problem in await hub.server.setting_problems():
        log.get().warning("broker.unsafe", problem=problem)
    await own.started(version("seinhuis"))
    await own.config_loaded(hub.documents)
    log.get().info(
        "hub.started",
        version=version("seinhuis"),
        config=hub.book.digest[:12],
        shards=len(hub.book.shards()),
        parties=len(hub.book.parties),
    )


def _worker(hub: Hub, pseudonyms: Pseudonyms) -> Worker:
    return Worker(
        Pipeline(hub.store, hub.book, now, pseudonyms, seal=hub.store.sealed_steps),
        hub.store,
        Intakes(hub.book.shards(), keys.intake, keys.HUB_GROUP, packing.event_bytes),
        hub.address,
        Reading(
            consumer=hub.settings.worker,
            batch=hub.settings.batch,
            idle_ms=hub.settings.idle_ms,
        ),
        lease_ms=hub.settings.lease_ms,
        idle_work=LateCorrections(hub.store, hub.book, now, pseudonyms).apply,
        broker_ended=lambda: hub.broker is not None and hub.broker.pid is None,
    )


async def _watch(hub: Hub, own: OwnRecords, sealing: SealerProcess | None) -> None:
    """Put new keys on record, until cancelled.

    Raises:
        HubError: the sealer ended by itself: a person must look, and nothing new is handled.

    """
    while sealing is None or sealing.failed is None:
        with contextlib.suppress(Unavailable):  # next time
            await own.keys_created(hub.keyring)
        await asyncio.sleep(_BESIDE_S)
    raise sealing.failed


@contextlib.asynccontextmanager
async def _sealing(hub: Hub) -> AsyncIterator[SealerProcess | None]:
    """Seal in a process of its own, which also sees what the broker refuses; in the end all is.

    None: a sealer elsewhere does it, and the log says so.
    """
    address = hub.sealer_address() if hub.settings.seal else None
    if address is None:
        log.get().warning("ledger.elsewhere")
        yield None
        return
    inboxes = [party.id for party in hub.book.parties.values() if party.has_inbox]
    accounts = frozenset(user.name for user in users(hub.book.shards(), inboxes))
    shards = (*hub.book.shards(), HUB_SHARD)
    sealing = SealerProcess(Work(hub.settings, address, shards, accounts))
    sealing.start()
    try:
        yield sealing
    finally:
        await asyncio.to_thread(sealing.stop)


@contextlib.asynccontextmanager
async def _retaining(hub: Hub, stop: asyncio.Event) -> AsyncIterator[None]:
    """Erase what is due once a day, and let what was routed leave the disk within the hour."""
    job = retention(hub.settings, hub.store, hub.book, now, hub.address, hub.sealer_address())
    loop = RetentionLoop(job, hub.store, hub.book.shards(), now)
    task = asyncio.create_task(loop.run(stop), name="retention")
    try:
        yield
    finally:
        stop.set()
        await task
        job.close()
