"""Brokers for tests, started once for a session: the embedded Valkey, and Debian's Redis 7.0."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
import structlog

from hub.access import SINCE_7_2, AclUser, hub_user
from hub.embedded import BrokerAddress, EmbeddedBroker
from tests.brokers import cluster, plain_cluster  # noqa: F401 - fixtures

# A shell that starts tests in its background has them, and all that they start, ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def fresh_log() -> Iterator[None]:
    """A test that sets the log up does so for itself: its stream may be closed afterwards."""
    yield
    structlog.reset_defaults()


ADMIN = AclUser("admin", ("~*", "&*", "+@all"))
"""For tests only: may empty the broker, and make a mess of it."""


def sync_client(address: BrokerAddress) -> redis.Redis:
    """Return a blocking client without retries; replies are bytes."""
    return redis.Redis.from_url(
        address.url, username=address.user, password=address.password, retry=None
    )


def empty(admin: BrokerAddress) -> None:
    """Remove every key and every function."""
    with contextlib.closing(sync_client(admin)) as client:
        client.flushall()
        client.function_flush()


@pytest.fixture(scope="session")
def embedded_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    """An embedded broker for the whole session, with the users hub and admin; not emptied."""
    with EmbeddedBroker(tmp_path_factory.mktemp("broker"), users=(ADMIN,)) as broker:
        yield broker


@pytest.fixture
def broker(embedded_broker: EmbeddedBroker) -> BrokerAddress:
    """An empty embedded broker, as the hub's own user."""
    empty(embedded_broker.address("admin"))
    return embedded_broker.address()


@pytest.fixture
def broker_admin(embedded_broker: EmbeddedBroker, broker: BrokerAddress) -> BrokerAddress:
    """The same broker, as a user that may do everything."""
    return embedded_broker.address("admin")


def redis_server() -> str:
    """Return Debian's redis-server: absent, it is a skip on a laptop and a failure in CI."""
    binary = shutil.which("redis-server")
    if binary is None:
        why = "no redis-server on PATH (apt-get install redis-server)"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    return binary


@pytest.fixture(scope="session")
def redis7_broker() -> Iterator[BrokerAddress]:
    """Debian's redis-server with the same settings and users; as admin. Not emptied.

    Skips on a machine without it, fails where CI is set.
    """
    binary = redis_server()
    folder = Path(tempfile.mkdtemp(prefix="redis7-"))
    lines = [user.line("test").replace(f" {SINCE_7_2}", "") for user in (hub_user(), ADMIN)]
    (folder / "users.acl").write_text("\n".join(["user default off", *lines, ""]))
    server = subprocess.Popen(
        [
            *(binary, "--port", "0", "--unixsocket", str(folder / "s"), "--dir", str(folder)),
            *("--appendonly", "yes", "--appendfsync", "always", "--save", ""),
            *("--aclfile", str(folder / "users.acl"), "--logfile", str(folder / "log")),
        ],
    )
    address = BrokerAddress(f"unix://{folder / 's'}", "admin", "test")
    try:
        deadline = time.monotonic() + 20
        with contextlib.closing(sync_client(address)) as client:
            while True:
                try:
                    client.ping()
                    break
                except redis.ConnectionError:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.02)
        yield address
    finally:
        server.terminate()
        server.wait(20)
        shutil.rmtree(folder)


@pytest.fixture
def redis7(redis7_broker: BrokerAddress) -> BrokerAddress:
    """An empty Redis 7.0, as the hub's own user."""
    empty(redis7_broker)
    return BrokerAddress(redis7_broker.url, "hub", "test")


@pytest.fixture
def redis7_admin(redis7_broker: BrokerAddress, redis7: BrokerAddress) -> BrokerAddress:
    """The same, as a user that may do everything."""
    return redis7_broker
