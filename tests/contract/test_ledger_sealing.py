"""Exactly once: whatever dies, and wherever. On SQLite and on PostgreSQL."""

import json
import shutil
import zlib

import pytest
from sqlalchemy import event

from hub.ledger.database import open_ledger, writing
from hub.ledger.migrations import migrate
from hub.ledger.sealer import LogKeys
from hub.ledger.store import add_note
from hub.ledger.tables import checkpoints, configs, notes, records
from hub.proof.checkpoints import open_checkpoint
from hub.proof.notes import Ed25519Signer
from hub.recording import config_loaded, plain
from schemas.records import RecordEvent
from tests.harness import Crash
from tests.ledger import NOW, ORIGIN, SIGNER, ALedger
from tests.ledger_fixtures import ledger, ledger_url, postgresql, postgresql_url

__all__ = ["ledger", "ledger_url", "postgresql", "postgresql_url"]


def a_reading():
    """Return the record of somebody who read the log."""
    return plain(
        "ledger", NOW, RecordEvent.LOG_READ, ("log", "show"), "ok", actor=("operator", "fg")
    )


@pytest.fixture
def book(ledger, tmp_path):
    """A ledger whose books are checked after the test."""
    book = ALedger(ledger, tmp_path / "log")
    yield book
    book.check()


def test_every_record_is_sealed_once_and_in_order(book):
    """Also when there are more than one round takes, from several shards."""
    book.write(1_100)
    book.write(300, "rvdk")

    book.seal()

    assert book.written["ind"] == book.sealed("ind")
    assert book.written["rvdk"] == book.sealed("rvdk")


def test_nothing_is_sealed_when_nothing_happens(book):
    """An idle hub makes no checkpoints: the log grows by what happens only."""
    book.write(3)
    book.seal()
    before = len(book.rows(records))

    assert book.seal() == 0
    assert before == len(book.rows(records))
    assert len(book.rows(checkpoints)) == 1


def test_the_checkpoint_before_is_a_record_of_the_next_batch(book):
    """So the log itself says what was promised before, and when."""
    book.write(2)
    book.seal()
    first = book.rows(checkpoints)[0]
    book.write()

    book.seal()

    said = json.loads(book.sealed("ledger")[0])
    assert ("checkpoint", {"kind": "checkpoint", "id": "2"}) == (said["event"], said["object"])
    assert first.root.hex() == said["reason"]


def test_a_note_is_sealed_in_the_shard_of_the_ledger(book):
    """Who reads the log is on record, with the person that was asked for."""
    note = a_reading()
    with writing(book.engine) as connection:
        add_note(connection, note, b'{"bsn":"00","key":"pseudonym.1"}')

    assert book.seal() == 1

    row = book.rows(records)[0]
    assert ("ledger", 1, note) == (row.shard, row.seq, row.record)
    assert [] == book.rows(notes)


def test_the_role_config_is_kept_with_the_record_that_loads_it(book):
    """An old decision can be recomputed: by the config that was in force, to the last byte."""
    document = zlib.compress(b'{"partners": []}')
    book.source.configs["9f86d081"] = document
    record = config_loaded(NOW, "9f86d081", None, None)
    book.source.append("ind", record)
    book.source.append("ind", config_loaded(NOW, "9f86d081", "9f86d081", None))

    book.seal()

    assert [("9f86d081", document)] == [(row.digest, row.document) for row in book.rows(configs)]


def test_a_role_config_that_the_broker_lost_does_not_stop_the_sealing(book, capsys):
    """The record is what counts; that its document is missing is said in the log."""
    book.source.append("ind", config_loaded(NOW, "9f86d081", None, None))

    book.seal()

    assert [] == book.rows(configs)
    assert "ledger.config_missing" in capsys.readouterr().out


def test_only_what_is_sealed_and_old_is_trimmed(book):
    """The stream is cut behind the seal, never before it, and not under who follows it live."""
    book.write(2)
    sealer = book.sealer()
    sealer.round()
    assert len(book.source.streams["ind"]) == 2
    book.source.now_ms += 70_000
    book.write(1)

    sealer.round()

    assert [3] == [entry.seq for entry in book.source.streams["ind"]]


def test_a_stop_seals_and_trims_all_that_is_there(book):
    """So that nothing is left on a broker that is taken away."""
    book.write(2)
    sealer = book.sealer()
    sealer.round()
    book.write(700)

    sealer.close()

    assert [] == book.source.streams["ind"]
    assert (702, 1_000) == book.source.marks["ind"]


def test_the_next_sealer_need_not_wait_for_one_that_stopped(book):
    """A stop gives the lease back."""
    sealer = book.sealer("one")
    sealer.round()
    sealer.close()
    book.write()

    assert book.seal("two") == 1


def test_a_checkpoint_is_time_stamped_once_an_hour(book):
    """The token is kept with the checkpoint and published with it."""
    asked = []

    def stamp(note):
        asked.append(note)
        return b"token"

    sealer = book.sealer(timestamp=stamp)
    for minutes in (0, 59, 2):
        book.clock.later(minutes=minutes)
        book.write()
        sealer.round()

    found = book.rows(checkpoints)
    assert [b"token", None, b"token"] == [row.timestamp for row in found]
    assert [found[0].note, found[2].note] == asked
    lines = (book.folder / "checkpoints.jsonl").read_text().splitlines()
    assert ["dG9rZW4=", None, "dG9rZW4="] == [json.loads(line).get("timestamp") for line in lines]


