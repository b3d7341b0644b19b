"""A drop folder: a partner's system puts export files in it, we publish what is in them.

    folder/            files that wait; whatever is being written is left alone
    folder/done/       every row was accepted by the broker
    folder/refused/    some rows were not: `<name>.problems.json` beside a file says which and why

One watcher has a folder at a time. Names of files may hold personal data: none is logged or raised.
"""

import asyncio
import contextlib
import fcntl
import os
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hub import log
from hub.adapters.mapping import Mapping
from hub.adapters.taking import (
    DONE,
    PROBLEMS,
    REFUSED,
    Publish,
    Signature,
    Taken,
    move,
    publish_rows,
    remove_leftovers,
    signature,
)
from hub.errors import HubError, Unavailable

_UNFINISHED: Final = (".part", ".tmp", ".filepart", ".partial", ".crdownload", ".lock", "~")
_NOT_AN_EXPORT: Final = (".", "~$")  # ours, an editor's, a spreadsheet's
_LOCK: Final = ".seinhuis.lock"
_LONGEST_WAIT_S: Final = 60.0


@dataclass(slots=True)
class Totals:
    """What became of the files of a folder."""

    files: int = 0
    events: int = 0
    skipped: int = 0
    refused: int = 0  #: rows
    stuck: int = 0  #: files that could not be read or moved, and stay where they are

    def add(self, taken: Taken) -> None:
        """Count one more file."""
        self.files += 1
        self.events += taken.events
        self.skipped += taken.skipped
        self.refused += taken.refused


class DropFolder:
    """Takes the files of one folder. `settle_s`: so long a file must stay the same first."""

    def __init__(
        self,
        folder: Path,
        publish: Publish,
        *,
        mapping: Mapping | None,
        prefix: str,
        settle_s: float = 2.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`prefix`: of the message types, from the role config."""
        self.folder = folder
        self._publish = publish
        self._mapping = mapping
        self._prefix = prefix
        self._settle_s = settle_s
        self._clock = clock
        self._seen: dict[Path, tuple[Signature, float]] = {}
        self._stuck: dict[Path, Signature] = {}

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder, and make `done/` and `refused/` in it.

        Raises:
            HubError: another watcher has it, or it cannot be used.

        """
        try:
            for name in (DONE, REFUSED):
                (self.folder / name).mkdir(mode=0o700, exist_ok=True)
            handle = os.open(self.folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise HubError(
                f"the drop folder cannot be used: {error.strerror}; make it, and let this user"
                " read, write and rename in it"
            ) from None
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise HubError("another watch has this drop folder: stop that one first") from None
            remove_leftovers(self.folder)
            yield
        finally:
            os.close(handle)

    async def run(self, interval_s: float, *, once: bool) -> Totals:
        """Take files as they come, looking every `interval_s`; for ever, unless `once`.

        With `once` it waits for what is there to settle, takes it and returns what became of it.

        Raises:
            NotAllowed: the broker does not let this party publish.
            Unavailable: only with `once`; otherwise it waits and begins the file again.

        """
        totals, attempt = Totals(), 0
        while True:
            try:
                ready, waiting = self.look()
                for path in ready:
                    await self.take(path, totals)
            except Unavailable:
                if once:
                    raise
                attempt += 1
                wait = min(_LONGEST_WAIT_S, interval_s * 2**attempt)
                log.get().warning("broker.waiting", attempt=attempt, wait_s=wait)
                await asyncio.sleep(wait)
                continue
            attempt = 0
            if once and not waiting:
                totals.stuck = len(self._stuck)
                return totals
            await asyncio.sleep(min(interval_s, self._settle_s) if waiting else interval_s)

    def look(self) -> tuple[list[Path], bool]:
        """Return the files that are ready, oldest first; and whether others may soon be.

        Ready: a plain file, not named as unfinished, without a lock file beside it, and of the same
        size and time at two looks at least `settle_s` apart. Its time alone proves nothing: some
        programs set that before they have written all.

        Raises:
            HubError: the folder is gone.

        """
        now, found = self._clock(), self._files()
        self._seen = {
            path: self._seen[path]
            if path in self._seen and self._seen[path][0] == each
            else (each, now)
            for path, each in found.items()
        }
        self._stuck = {path: each for path, each in self._stuck.items() if found.get(path) == each}
        settled = {path for path, (_, since) in self._seen.items() if now - since >= self._settle_s}
        ready = sorted(settled - set(self._stuck), key=lambda path: (found[path][1], path.name))
        return ready, len(settled) < len(found)

    async def take(self, path: Path, totals: Totals) -> None:
        """Publish and move one file. Safe to repeat, wherever the time before was cut off.

        A file that changed meanwhile waits until it is whole. One that cannot be read or moved
        stays where it is until it changes, and the others go on.
        """
        before: Signature | None = None
        try:
            before = signature(path)
            taken = await publish_rows(path, self._mapping, self._prefix, self._publish)
            if signature(path) != before:
                return
            move(path, taken)
        except OSError:
            if before is None:
                return  # taken away since we looked
            self._stuck[path] = before
            log.get().error("file.refused", folder=self.folder.name, problems=1)
            return
        totals.add(taken)
        if taken.refused:
            problems = len(taken.problems) + taken.unnamed
            log.get().warning("file.refused", folder=self.folder.name, problems=problems)
        else:
            log.get().info("file.taken", folder=self.folder.name, events=taken.events)

    def _files(self) -> dict[Path, Signature]:
        found: dict[Path, Signature] = {}
        try:
            names = {entry.name for entry in os.scandir(self.folder)}
        except OSError as error:
            raise HubError(f"the drop folder cannot be read: {error.strerror}") from None
        for name in names:
            path = self.folder / name
            lowered = name.lower()
            if (
                name.startswith(_NOT_AN_EXPORT)
                or lowered.endswith((*_UNFINISHED, PROBLEMS))
                or not names.isdisjoint({f"{name}.lock", f".~lock.{name}#", f"~${name}"})
            ):
                continue
            with contextlib.suppress(FileNotFoundError):  # gone since we looked
                if stat.S_ISREG(path.lstat().st_mode):
                    found[path] = signature(path)
        return found
