"""Take records out of the ledger: in folders and files that look whole only when they are.

An export is made under another name beside its place, and takes its place in one go at the end. It
is readable for its owner only. Nothing is overwritten. Reading goes a page at a time: memory stays
the same however long the log is, and sealing is never held up.
"""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, select

from hub.errors import NotFound, NotUsable
from hub.ledger.database import reading
from hub.ledger.documents import octets
from hub.ledger.filters import Filters, conditions
from hub.ledger.projections.sealed import Sealed
from hub.ledger.publish import Publisher
from hub.ledger.tables import acts, records
from hub.proof.checkpoints import Checkpoint
from hub.proof.notes import split_note

LINES: Final = 100_000
"""Records in one file of a folder."""

SUMS: Final = "SHA256SUMS"
"""The file in a folder with the SHA-256 of every other file, as `sha256sum -c` reads it."""

_PAGE: Final = 2_000

Progress = Callable[[int, int], None]
"""Is told (records looked at, of how many)."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written."""

    records: int
    first: int | None  #: position; None: no record matched
    last: int | None
    size: int  #: records that the log had
    sha256: str  #: of the file; of a folder, of its `SHA256SUMS`


@dataclass(slots=True)
class Count:
    """Which records went by."""

    records: int = 0
    first: int | None = None
    last: int | None = None

    def take(self, position: int) -> None:
        """Count one."""
        self.first = position if self.first is None else self.first
        self.last = position
        self.records += 1


def matching(
    engine: Engine, filters: Filters, size: int, *, persons: bool, progress: Progress
) -> Iterator[Sealed]:
    """Yield every record below position `size` that matches, in the order of the log.

    `persons`: with salt and pseudonyms, as far as these are still there. Each page is a short
    transaction of its own; records never change, so together they are one state of the log.
    """
    after = -1
    while True:
        with reading(engine) as connection:
            where = conditions(connection, filters)
            # All that there is comes from the records alone: the read model could hide some.
            place = acts.c.position if where else records.c.position
            chosen = select(place).where(*where, place > after, place < size)
            page = chosen.order_by(place).limit(_PAGE).subquery()
            columns = (records.c.position, records.c.shard, records.c.seq, records.c.record)
            hidden = (records.c.commitment, records.c.salt, records.c.person)
            query = select(*columns, *hidden).join(page, page.c.position == records.c.position)
            rows = connection.execute(query.order_by(records.c.position)).all()
        for row in rows:
            yield Sealed(
                row.position,
                row.shard,
                row.seq,
                octets(row.record),
                octets(row.commitment),
                _octets(row.salt) if persons else None,
                _octets(row.person) if persons else None,
            )
        if len(rows) < _PAGE:
            progress(size, size)
            return
        after = rows[-1].position
        progress(after + 1, size)


@contextlib.contextmanager
def unfinished(place: Path) -> Iterator[Path]:
    """Give a folder beside `place` (0700) to make the export in; it is gone afterwards.

    Raises:
        NotUsable: `place` is there already, or its folder cannot be written (any more).

    """
    if place.exists() or place.is_symlink():
        raise NotUsable(f"{place} is there already, and an export overwrites nothing: name another")
    try:
        made = Path(tempfile.mkdtemp(prefix=f".{place.name}.", suffix=".part", dir=place.parent))
    except OSError as error:
        raise NotUsable(
            f"nothing can be written in {place.parent} ({(error.strerror or 'error').lower()}):"
            " name a place in a folder that is there and is yours"
        ) from error
    try:
        yield made
    except OSError as error:
        raise NotUsable(
            f"{place} could not be written ({(error.strerror or 'error').lower()}), and nothing of"
            " it is left: make room there, or name another place"
        ) from error
    finally:
        shutil.rmtree(made, ignore_errors=True)


