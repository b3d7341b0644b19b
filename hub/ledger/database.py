"""Open the database of the ledger: SQLite by default, PostgreSQL for more than one machine.

Durable: what a transaction committed is on disk (SQLite: WAL with synchronous FULL; PostgreSQL: its
`synchronous_commit`, on by default). Erased bytes are overwritten (SQLite: secure_delete).
"""

import contextlib
import errno
import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pg8000.exceptions import InterfaceError  # type: ignore[import-untyped]  # it has no types
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from hub.data_folder import make_private_folder
from hub.errors import HubError, LedgerBroken, NotUsable, Unavailable

_DRIVERS: Final = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+pg8000"}
_BUSY_S: Final = 10.0
_ANSWER_S: Final = 30  # a network that swallows packets must not silence the sealer for ever
_PRAGMAS: Final = (
    "PRAGMA busy_timeout = 10000",  # first: the next one may have to wait
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA secure_delete = ON",
    "PRAGMA foreign_keys = ON",
    "PRAGMA wal_autocheckpoint = 4000",  # pages (16 MB): those of the indexes change often
    "PRAGMA cache_size = -65536",  # KiB: the indexes of some millions of records
)

_REFUSED: Final = {
    "28": "the user or the password is refused: look at SEINHUIS_LEDGER_PASSWORD_FILE",
    "3D": "there is no such database: make it first (createdb)",
    "42501": "the user may not do this: it must own the tables of the ledger",
    "25006": "the server only lets read: name the primary, not a standby",
}
"""SQLSTATE (or its class) -> why waiting does not help."""


def open_ledger(url: str, password: str = "") -> Engine:
    """Return an engine for the ledger at `url`; threads may share it.

    `url`: `sqlite:///PATH` or `postgresql+pg8000://USER@HOST/NAME`. Makes the file and its folder
    (for this user only), but no table: that is `migrations.migrate`. Connects nowhere yet.

    Raises:
        NotUsable: the URL is none of these, or the file cannot be made.

    """
    place = _checked(url)
    if place.get_backend_name() == "sqlite":
        _make_private_file(Path(place.database or ""))
        engine = create_engine(place)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        place = place.set(password=password) if password else place
        engine = create_engine(place, connect_args={"timeout": _ANSWER_S}, pool_pre_ping=True)
    engine.pool.logger.addFilter(_is_a_fault)  # type: ignore[union-attr]  # a Logger: echo is off
    return engine


@contextlib.contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that writes: all of it, or nothing when the block raises.

    On SQLite it has the write lock from the start, so it never has to give way halfway.

    Raises:
        Unavailable: nothing was written or (at the commit) we cannot know; read again, then retry.
        NotUsable: waiting does not help; the message says what does.
        LedgerBroken: the database holds what contradicts this; nothing was written.

    """
    with translated(engine), engine.connect() as raw:
        connection = raw.execution_options(writes=True)
        with connection.begin():
            yield connection


@contextlib.contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One transaction that reads: a single state of the database, however long it takes."""
    with translated(engine), engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            yield connection


@contextlib.contextmanager
def translated(engine: Engine) -> Iterator[None]:
    """Say in our own words what went wrong with the database; never a password or a parameter."""
    try:
        yield
    except DBAPIError as error:
        raise _in_our_words(engine, error.orig) from None


def _is_a_fault(entry: logging.LogRecord) -> bool:
    """Say whether the pool must log this.

    Ctrl-C while it takes a connection back is no fault. That a connection to a server that went
    away cannot be closed is told by who wanted to use it, in a line and not in a page of code.
    """
    error = entry.exc_info[1] if entry.exc_info else None
    return not isinstance(error, KeyboardInterrupt | InterfaceError)


def _in_our_words(engine: Engine, error: BaseException | None) -> HubError:
    place = _place(engine)
    if isinstance(error, sqlite3.Error):
        return _of_sqlite(place, getattr(error, "sqlite_errorname", "") or type(error).__name__)
    return _of_a_server(place, _sqlstate(error))


def _of_sqlite(place: str, name: str) -> HubError:
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return NotUsable(
            f"{place} cannot be written ({name}): the file and its folder must belong to the"
            " user of the hub, on a disk that is not mounted read-only"
        )
    if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        return NotUsable(
            f"{place} is damaged or no database ({name}): keep the file, put the last backup"
            " in its place, and run `seinhuis-verify` on the published folder"
        )
    if name.startswith("SQLITE_CONSTRAINT"):
        return _broken(place, name)
    return Unavailable(f"{place} does not answer ({name})")


def _of_a_server(place: str, code: str) -> HubError:
    for start, why in _REFUSED.items():
        if code.startswith(start):
            return NotUsable(f"{place} cannot be used (SQLSTATE {code}): {why}")
    if code.startswith("23"):
        return _broken(place, f"SQLSTATE {code}")
    return Unavailable(f"{place} does not answer ({f'SQLSTATE {code}' if code else 'network'})")


def _broken(place: str, code: str) -> LedgerBroken:
    return LedgerBroken(
        f"{place} has in that place what is to be written now ({code}): positions or records were"
        " changed from outside. Keep it as it is, and put its last backup in place"
    )


def _sqlstate(error: BaseException | None) -> str:
    """Return what the server said, or an empty text when it said nothing.

    While connecting, pg8000 may hide it behind the end of the connection that follows it.
    """
    while error is not None:
        said = error.args[0] if error.args else None
        if isinstance(said, dict) and "C" in said:
            return str(said["C"])
        error = error.__cause__ or error.__context__
    return ""


def _place(engine: Engine) -> str:
    """Name the database as the operator does, without password and without query."""
    url = engine.url
    if url.get_backend_name() == "sqlite":
        return f"the ledger {url.database}"
    return f"the ledger {url.database} at {url.host or 'a local socket'}"


def _checked(url: str) -> URL:
    try:
        place = make_url(url)
        known = _DRIVERS.get(place.get_backend_name())
    except (ArgumentError, NoSuchModuleError, ValueError):
        known = None
    if known is None or not place.database or place.database == ":memory:":
        raise NotUsable(
            "the address of the ledger (SEINHUIS_LEDGER) is sqlite:///PATH/OF/FILE or"
            " postgresql+pg8000://USER@HOST:PORT/NAME"
        )
    return place.set(drivername=known)


def _make_private_file(path: Path) -> None:
    """Make the file for this user only; SQLite gives its -wal and -shm the same rights."""
    make_private_folder(path.parent)
    try:
        # One that is there is never opened here: closing it would drop every lock that another
        # connection of this process has on it (POSIX), and writes would get lost.
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        if not path.is_file():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        path.chmod(0o600)
    except OSError as error:
        raise NotUsable(
            f"the ledger {path} cannot be used ({(error.strerror or 'error').lower()}): name"
            " another with SEINHUIS_LEDGER, or give the user of the hub the file and its folder"
        ) from None


def _prepare_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves: DDL is in the transaction too
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        _patiently(cursor, pragma)
    cursor.close()


def _patiently(cursor: sqlite3.Cursor, pragma: str) -> None:
    """Run a pragma. Two that make a new file WAL at once: SQLite tells one at once that it is busy.

    Its busy_timeout does not count there, so the waiting is ours.
    """
    deadline = time.monotonic() + _BUSY_S
    while True:
        try:
            cursor.execute(pragma)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
