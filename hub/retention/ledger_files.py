"""What the database of the ledger still has on disk of what was erased in it, and removing that.

SQLite overwrites what is deleted (secure_delete), but a row that moved to another page may have
left its bytes in the old one, and the write-ahead log has both: VACUUM writes everything anew, and
a checkpoint empties the log. PostgreSQL only marks rows as gone; its statistics keep values that
were common, and its write-ahead log what was written: VACUUM FULL, a new segment, a checkpoint.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, NullPool, create_engine, text

from hub.errors import NotUsable, Unavailable
from hub.ledger.database import translated
from hub.ledger.tables import notes, records, subjects

LARGE: Final = 1 << 30
"""Bytes. A larger ledger is written anew once a week, because sealing waits for it."""

_TABLES: Final = (records.name, subjects.name, notes.name)
_RIGHTS: Final = {
    "SELECT pg_switch_wal()": "grant execute on pg_switch_wal() to the user of the ledger",
    "CHECKPOINT": "grant pg_checkpoint to the user of the ledger",
}
"""What may be refused, and the way out."""


def size(engine: Engine) -> int:
    """Return how many bytes would be written anew."""
    if engine.dialect.name == "sqlite":
        return Path(engine.url.database or "").stat().st_size
    with translated(engine), engine.connect() as connection:
        query = text("SELECT pg_total_relation_size(CAST(:name AS regclass))")
        return sum(connection.scalar(query, {"name": name}) or 0 for name in _TABLES)


def compact(engine: Engine, *, whole: bool) -> list[str]:
    """Remove from the files what was erased from the database; return what is left to a person.

    `whole`: write everything anew; without it only what costs little. Safe to repeat; it may stop
    at any moment. Sealing waits for it, and reading on PostgreSQL.

    Raises:
        Unavailable: it could not be done now (somebody reads, the disk is full); do it again.

    """
    with translated(engine):
        return _sqlite(engine, whole) if engine.dialect.name == "sqlite" else _server(engine, whole)


def _sqlite(engine: Engine, whole: bool) -> list[str]:  # noqa: FBT001 - of `compact`
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        if whole:
            cursor.execute("VACUUM")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        answer = cursor.fetchone()
        cursor.close()
    except engine.dialect.dbapi.Error as error:  # type: ignore[union-attr] # it has one: sqlite3
        raise _full_or_busy(error) from None
    finally:
        connection.close()
    if answer and answer[0]:
        raise Unavailable(
            "somebody has been reading the ledger all the time, so its write-ahead log could not be"
            " emptied; it is tried again at the next run"
        )
    return []


def _full_or_busy(error: Exception) -> Unavailable:
    name = getattr(error, "sqlite_errorname", "") or type(error).__name__
    return Unavailable(
        f"the ledger could not be written anew ({name}): it needs room on its disk for a second"
        " copy, and ten seconds in which nobody else writes; it is tried again at the next run"
    )


def _server(engine: Engine, whole: bool) -> list[str]:  # noqa: FBT001 - of `compact`
    # An engine of its own: the other gives up on an answer after half a minute.
    patient = create_engine(engine.url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    try:
        with patient.connect() as connection:
            return _on_server(connection, _guarded(engine, connection), whole)
    finally:
        patient.dispose()


def _guarded(engine: Engine, connection: Connection) -> Callable[[str], str]:
    def run(statement: str) -> str:
        """Do it; return the way out when we may not, else nothing."""
        try:
            with translated(engine):
                connection.execute(text(statement))
        except NotUsable:
            return f"{statement} was refused: {_RIGHTS.get(statement, 'own the tables')}"
        return ""

    return run


def _on_server(
    connection: Connection,
    run: Callable[[str], str],
    whole: bool,  # noqa: FBT001 - of `compact`
) -> list[str]:
    connection.execute(text("SET lock_timeout = '20s'"))  # else all who write wait behind us
    how = "VACUUM (FULL, ANALYZE)" if whole else "VACUUM (ANALYZE)"
    left = [run(f"{how} {name}") for name in _TABLES]
    if whole:
        left.append(_statistics(connection, run))
    # Twice: a checkpoint removes what lies before the one that it makes, not before itself.
    left += [run(each) for each in ("SELECT pg_switch_wal()", "CHECKPOINT") * 2]

    def setting(name: str) -> Any:
        return connection.scalar(text(f"SHOW {name}"))

    if setting("wal_recycle") == "on":
        left.append(
            "wal_recycle is on: old segments of the write-ahead log keep their bytes until they are"
            " used again; turn it off on this server"
        )
    if setting("archive_mode") != "off":
        left.append("archived segments and backups keep what they have until you remove them")
    return [each for each in dict.fromkeys(left) if each]


def _statistics(connection: Connection, run: Callable[[str], str]) -> str:
    """Write the statistics anew; who may not is not told so by the server, which passes them by."""
    mine = "SELECT pg_has_role(datdba, 'USAGE') FROM pg_database WHERE datname = current_database()"
    if connection.scalar(text(mine)):
        return run("VACUUM FULL pg_catalog.pg_statistic")
    return (
        "the statistics of the database may hold what was erased: make the user of the ledger the"
        " owner of the database, or let that one do VACUUM FULL pg_catalog.pg_statistic"
    )
