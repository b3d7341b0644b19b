"""Bring the tables of a ledger to the version of this code. Alembic does the work.

`versions/` has one file for each version. A change to `hub/ledger/tables.py` needs a new one: a
test compares what they make with the tables.
"""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from hub.errors import NotUsable
from hub.ledger.database import reading, writing

_LOCK: Final = 0x5345494E  # of PostgreSQL: one migration at a time; any number that is ours


def is_current(engine: Engine) -> bool:
    """Say whether the tables are those of this version; changes nothing.

    Raises:
        NotUsable: a newer Seinhuis wrote this ledger.
        Unavailable: the database did not answer.

    """
    with reading(engine) as connection:
        return _current(connection, _scripts())


def migrate(engine: Engine) -> None:
    """Make or change the tables, in one transaction. Idempotent; several processes may do it.

    Raises:
        NotUsable: a newer Seinhuis wrote this ledger.
        Unavailable: the database did not answer; nothing was changed.

    """
    config = _config()
    scripts = _scripts()
    with reading(engine) as connection:
        if _current(connection, scripts):
            return
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        if not _current(connection, scripts):
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def _config() -> Config:
    config = Config(attributes={"connection": None})
    config.set_main_option("path_separator", "os")
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _current(connection: Connection, scripts: ScriptDirectory) -> bool:
    """Whether the tables are as this code wants them; raises when they are newer."""
    found = MigrationContext.configure(connection).get_current_heads()
    known = {script.revision for script in scripts.walk_revisions()}
    if unknown := set(found) - known:
        raise NotUsable(
            f"the ledger was written by a newer Seinhuis (version {', '.join(sorted(unknown))} of"
            " its tables): install that version again; an older one cannot use this ledger"
        )
    return set(found) == set(scripts.get_heads())
