"""The published folder: what others copy is whole, never goes back, and mends itself."""

import json
import os
import shutil
import stat

import pytest
from sqlalchemy import delete, update

from hub.errors import LedgerBroken, LedgerRolledBack, NotUsable, Unavailable
from hub.ledger.database import open_ledger, writing
from hub.ledger.migrations import migrate
from hub.ledger.tables import acts, checkpoints, positions, records, subjects, tiles, verdicts
from hub.proof.notes import Ed25519Signer
from tests.ledger import ALedger
from tests.ledger_fixtures import ledger, ledger_url, postgresql, postgresql_url

__all__ = ["ledger", "ledger_url", "postgresql", "postgresql_url"]


@pytest.fixture
def book(ledger, tmp_path):
    """A ledger with 300 records: a full tile, and open ones."""
    book = ALedger(ledger, tmp_path / "log")
    book.write(300)
    book.seal()
    return book


def files(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


def roll_back(book, size):
    """Take the ledger back to a checkpoint, as an old backup would."""
    with writing(book.engine) as connection:
        for table in (records, acts, verdicts, subjects):
            connection.execute(delete(table).where(table.c.position >= size))
        connection.execute(delete(checkpoints).where(checkpoints.c.size > size))


def test_the_folder_has_what_the_verifier_needs(book):
    """Checkpoint, every checkpoint, the key, full tiles and open ones; nothing else."""
    book.check()

    assert {
        "checkpoint",
        "checkpoints.jsonl",
        "key.pub",
        "tile/0/000",
        "tile/0/001.p/44",
        "tile/1/000.p/1",
    } == set(files(book.folder))
    assert f"{book.signer.verifier}\n".encode() == files(book.folder)["key.pub"]


def test_others_may_read_and_copy_it(book):
    """Whatever the umask of the hub; but nobody may write there."""
    for path in book.folder.rglob("*"):
        if path.name != ".lock":
            wanted = 0o755 if path.is_dir() else 0o644
            assert wanted == stat.S_IMODE(path.stat().st_mode), path


def test_open_tiles_go_when_the_full_one_is_there(book):
    """And a full one is written once: it never changes again."""
    full = book.folder / "tile/0/000"
    before = full.stat().st_ino
    book.write(250)

    book.seal()

    book.check()
    assert not (book.folder / "tile/0/001.p").exists()
    assert (book.folder / "tile/0/001").stat().st_size == 256 * 32
    assert before == full.stat().st_ino


def test_an_idle_start_changes_no_file(book):
    """Who copies the folder every minute copies nothing."""
    before = files(book.folder)

    book.seal()

    assert before == files(book.folder)


def lose_everything(folder):
    shutil.rmtree(folder)


def lose_a_full_tile(folder):
    (folder / "tile/0/000").unlink()


def lose_half_a_tile(folder):
    (folder / "tile/0/000").write_bytes(b"x" * 100)


def lose_an_open_tile(folder):
    (folder / "tile/0/001.p/44").write_bytes(b"")


def leave_a_dead_tile(folder):
    (folder / "tile/0/001.p/17").write_bytes(b"")


def tear_the_list(folder):
    path = folder / "checkpoints.jsonl"
    path.write_bytes(path.read_bytes() + b'{"size": 9')


def lose_the_list(folder):
    (folder / "checkpoints.jsonl").unlink()


def lose_the_key(folder):
    (folder / "key.pub").unlink()


def lose_the_checkpoint(folder):
    (folder / "checkpoint").unlink()


@pytest.mark.parametrize(
    "damage",
    [
        lose_everything,
        lose_a_full_tile,
        lose_half_a_tile,
        lose_an_open_tile,
        leave_a_dead_tile,
        tear_the_list,
        lose_the_list,
        lose_the_key,
        lose_the_checkpoint,
    ],
)
def test_a_start_mends_the_folder(book, damage):
    """From the database: after a power cut, or on a new disk."""
    before = files(book.folder)
    damage(book.folder)

    book.seal()

    assert before == files(book.folder)
    book.write()
    book.seal()
    book.check()


def test_a_database_that_was_rolled_back_is_refused(book):
    """By what was published; nothing is sealed, nothing published, and it says what to do."""
    book.write(10)
    book.seal()
    before = files(book.folder)
    roll_back(book, 300)

    with pytest.raises(LedgerRolledBack, match="checkpoint of 311 records and the ledger 300"):
        book.sealer(source=type(book.source)(("ind", "rvdk"))).round()

    assert before == files(book.folder)


def test_a_database_that_was_rolled_back_is_refused_by_the_broker_too(book):
    """Also when somebody took the folder away with it."""
    shutil.rmtree(book.folder)
    book.source.marks["ind"] = (310, 0)

    with pytest.raises(
        LedgerRolledBack, match="310 sealed records of shard ind, the ledger of 300"
    ):
        book.sealer().round()

    assert not book.folder.exists()


def test_an_empty_database_beside_an_old_folder_is_refused(book, tmp_path):
    """Somebody deleted the ledger: that is no fresh start."""
    engine = open_ledger(f"sqlite:///{tmp_path / 'new' / 'ledger.db'}")
    migrate(engine)
    other = ALedger(engine, book.folder)

    with pytest.raises(LedgerRolledBack, match="of 300 records and the ledger 0"):
        other.sealer().round()

    engine.dispose()


def test_another_history_of_the_same_size_is_refused(book, tmp_path):
    """The same number of records, and others: a fork."""
    engine = open_ledger(f"sqlite:///{tmp_path / 'new' / 'ledger.db'}")
    migrate(engine)
    other = ALedger(engine, tmp_path / "elsewhere")
    other.write(300)
    other.seal()
    other.folder = book.folder

    with pytest.raises(LedgerRolledBack, match="different histories"):
        other.seal()

    engine.dispose()


def test_the_folder_of_another_log_is_refused(book, tmp_path):
    """Two origins in one folder could not be told apart."""
    engine = open_ledger(f"sqlite:///{tmp_path / 'new' / 'ledger.db'}")
    migrate(engine)
    other = ALedger(engine, tmp_path / "elsewhere")
    other.signer = Ed25519Signer("seinhuis.example/other", b"o" * 32)
    other.write(300)
    other.seal()
    other.folder = book.folder

    with pytest.raises(NotUsable, match="belongs to another log"):
        other.seal()

    engine.dispose()


def test_a_checkpoint_that_is_none_is_not_overwritten(book):
    """It may be the trace of somebody who was there."""
    (book.folder / "checkpoint").write_text("gone")

    with pytest.raises(NotUsable, match="is no checkpoint"):
        book.seal()

    assert (book.folder / "checkpoint").read_text() == "gone"


def test_a_folder_that_cannot_be_written_is_not_usable(book, monkeypatch):
    """With the setting that names another."""

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "fchmod", refuse)
    book.write()

    with pytest.raises(NotUsable, match="SEINHUIS_LOG_FOLDER"):
        book.sealer().round()


