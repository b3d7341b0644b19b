"""A ledger whose database, folder or broker somebody else wrote in; on SQLite and PostgreSQL."""

import json

import pytest
from sqlalchemy import delete, update

from hub.errors import LedgerBroken, LedgerRolledBack, NotUsable
from hub.ledger import faults
from hub.ledger.database import open_ledger, writing
from hub.ledger.migrations import migrate
from hub.ledger.source import MemorySource
from hub.ledger.tables import checkpoints, records, tiles
from hub.proof.bundle import Bundle
from hub.proof.notes import Ed25519Signer
from hub.proof.report import Limit, Outcome
from hub.proof.verifying import verify
from tests.ledger import NOW, ORIGIN, ALedger, _line, a_record
from tests.ledger_fixtures import ledger, ledger_url, postgresql, postgresql_url

__all__ = ["ledger", "ledger_url", "postgresql", "postgresql_url"]


@pytest.fixture
def book(ledger, tmp_path):
    return ALedger(ledger, tmp_path / "log")


def accept(book):
    """Say that the fault was looked into, and let the sealer go on."""
    faults.accept(book.engine, "ind", "looked-into", ("operator", "beheer"), NOW)
    book.seal()


def verified(book):
    """Return what the verifier says of an export of this ledger."""
    with (book.folder / "records-000000000000.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(_line(row)) + "\n" for row in book.rows(records))
    return verify(Bundle(book.folder), [book.signer.verifier])


@pytest.mark.parametrize("times", [1, 2])
def test_a_gap_after_a_set_back_is_found_declared(book, times):
    """Records name the numbers of the broker, and the log counted on when these began anew."""
    book.write(5)
    book.seal()
    for again in range(times):
        book.source = MemorySource(("ind", "rvdk"), now_ms=5_000 * (1 + again))
        for number in range(3):
            book.source.append("ind", a_record(10 * again + number))
        book.seal()
        accept(book)
    book.source.append("ind", a_record(98))
    book.source.streams["ind"].pop()
    book.source.append("ind", a_record(99))
    book.seal()
    accept(book)

    report = verified(book)

    assert Outcome.AS_FAR_AS_IT_GOES == report.outcome
    assert [(Limit.DECLARED_GAP, 6 + 3 * times)] == [(x.code, x.seq) for x in report.limits]


@pytest.mark.parametrize("line", [b"gone", b"[]", b"{}", b'{"size":"x"}', b"[" * 100_000])
def test_a_list_of_checkpoints_that_is_none_is_not_written_on(book, line):
    """It may be the trace of somebody who was there; and the sealer must say what is the matter."""
    book.write(3)
    book.seal()
    with (book.folder / "checkpoints.jsonl").open("ab") as file:
        file.write(line + b"\n")

    with pytest.raises(NotUsable, match=r"checkpoints\.jsonl is no checkpoint"):
        book.seal()

    assert (book.folder / "checkpoints.jsonl").read_bytes().endswith(line + b"\n")


def test_a_long_time_stamp_does_not_hide_the_list(book):
    """An authority may send its whole chain of certificates."""
    book.write()
    book.sealer(timestamp=lambda _: bytes(100_000)).round()
    book.write()
    book.seal()

    book.write()
    book.seal()

    sizes = (book.folder / "checkpoints.jsonl").read_text("utf-8").splitlines()
    assert [row.size for row in book.rows(checkpoints)] == [json.loads(x)["size"] for x in sizes]


@pytest.mark.parametrize("harm", ["note", "tile"])
def test_a_database_that_cannot_be_published_says_so(book, harm):
    """Also to who makes an export, which is published in the same way."""
    book.write(300)
    book.seal()
    with writing(book.engine) as connection:
        if harm == "note":
            connection.execute(update(checkpoints).values(note="gone"))
        else:
            connection.execute(delete(tiles).where(tiles.c.level == 0, tiles.c.number == 0))
    (book.folder / "tile/0/000").unlink()

    with pytest.raises(LedgerBroken, match="put its last backup in place"):
        book.sealer().round()


def test_after_a_ledger_that_is_lost_for_good_a_new_log_can_be_begun(book, tmp_path):
    """Under another origin, which nobody can overlook; what it lacks is a gap, to be accepted."""
    book.source.log = ORIGIN
    book.write(8)
    book.seal()
    book.sealer().close()
    book.source.trim({"ind": "9999-0"})
    engine = open_ledger(f"sqlite:///{tmp_path / 'new.db'}")
    migrate(engine)
    new = ALedger(engine, tmp_path / "new", book.source)

    with pytest.raises(LedgerRolledBack, match="SEINHUIS_LOG_ORIGIN"):
        new.seal()

    new.source.log = "seinhuis.example/second"
    new.signer = Ed25519Signer(new.source.log, bytes(range(32)))
    new.source.append("ind", a_record(9))
    new.seal()
    accept(new)
    new.seal()

    assert [9] == [row.seq for row in new.rows(records, records.c.shard == "ind")]
    assert (9, new.source.log) == (new.source.marks["ind"][0], new.source.logs["ind"])
    assert [(Limit.DECLARED_GAP, 1)] == [(x.code, x.seq) for x in verified(new).limits]
    engine.dispose()
