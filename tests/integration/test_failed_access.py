"""What the broker refused is on record: counted once, by account, and never what was typed."""

import contextlib
import json
import threading

import pytest
import redis
from sqlalchemy import select

from hub.access import sealer_user, users
from hub.data_folder import BrokerAddress
from hub.embedded import EmbeddedBroker
from hub.errors import Unavailable
from hub.failed_access import FailedAccess, counted
from hub.ledger.database import open_ledger, reading
from hub.ledger.migrations import migrate
from hub.ledger.tables import notes
from schemas.record_words import out_of_vocabulary
from schemas.records import Record
from tests.config_builders import NOW
from tests.conftest import redis_server
from tests.integration.other_broker import other_broker

pytestmark = pytest.mark.broker

USERS = users({"ind": ("",)}, ["ind"])
NAMES = {user.name for user in USERS}
TYPED = "999990342"  #: as somebody types a BSN where a name or a key is asked


@pytest.fixture(params=["valkey", "redis 7.0"])
def address_of(request, tmp_path):
    """Return a function: the address of a broker as one of its users."""
    if request.param == "valkey":
        with EmbeddedBroker(tmp_path / "broker", users=USERS, port=0) as broker:
            yield broker.address
    else:
        with other_broker(redis_server(), tmp_path, USERS) as address:
            yield lambda user: BrokerAddress(address, user, "test")


@pytest.fixture
def engine(tmp_path):
    made = open_ledger(f"sqlite:///{tmp_path / 'ledger' / 'ledger.db'}")
    migrate(made)
    yield made
    made.dispose()


@pytest.fixture
def watch(address_of, engine):
    """One that takes over, as after a start."""
    with contextlib.closing(FailedAccess(address_of("sealer"), engine, NAMES, lambda: NOW)) as made:
        yield made


def refused(address: BrokerAddress, *command: str, user=None, password=None):
    """Send a command that the broker refuses."""
    client = redis.Redis.from_url(
        address.url, username=user or address.user, password=password or address.password,
        retry=None, driver_info=None,
    )  # fmt: skip
    with client, pytest.raises(redis.RedisError):
        client.execute_command(*command)


def told(engine) -> list[dict[str, str]]:
    """Return the records that wait to be sealed, each held against the vocabulary."""
    with reading(engine) as connection:
        found = [bytes(row.record) for row in connection.execute(select(notes))]
    for record in found:
        Record.model_validate_json(record)
        assert [] == out_of_vocabulary(json.loads(record))
        assert TYPED.encode() not in record
    return [json.loads(record) for record in found]


def said(record) -> tuple[str, str, str]:
    return record["actor"]["id"], record["object"]["id"], record["result"]


def test_each_refusal_is_counted_once_by_account_and_kind(address_of, engine, watch):
    """Names that are no account are unknown; what was typed stands nowhere."""
    for _ in range(3):
        refused(address_of("ind"), "GET", f"hub:{TYPED}")
    refused(address_of("ind"), "FLUSHALL")
    refused(address_of("ind"), "PING", user=TYPED, password="wrong")
    refused(address_of("ind"), "PING", password="wrong")

    assert 4 == watch.look()
    assert 0 == watch.look()
    assert {
        ("ind", "key", "3"),
        ("ind", "command", "1"),
        ("ind", "auth", "1"),
        ("unknown", "auth", "1"),
    } == set(map(said, told(engine)))
    assert {"account"} == {record["actor"]["kind"] for record in told(engine)}
    assert {"unix"} == {record["reason"] for record in told(engine)}


def test_after_a_restart_nothing_is_counted_again_and_nothing_is_left_out(
    address_of, engine, watch
):
    refused(address_of("ind"), "FLUSHALL")
    watch.look()
    refused(address_of("ind"), "FLUSHALL")
    with contextlib.closing(
        FailedAccess(address_of("sealer"), engine, NAMES, lambda: NOW)
    ) as again:
        again.look()

    assert [("ind", "command", "1")] * 2 == list(map(said, told(engine)))


def test_what_was_read_waits_for_a_ledger_that_does_not_answer(
    address_of, engine, watch, monkeypatch
):
    """The broker has forgotten it by then."""
    refused(address_of("ind"), "FLUSHALL")

    def fail(*_):
        raise Unavailable("the ledger does not answer")

    with monkeypatch.context() as broken:
        broken.setattr("hub.failed_access.add_note", fail)
        with pytest.raises(Unavailable):
            watch.look()
    refused(address_of("ind"), "FLUSHALL")
    watch.look()

    assert [("ind", "command", "2")] == list(map(said, told(engine)))


def test_it_looks_once_more_when_it_is_stopped(address_of, engine, watch):
    refused(address_of("ind"), "FLUSHALL")
    stop = threading.Event()
    stop.set()
    watch.run(stop)

    assert [("ind", "command", "1")] == list(map(said, told(engine)))


@pytest.mark.parametrize(
    ("address", "whence"),
    [
        ("127.0.0.1:5000", "loopback"),
        ("[::1]:5000", "loopback"),
        ("/run/broker.sock:0", "unix"),
        ("192.0.2.7:5000", "network"),
        ("", "network"),
    ],
)
def test_where_it_came_from_is_told_without_an_address(address, whence):
    entry = [
        b"reason",
        b"auth",
        b"username",
        b"ind",
        b"client-info",
        f"id=3 addr={address}".encode(),
    ]

    assert {("ind", "auth", whence): 1} == counted([entry], NAMES)


def test_a_kind_that_is_not_known_is_other():
    """A newer broker may know more: the vocabulary stays closed."""
    assert {("ind", "other", "network"): 2} == counted(
        [[b"reason", b"database", b"username", b"ind", b"count", 2]], NAMES
    )


def test_that_the_hub_asks_for_settings_in_vain_is_no_failed_access(address_of, engine, watch):
    """It does so at every start; anything else that is refused to the hub is told."""
    refused(address_of("hub"), "CONFIG", "GET", "appendfsync")
    refused(address_of("ind"), "CONFIG", "GET", "appendfsync")
    refused(address_of("hub"), "CONFIG", "SET", "appendfsync", "no")
    watch.look()

    assert {("hub", "command", "1"), ("ind", "command", "1")} == set(map(said, told(engine)))


def test_only_the_sealer_may_read_the_list():
    assert [sealer_user().name] == [
        user.name for user in USERS if any("+acl|log" in rule for rule in user.rules)
    ]
