"""How the tree is published: C2SP tlog-tiles, rows of at most 256 hashes in small files.

Tile `number` at level 0 has the hashes of leaves `number` × 256 and on; a hash at the level above
stands for one full tile. A full tile never changes, so it can be copied once and kept.
"""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from hub.proof.errors import Malformed, MissingTile

HASH_BYTES: Final = 32
WIDTH: Final = 256
"""Hashes in a full tile."""


class Tile(NamedTuple):
    """Which tile, and how many hashes of it: 1 to 256."""

    level: int
    number: int
    width: int = WIDTH

    def path(self) -> str:
        """Return its path below the published folder: `tile/0/x001/x234/067`, `tile/0/000.p/7`."""
        digits = f"{self.number % 1000:03d}"
        number = self.number // 1000
        while number:
            digits = f"x{number % 1000:03d}/{digits}"
            number //= 1000
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{self.level}/{digits}{partial}"


ReadTile = Callable[[Tile], bytes]
"""Returns the hashes of a tile, 32 bytes each: at least `width` of them, more is no harm.

Raises MissingTile when it is not there. The answer is not trusted: whoever uses it compares what
follows from it with a signed root.
"""


def width_at(size: int, level: int, number: int) -> int:
    """Return how many hashes a tile has in a tree of `size` leaves: 0 (not there) to 256."""
    return max(0, min(WIDTH, (size >> (8 * level)) - number * WIDTH))


def tiles_of(size: int) -> Iterator[Tile]:
    """Yield every tile of a tree of `size` leaves, level by level from the leaves."""
    yield from changed(0, size)


def changed(old_size: int, new_size: int) -> Iterator[Tile]:
    """Yield the tiles that a growing tree changes or gets, with their new width; leaves first."""
    level = 0
    while (new_size >> (8 * level)) > 0:
        old, new = old_size >> (8 * level), new_size >> (8 * level)
        if new > old:
            for number in range(old // WIDTH, (new + WIDTH - 1) // WIDTH):
                yield Tile(level, number, width_at(new_size, level, number))
        level += 1


class Edge:
    """The right edge of a tiled tree: takes leaves, gives the tiles that they change.

    Keeps one unfinished tile a level. Not safe for several threads.
    """

    def __init__(self, size: int = 0, read: ReadTile | None = None) -> None:
        """Carry on at `size` leaves, reading the unfinished tiles; errors are those of `read`."""
        if size and read is None:
            raise ValueError("a tree that has leaves is carried on from its unfinished tiles")
        self.size = size
        self._open: list[bytearray] = []
        self._changed: dict[tuple[int, int], bytearray] = {}
        level = 0
        while read and (size >> (8 * level)) > 0:
            number, width = divmod(size >> (8 * level), WIDTH)
            hashes = read(Tile(level, number, width))[: width * HASH_BYTES] if width else b""
            self._open.append(bytearray(hashes))
            level += 1

    def push(self, leaf_hash: bytes) -> None:
        """Append one leaf by its hash."""
        level, node, at = 0, leaf_hash, self.size
        self.size += 1
        while True:
            if level == len(self._open):
                self._open.append(bytearray())
            tile = self._open[level]
            tile += node
            self._changed[level, at // WIDTH] = tile
            if len(tile) < WIDTH * HASH_BYTES:
                return
            self._open[level] = bytearray()
            node, at, level = root_of_tile(bytes(tile)), at // WIDTH, level + 1

    def take_changed(self) -> dict[tuple[int, int], bytes]:
        """Return the tiles (level, number) that changed since the last call, whole; forget them."""
        taken = {place: bytes(tile) for place, tile in self._changed.items()}
        self._changed.clear()
        return taken


def root_of_tile(hashes: bytes) -> bytes:
    """Return the root over the hashes of a full tile: what stands for it at the level above."""
    sha256 = hashlib.sha256
    while len(hashes) > HASH_BYTES:
        hashes = b"".join(
            [
                sha256(b"\x01" + hashes[at : at + 2 * HASH_BYTES]).digest()
                for at in range(0, len(hashes), 2 * HASH_BYTES)
            ]
        )
    return hashes


class TileFolder:
    """Reads the tiles of a published folder, or of a copy of it. A `ReadTile`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, tile: Tile) -> bytes:
        """Return the hashes: from the tile itself, or from a wider one that took its place."""
        for file in self._candidates(tile):
            try:
                hashes = file.read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                continue
            if len(hashes) % HASH_BYTES or not tile.width <= len(hashes) // HASH_BYTES <= WIDTH:
                raise Malformed(
                    f"{file.relative_to(self.folder)} has {len(hashes)} bytes where a tile of at "
                    f"least {tile.width} hashes of {HASH_BYTES} bytes must be: copy it again"
                )
            return hashes
        raise MissingTile(
            f"{tile.path()} is not there, and no wider tile in its place: copy the folder whole"
        )

    def _candidates(self, tile: Tile) -> Iterator[Path]:
        yield self.folder / tile.path()
        full = self.folder / tile._replace(width=WIDTH).path()
        if tile.width != WIDTH:
            yield full
        partial = full.with_name(f"{full.name}.p")
        widths = [int(file.name) for file in partial.glob("*") if file.name.isdecimal()]
        for width in sorted(width for width in widths if tile.width < width < WIDTH):
            yield partial / str(width)
