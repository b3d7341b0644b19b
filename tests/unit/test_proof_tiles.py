"""The published form: C2SP tlog-tiles."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.proof.errors import Malformed, MissingTile
from hub.proof.tiles import Edge, Tile, TileFolder, changed, root_of_tile, tiles_of, width_at
from hub.proof.tree import Frontier, hash_leaf, root_of


def leaf(number):
    return hash_leaf(str(number).encode())


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 999), "tile/0/999"),
        (Tile(1, 1000), "tile/1/x001/000"),
        (Tile(0, 1234067), "tile/0/x001/x234/067"),
        (Tile(2, 3, 1), "tile/2/003.p/1"),
        (Tile(0, 273, 112), "tile/0/273.p/112"),
    ],
)
def test_a_tile_lies_where_the_standard_says(tile, path):
    """tlog-tiles, Merkle Tree: three digits an element, `x` before all but the last."""
    assert path == tile.path()


def test_the_tiles_of_the_example_of_the_standard():
    """A tree of 70,000: 273 full and one of 112, one full and one of 17, and one of 1."""
    tiles = list(tiles_of(70_000))

    assert 273 + 1 + 1 + 1 + 1 == len(tiles)
    assert [Tile(0, 273, 112), Tile(1, 0), Tile(1, 1, 17), Tile(2, 0, 1)] == tiles[273:]


def test_a_tree_of_256_has_a_full_tile_and_one_hash_above_it():
    """The second example of the standard; and nothing for an empty tree."""
    assert [Tile(0, 0), Tile(1, 0, 1)] == list(tiles_of(256))
    assert [] == list(tiles_of(0))


@settings(deadline=None)
@given(st.integers(0, 3000), st.integers(0, 600))
def test_an_edge_says_which_tiles_changed_and_only_those(size, more):
    """What it gives after any number of leaves is what `changed` says, with that many hashes."""
    edge = Edge()
    for number in range(size):
        edge.push(leaf(number))
    edge.take_changed()
    for number in range(size, size + more):
        edge.push(leaf(number))
    taken = edge.take_changed()

    assert {(tile.level, tile.number): tile.width * 32 for tile in changed(size, size + more)} == {
        place: len(hashes) for place, hashes in taken.items()
    }
    assert {} == edge.take_changed()


@settings(deadline=None)
@given(st.integers(0, 1400), st.integers(1, 300))
def test_an_edge_carries_on_from_the_tiles_of_another(size, more):
    """Stopped at any size and started from its tiles, it makes the same tree."""
    tiles = {}
    edge, frontier = Edge(), Frontier()
    for number in range(size):
        edge.push(leaf(number))
        frontier.push(leaf(number))
    tiles.update(edge.take_changed())

    again = Edge(size, lambda tile: tiles[tile.level, tile.number])
    for number in range(size, size + more):
        again.push(leaf(number))
        frontier.push(leaf(number))
    tiles.update(again.take_changed())

    assert frontier.root() == root_of(lambda tile: tiles[tile.level, tile.number], size + more)


def test_an_edge_does_not_carry_on_without_its_tiles():
    """It would make a tree that forgot its leaves."""
    with pytest.raises(ValueError, match="from its unfinished tiles"):
        Edge(7)


def test_a_full_tile_is_one_hash_above():
    """Its root is that of a tree of its 256 hashes."""
    frontier = Frontier()
    for number in range(256):
        frontier.push(leaf(number))

    assert frontier.root() == root_of_tile(b"".join(leaf(number) for number in range(256)))


@pytest.mark.parametrize(
    ("place", "width"), [((0, 0), 256), ((0, 1), 44), ((0, 2), 0), ((1, 0), 1), ((2, 0), 0)]
)
def test_how_wide_a_tile_is(place, width):
    """In a tree of 300 leaves."""
    assert width == width_at(300, *place)


def write(folder, tile, count):
    file = folder / tile.path()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"".join(leaf(number) for number in range(count)))


def test_a_wider_tile_takes_the_place_of_a_partial_one(tmp_path):
    """A log may remove a partial tile when a wider one is there; the exact one comes first."""
    read = TileFolder(tmp_path)
    write(tmp_path, Tile(0, 0, 9), 9)
    assert 9 * 32 == len(read(Tile(0, 0, 7)))
    write(tmp_path, Tile(0, 0), 256)
    assert 256 * 32 == len(read(Tile(0, 0, 7)))
    write(tmp_path, Tile(0, 0, 7), 7)
    assert 7 * 32 == len(read(Tile(0, 0, 7)))


def test_a_tile_that_is_not_there_is_named(tmp_path):
    """And so is the way out. A narrower one does not do."""
    write(tmp_path, Tile(0, 0, 6), 6)

    with pytest.raises(MissingTile, match=r"tile/0/000\.p/7 is not there.*copy the folder whole"):
        TileFolder(tmp_path)(Tile(0, 0, 7))


@pytest.mark.parametrize("count", [0, 6, 257])
def test_a_tile_of_the_wrong_length_is_refused(tmp_path, count):
    """Cut off or too long, it is damage, and it is named."""
    write(tmp_path, Tile(0, 0, 7), count)

    with pytest.raises(Malformed, match=r"tile/0/000\.p/7 has"):
        TileFolder(tmp_path)(Tile(0, 0, 7))


def test_half_a_hash_is_refused(tmp_path):
    """The bytes are whole hashes of 32."""
    write(tmp_path, Tile(0, 0, 7), 7)
    file = tmp_path / "tile/0/000.p/7"
    file.write_bytes(file.read_bytes() + b"x")

    with pytest.raises(Malformed, match="225 bytes"):
        TileFolder(tmp_path)(Tile(0, 0, 7))