def test_nothing_more_is_sealed_while_nothing_can_be_published(book, monkeypatch):
    """A checkpoint is a promise: one that nobody sees is none. Later all is made good."""
    book.write(5)
    sealer = book.sealer()

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        for _ in range(3):
            with pytest.raises(Unavailable, match="cannot be written: no space left"):
                sealer.round()

    assert (
        300 == json.loads((book.folder / "checkpoints.jsonl").read_bytes().splitlines()[-1])["size"]
    )
    book.seal()
    book.check()


def test_a_changed_tile_in_the_database_is_found_at_the_start(book):
    """The tree no longer gives the root that was signed."""
    with writing(book.engine) as connection:
        connection.execute(update(tiles).where(tiles.c.level == 0).values(hashes=b"x" * 256 * 32))

    with pytest.raises(LedgerBroken, match="does not give the root of its checkpoint of 300"):
        book.sealer().round()


def test_a_tile_that_is_gone_is_found_at_the_start(book):
    """And not taken for an empty one."""
    with writing(book.engine) as connection:
        connection.execute(delete(tiles).where(tiles.c.level == 1))

    with pytest.raises(LedgerBroken, match="is not whole"):
        book.sealer().round()


def test_a_removed_tail_in_the_database_is_found_at_the_start(book):
    """Records without their checkpoint, or a checkpoint without its records."""
    with writing(book.engine) as connection:
        connection.execute(delete(records).where(records.c.position >= 290))

    with pytest.raises(LedgerBroken, match="up to position 289 and a checkpoint of 300"):
        book.sealer().round()


def test_positions_that_were_set_back_double_nothing(book):
    """The database itself does not take a number twice."""
    with writing(book.engine) as connection:
        connection.execute(
            update(positions).where(positions.c.shard == "ind").values(seq=5, entry="1000-4")
        )
    book.source.marks.clear()

    with pytest.raises(LedgerBroken, match="has in that place what is to be written"):
        book.sealer().round()

    assert 300 == len(book.rows(records))
