"""The accounting sees what is wrong: it is shown books that are not sound."""

import contextlib
import json
import sqlite3

import pytest

from tests.chaos.accounting import account
from tests.chaos.journal import Journal
from tests.chaos.running import journals
from tests.chaos.world import World

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(170)]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A hub that handled some events and was stopped; its broker runs."""
    made = World(tmp_path_factory.mktemp("books") / "w", 5)
    with contextlib.closing(made):
        made.begin()
        made.recovery()
        made.end()
        yield made


def books(world, scratch=None):
    with world.server.admin() as client:
        return account(journals(world.folder), client, world.ledger, world.log_folder, scratch)


def test_books_that_are_right_are_sound(world):
    """Also to the verifier, which is a program of its own."""
    scratch = world.folder / "scratch"
    scratch.mkdir()
    found = books(world, scratch)
    assert "" == found.faults()
    # What is invalid has no name: offered again after an answer that was lost, it is refused again.
    assert 0 <= found.verdicts - found.sent <= found.dead
    assert found.sent > 0


def test_what_was_accepted_and_has_no_verdict_is_lost(world):
    journal = Journal(world.folder / "journals" / "liar.journal")
    journal.accepted("f" * 32, "ind", "1-1")
    journal.close()
    try:
        assert ["no verdict on " + "f" * 32] == books(world).lost
    finally:
        (world.folder / "journals" / "liar.journal").unlink()


def test_a_copy_too_many_is_doubled_and_one_too_few_is_lost(world):
    key = "hub:{ind}:inbox:lro"
    with world.server.admin() as client:
        entry, fields = client.xrange(key, count=1)[0]
        again = client.xadd(key, fields)
        doubled = books(world)
        client.xdel(key, again, entry)
        lost = books(world)
        client.xadd(key, fields)

    assert 1 == len(doubled.doubled)
    assert 1 == len(lost.lost)
    assert books(world).sound


def test_a_copy_that_nobody_decided_is_unaccounted(world):
    with world.server.admin() as client:
        stray = client.xadd("hub:{ind}:inbox:lro", {"message": "e" * 32})
        found = books(world)
        client.xdel("hub:{ind}:inbox:lro", stray)

    assert 1 == len(found.unaccounted)


def test_what_is_left_on_an_intake_is_unaccounted(world):
    with world.server.admin() as client:
        left = client.xadd("hub:{ind}:in", {"event": b"{}"})
        found = books(world)
        client.xdel("hub:{ind}:in", left)

    assert ["1 entries and 0 pending on hub:{ind}:in"] == found.unaccounted


@pytest.mark.parametrize("what", ["UPDATE", "DELETE"])
def test_a_record_that_was_changed_or_removed_is_seen(world, what):
    with contextlib.closing(sqlite3.connect(world.ledger)) as database:
        ask = "SELECT * FROM records WHERE shard='ind' ORDER BY seq DESC LIMIT 1"
        row = database.execute(ask).fetchone()
        if what == "UPDATE":
            other = json.dumps({**json.loads(row[3]), "result": "held"}).encode()
            database.execute("UPDATE records SET record=? WHERE position=?", (other, row[0]))
        else:
            database.execute("DELETE FROM records WHERE position=?", (row[0],))
        database.commit()
        try:
            found = books(world)
        finally:
            database.execute("INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            database.commit()

    assert found.unsound
    assert books(world).sound
