"""One active sealer: a second one waits, takes over, and the first writes nothing any more."""

import threading

import pytest

from hub.ledger import lease
from hub.ledger.database import open_ledger, reading, writing
from hub.ledger.lease import LeaseLost
from hub.ledger.tables import records
from tests.ledger import ALedger
from tests.ledger_fixtures import ledger, ledger_url, postgresql, postgresql_url

__all__ = ["ledger", "ledger_url", "postgresql", "postgresql_url"]


@pytest.fixture
def book(ledger, tmp_path):
    """A ledger whose books are checked after the test."""
    book = ALedger(ledger, tmp_path / "log")
    yield book
    book.check()


def expire(book):
    """Let the term of the lease be over."""
    with writing(book.engine) as connection:
        connection.execute(lease.lease.update().values(until=0))


def test_a_second_sealer_waits(book):
    """As long as the first one's term is not over."""
    first, second = book.sealer("one"), book.sealer("two")
    first.round()
    book.write(3)

    assert 0 == second.round()

    assert "one" == second.status().holder
    assert not second.status().active
    assert 3 == first.round()


def test_a_second_sealer_takes_over(book):
    """When the first one is gone, after its term."""
    book.sealer("one").round()
    expire(book)
    book.write(3)

    assert 3 == book.sealer("two").round()


def test_a_sealer_that_was_fenced_off_writes_nothing(book):
    """It was only slow, and does not know: the fence is in the transaction itself."""
    book.write(2)
    first, second = book.sealer("one"), book.sealer("two")
    first.round()
    expire(book)
    second.round()
    book.write(3)

    with pytest.raises(LeaseLost):
        first.round()

    assert 3 == second.round()
    assert 6 == len(book.rows(records))


def test_a_fenced_sealer_does_not_renew_what_it_lost(book):
    """Also when it has nothing to seal."""
    first, second = book.sealer("one"), book.sealer("two")
    first.round()
    expire(book)
    second.round()
    book.clock.later(seconds=30)

    with pytest.raises(LeaseLost):
        first.round()


def test_a_holder_that_starts_again_goes_on_at_once(book):
    """After a crash nobody has to wait for its own term; what may still run is fenced off."""
    before = book.sealer("one")
    before.round()
    book.write(2)

    assert 2 == book.sealer("one").round()

    book.write(1)
    with pytest.raises(LeaseLost):
        before.round()
    book.seal("one")


def test_an_idle_sealer_renews_its_lease(book):
    """Otherwise a quiet night would hand it from one to the other."""
    sealer = book.sealer("one")
    sealer.round()
    expire(book)
    book.clock.later(seconds=5)

    sealer.round()

    with reading(book.engine) as connection:
        assert not lease.is_free_for(connection, "two")


def test_a_fresh_ledger_gives_its_lease_to_one_only(ledger_url, ledger):
    """Nobody had it before, and several ask at once."""
    engines = [open_ledger(ledger_url) for _ in range(4)]
    begin, tokens = threading.Barrier(4), []

    def one(number):
        begin.wait()
        with writing(engines[number]) as connection:
            tokens.append(lease.take(connection, f"holder-{number}"))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [1] == [token for token in tokens if token is not None]
    for engine in engines:
        engine.dispose()


def test_two_sealers_at_once_seal_everything_once(ledger_url, book):
    """They take the lease from each other all the time; every record is sealed once, in order.

    Worse than it can ever be: the term is over before it begins.
    """
    book.write(400)
    engines = [open_ledger(ledger_url) for _ in range(2)]
    lost, failures = [], []

    def one(number):
        other = ALedger(engines[number], book.folder, book.source)
        sealer = other.sealer(f"holder-{number}", term_s=0.0)
        idle = 0
        while idle < 3 and not failures:
            try:
                idle = 0 if sealer.round() else idle + 1
            except LeaseLost:
                lost.append(number)
            except Exception as error:  # noqa: BLE001  (the other thread must see it)
                failures.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for number in range(20):
        book.write(40, ("ind", "rvdk")[number % 2])
    for thread in threads:
        thread.join()

    assert [] == failures
    for engine in engines:
        engine.dispose()
    expire(book)
    book.seal("last")
