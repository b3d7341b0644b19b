"""The file of a keyring: who may read it, how it is replaced, and what it says.

`keyring.json` in a folder that only its owner may enter. It is replaced in one go, under a lock,
and flushed before anybody uses what is new in it; so several processes can share one. Beside it:
`keyring.lock`, and for a moment `keyring.json.new`. Secrets are in memory and here, nowhere else.
"""

import base64
import contextlib
import fcntl
import json
import os
import re
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from hub.errors import NotUsable, Unavailable
from hub.vault.envelope import KEY_BYTES

_FORMAT: Final = "seinhuis-keyring-v1"
_KEY_ID: Final = re.compile(r"([a-z][a-z0-9-]*)\.([1-9][0-9]*)", re.ASCII)
_LOCK_WAIT_S: Final = 10.0  # a write takes milliseconds: longer, and its process hangs

Stamp = tuple[int, int, int, int]


class KeyringUnavailable(Unavailable):
    """The keyring does not answer. Nothing was done; the same call later is safe."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key: `<owner>.<number>`, and 32 bytes that nothing ever prints."""

    owner: str
    number: int
    made_at: datetime
    secret: bytes = field(repr=False)

    @property
    def id(self) -> str:
        """Its name: `gm0363.1`."""
        return f"{self.owner}.{self.number}"


@dataclass(frozen=True, slots=True)
class Ring:
    """What a keyring holds: the keys by id, and the ids of which no record was made yet."""

    keys: dict[str, Key] = field(default_factory=dict)
    unrecorded: tuple[str, ...] = ()
    #: public halves of keys of the log that are no more, newest first: what they signed stays
    retired_log: tuple[bytes, ...] = ()


class KeyringFile:
    """Reads and replaces the keyring of a folder. Safe for several threads and processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "keyring.json"

    def stamp(self) -> Stamp | None:
        """Return what changes when somebody replaces the file; None: there is no file.

        Raises:
            KeyringUnavailable: the folder cannot be looked at.

        """
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._away(error) from None
        return found.st_mtime_ns, found.st_ino, found.st_size, found.st_mode

    def read(self) -> Ring:
        """Return what the file says; an empty ring when there is none.

        Raises:
            NotUsable: others can read it, or it is broken. It is left as it is.
            KeyringUnavailable: it cannot be read now.

        """
        try:
            self._only_ours(self._folder, "700")
            with self._path.open("rb") as file:
                self._only_ours(self._path, "600")
                data = file.read()
        except FileNotFoundError:
            return Ring()
        except OSError as error:
            raise self._away(error) from None
        # Not raised inside an except: the error of the parser would carry the text, with the keys.
        ring = _parsed(data)
        if ring is None:
            raise NotUsable(
                f"the keyring {self._path} is broken, or of a newer version; it was left as it is."
                " Put back its backup: without these keys no copy on the broker can be opened"
            )
        return ring

    @contextlib.contextmanager
    def changing(self) -> Iterator[None]:
        """Have the file alone: read, then replace. Makes the folder when there is none.

        Raises:
            KeyringUnavailable: it cannot be written, or another process keeps the lock.

        """
        try:
            lock = self._locked()
        except OSError as error:
            raise self._away(error) from None
        try:
            yield
        finally:
            os.close(lock)  # and with it the lock

    def replace(self, ring: Ring) -> None:
        """Put `ring` in the place of what is there: on disk when this returns. Inside `changing`.

        Raises:
            KeyringUnavailable: it could not be written; the old one is still there.

        """
        beside = self._path.with_suffix(".json.new")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        try:
            with os.fdopen(os.open(beside, flags, 0o600), "wb") as file:
                os.fchmod(file.fileno(), 0o600)  # what a crash left may have had another mode
                file.write(_written(ring))
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._path)
            _flush(self._folder)
        except OSError as error:
            raise self._away(error) from None

    def _locked(self) -> int:
        if not self._folder.is_dir():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _flush(self._folder.parent)
        lock = os.open(self._folder / "keyring.lock", os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + _LOCK_WAIT_S
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() < deadline:
                    time.sleep(0.005)
                    continue
                os.close(lock)
                raise
            return lock

    def _only_ours(self, path: Path, mode: str) -> None:
        found = path.stat()
        if found.st_uid != os.geteuid():
            raise NotUsable(
                f"{path} holds keys and belongs to another user: run this as that user, or name"
                " another folder with SEINHUIS_KEYS"
            )
        if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise NotUsable(
                f"{path} holds keys and is open to other users of this machine:"
                f" chmod {mode} {path}, and if they may have read it, rotate the keys"
                " (seinhuis keys rotate)"
            )

    def _away(self, error: OSError) -> KeyringUnavailable:
        why = (error.strerror or type(error).__name__).lower()
        return KeyringUnavailable(
            f"the keyring in {self._folder} cannot be used now ({why}): is the folder there,"
            " mounted, and writable for this user?"
        )


def parts_of(key_id: str) -> tuple[str, int] | None:
    """Return owner and number of a key id; None: it is none.

    >>> parts_of("zvh-haaglanden.12"), parts_of("gm0363")
    (('zvh-haaglanden', 12), None)
    """
    found = _KEY_ID.fullmatch(key_id)
    return (found[1], int(found[2])) if found else None


def _parsed(data: bytes) -> Ring | None:
    """Return the ring that the text says; None: it says none."""
    try:
        said: dict[str, Any] = json.loads(data)
        keys = {key_id: _key(key_id, entry) for key_id, entry in said["keys"].items()}
        unrecorded = tuple(map(str, said["unrecorded"]))
        retired = tuple(_bytes(each) for each in said.get("retired_log", ()))
        known = said["format"] == _FORMAT
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    return Ring(keys, unrecorded, retired) if known else None


def _key(key_id: str, entry: dict[str, str]) -> Key:
    parts = parts_of(key_id)
    made_at = datetime.fromisoformat(entry["made_at"])
    if parts is None or made_at.tzinfo is None:
        raise ValueError
    return Key(*parts, made_at, _bytes(entry["secret"]))


def _bytes(text: str) -> bytes:
    """Return 32 bytes from base64. ValueError: these are none."""
    found = base64.b64decode(text, validate=True)
    if len(found) != KEY_BYTES:
        raise ValueError
    return found


def _written(ring: Ring) -> bytes:
    keys = {
        key.id: {
            "made_at": key.made_at.isoformat(),
            "secret": base64.b64encode(key.secret).decode(),
        }
        for key in ring.keys.values()
    }
    said: dict[str, Any] = {"format": _FORMAT, "keys": keys, "unrecorded": ring.unrecorded}
    if ring.retired_log:
        said["retired_log"] = [base64.b64encode(each).decode() for each in ring.retired_log]
    return json.dumps(said, indent=1).encode() + b"\n"


def _flush(folder: Path) -> None:
    """Make durable which files a folder has."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
