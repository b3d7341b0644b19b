"""A gap and a shard that was set back stop their shard, loudly, until a person has said why."""

import pytest

from hub.errors import NotFound
from hub.ledger import faults
from hub.ledger.database import reading
from hub.ledger.source import AuditEntry, order
from hub.ledger.tables import notes, records
from schemas.records import RecordEvent
from tests.ledger import NOW, ALedger, a_record
from tests.ledger_fixtures import ledger, ledger_url, postgresql, postgresql_url

__all__ = ["ledger", "ledger_url", "postgresql", "postgresql_url"]

OPERATOR = ("operator", "beheer")


@pytest.fixture
def book(ledger, tmp_path):
    """A ledger with three sealed records of `ind`."""
    book = ALedger(ledger, tmp_path / "log")
    book.write(3)
    book.seal()
    return book


def lose(book, *numbers):
    """Take records out of the stream of `ind`, as nobody may."""
    stream = book.source.streams["ind"]
    book.source.streams["ind"] = [entry for entry in stream if entry.seq not in numbers]


def set_back(book, to, *, clock_ms=None):
    """Restore a backup of the broker: the records after `to` are gone, and new ones take over."""
    stream = book.source.streams["ind"]
    book.source.streams["ind"] = [entry for entry in stream if entry.seq <= to]
    book.source.heads["ind"] = to
    book.source.tops["ind"] = max((e.id for e in stream if e.seq <= to), key=order, default="0-0")
    book.source.marks["ind"] = (min(to, book.source.marks["ind"][0]), 0)
    if clock_ms is not None:
        book.source.now_ms = clock_ms


def accept(book, reason="backup restored"):
    return faults.accept(book.engine, "ind", reason, OPERATOR, NOW)


def own(book):
    return [(each["event"], each["object"]["id"], each["result"]) for each in book.own()]


def test_what_comes_after_a_gap_is_not_sealed(book, capsys):
    """What comes before it is; the gap is on record once, and an error in the log."""
    book.write(5)
    lose(book, 6, 7)

    book.seal()
    book.seal()

    assert book.written["ind"][:5] == book.sealed()
    assert [("gap-found", "ind", "6-7")] == own(book)
    assert 1 == capsys.readouterr().out.count("ledger.gap")


def test_records_that_are_missing_at_the_end_are_a_gap_too(book):
    """The broker gave out numbers that are nowhere: somebody shortened the stream."""
    book.write(2)
    lose(book, 4, 5)

    book.seal()

    assert [("gap-found", "ind", "4-5")] == own(book)


def test_another_shard_goes_on(book):
    """One sender's fault is not everybody's."""
    book.write(2)
    lose(book, 4)
    book.write(2, "rvdk")

    book.seal()

    assert book.written["rvdk"] == book.sealed("rvdk")


def test_a_stopped_shard_is_not_trimmed_nor_marked_further(book):
    """Its stream is what a person has to look at; and the hub sees that it waits."""
    book.write(2)
    lose(book, 4)
    sealer = book.sealer()
    sealer.round()

    sealer.close()

    assert [1, 2, 3, 5] == [entry.seq for entry in book.source.streams["ind"]]
    assert book.source.marks["ind"][0] == 3


def test_an_accepted_gap_lets_the_shard_go_on(book):
    """With a reason, on record; and the verifier knows it for a declared gap."""
    book.write(5)
    lose(book, 6, 7)
    book.seal()

    assert accept(book) == "6-7"
    book.seal()

    assert [*book.written["ind"][:5], book.written["ind"][7]] == book.sealed()
    assert [1, 2, 3, 4, 5, 8] == [row.seq for row in book.rows(records, records.c.shard == "ind")]
    assert [("gap-found", "ind", "6-7"), ("gap-accepted", "ind", "6-7")] == own(book)
    assert "backup restored" == book.own()[1]["reason"]
    del book.written["ind"][5:7]
    book.check()


def test_a_gap_is_accepted_also_by_a_sealer_that_starts_afresh(book):
    """It waits with the note until it has found the gap itself, far down the stream."""
    book.write(600)
    lose(book, 590)
    book.seal()
    accept(book)
    book.write(3)

    book.seal("one")

    del book.written["ind"][589]
    book.check()
    assert [] == book.rows(notes)


def test_an_acceptance_outlives_the_sealer(book):
    """The position moves in the transaction that seals the note, or it would stop for ever."""
    book.write(2)
    lose(book, 4)
    book.seal()
    accept(book)
    book.sealer().round()  # seals the note, and dies

    book.seal()

    del book.written["ind"][3]
    book.check()
    assert ["gap-found", "gap-accepted"] == [each[0] for each in own(book)]


