"""The Merkle tree of RFC 6962 §2.1 (unchanged in RFC 9162 §2.1): hashes, proofs, and their checks.

Making a proof reads a few tiles and never the records. Checking one needs nothing but itself.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

from hub.proof.tiles import HASH_BYTES, ReadTile, Tile, width_at

EMPTY: Final = hashlib.sha256(b"").digest()
"""The root of a tree without leaves."""


def hash_leaf(data: bytes) -> bytes:
    """Return the hash of one leaf: SHA-256(0x00 ‖ data)."""
    return hashlib.sha256(b"\x00" + data).digest()


def hash_children(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node: SHA-256(0x01 ‖ left ‖ right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The least one must keep to let a tree grow: the roots of its complete subtrees.

    At most 63 hashes whatever the size: one for each 1 in the binary form of the size, the largest
    subtree first. Not safe for several threads.
    """

    __slots__ = ("_hashes", "size")

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        """Carry on at `size` leaves with what `hashes()` gave there. ValueError: no match."""
        self.size = size
        self._hashes = list(hashes)
        if len(self._hashes) != size.bit_count():
            raise ValueError(
                f"a tree of {size} leaves has {size.bit_count()} complete subtrees, "
                f"not {len(self._hashes)}"
            )

    def push(self, leaf_hash: bytes) -> None:
        """Append one leaf by its hash."""
        hashes, node, size = self._hashes, leaf_hash, self.size
        sha256 = hashlib.sha256
        while size & 1:
            node = sha256(b"\x01" + hashes.pop() + node).digest()
            size >>= 1
        hashes.append(node)
        self.size += 1

    def root(self) -> bytes:
        """Return the root over all leaves so far (32 bytes); the frontier stays as it is."""
        if not self._hashes:
            return EMPTY
        node = self._hashes[-1]
        for left in reversed(self._hashes[:-1]):
            node = hash_children(left, node)
        return node

    def hashes(self) -> tuple[bytes, ...]:
        """Return what must be kept to carry on later, the largest subtree first."""
        return tuple(self._hashes)


class Subtrees:
    """The hashes of subtrees of one published tree, from its tiles. Reads each tile once."""

    def __init__(self, read: ReadTile, size: int) -> None:
        self._read = read
        self._size = size
        self._tiles: dict[tuple[int, int], bytes] = {}

    def hash(self, start: int, end: int) -> bytes:
        """Return MTH(D[start:end]), RFC 6962 §2.1.

        `start` is a multiple of the power of two at or above the width, as it is in every range
        that the standard asks for.
        """
        width = end - start
        if width & (width - 1) == 0:
            return self._complete(width.bit_length() - 1, start)
        split = start + _split(width)
        return hash_children(self.hash(start, split), self.hash(split, end))

    def _complete(self, height: int, start: int) -> bytes:
        """Return the root of a subtree of 2**height leaves: a row of hashes within one tile."""
        level, above = divmod(height, 8)
        number, first = divmod(start >> (8 * level), 256)
        tile = self._tile(level, number)
        row = [
            tile[at : at + HASH_BYTES]
            for at in range(first * HASH_BYTES, (first + (1 << above)) * HASH_BYTES, HASH_BYTES)
        ]
        while len(row) > 1:
            row = [hash_children(row[at], row[at + 1]) for at in range(0, len(row), 2)]
        return row[0]

    def _tile(self, level: int, number: int) -> bytes:
        if (level, number) not in self._tiles:
            width = width_at(self._size, level, number)
            self._tiles[level, number] = self._read(Tile(level, number, width))
        return self._tiles[level, number]


def root_of(read: ReadTile, size: int) -> bytes:
    """Return the root of the tree of `size` leaves, from its tiles. Errors are those of `read`."""
    return Subtrees(read, size).hash(0, size) if size else EMPTY


def frontier_of(read: ReadTile, size: int) -> Frontier:
    """Return the frontier of the tree of `size` leaves, from its tiles: to carry on there."""
    subtrees, start, hashes = Subtrees(read, size), 0, []
    for height in reversed(range(size.bit_length())):
        if size >> height & 1:
            hashes.append(subtrees.hash(start, start + (1 << height)))
            start += 1 << height
    return Frontier(size, hashes)


def inclusion_proof(read: ReadTile, index: int, size: int) -> tuple[bytes, ...]:
    """Return PATH(index, D[size]), RFC 6962 §2.1.1: from the sibling of the leaf upwards.

    Reads at most two tiles a level of the tree of `size` leaves. ValueError: no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} in a tree of {size}: count from 0")
    subtrees, start, end, siblings = Subtrees(read, size), 0, size, []
    while end - start > 1:
        split = start + _split(end - start)
        if index < split:
            siblings.append(subtrees.hash(split, end))
            end = split
        else:
            siblings.append(subtrees.hash(start, split))
            start = split
    return tuple(reversed(siblings))


def consistency_proof(read: ReadTile, old_size: int, new_size: int) -> tuple[bytes, ...]:
    """Return PROOF(old_size, D[new_size]), RFC 6962 §2.1.2; empty when there is nothing to prove.

    Reads tiles of the tree of `new_size` leaves. ValueError: the old tree is the larger one.
    """
    if not 0 <= old_size <= new_size:
        raise ValueError(f"a tree of {new_size} leaves cannot come after one of {old_size}")
    if old_size in {0, new_size}:
        return ()
    subtrees, start, end, proof = Subtrees(read, new_size), 0, new_size, []
    while old_size != end:
        split = start + _split(end - start)
        if old_size <= split:
            proof.append(subtrees.hash(split, end))
            end = split
        else:
            proof.append(subtrees.hash(start, split))
            start = split
    if start:  # otherwise the verifier has this subtree: it is the whole old tree
        proof.append(subtrees.hash(start, end))
    return tuple(reversed(proof))


def verify_inclusion(
    leaf_hash: bytes, index: int, size: int, root: bytes, proof: Sequence[bytes]
) -> bool:
    """Say whether `proof` shows that the leaf is at `index` in the tree (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < size:
        return False
    at, last, node = index, size - 1, leaf_hash
    for sibling in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            node = hash_children(sibling, node)
            while not at & 1 and at:
                at >>= 1
                last >>= 1
        else:
            node = hash_children(node, sibling)
        at >>= 1
        last >>= 1
    return last == 0 and node == root


def verify_consistency(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Say whether `proof` shows that the new tree begins with the old one (RFC 9162 §2.1.4.2).

    With an empty old tree there is nothing to prove: True for its right root and an empty proof.
    """
    if not 0 <= old_size <= new_size:
        return False
    if old_size == new_size:
        return not proof and old_root == new_root
    if old_size == 0:
        return not proof and old_root == EMPTY
    path = list(proof) if old_size & (old_size - 1) else [old_root, *proof]
    if not path:
        return False
    at, last = old_size - 1, new_size - 1
    while at & 1:
        at >>= 1
        last >>= 1
    old = new = path[0]
    for node in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old, new = hash_children(node, old), hash_children(node, new)
            while not at & 1 and at:
                at >>= 1
                last >>= 1
        else:
            new = hash_children(new, node)
        at >>= 1
        last >>= 1
    return last == 0 and old == old_root and new == new_root


def _split(width: int) -> int:
    """Return the largest power of two smaller than `width`."""
    return 1 << (width - 1).bit_length() - 1
