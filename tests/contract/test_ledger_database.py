"""Opening and migrating the database: private, durable, and clear about what is wrong with it."""

import os
import signal
import sqlite3
import stat
import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import event, insert, inspect, text

from hub.errors import NotUsable, Unavailable
from hub.ledger.database import open_ledger, reading, writing
from hub.ledger.migrations import migrate
from hub.ledger.tables import configs, metadata
from tests.ledger_fixtures import ledger, ledger_url, postgresql, postgresql_url

__all__ = ["ledger", "ledger_url", "postgresql", "postgresql_url"]

SECRET = "not-in-any-message"


def test_the_migrations_make_the_tables_of_the_code(ledger):
    """A table that is changed without a migration is found here."""
    with reading(ledger) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})

        assert [] == compare_metadata(context, metadata)


def test_migrating_again_changes_nothing(ledger):
    """Every start does it."""
    with writing(ledger) as connection:
        connection.execute(insert(configs).values(digest="d", first_at=1, document=b"x"))

    migrate(ledger)

    with reading(ledger) as connection:
        assert [("d", 1, b"x")] == [tuple(row) for row in connection.execute(configs.select())]


def test_ctrl_c_while_a_connection_is_taken_back_writes_no_traceback(ledger, caplog):
    """Whoever stops `audit show --follow` sees that it stopped, and no page of code."""

    @event.listens_for(ledger, "reset")
    def ctrl_c(*_):
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt), reading(ledger) as connection:
        connection.execute(configs.select())
    event.remove(ledger, "reset", ctrl_c)

    assert [] == caplog.records


def test_what_fails_while_a_connection_is_taken_back_is_logged(ledger, caplog):
    """Only an interruption is kept out of the log."""

    @event.listens_for(ledger, "reset")
    def fails(*_):
        raise OSError

    with reading(ledger) as connection:
        connection.execute(configs.select())
    event.remove(ledger, "reset", fails)

    assert ["ERROR"] == [each.levelname for each in caplog.records]


def test_a_server_that_ended_our_connection_writes_no_traceback(postgresql_url, caplog):
    """It is closed and opened anew by itself; when that fails, the error says so."""
    engine = open_ledger(postgresql_url)
    other = open_ledger(postgresql_url)
    with reading(engine) as connection:
        ours = connection.scalar(text("SELECT pg_backend_pid()"))
    with reading(other) as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid, 10000)"), {"pid": ours})
    with reading(engine) as connection:
        assert ours != connection.scalar(text("SELECT pg_backend_pid()"))
    engine.dispose()
    other.dispose()

    assert [] == caplog.records