def test_each_gap_needs_its_own_acceptance(book):
    """Accepting one says nothing about the next."""
    book.write(5)
    lose(book, 4, 6)
    book.seal()
    accept(book)
    book.seal()

    assert [
        ("gap-found", "ind", "4-4"),
        ("gap-accepted", "ind", "4-4"),
        ("gap-found", "ind", "6-6"),
    ] == own(book)
    with reading(book.engine) as connection:
        assert 6 == faults.open_faults(connection)["ind"].first


def test_there_is_nothing_to_accept_where_nothing_is_missing(book):
    """So nobody accepts a gap beforehand."""
    with pytest.raises(NotFound, match="shard ind is not stopped"):
        accept(book)


def test_an_acceptance_too_many_changes_nothing(book):
    """Two operators may answer the same alarm."""
    book.write(2)
    lose(book, 4)
    book.seal()
    accept(book)
    accept(book)

    book.seal()

    del book.written["ind"][3]
    book.check()
    assert ["gap-found", "gap-accepted", "gap-accepted"] == [each[0] for each in own(book)]


@pytest.mark.parametrize("clock_ms", [1_000, 400, 5_000], ids=["same", "behind", "ahead"])
def test_a_shard_that_was_set_back_stops(book, clock_ms):
    """Also when the clock of the broker was set back: the new entries have lower ids then."""
    set_back(book, 1, clock_ms=clock_ms)
    book.source.append("ind", a_record(71))

    book.seal()

    assert book.written["ind"] == book.sealed()
    assert [("shard-set-back", "ind", "2-3")] == own(book)


def test_a_shard_that_was_set_back_and_overtook_itself_is_seen_too(book):
    """More was written anew than was lost, before anybody looked: it is no mere gap."""
    set_back(book, 0, clock_ms=400)
    for number in range(71, 76):
        book.source.append("ind", a_record(number))

    book.seal()

    assert [("shard-set-back", "ind", "1-3")] == own(book)


def test_a_head_that_goes_down_is_a_set_back(book):
    """Before a single record is written under a number that was sealed."""
    book.source.heads["ind"] = 1

    book.seal()

    assert [("shard-set-back", "ind", "2-3")] == own(book)


def test_a_broker_that_came_back_empty_is_set_back(book):
    """Nothing new was written yet; the numbers alone say it."""
    set_back(book, 0)

    book.seal()

    assert [("shard-set-back", "ind", "1-3")] == own(book)
    assert book.source.marks["ind"][0] == 0, "so that the hub sees that the shard waits"


@pytest.mark.parametrize("clock_ms", [1_000, 400, 5_000], ids=["same", "behind", "ahead"])
def test_an_accepted_set_back_loses_and_doubles_nothing(book, clock_ms):
    """The new records get the next numbers of the ledger; what was sealed stays as it is."""
    set_back(book, 1, clock_ms=clock_ms)
    new = [a_record(number) for number in range(71, 76)]
    for record in new[:3]:
        book.source.append("ind", record)
    book.seal()
    accept(book)
    for record in new[3:]:
        book.source.append("ind", record)

    book.seal()

    book.written["ind"] += new
    book.check()
    assert list(range(1, 9)) == [row.seq for row in book.rows(records, records.c.shard == "ind")]
    assert book.source.marks["ind"][0] == 6, "in the numbers of the broker"
    book.write(2)
    book.seal()
    book.check()


def test_a_shard_can_be_set_back_twice(book):
    """The second time its numbers are already shifted."""
    for number in (71, 72):
        set_back(book, 1)
        book.source.append("ind", a_record(number))
        book.seal()
        accept(book)
        book.seal()
        book.written["ind"].append(a_record(number))

    book.check()
    assert [("shard-set-back", "ind", "2-3"), ("shard-set-back", "ind", "2-2")] == own(book)[::2]


def test_an_entry_that_is_no_record_is_passed_over_loudly(book, capsys):
    """Only the hub's own user can write there: it is no record, and stops nobody else's."""
    book.source.streams["ind"].append(AuditEntry("1000-900", 0, b""))
    book.source.tops["ind"] = "1000-900"
    book.write(1)

    book.seal()

    book.check()
    assert "ledger.foreign_entry" in capsys.readouterr().out


def test_the_status_names_the_shards_that_wait(book):
    """For the doctor, and the one who is called at night."""
    book.write(2)
    lose(book, 4)
    sealer = book.sealer()
    sealer.round()

    status = sealer.status()

    assert [("ind", RecordEvent.GAP_FOUND, 4, 4)] == [
        (each.shard, each.kind, each.first, each.last) for each in status.faults
    ]
    assert 2 == status.unsealed
