"""Records against the published tree against the signed checkpoints: which of the three is wrong?

A leaf that differs from the tree is only a suspect. The next checkpoint decides: does the tree made
of the records have its root, the tile was changed; does the published tree have it, the record was.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

from hub.proof.bundle import Bundle
from hub.proof.errors import ProofError
from hub.proof.report import Fault, Report
from hub.proof.tiles import HASH_BYTES, WIDTH, Edge, Tile, width_at
from hub.proof.tree import Frontier, frontier_of, root_of

Place = tuple[int, str, int]
"""Position, shard and seq of a record."""

AWAY: Final = "position {0} (shard {1}, seq {2})"


class Suspect(NamedTuple):
    """A record whose leaf is not the one in the published tree."""

    place: Place
    sealed_at: int | None  #: where the tree has this very leaf, if near


class Comparison:
    """Takes the leaves of a log in order, a tile at a time, and reports what does not fit."""

    def __init__(
        self,
        bundle: Bundle,
        claims: Mapping[int, Collection[bytes]],
        also: Collection[int],
        report: Report,
    ) -> None:
        """Compare with `claims`: the roots that checkpoints claim at a size, not empty.

        `also`: other sizes of which the root is wanted.
        """
        self.size = max(claims)
        self.roots: dict[int, bytes] = {}  #: the root that the log has at each size that was asked
        self._bundle = bundle
        self._claims = claims
        self._report = report
        self._stops = sorted({*claims, *(size for size in also if size <= self.size)}, reverse=True)
        self._frontier = Frontier()
        self._edge = Edge()
        self._upper: dict[tuple[int, int], bytes] = {}
        self._suspects: list[Suspect] = []
        self._present = 0  #: how many positions from the last good checkpoint on have a record
        self._good = 0  #: the size of the last checkpoint that was right
        self.is_blind = False  #: a leaf is neither here nor in the tree: no root after it
        self._is_tree_ours = True
        while self._stops and self._stops[-1] == 0:
            self._stop()

    def take(
        self, number: int, row: Sequence[bytes | None], places: Sequence[Place | None]
    ) -> None:
        """Take the leaves of tile `number`; None where there is no record: the tree stands in."""
        width = width_at(self.size, 0, number)
        tile = self._tile(Tile(0, number, width))
        if tile is not None:
            self._report.count("tiles of the tree")
            self._suspect(number, row, places, tile)
        for at, leaf in enumerate(row):
            node = leaf
            if leaf is not None:
                self._present += 1
            elif tile is not None:
                node = tile[at * HASH_BYTES : (at + 1) * HASH_BYTES]
            if node is None or self.is_blind:
                self.is_blind = True
                return
            self._frontier.push(node)
            self._edge.push(node)
            while self._stops and self._stops[-1] == self._frontier.size:
                self._stop()
        changed = self._edge.take_changed()
        self._upper |= {place: hashes for place, hashes in changed.items() if place[0]}

    def close(self) -> None:
        """Decide what is still open, and compare the upper tiles, once all leaves were taken."""
        self._accuse(Fault.CHANGED, everywhere=True)
        if not self._bundle.has_tiles or self.is_blind or not self._is_tree_ours:
            return
        for (level, number), hashes in sorted(self._upper.items()):
            tile = Tile(level, number, len(hashes) // HASH_BYTES)
            published = self._tile(tile)
            self._report.count("tiles of the tree")
            if published is not None and published != hashes:
                self._report.fault(Fault.TILE, f"{tile.path()} does not fit the tiles below it")

    def _stop(self) -> None:
        size = self._stops.pop()
        root = self._frontier.root()
        claimed = self._claims.get(size, ())
        if claimed and root in claimed:
            self._accuse(Fault.TILE)
            self._good, self._present = size, 0
        elif claimed and (published := self._published_root(size)) in claimed:
            if any(suspect.place[0] < size for suspect in self._suspects):
                self._accuse(Fault.CHANGED)
            else:
                self._tell_rewritten(size)
            self._frontier = frontier_of(self._bundle.tiles, size)
            self._good, self._present, self._is_tree_ours = size, 0, False
            root = published or root
        self.roots[size] = root

    def _published_root(self, size: int) -> bytes | None:
        """Return the root of the published tree, or None when there is none that can be read."""
        try:
            return root_of(self._bundle.tiles, size) if self._bundle.has_tiles else None
        except ProofError:
            return None

    def _tell_rewritten(self, size: int) -> None:
        """The lowest tiles were made to fit; those above them still say what was sealed."""
        where = f"Between position {self._good} and {size - 1}"
        for (level, number), hashes in sorted(self._upper.items()):
            published = self._tile(Tile(level, number, len(hashes) // HASH_BYTES))
            for at in range(0, len(hashes), HASH_BYTES):
                tile = number * WIDTH + at // HASH_BYTES
                if level != 1 or published is None or tile < self._good // WIDTH:
                    continue
                if published[at : at + HASH_BYTES] != hashes[at : at + HASH_BYTES]:
                    where = f"Between position {tile * WIDTH} and {tile * WIDTH + WIDTH - 1}"
        if self._present:
            self._report.fault(
                Fault.CHANGED,
                f"{where} a record was changed, and the lowest tile of the tree with it; the "
                f"tiles above it and the checkpoint of {size} records say what was sealed",
                checkpoint=size,
            )
        else:
            self._report.fault(
                Fault.TILE,
                f"{where} the lowest tile of the published tree contradicts the tiles above it and "
                f"the checkpoint of {size} records",
                checkpoint=size,
            )

    def _tile(self, tile: Tile) -> bytes | None:
        """Return the `width` hashes of a tile; None: not there, which is reported, or no tree."""
        if not self._bundle.has_tiles:
            return None
        try:
            return self._bundle.tiles(tile)[: tile.width * HASH_BYTES]
        except ProofError as error:
            self._report.fault(Fault.TILE, str(error))
            return None

    def _suspect(
        self,
        number: int,
        row: Sequence[bytes | None],
        places: Sequence[Place | None],
        tile: bytes,
    ) -> None:
        if None not in row and b"".join(filter(None, row)) == tile[: len(row) * HASH_BYTES]:
            return
        for at, (leaf, place) in enumerate(zip(row, places, strict=True)):
            if leaf is None or place is None:
                continue
            if leaf != tile[at * HASH_BYTES : (at + 1) * HASH_BYTES]:
                self._suspects.append(Suspect(place, self._find(leaf, number, tile)))

    def _find(self, leaf: bytes, number: int, tile: bytes) -> int | None:
        """Return the position at which the tree has this leaf: in this tile or one beside it."""
        tiles = {number: tile}
        for beside in (number - 1, number + 1):
            width = width_at(self.size, 0, beside) if beside >= 0 else 0
            if width:
                tiles[beside] = self._tile(Tile(0, beside, width)) or b""
        for where, hashes in tiles.items():
            at = hashes.find(leaf)
            if at >= 0 and at % HASH_BYTES == 0:
                return where * WIDTH + at // HASH_BYTES
        return None

    def _accuse(self, code: Fault, *, everywhere: bool = False) -> None:
        """Report the suspects up to here, runs of them as one."""
        here = self.size if everywhere else self._frontier.size
        suspects = [suspect for suspect in self._suspects if suspect.place[0] < here]
        self._suspects = [suspect for suspect in self._suspects if suspect.place[0] >= here]
        if suspects:
            self._is_tree_ours = False
        run: list[Suspect] = []
        for suspect in suspects:
            if run and not _goes_on(run[-1], suspect):
                self._tell(code, run)
                run = []
            run.append(suspect)
        if run:
            self._tell(code, run)

    def _tell(self, code: Fault, run: Sequence[Suspect]) -> None:
        (position, shard, seq), sealed_at = run[0]
        what = f"Record at {AWAY.format(position, shard, seq)}"
        if len(run) > 1:
            what = f"{len(run)} records from {AWAY.format(position, shard, seq)} on"
        if code is Fault.TILE:
            what += (
                ": the published tree has another leaf, and the checkpoint agrees with the record"
            )
        elif sealed_at is not None:
            code = Fault.MOVED
            what += f": sealed at position {sealed_at}{' and on' if len(run) > 1 else ''}"
        else:
            what += ": not what was sealed there"
        self._report.fault(code, what, position=position, shard=shard, seq=seq)


def _goes_on(before: Suspect, suspect: Suspect) -> bool:
    """Say whether two suspects are next to each other and moved equally far, or not moved."""
    if suspect.place[0] != before.place[0] + 1:
        return False
    if before.sealed_at is None or suspect.sealed_at is None:
        return before.sealed_at is suspect.sealed_at
    return suspect.sealed_at == before.sealed_at + 1
