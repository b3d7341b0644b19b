"""A ledger in a file that one process opens twice: no write of anybody may get lost."""

import subprocess
import sys

from sqlalchemy import select

from hub.ledger.database import open_ledger, reading, writing
from hub.ledger.migrations import migrate
from hub.ledger.store import add_note
from hub.ledger.tables import notes

ANOTHER = """
import sys
from hub.ledger.database import open_ledger, writing
from hub.ledger.store import add_note
engine = open_ledger(sys.argv[1])
with writing(engine) as connection:
    add_note(connection, b"of another process")
engine.dispose()
"""


def test_opening_it_again_leaves_the_locks_of_this_process_alone(tmp_path):
    """POSIX: closing a file drops every lock that the process has on it, also those of SQLite.

    Then another process takes itself for the last one, and removes the WAL under our feet.
    """
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    engine = open_ledger(url)
    migrate(engine)
    with writing(engine) as connection:
        add_note(connection, b"of the first")

    open_ledger(url).dispose()
    subprocess.run([sys.executable, "-c", ANOTHER, url], check=True, timeout=60)
    with writing(engine) as connection:
        add_note(connection, b"of the first again")
    subprocess.run([sys.executable, "-c", ANOTHER, url], check=True, timeout=60)

    wanted = [b"of the first", b"of another process", b"of the first again", b"of another process"]
    with reading(engine) as connection:
        assert wanted == list(connection.scalars(select(notes.c.record).order_by(notes.c.id)))
    engine.dispose()
    fresh = open_ledger(url)
    with reading(fresh) as connection:
        assert wanted == list(connection.scalars(select(notes.c.record).order_by(notes.c.id)))
    fresh.dispose()
