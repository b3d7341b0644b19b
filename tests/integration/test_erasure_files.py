"""The files in which what was erased may stand still, and what we may not do to them is told."""

import asyncio
import contextlib
import sqlite3
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import NullPool, create_engine, make_url, text

from hub.access import SEALER_USER
from hub.embedded import EmbeddedBroker
from hub.errors import Unavailable
from hub.ledger.database import open_ledger
from hub.ledger.migrations import migrate
from hub.retention import ledger_files
from hub.retention.broker_files import BrokerFiles
from hub.retention.pending import Pending
from tests.conftest import ADMIN, sync_client
from tests.ledger_fixtures import postgresql, postgresql_url

__all__ = ["postgresql", "postgresql_url"]

pytestmark = pytest.mark.broker

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@pytest.fixture
def own_broker(tmp_path):
    """A broker of this test alone."""
    with EmbeddedBroker(tmp_path / "data", users=(ADMIN,)) as broker:
        yield broker


def files(broker):
    """What rewrites the file of a broker."""
    return BrokerFiles(broker.address(), broker.address(SEALER_USER))


async def test_a_rewrite_ends_after_every_rewrite_that_was_under_way(own_broker, tmp_path):
    """Two at once, and one that somebody else began: each sees all that was deleted before it."""
    with contextlib.closing(sync_client(own_broker.address("admin"))) as admin:
        for number in range(200):
            admin.xadd("hub:{ind}:in", {"event": f"secret-{number}" * 500})
        admin.bgrewriteaof()
        admin.delete("hub:{ind}:in")

    assert [True, True] == await asyncio.gather(
        files(own_broker).rewrite(), files(own_broker).rewrite()
    )

    async with asyncio.timeout(20):
        while any(b"secret-1" in f.read_bytes() for f in (tmp_path / "data").rglob("*.aof")):
            await asyncio.sleep(0.02)


async def test_who_has_no_account_that_may_says_that_it_was_not_done(own_broker):
    assert not await BrokerFiles(own_broker.address(), None).rewrite()


async def test_a_broker_that_keeps_no_file_has_nothing_to_rewrite(own_broker):
    with contextlib.closing(sync_client(own_broker.address("admin"))) as admin:
        admin.config_set("appendonly", "no")

    assert not await files(own_broker).rewrite()


async def test_the_oldest_entry_of_each_intake_is_what_waits(own_broker):
    with contextlib.closing(sync_client(own_broker.address("admin"))) as admin:
        admin.xadd("hub:{ind}:in", {"event": "x"}, id="1000-0")
        admin.xadd("hub:{ind}:in", {"event": "x"}, id="2000-0")
        admin.xadd("hub:{gemeente}:in:gm0363", {"event": "x"}, id="3000-0")

    found = await files(own_broker).waiting({"ind": ("",), "liv": ("",), "gemeente": ("gm0363",)})

    assert {("ind", ""): "1000-0", ("gemeente", "gm0363"): "3000-0"} == found


@pytest.fixture
def lite(tmp_path):
    """A ledger in a file."""
    engine = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    migrate(engine)
    yield engine
    engine.dispose()


def test_a_ledger_that_somebody_reads_all_the_time_is_told_and_comes_again(lite, monkeypatch):
    """The write-ahead log cannot be emptied behind a reader's back."""
    path = lite.url.database
    with contextlib.closing(sqlite3.connect(path)) as reader, lite.connect() as quick:
        quick.exec_driver_sql("PRAGMA busy_timeout = 50")
        quick.commit()
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM records").fetchone()
        monkeypatch.setattr(lite, "raw_connection", lambda: _quick(path))
        with pytest.raises(Unavailable, match="reading"):
            ledger_files.compact(lite, whole=True)
        reader.rollback()
        assert [] == ledger_files.compact(lite, whole=True)


def _quick(path):
    connection = sqlite3.connect(path, timeout=0.05, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    return connection


def test_a_large_ledger_is_written_anew_once_a_week(tmp_path):
    """What a crash left pending is pending still; and a damaged file means so."""
    pending = Pending(tmp_path / "retention.json")
    assert pending.is_pending
    assert pending.is_whole_due(NOW)

    pending.done(NOW)
    assert not pending.is_pending
    assert not pending.is_whole_due(NOW + timedelta(days=6))
    assert pending.is_whole_due(NOW + timedelta(days=7))

    pending.begin()
    assert Pending(tmp_path / "retention.json").is_pending
    assert not pending.is_whole_due(NOW + timedelta(days=6))

    (tmp_path / "retention.json").write_text("[")
    assert pending.is_pending
    assert pending.is_whole_due(NOW)


def test_what_postgresql_does_not_let_us_do_is_left_to_a_person_by_name(postgresql_url):
    """And nothing is left once the rights are given that the how-to names."""
    database = make_url(postgresql_url).database
    role = f"r{uuid.uuid4().hex}"
    admin = create_engine(postgresql_url, isolation_level="AUTOCOMMIT", poolclass=NullPool)

    def do(*statements):
        with admin.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))

    do(f"CREATE ROLE {role} LOGIN", f"GRANT CREATE ON SCHEMA public TO {role}")
    engine = open_ledger(postgresql_url.replace("//ledger@", f"//{role}@"))
    migrate(engine)

    left = ledger_files.compact(engine, whole=True)
    assert ["pg_switch_wal", "pg_checkpoint", "owner of the database", "wal_recycle"] == [
        word
        for word in ("pg_switch_wal", "pg_checkpoint", "owner of the database", "wal_recycle")
        if any(word in each for each in left)
    ]

    do(
        f"GRANT pg_checkpoint TO {role}",
        f"GRANT EXECUTE ON FUNCTION pg_switch_wal() TO {role}",
        f"ALTER DATABASE {database} OWNER TO {role}",
    )
    rest = ledger_files.compact(engine, whole=True)
    engine.dispose()
    assert 1 == len(rest)
    assert "wal_recycle" in rest[0]
    do(
        f"ALTER DATABASE {database} OWNER TO ledger",
        f"REASSIGN OWNED BY {role} TO ledger",
        f"DROP OWNED BY {role}",
        f"DROP ROLE {role}",
    )
    admin.dispose()