def test_several_processes_may_migrate_at_once(ledger_url):
    """Two machines start at the same moment; one makes the tables, the others find them made."""
    engines = [open_ledger(ledger_url) for _ in range(4)]
    begin, failures = threading.Barrier(4), []

    def one(engine):
        begin.wait()
        try:
            migrate(engine)
        except Exception as error:  # noqa: BLE001  (the other thread must see it)
            failures.append(error)

    threads = [threading.Thread(target=one, args=(engine,)) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [] == failures
    assert set(metadata.tables) < set(inspect(engines[0]).get_table_names())
    for engine in engines:
        engine.dispose()


def test_a_ledger_of_a_newer_version_is_refused(ledger):
    """Older code would write what the newer one cannot read."""
    with writing(ledger) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(NotUsable, match=r"newer Seinhuis \(version 9999"):
        migrate(ledger)


def test_a_migration_that_fails_leaves_nothing_behind(ledger_url, monkeypatch):
    """All in one transaction, on SQLite too: the next start begins anew."""
    engine = open_ledger(ledger_url)
    with monkeypatch.context() as patched:
        patched.setattr("alembic.operations.Operations.create_index", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            migrate(engine)

    assert [] == inspect(engine).get_table_names()
    migrate(engine)
    engine.dispose()


def test_a_transaction_that_fails_leaves_nothing_behind(ledger):
    """All of it, or nothing."""

    def fail(connection):
        connection.execute(insert(configs).values(digest="d", first_at=1, document=b"x"))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), writing(ledger) as connection:
        fail(connection)

    with reading(ledger) as connection:
        assert [] == list(connection.execute(configs.select()))


def test_reading_sees_one_state_however_long_it_takes(ledger):
    """A report that counts twice must count the same."""
    with reading(ledger) as connection:
        assert [] == list(connection.execute(configs.select()))
        with writing(ledger) as other:
            other.execute(insert(configs).values(digest="d", first_at=1, document=b"x"))

        assert [] == list(connection.execute(configs.select()))


def test_the_file_is_for_this_user_only(tmp_path):
    """And so are the files beside it; whatever the umask, and also when it was not so before."""
    path = tmp_path / "new" / "ledger.db"
    path.parent.mkdir()
    path.touch(0o644)
    old = os.umask(0)
    try:
        engine = open_ledger(f"sqlite:///{path}")
        migrate(engine)
    finally:
        os.umask(old)

    files = list(path.parent.iterdir())
    assert {"ledger.db", "ledger.db-wal", "ledger.db-shm"} == {file.name for file in files}
    assert {0o600} == {stat.S_IMODE(file.stat().st_mode) for file in files}
    engine.dispose()


def test_sqlite_flushes_overwrites_and_waits(tmp_path):
    """What was committed is on disk, what was erased is gone, and a lock is waited for."""
    engine = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    wanted = {
        "journal_mode": "wal",
        "synchronous": 2,
        "secure_delete": 1,
        "foreign_keys": 1,
        "busy_timeout": 10_000,
    }

    with reading(engine) as connection:
        found = {name: connection.scalar(text(f"PRAGMA {name}")) for name in wanted}

    assert wanted == found
    engine.dispose()


def test_erased_bytes_leave_the_file(tmp_path):
    """A salt that is set to null cannot be read from the disk afterwards."""
    path = tmp_path / "ledger.db"
    engine = open_ledger(f"sqlite:///{path}")
    migrate(engine)
    secret = os.urandom(16)
    with writing(engine) as connection:
        connection.execute(insert(configs).values(digest="d", first_at=1, document=secret))
    with writing(engine) as connection:
        connection.execute(configs.update().values(document=b""))
    engine.dispose()  # the last connection takes the write-ahead log into the file

    assert secret not in b"".join(file.read_bytes() for file in tmp_path.iterdir())


@pytest.mark.parametrize("url", ["", "ledger.db", "sqlite://", "sqlite:///:memory:", "mysql://a/b"])
def test_an_address_that_is_none_is_refused(url):
    """With what it must be, and without repeating what may hold a password."""
    with pytest.raises(NotUsable, match=r"SEINHUIS_LEDGER\) is sqlite:///PATH"):
        open_ledger(url)


def test_a_file_that_is_no_database_is_refused(tmp_path):
    """And left as it is."""
    path = tmp_path / "ledger.db"
    path.write_bytes(b"something else" * 500)
    engine = open_ledger(f"sqlite:///{path}")

    with pytest.raises(NotUsable, match="damaged or no database"):
        migrate(engine)

    engine.dispose()
    assert path.read_bytes() == b"something else" * 500


def test_a_database_that_can_only_be_read_is_refused(ledger, ledger_url):
    """It names the way out; SQLite's own words do not."""
    sqlite = ledger_url.startswith("sqlite")
    only_read = "PRAGMA query_only = ON" if sqlite else "SET TRANSACTION READ ONLY"

    def write(connection):
        connection.exec_driver_sql(only_read)
        connection.execute(insert(configs).values(digest="d", first_at=1, document=b"x"))

    with pytest.raises(NotUsable, match="read"), writing(ledger) as connection:
        write(connection)


def test_a_locked_database_is_unavailable(tmp_path):
    """Worth another try, which the sealer makes."""
    path = tmp_path / "ledger.db"
    engine = open_ledger(f"sqlite:///{path}")
    migrate(engine)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with reading(engine) as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 0")  # stays with the pooled connection

    with pytest.raises(Unavailable, match="SQLITE_BUSY"), writing(engine):
        pass

    other.close()
    engine.dispose()


def test_a_server_that_is_not_there_is_unavailable(tmp_path):
    """And its password is in no message."""
    url = f"postgresql://ledger:{SECRET}@/ledger?unix_sock={tmp_path}/nobody"
    engine = open_ledger(url)

    with pytest.raises(Unavailable) as caught, reading(engine):
        pass

    assert "the ledger ledger at a local socket does not answer" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_database_that_is_not_there_is_refused(postgresql):
    """Waiting would not make it."""
    engine = open_ledger(f"postgresql://ledger@/nowhere?unix_sock={postgresql}/.s.PGSQL.5432")

    with pytest.raises(NotUsable, match=r"SQLSTATE 3D000.*createdb"), reading(engine):
        pass


def test_a_user_that_is_not_known_is_refused(postgresql):
    """With the setting to look at, and without the password."""
    url = f"postgresql://nobody@/postgres?unix_sock={postgresql}/.s.PGSQL.5432"
    engine = open_ledger(url, SECRET)

    with pytest.raises(NotUsable, match="SEINHUIS_LEDGER_PASSWORD_FILE") as caught, reading(engine):
        pass

    assert SECRET not in str(caught.value)