def test_an_authority_that_fails_holds_nothing_up(book, capsys):
    """A time stamp is worth having, and no more than that."""

    def stamp(_):
        raise TimeoutError

    book.write()
    book.sealer(timestamp=stamp).round()

    assert len(book.sealed("ind")) == 1
    assert "ledger.timestamp_failed" in capsys.readouterr().out


def test_a_rotated_key_signs_from_the_next_checkpoint_on(ledger, tmp_path):
    """Without a restart; `key.pub` has both."""
    book = ALedger(ledger, tmp_path / "log")
    new = Ed25519Signer(ORIGIN, b"n" * 32)
    in_force = [SIGNER]
    sealer = book.sealer(keys=lambda: LogKeys(in_force[0], ()))
    book.write()
    sealer.round()
    in_force[0] = new
    book.write()
    sealer.round()

    signed = [
        open_checkpoint(row.note, [SIGNER.verifier, new.verifier])[1]
        for row in book.rows(checkpoints)
    ]
    assert [(SIGNER.verifier,), (new.verifier,)] == signed


def test_a_key_that_goes_after_its_record_was_sealed_signs_no_newest_checkpoint(ledger, tmp_path):
    """Nothing else may be written for days; and once is enough."""
    book = ALedger(ledger, tmp_path / "log")
    old = Ed25519Signer(ORIGIN, b"o" * 32)
    keys = [LogKeys(SIGNER, (), (old,))]
    sealer = book.sealer(keys=lambda: keys[0])
    book.write()
    sealer.round()
    keys[0] = LogKeys(SIGNER, ())
    for _ in range(4):
        book.clock.later(seconds=5)
        sealer.round()

    first, last = (row.note.count("\n— ") for row in book.rows(checkpoints))
    assert (2, 1) == (first, last)
    book.check()


class Dying:
    """Counts the calls of everything that is wrapped, and dies before or after number `at`."""

    def __init__(self, at, *, after):
        self.at, self.after, self.calls = at, after, 0

    def call(self, function, *args, **kwargs):
        self.calls += 1
        here = self.calls == self.at  # calls within this call are counted too
        if here and not self.after:
            raise Crash
        result = function(*args, **kwargs)
        if here:
            raise Crash
        return result

    def wrap(self, thing, names):
        """Return `thing` with these methods under watch."""
        outer = self

        class Watched:
            def __getattr__(self, name):
                method = getattr(thing, name)
                if name not in names:
                    return method
                return lambda *args, **kwargs: outer.call(method, *args, **kwargs)

        return Watched()


def one_life(book, dying):
    """Let a sealer work until it dies, or all is sealed and trimmed."""

    def statement(*_):
        dying.call(lambda: None)

    def committed(_):
        dying.call(lambda: None)

    event.listen(book.engine, "before_cursor_execute", statement)
    event.listen(book.engine, "commit", committed)
    try:
        source = dying.wrap(book.source, {"read", "mark", "trim", "sealed", "config"})
        parts = book.sealer()._parts
        sealer = book.sealer(source=source, publisher=dying.wrap(parts.publisher, {"publish"}))
        while sealer.round():
            pass
        sealer._sealing.trim_all()
    finally:
        event.remove(book.engine, "before_cursor_execute", statement)
        event.remove(book.engine, "commit", committed)


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """The files of a ledger with 245 records: some more, and a tile of the tree is full."""
    folder = tmp_path_factory.mktemp("template")
    engine = open_ledger(f"sqlite:///{folder / 'ledger.db'}")
    migrate(engine)
    book = ALedger(engine, folder / "log")
    book.write(245)
    book.seal()
    engine.dispose()
    return folder


def continued(template, folder):
    """Return a ledger that goes on where the template is, with something of every kind to seal."""
    shutil.copytree(template, folder)
    engine = open_ledger(f"sqlite:///{folder / 'ledger.db'}")
    event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous = OFF"))
    book = ALedger(engine, folder / "log")
    book.write(265)
    book.source.trim({"ind": "1000-245"})
    book.write(10, "rvdk")
    book.source.configs["9f86d081"] = zlib.compress(b"{}")
    book.written["rvdk"].append(config_loaded(NOW, "9f86d081", None, None))
    book.source.append("rvdk", book.written["rvdk"][-1])
    with writing(book.engine) as connection:
        add_note(connection, a_reading())
    return book


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_crash_anywhere_loses_and_doubles_nothing(template, tmp_path, monkeypatch, after):
    """Die before or after each statement, commit and call; a fresh sealer finishes the work."""
    monkeypatch.setattr("hub.ledger.sealing.BATCH", 20)  # several rounds
    monkeypatch.setattr("os.fsync", lambda _: None)  # a process dies here, not the machine
    whole = continued(template, tmp_path / "whole")
    counting = Dying(-1, after=after)
    one_life(whole, counting)
    whole.check()
    whole.engine.dispose()
    assert counting.calls > 60, "the walk has to meet every step"

    for at in range(1, counting.calls + 1):
        book = continued(template, tmp_path / f"at-{at}")
        with pytest.raises(Crash):
            one_life(book, Dying(at, after=after))
        one_life(book, Dying(-1, after=after))
        book.check()
        assert [] == book.source.streams["ind"] == book.source.streams["rvdk"], f"step {at}"
        assert whole.own() == book.own(), f"step {at}"
        book.engine.dispose()
    whole.engine.dispose()
