"""The sealer at work on a real broker: beside the hub, through outages, killed again and again."""

import asyncio
import json
import random
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from hub.embedded import EmbeddedBroker
from hub.errors import LedgerRolledBack
from hub.ledger.sealer import Sealer
from hub.ledger.tables import lease, records
from hub.stores import keys
from hub.stores.connection import client
from hub.stores.valkey import ValkeyStore
from tests.conftest import ADMIN, sync_client
from tests.ledger import ALedger, a_person, a_record
from tests.ledger_fixtures import ledger, ledger_url, postgresql, postgresql_url
from tests.sealer_process import parts

__all__ = ["ledger", "ledger_url", "postgresql", "postgresql_url"]
pytestmark = [pytest.mark.broker, pytest.mark.slow]

REPO = Path(__file__).parent.parent.parent
PATIENCE_S = 60.0


@pytest.fixture
def own_broker(tmp_path):
    """A broker that may be stopped."""
    with EmbeddedBroker(tmp_path / "data", users=(ADMIN,)) as broker:
        yield broker


@pytest.fixture
def book(ledger, tmp_path, own_broker):
    """A ledger on that broker, and the parts of a sealer for it."""
    book = ALedger(ledger, tmp_path / "log", source=object())
    book.broker = own_broker
    return book


def the_parts(book, holder="one", term_s=10.0):
    address = book.broker.address("sealer")
    url = book.engine.url.render_as_string(hide_password=False)
    return {
        "url": url,
        "broker": address.url,
        "user": address.user,
        "password": address.password,
        "folder": str(book.folder),
        "holder": holder,
        "term_s": term_s,
    }


async def written(book, count, shard="ind"):
    """Let the hub itself write records."""
    address = book.broker.address()
    store = ValkeyStore(client(address.url, address.user, address.password), 86_400_000, 100_000)
    await store.prepare({"ind": ("",), "rvdk": ("",)})
    mine = book.written.setdefault(shard, [])
    for _ in range(count):
        mine.append(a_record(len(mine) + 1, shard))
        await store.note(shard, mine[-1], a_person(len(mine)))
    await store.close()


def until(condition, what):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"not in {PATIENCE_S:g} s: {what}")
        time.sleep(0.02)


class Running:
    """A sealer in a thread, as `seinhuis up` has it."""

    def __init__(self, book):
        self._parts = parts(**the_parts(book))
        self.sealer = Sealer(self._parts)
        self.failed = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        try:
            self.sealer.run(self._stop)
        except Exception as error:  # noqa: BLE001  (the test looks at it)
            self.failed = error

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(PATIENCE_S)
        self._parts.engine.dispose()
        self._parts.source.close()

    def join(self):
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()


def sealed(book):
    return len(book.rows(records, records.c.shard != "ledger"))


async def test_it_seals_what_the_hub_writes(book):
    """The hub sees up to where; after a stop nothing is left on the broker."""
    with Running(book) as running:
        await written(book, 30)
        await asyncio.to_thread(until, lambda: sealed(book) == 30, "all sealed")
        # It looks at how it is after the transaction that became visible just now.
        await asyncio.to_thread(until, lambda: running.sealer.status().active, "it says so")
        status = running.sealer.status()
        assert (True, "one", 0.0, "") == (
            status.active,
            status.holder,
            status.stalled_s,
            status.problem,
        )

    book.check()
    with closing(sync_client(book.broker.address("admin"))) as admin:
        assert admin.xlen(keys.audit("ind")) == 0
        assert b"30" == admin.hget(keys.sealed("ind"), "seq")


async def test_it_goes_on_after_the_broker_was_away(book, capsys):
    """It says so at once, and seals all of it when the broker is back."""
    with Running(book) as running:
        await written(book, 5)
        await asyncio.to_thread(until, lambda: sealed(book) == 5, "the first ones sealed")
        book.broker.stop()
        await asyncio.to_thread(
            until, lambda: running.sealer.status().problem != "", "the stall to be seen"
        )
        assert running.sealer.status().stalled_s > 0
        book.broker.start()
        await written(book, 5)
        await asyncio.to_thread(until, lambda: sealed(book) == 10, "the others sealed")
        await asyncio.to_thread(
            until, lambda: running.sealer.status().problem == "", "the stall to be over"
        )

    book.check()
    said = capsys.readouterr().out
    assert "ledger.stalled" in said
    assert "ledger.resumed" in said


async def test_it_ends_when_the_ledger_was_rolled_back(book):
    """For the operator to look at: going on would sign a second history."""
    with closing(sync_client(book.broker.address("admin"))) as admin:
        admin.hset(keys.sealed("ind"), mapping={"seq": 7, "at": 0})

    with Running(book) as running:
        await asyncio.to_thread(running.join)

    assert isinstance(running.failed, LedgerRolledBack)
    assert [] == book.rows(records)


async def test_a_sealer_that_is_killed_again_and_again_doubles_nothing(book):
    """Two processes, kill -9 at any moment, the hub writes on: each record once, in order."""
    dice = random.Random(6)
    going = {}

    def start(holder):
        command = [sys.executable, "-m", "tests.sealer_process"]
        arguments = json.dumps(the_parts(book, holder, term_s=0.5))
        nothing = subprocess.DEVNULL
        going[holder] = subprocess.Popen(
            [*command, arguments], cwd=REPO, stdout=nothing, stderr=nothing
        )

    try:
        for holder in ("one", "two"):
            start(holder)
        for _ in range(6):
            before = sealed(book)
            await written(book, dice.randrange(1, 60), dice.choice(("ind", "rvdk")))
            await asyncio.to_thread(until, lambda: sealed(book) > before, "a sealer at work")  # noqa: B023  (waited for here)
            await written(book, dice.randrange(1, 60), dice.choice(("ind", "rvdk")))
            holder = book.rows(lease)[0].holder  # it is in the midst of these
            going[holder].kill()
            going[holder].wait()
            start(holder)
        total = sum(map(len, book.written.values()))
        await asyncio.to_thread(until, lambda: sealed(book) >= total, "all sealed")
    finally:
        for process in going.values():
            process.kill()
            process.wait()

    last = Sealer(parts(**the_parts(book, "last", term_s=0.5)))
    await asyncio.to_thread(until, lambda: last.round() == 0 and last.status().active, "the lease")
    last.close()
    book.check()
    last._parts.engine.dispose()
    last._parts.source.close()
