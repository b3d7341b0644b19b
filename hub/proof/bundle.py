"""What is verified: an export folder, or a published folder, or either one packed. Only read.

Nothing in it is trusted: not its key, not its `export.json`, not its names.
"""

import base64
import contextlib
import lzma
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from hub.proof.errors import Malformed, ProofError
from hub.proof.lines import read_json
from hub.proof.tiles import TileFolder

CHECKPOINT: Final = "checkpoint"
CHECKPOINTS: Final = "checkpoints.jsonl"
EXPORT: Final = "export.json"
RECORDS: Final = "records-*.jsonl"
WITNESSES: Final = "witness"
_SHARE: Final = 0.9
"""Of the free disk space, what an archive may take at most."""

_UNREADABLE: Final = (
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError),
    *(RuntimeError, ValueError),  # encrypted, a method or a name that Python does not know
)
"""What the libraries raise at an archive that is damaged, or made to be."""


class NotABundle(ProofError):  # noqa: N818 - named after what is the matter
    """There is nothing here that can be verified. Name the folder of an export or of the log."""


@dataclass(frozen=True, slots=True)
class Published:
    """A signed checkpoint as it was found. Nothing of it is proven."""

    note: str
    source: str  #: which file and line, for people
    timestamp: bytes | None = None  #: RFC 3161


class Bundle:
    """A folder with a log in it."""

    def __init__(self, folder: Path) -> None:
        """Read `folder`. NotABundle: it has no `checkpoint` and no `checkpoints.jsonl`."""
        if not any((folder / name).is_file() for name in (CHECKPOINT, CHECKPOINTS)):
            raise NotABundle(
                f"{folder.name or 'the folder'} has no `{CHECKPOINT}` and no `{CHECKPOINTS}`: "
                "without a signed checkpoint nothing can be proven; name the folder of an export"
            )
        self.folder = folder
        self.tiles = TileFolder(folder)

    @cached_property
    def has_tiles(self) -> bool:
        """Whether the tree is published here; without it the records themselves must do."""
        return (self.folder / "tile").is_dir()

    @cached_property
    def record_files(self) -> tuple[Path, ...]:
        """The files with records, in the order of their positions; empty in a published folder."""
        return tuple(
            sorted(self.folder.glob(RECORDS), key=lambda file: (len(file.name), file.name))
        )

    @cached_property
    def is_whole(self) -> bool:
        """Whether the export claims to have every record; also true when it claims nothing."""
        return bool(self.export.get("whole", True))

    @cached_property
    def export(self) -> dict[str, Any]:
        """What `export.json` says about itself. Malformed: it is not a JSON object."""
        file = self.folder / EXPORT
        if not file.is_file():
            return {}
        try:
            value = read_json(file.read_bytes().decode())
        except ValueError as error:
            raise Malformed(f"{EXPORT} is not JSON: {error}") from error
        if not isinstance(value, dict):
            raise Malformed(f"{EXPORT} is not a JSON object")
        return value

    def lines(self) -> Iterator[tuple[str, bytes]]:
        """Yield every line of the record files with where it stands, one at a time."""
        for file in self.record_files:
            with file.open("rb") as lines:
                for number, line in enumerate(lines, 1):
                    yield f"{file.name}:{number}", line

    def checkpoints(self) -> Iterator[Published | Malformed]:
        """Yield every checkpoint: the list first, `checkpoint` last. A broken line as an error."""
        listed = self.folder / CHECKPOINTS
        if listed.is_file():
            with listed.open("rb") as lines:
                for number, line in enumerate(lines, 1):
                    yield _published(line, f"{CHECKPOINTS}:{number}")
        latest = self.folder / CHECKPOINT
        if latest.is_file():
            yield _note(latest, CHECKPOINT)

    def cosigned(self) -> Iterator[Published | Malformed]:
        """Yield the checkpoints that witnesses gave back."""
        for file in sorted((self.folder / WITNESSES).glob("*")):
            if file.is_file():
                yield _note(file, f"{WITNESSES}/{file.name}")


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Bundle]:
    """Give the bundle at `path`; a .zip or .tar.gz is unpacked for as long as it is used.

    NotABundle: nothing there, or not a folder or an archive that we know.
    """
    if path.is_dir():
        yield Bundle(path)
        return
    if not path.is_file():
        raise NotABundle(f"{path.name} is not there: check the name")
    with tempfile.TemporaryDirectory(prefix="seinhuis-verify-") as folder:
        _unpack(path, Path(folder))
        inside = list(Path(folder).iterdir())
        yield Bundle(inside[0] if len(inside) == 1 and inside[0].is_dir() else Path(folder))


def is_archive(path: Path) -> bool:
    """Say whether the file is a zip or a tar, whatever it is called."""
    return path.is_file() and (zipfile.is_zipfile(path) or tarfile.is_tarfile(path))


def _unpack(path: Path, folder: Path) -> None:
    """Unpack without following what the archive says about places, owners or links."""
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                _need_room(path, folder, sum(each.file_size for each in archive.infolist()))
                archive.extractall(folder)  # noqa: S202 - zipfile takes `..` and `/` out of names
            return
        with tarfile.open(path) as tar:
            _need_room(path, folder, sum(each.size for each in tar))
            tar.extractall(folder, filter="data")
    except _UNREADABLE as error:
        raise NotABundle(
            f"{path.name} cannot be unpacked as .zip or .tar.gz ({type(error).__name__}): unpack "
            "it yourself and name the folder"
        ) from error


def _need_room(path: Path, folder: Path, size: int) -> None:
    """Refuse what would fill the disk; neither zip nor tar gives more than it announces."""
    if size > shutil.disk_usage(folder).free * _SHARE:
        raise NotABundle(
            f"{path.name} holds {size / 1e9:,.1f} GB, for which {folder.parent} has no room: set"
            " TMPDIR to a folder on a larger disk, or unpack it yourself and name the folder"
        )


def _published(line: bytes, source: str) -> Published | Malformed:
    try:
        value = read_json(line.decode())
        note, size = value["note"], value["size"]
        timestamp = value.get("timestamp")
        token = None if timestamp is None else base64.b64decode(timestamp, validate=True)
    except (ValueError, KeyError, TypeError, AttributeError):
        return Malformed(f"{source} is not a JSON object with size, note and perhaps timestamp")
    if not isinstance(note, str) or f"\n{size}\n" not in note:
        return Malformed(f"{source} says another size than its own note")
    return Published(note, source, token)


def _note(file: Path, source: str) -> Published | Malformed:
    try:
        return Published(file.read_bytes().decode(), source)
    except UnicodeDecodeError:
        return Malformed(f"{source} is not a text in UTF-8")