def put(made: Path, place: Path) -> None:
    """Let what was made take its place, durably, in one go.

    Raises:
        NotUsable: something took that place meanwhile; it is left alone.

    """
    try:
        for path in [made, *made.rglob("*")]:
            _sync(path)
        if made.is_dir() or not _linked(made, place):
            made.rename(place)
    except OSError as error:
        raise NotUsable(
            f"{place} could not be put in place ({(error.strerror or 'error').lower()}):"
            " name another"
        ) from error
    _sync(place.parent)


class Folder:
    """An export folder in the making: tree, checkpoints and records, as `seinhuis-verify` reads it.

    The tree and the checkpoints are always whole, so that a part of the records can be checked too.
    """

    def __init__(self, made: Path, engine: Engine, published: Path) -> None:
        """Write the tree as the ledger has it; `published`: for its keys and its witnesses.

        Raises:
            NotFound: nothing is sealed yet.

        """
        self.made = made
        keys = _lines(published / "key.pub")
        Publisher(made, engine, lambda: keys).publish()
        (made / ".lock").unlink(missing_ok=True)
        if not keys:
            (made / "key.pub").unlink(missing_ok=True)
        if (published / "witness").is_dir():
            shutil.copytree(published / "witness", made / "witness")
        checkpoint = made / "checkpoint"
        if not checkpoint.exists():
            raise NotFound("nothing is sealed yet: there is nothing to export")
        self.checkpoint = Checkpoint.parse(split_note(checkpoint.read_text("utf-8"))[0])

    def write(self, found: Iterator[Sealed], count: Count, *, persons: bool) -> None:
        """Write the records, at most `LINES` of them in a file that is named by its first one."""
        file = None
        try:
            for sealed in found:
                if count.records % LINES == 0:
                    if file is not None:
                        file.close()
                    name = f"records-{sealed.position:012d}.jsonl"
                    file = (self.made / name).open("w", encoding="utf-8")
                if file is not None:
                    file.write(line_of(sealed, persons=persons) + "\n")
                count.take(sealed.position)
        finally:
            if file is not None:
                file.close()

    def finish(
        self, count: Count, asked: Mapping[str, str], made_at: str, *, everything: bool
    ) -> str:
        """Say in `export.json` what this is, sum all files, and return the SHA-256 of the sums.

        `everything`: all records were asked for. Then it claims to be whole, also when some are
        not there: the verifier must miss them.
        """
        said = {
            "origin": self.checkpoint.origin,
            "made": made_at,
            "asked": dict(asked),
            "size": self.checkpoint.size,
            "records": count.records,
            "first": count.first,
            "last": count.last,
            "whole": everything or count.records == self.checkpoint.size,
        }
        (self.made / "export.json").write_text(json.dumps(said, indent=2) + "\n", "utf-8")
        files = sorted(path for path in self.made.rglob("*") if path.is_file())
        sums = [f"{sha256(path)}  {path.relative_to(self.made).as_posix()}\n" for path in files]
        (self.made / SUMS).write_text("".join(sums), encoding="utf-8")
        for path in (self.made, *self.made.rglob("*")):
            path.chmod(0o700 if path.is_dir() else 0o600)
        return sha256(self.made / SUMS)


def line_of(sealed: Sealed, *, persons: bool) -> str:
    """Return a record as one line of an export folder; `hub.proof.lines` says the form."""
    said: dict[str, Any] = {
        "position": sealed.position,
        "shard": sealed.shard,
        "seq": sealed.seq,
        "commitment": sealed.commitment.hex(),
        "record": sealed.record.decode("utf-8", "replace"),
    }
    if persons and sealed.salt is not None:
        said["salt"] = sealed.salt.hex()
        said["person"] = (sealed.person or b"").decode("utf-8", "replace")
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _linked(made: Path, place: Path) -> bool:
    """Give the file its name without overwriting; False: this disk knows no second names."""
    try:
        place.hardlink_to(made)
    except FileExistsError:
        raise
    except OSError:
        return place.exists()  # as a USB stick; then a rename, which could overwrite
    return True


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _octets(value: Any) -> bytes | None:
    return None if value is None else octets(value)


def _lines(file: Path) -> Sequence[str]:
    return file.read_text("utf-8").split() if file.is_file() else ()
