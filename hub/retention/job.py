"""The job of retention: read this first. What must go at its term goes, and never silently.

In this order: the copies and notices of every inbox, what waits for a person, whom old records are
about, and then the files in which all of that may still stand. What is due is in `due.py`, what a
legal hold keeps in `keeping.py`, how content goes in `content.py`.

A step that fails is an alarm, and does not stop the others; the next run does it again. Everything
is idempotent and may die anywhere, and several processes may do it at once.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final, Protocol

from sqlalchemy import Engine

from handlers.calendar_day import dutch_day
from handlers.rulebook import Rulebook
from hub import log
from hub.config import Settings
from hub.data_folder import BrokerAddress
from hub.errors import HubError, Unavailable
from hub.ledger import erasing
from hub.ledger.process import ledger
from hub.ports import Store
from hub.retention import ledger_files, places
from hub.retention.broker_files import BrokerFiles
from hub.retention.content import Eraser
from hub.retention.due import Due, What, arrival
from hub.retention.finding import QUEUES, Finder
from hub.retention.keeping import Keeping
from hub.retention.pending import Pending
from hub.retention.plan import Failure, Plan, Report, Stuck

_STUCK: Final = timedelta(hours=1)
"""An entry that waits on its intake for longer than this is told."""

Progress = Callable[[str, int, int], object]
"""Called with what is looked at, how many of it, and of how many (0: nobody knows)."""


class Files(Protocol):
    """The files and the intakes of the broker: `BrokerFiles`, whose contract it is."""

    async def waiting(self, shards: dict[str, tuple[str, ...]]) -> dict[tuple[str, str], str]:
        """Return the oldest entry of every intake that has one."""

    async def rewrite(self) -> bool:
        """Have the append-only file rewritten."""


class Retention:
    """Erases what is due. One at a time in a process."""

    def __init__(
        self,
        store: Store,
        engine: Engine,
        book: Rulebook,
        clock: Callable[[], datetime],
        files: Files,
        pending: Pending,
    ) -> None:
        """`store`: the one that seals and opens; `engine`: the ledger, migrated."""
        self._store = store
        self._engine = engine
        self._book = book
        self._clock = clock
        self._files = files
        self._pending = pending
        self._keeping = Keeping(engine, book)

    async def plan(self, at: datetime | None = None, progress: Progress = lambda *_: None) -> Plan:
        """Return what a run at `at` would do; changes nothing.

        Raises:
            Unavailable: the broker or the ledger did not answer.

        """
        plan = Plan(at or self._clock())
        async for due in self.due(plan.at, progress):
            plan.add([due])
        plan.persons = await asyncio.to_thread(erasing.count, self._engine, self._before(plan.at))
        plan.stuck = await self._stuck(plan.at)
        return plan

    async def due(self, at: datetime, progress: Progress = lambda *_: None) -> AsyncIterator[Due]:
        """Yield everything that is due at `at`, also what is kept or only near; changes nothing.

        Never more than a page in memory.
        """
        finder = self._finder(at)
        where = await asyncio.to_thread(places.find, self._engine, self._book)
        for number, shard in enumerate(where.shards):
            progress("inboxes", number, len(where.shards))
            for party in where.parties:
                async for page in finder.copies(shard, party):
                    for due in page:
                        yield due
            for queue in QUEUES:
                async for page in finder.parked(shard, queue):
                    for due in page:
                        yield due

    async def run(
        self,
        at: datetime | None = None,
        progress: Progress = lambda *_: None,
        *,
        whole: bool = False,
    ) -> Report:
        """Erase what is due; return what was done, and which steps failed. Does not raise for one.

        `whole`: write the ledger anew also when it is large and was done this week.
        """
        began = time.monotonic()
        report = Report(at or self._clock())
        await self._step(report, "inboxes and queues", self._content(report, progress))
        await self._step(report, "the log", self._persons(report, progress))
        await self._step(report, "intakes", self._told(report))
        await self._step(report, "files of the broker", self._rewritten(report, progress))
        await self._step(report, "files of the ledger", self._compacted(report, progress, whole))
        for left in report.left:
            log.get().warning("retention.left", reason=left)
        log.get().info(
            "retention.done",
            erased=report.due.total(),
            kept=report.kept.total(),
            persons=report.persons.due,
            took_s=round(time.monotonic() - began, 1),
        )
        return report

    async def rewrite(self) -> bool:
        """Have what left the intakes leave the broker's disk; False: this process may not."""
        return await self._files.rewrite()

    def close(self) -> None:
        """Let the ledger go; idempotent."""
        self._engine.dispose()

    async def _content(self, report: Report, progress: Progress) -> None:
        where = await asyncio.to_thread(places.find, self._engine, self._book)
        eraser = Eraser(self._store, self._book, report.at)
        finder = self._finder(report.at)
        for number, shard in enumerate(where.shards):
            progress("inboxes", number, len(where.shards))
            for party in where.parties:
                done = self._erased(report, finder.copies(shard, party), eraser.copies)
                if not await self._step(report, f"the inbox of {party} in {shard}", done):
                    break  # the shard does not answer: the others may
            else:
                for queue in QUEUES:
                    done = self._erased(report, finder.parked(shard, queue), eraser.parked)
                    await self._step(report, f"{queue.value} entries of {shard}", done)
        _warn(report)

    async def _erased(
        self,
        report: Report,
        pages: AsyncIterator[list[Due]],
        erase: Callable[[list[Due]], Awaitable[list[Due]]],
    ) -> None:
        async for page in pages:
            report.add(due for due in page if due.kept or due.what is What.SOON)
            chosen = [due for due in page if not due.kept and due.what is not What.SOON]
            report.add(await erase(chosen))

    async def _persons(self, report: Report, progress: Progress) -> None:
        before = self._before(report.at)
        found = await asyncio.to_thread(erasing.count, self._engine, before)
        if found.due:
            self._pending.begin()
        batches = erasing.erase(self._engine, before, report.at)
        while (done := await asyncio.to_thread(next, batches, None)) is not None:
            report.persons = done
            progress("records", done.due, found.due)

    async def _told(self, report: Report) -> None:
        report.stuck = await self._stuck(report.at)
        for one in report.stuck:
            log.get().warning(
                "retention.intake", shard=one.shard, party=one.intake, since=one.since.isoformat()
            )

    async def _rewritten(self, report: Report, progress: Progress) -> None:
        progress("files of the broker", 0, 0)
        if not await self._files.rewrite():
            report.left.append(
                "the append-only file of the broker was not rewritten: this process has no account"
                " that may (SEINHUIS_SEALER_PASSWORD_FILE), or the broker keeps none"
            )

    async def _compacted(self, report: Report, progress: Progress, whole: bool) -> None:  # noqa: FBT001 - of `run`
        progress("files of the ledger", 0, 0)
        size = await asyncio.to_thread(ledger_files.size, self._engine)
        anew = self._pending.is_pending and (
            whole or size <= ledger_files.LARGE or self._pending.is_whole_due(report.at)
        )
        report.left += await asyncio.to_thread(ledger_files.compact, self._engine, whole=anew)
        if anew:
            self._pending.done(report.at)

    async def _step(self, report: Report, name: str, work: Awaitable[None]) -> bool:
        """Do a step. False: it failed because something did not answer."""
        try:
            await work
        except Exception as error:  # noqa: BLE001 - whatever it is, the other steps go on
            reason = str(error) if isinstance(error, HubError) else type(error).__name__
            passing = isinstance(error, Unavailable)
            known = any(each.reason == reason for each in report.failures)
            report.failures.append(Failure(name, type(error).__name__, reason, passing))
            if not known:  # a broker that is away fails every step: one line says so
                log.get().error(
                    "retention.failed", step=name, error=type(error).__name__, reason=reason
                )
            return not passing
        return True

    async def _stuck(self, at: datetime) -> list[Stuck]:
        found = await self._files.waiting(self._book.shards())
        since = {place: arrival(entry) for place, entry in sorted(found.items())}
        return [Stuck(*place, when) for place, when in since.items() if at - when > _STUCK]

    def _finder(self, at: datetime) -> Finder:
        return Finder(self._store, self._book, self._keeping, dutch_day(at))

    def _before(self, at: datetime) -> datetime:
        return at - timedelta(days=self._book.config.settings.log_person_days)


def retention(
    settings: Settings,
    store: Store,
    book: Rulebook,
    clock: Callable[[], datetime],
    hub: BrokerAddress,
    sealer: BrokerAddress | None,
) -> Retention:
    """Return the job of these settings; close it when done.

    `hub`, `sealer`: how these two log in at the broker; None: this process is not given the latter.

    Raises:
        NotUsable: the ledger cannot be used.
        Unavailable: its database does not answer.

    """
    pending = Pending(settings.data / "retention.json")
    return Retention(store, ledger(settings), book, clock, BrokerFiles(hub, sealer), pending)


def _warn(report: Report) -> None:
    """Say once for each inbox or queue that a term ends soon and nobody finished what is there."""
    soon: Counter[tuple[str, str]] = Counter()
    for (_, shard, party), count in report.soon.items():
        soon[shard, party] += count
    for (shard, party), count in sorted(soon.items()):
        log.get().warning("retention.soon", shard=shard, party=party, copies=count)
