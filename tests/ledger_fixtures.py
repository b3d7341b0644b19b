"""Databases for tests of the ledger: SQLite in a file, and Debian's PostgreSQL on a unix socket.

A test module imports the fixtures that it uses. No PostgreSQL is a skip on a laptop, and a failure
where CI is set.
"""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine, text

from hub.errors import Unavailable
from hub.ledger.database import open_ledger, reading
from hub.ledger.migrations import migrate

__all__ = ["ledger", "ledger_url", "postgresql", "postgresql_url"]

BINARIES = Path("/usr/lib/postgresql")


def postgresql_binaries() -> Path | None:
    """Return the folder with initdb and postgres of the newest version, or None."""
    found = [
        path.parent for path in BINARIES.glob("*/bin/initdb") if (path.parent / "postgres").exists()
    ]
    return max(found, key=lambda path: int(path.parent.name), default=None)


@contextlib.contextmanager
def running_postgresql(binaries: Path) -> Iterator[str]:
    """Run a server of its own, on a unix socket in a folder of its own; yield that folder.

    The server refuses to run as root: then it runs as user `postgres`, which Debian makes.
    """
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    options = {}
    if os.getuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(folder, user.pw_uid, user.pw_gid)
        options = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    data = folder / "data"
    settled = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **options}
    command = [binaries / "initdb", "-D", data, "-U", "ledger", "-A", "trust", "-E", "UTF8"]
    subprocess.run([*command, "--locale=C", "--no-sync"], check=True, timeout=120, **settled)
    server = subprocess.Popen(
        [binaries / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses="], **settled
    )
    try:
        engine = open_ledger(postgresql_address(str(folder), "postgres"))
        deadline = time.monotonic() + 60
        while True:
            try:
                with reading(engine):
                    break
            except Unavailable:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        engine.dispose()
        yield str(folder)
    finally:
        server.send_signal(signal.SIGINT)  # does not wait for open connections
        server.wait(60)
        shutil.rmtree(folder)


def postgresql_address(folder: str, database: str) -> str:
    """Return the URL of a database of the server in `folder`."""
    return f"postgresql+pg8000://ledger@/{database}?unix_sock={folder}/.s.PGSQL.5432"


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """A PostgreSQL for the whole session; the folder with its socket."""
    binaries = postgresql_binaries()
    if binaries is None:
        why = f"no PostgreSQL in {BINARIES} (apt-get install postgresql)"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    with running_postgresql(binaries) as folder:
        yield folder


@pytest.fixture
def postgresql_url(postgresql: str) -> Iterator[str]:
    """An empty database of its own."""
    name = f"t{uuid.uuid4().hex}"
    admin = create_engine(
        postgresql_address(postgresql, "postgres"),
        isolation_level="AUTOCOMMIT",
        poolclass=NullPool,
    )
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield postgresql_address(postgresql, name)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database: each test runs on both."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.db'}"
    return request.getfixturevalue("postgresql_url")


@pytest.fixture
def ledger(ledger_url: str):
    """A migrated ledger, as an engine."""
    engine = open_ledger(ledger_url)
    migrate(engine)
    yield engine
    engine.dispose()
