"""One export file: publish every row that is right, say what is wrong with the others, move it.

The file moves last. Killed before that, the next run begins it again with the same events, and the
hub delivers the same (source, id) once: nothing is lost, and there is no journal to trust.
"""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hub.adapters.exports import Item, Unreadable, items
from hub.adapters.mapping import FileForm, Mapping
from hub.adapters.rows import to_event
from schemas.identifiers import message_ref
from schemas.problems import InvalidEvent, Problem

Publish = Callable[[bytes], Awaitable[object]]
"""Puts one event on the intake; on return it is on disk. Raises Unavailable, or NotAllowed."""

DONE: Final = "done"
REFUSED: Final = "refused"
PROBLEMS: Final = ".problems.json"
_HALF_WRITTEN: Final = ".problems-"
MAX_PROBLEMS: Final = 1_000
"""As many as a file of problems holds; the rest is counted."""

Signature = tuple[int, int, int]
"""Of a file: another one means that somebody wrote to it, or put another in its place."""


@dataclass(slots=True)
class Taken:
    """What became of one file, in counts and problems."""

    rows: int = 0
    events: int = 0  #: published
    skipped: int = 0  #: the mapping says that they are not for the hub
    refused: int = 0  #: rows
    problems: list[dict[str, str | int]] = field(default_factory=list)
    unnamed: int = 0  #: problems beyond `MAX_PROBLEMS`

    def refuse(self, line: int, *problems: Problem) -> None:
        """Note why a row was refused; never what stood in it."""
        self.refused += 1
        room = MAX_PROBLEMS - len(self.problems)
        self.unnamed += max(0, len(problems) - room)
        self.problems += [
            {"regelnummer": line, "plaats": p.place, "regel": p.rule, "uitweg": p.way_out}
            for p in problems[:room]
        ]


async def publish_rows(path: Path, mapping: Mapping | None, prefix: str, publish: Publish) -> Taken:
    """Publish what is in a file, in order, and return what became of it. Does not move it.

    Keeps about 200 bytes for each row, to notice two different rows with one id.

    Raises:
        Unavailable, NotAllowed: as `publish`; begin the file again.
        OSError: the file cannot be read.

    """
    taken = Taken()
    seen: dict[str, bytes] = {}
    form = mapping.file if mapping is not None else FileForm()
    columns = mapping.columns() if mapping is not None else None
    with contextlib.closing(items(path, form, columns)) as rows:
        try:
            for item in rows:
                taken.rows += 1
                event = _event(item, mapping, prefix, seen, taken)
                if event is not None:
                    await publish(event)
                    taken.events += 1
        except Unreadable as stop:
            taken.refuse(stop.line, stop.problem)
    return taken


def _event(
    item: Item, mapping: Mapping | None, prefix: str, seen: dict[str, bytes], taken: Taken
) -> bytes | None:
    if isinstance(item.content, Problem):
        taken.refuse(item.line, item.content)
        return None
    try:
        raw = to_event(item.content, mapping, prefix)
    except InvalidEvent as invalid:
        taken.refuse(item.line, *invalid.problems)
        return None
    if raw is None:
        taken.skipped += 1
        return None
    event = json.loads(raw)
    name, digest = message_ref(event["source"], event["id"]), hashlib.sha256(raw).digest()
    if seen.setdefault(name, digest) != digest:
        taken.refuse(
            item.line,
            Problem(
                "id",
                "is that of an earlier row in this file, which says something else",
                "name more columns under id: the hub would take this row for a duplicate",
            ),
        )
        return None
    return raw


def move(path: Path, taken: Taken) -> None:
    """Move a file to `done/`, or with its problems beside it to `refused/`. Overwrites no export.

    A file of problems that stands alone (its export was taken away to be mended) is replaced.
    """
    folder = path.parent / (REFUSED if taken.refused else DONE)
    target = folder / path.name
    number = 2
    while os.path.lexists(target):
        target = folder / f"{path.stem}-{number}{path.suffix}"
        number += 1
    if taken.refused:
        _write(target.with_name(target.name + PROBLEMS), _report(taken))
    path.rename(target)


def remove_leftovers(folder: Path) -> None:
    """Remove what a killed run had half written; only while nobody else has the folder."""
    for path in (folder / REFUSED).glob(f"{_HALF_WRITTEN}*"):
        path.unlink(missing_ok=True)


def signature(path: Path) -> Signature:
    """Return the signature of a file."""
    found = path.lstat()
    return found.st_size, found.st_mtime_ns, found.st_ino


def _report(taken: Taken) -> str:
    report = {
        "rijen": taken.rows,
        "gepubliceerd": taken.events,
        "overgeslagen": taken.skipped,
        "geweigerd": taken.refused,
        "problemen": taken.problems,
        "nietGenoemd": taken.unnamed,
    }
    return json.dumps(report, ensure_ascii=False, indent=1) + "\n"


def _write(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=_HALF_WRITTEN)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(handle)
    Path(name).replace(path)
