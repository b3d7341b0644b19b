"""The published folder: checkpoints and tiles that another organisation can copy (C2SP tlog-tiles).

`checkpoint`, `checkpoints.jsonl` (every checkpoint), `key.pub`, `tile/<L>/<N>[.p/<W>]`. It is made
from the database alone, each time from where the folder is to where the database is: so to publish
and to repair after a crash are one thing. `checkpoint` comes last.

The folder must never show less than before: it is what a rolled-back database is recognised by.
"""

import base64
import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, select

from hub.errors import LedgerBroken, LedgerRolledBack, NotUsable, Unavailable
from hub.ledger.database import reading
from hub.ledger.store import Head, newest_checkpoint, read_tile
from hub.ledger.tables import checkpoints
from hub.proof.checkpoints import Checkpoint
from hub.proof.errors import Malformed, ProofError
from hub.proof.notes import split_note
from hub.proof.tiles import HASH_BYTES, WIDTH, Tile, changed, tiles_of

_TAIL: Final = 65_536


class Publisher:
    """Writes one published folder. Several processes may: they take turns, and none goes back."""

    def __init__(self, folder: Path, engine: Engine, keys: Callable[[], Sequence[str]]) -> None:
        """Publish in `folder`; `keys` gives the lines of `key.pub`: a vkey each, newest first."""
        self.folder = folder
        self._engine = engine
        self._keys = keys

    def publish(self, *, repair: bool = False) -> None:
        """Bring the folder to where the database is; durable once this returns. Idempotent.

        `repair`, at a start: also write anew what is missing or was half written.

        Raises:
            LedgerRolledBack: the folder is ahead of the database, or shows another history.
            LedgerBroken: the tree or the newest checkpoint in the database cannot be read.
            NotUsable: the folder cannot be written, or belongs to something else.
            Unavailable: the disk or the database did not answer.

        """
        try:
            with self._locked(), reading(self._engine) as connection:
                self._bring(connection, repair)
        except ProofError as error:
            raise LedgerBroken(
                f"what is to be published cannot be read from the ledger: {error}. Somebody changed"
                " the database: keep it as it is, and put its last backup in place"
            ) from error
        except PermissionError as error:
            raise NotUsable(
                f"the published folder {self.folder} cannot be written: give it to the user of the"
                " hub, or name another with SEINHUIS_LOG_FOLDER"
            ) from error
        except OSError as error:
            raise Unavailable(
                f"the published folder {self.folder} cannot be written:"
                f" {(error.strerror or 'no reason given').lower()}"
            ) from error

    def _bring(self, connection: Connection, repair: bool) -> None:  # noqa: FBT001  (private)
        head = newest_checkpoint(connection)
        shown = self._shown()
        self._refuse_to_go_back(connection, head, shown)
        keys = "".join(f"{key}\n" for key in self._keys()).encode()
        if _content(self.folder / "key.pub") != keys:
            _replace(self.folder / "key.pub", keys, durable=True)
        if head is None:
            return
        size = shown.size if shown else 0
        if repair:
            self._mend(connection, head.size)
        for tile in changed(size, head.size):
            self._write_tile(connection, tile)
        self._append(connection, head)
        if size != head.size:
            _replace(self.folder / "checkpoint", head.note.encode(), durable=True)
            _sync(self.folder)

    def _shown(self) -> Checkpoint | None:
        note = _content(self.folder / "checkpoint")
        if note is None:
            return None
        try:
            return Checkpoint.parse(split_note(note.decode())[0])
        except (Malformed, UnicodeDecodeError):
            raise NotUsable(
                f"{self.folder / 'checkpoint'} is no checkpoint: find out who changed it, move the"
                " folder away (keep it as evidence), and a new one is written"
            ) from None

    def _refuse_to_go_back(
        self, connection: Connection, head: Head | None, shown: Checkpoint | None
    ) -> None:
        """Compare what the folder shows, and what it lists, with the database."""
        size = max(shown.size if shown else 0, self._listed())
        if size > (head.size if head else 0):
            raise LedgerRolledBack(
                f"the published folder {self.folder} has a checkpoint of {size} records and the"
                f" ledger {head.size if head else 0}: the database is an older one, or another."
                " Nothing is sealed. Put the newest copy of the database back; if there is none,"
                " keep all files, report it as an incident, and begin a new log (another origin)"
            )
        if shown is None or shown.size == 0:
            return
        query = select(checkpoints.c.root, checkpoints.c.note).where(
            checkpoints.c.size == shown.size
        )
        row = connection.execute(query).first()
        ours = Checkpoint.parse(split_note(row.note)[0]) if row else None
        if ours and ours.origin != shown.origin:
            raise NotUsable(
                f"the published folder {self.folder} belongs to another log: name another with"
                " SEINHUIS_LOG_FOLDER; two logs in one folder cannot be told apart"
            )
        if ours != shown:
            raise LedgerRolledBack(
                f"the published folder {self.folder} has another checkpoint of {shown.size} records"
                " than the ledger: they have different histories. Nothing is sealed. Keep all"
                " files, and compare them with `seinhuis-verify --seen`"
            )

    def _mend(self, connection: Connection, size: int) -> None:
        """Write every tile that is missing or short; and the open ones, which nobody waited for."""
        for tile in tiles_of(size):
            file = self.folder / tile.path()
            if tile.width < WIDTH:
                for old in file.parent.glob("*"):
                    if not old.name.isdecimal() or old.stat().st_size != int(old.name) * HASH_BYTES:
                        old.unlink()
                self._write_tile(connection, tile)
            elif not file.exists() or file.stat().st_size != WIDTH * HASH_BYTES:
                self._write_tile(connection, tile)

    def _write_tile(self, connection: Connection, tile: Tile) -> None:
        """Write a tile; a full one durably, and its partial forms go."""
        file = self.folder / tile.path()
        _make_folder(file.parent)
        hashes = read_tile(connection, tile)[: tile.width * HASH_BYTES]
        _replace(file, hashes, durable=tile.width == WIDTH)
        if tile.width == WIDTH:
            shutil.rmtree(file.with_name(f"{file.name}.p"), ignore_errors=True)

    def _listed(self) -> int:
        """Return the size of the last whole line of `checkpoints.jsonl`; what follows it is cut."""
        path = self.folder / "checkpoints.jsonl"
        with contextlib.suppress(FileNotFoundError), path.open("r+b") as file:
            end, span = file.seek(0, os.SEEK_END), _TAIL
            while True:  # until all of its last line is here: a time stamp makes one long
                start = file.seek(max(0, end - span))
                tail = file.read()
                whole = tail.rfind(b"\n") + 1
                if start == 0 or tail.count(b"\n", 0, whole) > 1:
                    break
                span *= 2
            if whole < len(tail):
                file.truncate(start + whole)
            if whole:
                return self._size_of(tail[:whole].splitlines()[-1])
        return 0

    def _size_of(self, line: bytes) -> int:
        try:
            return int(json.loads(line)["size"])
        except (ValueError, KeyError, TypeError, RecursionError):
            raise NotUsable(
                f"the last line of {self.folder / 'checkpoints.jsonl'} is no checkpoint: find out"
                " who changed it, move the folder away (keep it as evidence), and a new one is"
                " written"
            ) from None

    def _append(self, connection: Connection, head: Head) -> None:
        table = checkpoints.c
        query = (
            select(table.size, table.note, table.timestamp)
            .where(table.size > self._listed(), table.size <= head.size)
            .order_by(table.size)
        )
        path = self.folder / "checkpoints.jsonl"
        with path.open("ab") as file:
            os.fchmod(file.fileno(), 0o644)
            for row in connection.execute(query):
                line = {"size": row.size, "note": row.note}
                if row.timestamp:
                    line["timestamp"] = base64.b64encode(row.timestamp).decode()
                file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self.folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make_folder(self.folder)
        lock = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def _make_folder(folder: Path) -> None:
    """Make a folder that others may read and copy, whatever the umask of this process."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)


def _content(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None


def _replace(file: Path, content: bytes, *, durable: bool) -> None:
    """Put a file in place in one go: who copies the folder sees the old one or the new one."""
    new = file.with_name(f".{file.name}.new")
    with new.open("wb") as handle:
        os.fchmod(handle.fileno(), 0o644)
        handle.write(content)
        handle.flush()
        if durable:
            os.fsync(handle.fileno())
    new.replace(file)


def _sync(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
