"""The tree against the definitions of RFC 6962 §2.1, written out here a second time, naively."""

import hashlib
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.proof import tree
from hub.proof.tiles import Edge, Tile


def sha(data):
    return hashlib.sha256(data).digest()


def mth(leaves):
    """Return the Merkle Tree Hash of RFC 6962 §2.1, word for word."""
    if not leaves:
        return sha(b"")
    if len(leaves) == 1:
        return sha(b"\x00" + leaves[0])
    k = split(len(leaves))
    return sha(b"\x01" + mth(leaves[:k]) + mth(leaves[k:]))


def split(n):
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def path(m, leaves):
    """Return PATH(m, D[n]) of RFC 6962 §2.1.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m, leaves, *, whole):
    """Return SUBPROOF(m, D[n], b) of RFC 6962 §2.1.2."""
    if m == len(leaves):
        return [] if whole else [mth(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], whole=whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], whole=False), mth(leaves[:k])]


def leaves_of(count):
    return [f"leaf {number}".encode() for number in range(count)]


def published(leaves):
    """Return a reader of the tiles of a tree over `leaves`."""
    edge = Edge()
    for leaf in leaves:
        edge.push(tree.hash_leaf(leaf))
    tiles = edge.take_changed()

    def read(tile: Tile) -> bytes:
        return tiles[tile.level, tile.number]

    return read


ALL = leaves_of(1100)
READ = published(ALL)


def test_the_root_of_nothing_is_the_hash_of_nothing():
    """RFC 6962: MTH({}) = SHA-256()."""
    assert mth([]) == tree.EMPTY == tree.Frontier().root() == tree.root_of(READ, 0)


def test_every_size_has_the_root_of_the_definition():
    """From 1 to 300 leaves: pushed one by one, and from the tiles."""
    frontier = tree.Frontier()
    for size in range(1, 301):
        frontier.push(tree.hash_leaf(ALL[size - 1]))

        assert mth(ALL[:size]) == frontier.root() == tree.root_of(READ, size)


def test_a_frontier_carries_on_where_another_stopped():
    """Kept and made anew at any size, also from the tiles, it goes on to the same roots."""
    for size in range(1, 200):
        frontier = tree.frontier_of(READ, size)
        again = tree.Frontier(frontier.size, frontier.hashes())
        again.push(tree.hash_leaf(ALL[size]))

        assert mth(ALL[:size]) == frontier.root()
        assert mth(ALL[: size + 1]) == again.root()


def test_a_frontier_that_does_not_fit_its_size_is_refused():
    """A hash too few would give a root that looks right."""
    with pytest.raises(ValueError, match="3 leaves has 2 complete subtrees, not 1"):
        tree.Frontier(3, [tree.EMPTY])


def test_every_inclusion_proof_of_small_trees_is_that_of_the_definition_and_holds():
    """All leaves of all trees of up to 70 leaves."""
    for size in range(1, 71):
        root = mth(ALL[:size])
        for index in range(size):
            proof = tree.inclusion_proof(READ, index, size)

            assert path(index, ALL[:size]) == list(proof)
            assert tree.verify_inclusion(tree.hash_leaf(ALL[index]), index, size, root, proof)


def test_every_consistency_proof_of_small_trees_is_that_of_the_definition_and_holds():
    """All pairs of sizes of up to 70 leaves, from 1."""
    roots = [mth(ALL[:size]) for size in range(71)]
    for new in range(1, 71):
        for old in range(1, new + 1):
            proof = tree.consistency_proof(READ, old, new)

            assert subproof(old, ALL[:new], whole=True) == list(proof)
            assert tree.verify_consistency(old, roots[old], new, roots[new], proof)


def test_nothing_is_consistent_with_everything_and_only_with_the_empty_root():
    """An empty log promised nothing, but its root is known."""
    root = mth(ALL[:5])

    assert () == tree.consistency_proof(READ, 0, 5)
    assert tree.verify_consistency(0, tree.EMPTY, 5, root, ())
    assert not tree.verify_consistency(0, root, 5, root, ())
    assert not tree.verify_consistency(0, tree.EMPTY, 5, root, (root,))


@settings(deadline=None)
@given(st.data())
def test_proofs_of_larger_trees_hold_and_forged_ones_do_not(data):
    """Across tiles: the proof as made holds; with any part changed it does not."""
    size = data.draw(st.integers(2, len(ALL)), label="size")
    index = data.draw(st.integers(0, size - 1), label="index")
    leaf, root = tree.hash_leaf(ALL[index]), tree.root_of(READ, size)
    proof = list(tree.inclusion_proof(READ, index, size))
    bent = data.draw(st.integers(0, len(proof) - 1), label="bent")
    elsewhere = data.draw(st.integers(0, size - 1).filter(lambda at: at != index))

    assert path(index, ALL[:size]) == proof
    assert tree.verify_inclusion(leaf, index, size, root, proof)
    assert not tree.verify_inclusion(leaf, elsewhere, size, root, proof)
    assert not tree.verify_inclusion(tree.hash_leaf(b"other"), index, size, root, proof)
    assert not tree.verify_inclusion(leaf, index, size, tree.EMPTY, proof)
    assert not tree.verify_inclusion(leaf, index, size, root, proof[:-1])
    assert not tree.verify_inclusion(leaf, index, size, root, [*proof, tree.EMPTY])
    proof[bent] = tree.EMPTY
    assert not tree.verify_inclusion(leaf, index, size, root, proof)


@settings(deadline=None)
@given(st.data())
def test_larger_trees_are_consistent_and_forged_proofs_of_it_are_refused(data):
    """A proof holds for its two roots; any other root, size or hash makes it fail."""
    new = data.draw(st.integers(2, len(ALL)), label="new")
    old = data.draw(st.integers(1, new - 1), label="old")
    old_root, new_root = tree.root_of(READ, old), tree.root_of(READ, new)
    proof = list(tree.consistency_proof(READ, old, new))

    assert subproof(old, ALL[:new], whole=True) == proof
    assert tree.verify_consistency(old, old_root, new, new_root, proof)
    assert not tree.verify_consistency(old, tree.EMPTY, new, new_root, proof)
    assert not tree.verify_consistency(old, old_root, new, tree.EMPTY, proof)
    assert not tree.verify_consistency(old, old_root, new, new_root, proof[:-1])
    assert not tree.verify_consistency(old, old_root, new, new_root, [*proof, tree.EMPTY])
    assert not tree.verify_consistency(new, new_root, old, old_root, proof)
    bent = data.draw(st.integers(0, len(proof) - 1), label="bent")
    proof[bent] = tree.EMPTY
    assert not tree.verify_consistency(old, old_root, new, new_root, proof)


def test_a_history_that_was_written_anew_has_no_consistency_proof():
    """The proof of the honest tree does not fit, and neither does that of the forged one."""
    forged = [*ALL[:40], b"changed", *ALL[41:100]]
    old_root, new_root = mth(ALL[:60]), mth(forged)

    for read in (READ, published(forged)):
        proof = tree.consistency_proof(read, 60, 100)
        assert not tree.verify_consistency(60, old_root, 100, new_root, proof)


def test_a_proof_that_stops_below_the_root_is_refused():
    """The root of a subtree is not the root of a larger tree, though the hashes lead to it."""
    leaves = [tree.hash_leaf(leaf) for leaf in ALL[:4]]
    half = tree.hash_children(leaves[0], leaves[1])

    assert tree.verify_inclusion(leaves[0], 0, 2, half, [leaves[1]])
    assert not tree.verify_inclusion(leaves[0], 0, 4, half, [leaves[1]])


def test_chance_does_not_prove_anything():
    """3,000 proofs of random hashes, of the right length, are all refused."""
    chance = random.Random(4)
    root = mth(ALL[:100])
    right = len(tree.inclusion_proof(READ, 7, 100))
    for _ in range(3000):
        proof = [chance.randbytes(32) for _ in range(right)]

        assert not tree.verify_inclusion(chance.randbytes(32), 7, 100, root, proof)
        assert not tree.verify_consistency(50, chance.randbytes(32), 100, root, proof)


@pytest.mark.parametrize(("index", "size"), [(5, 5), (-1, 5), (0, 0)])
def test_a_leaf_that_is_not_there_has_no_proof(index, size):
    """Counting starts at 0, and an empty tree has no leaf."""
    with pytest.raises(ValueError, match="count from 0"):
        tree.inclusion_proof(READ, index, size)
    assert not tree.verify_inclusion(tree.EMPTY, index, size, tree.EMPTY, ())


def test_a_larger_tree_does_not_come_before_a_smaller_one():
    """Asked the wrong way round it is a mistake of the caller, not a fork."""
    with pytest.raises(ValueError, match="cannot come after"):
        tree.consistency_proof(READ, 6, 5)
