"""The audit streams on a real broker, read with the rights of the sealer and no others."""

from collections.abc import Callable
from contextlib import closing

import pytest

from hub.access import SINCE_7_2, sealer_user
from hub.data_folder import BrokerAddress
from hub.errors import NotAllowed, Unavailable
from hub.ledger.source import BEGINNING, AuditSource, MemorySource
from hub.ledger.valkey_source import ValkeySource
from hub.stores import keys
from tests.conftest import sync_client

pytestmark = pytest.mark.broker

Write = Callable[..., str]


def the_sealer(admin: BrokerAddress) -> BrokerAddress:
    """Make a user on this broker with the rights of the sealer."""
    rules = []
    for rule in sealer_user().rules:
        rules += [rule] if rule.startswith("(") else rule.split()
    rules = [rule for rule in rules if rule != SINCE_7_2]
    with closing(sync_client(admin)) as client:
        client.execute_command("ACL", "SETUSER", "a-sealer", "reset", "on", ">test", *rules)
    return BrokerAddress(admin.url, "a-sealer", "test")


@pytest.fixture(params=["memory", "valkey", "redis7"])
def place(request) -> BrokerAddress | None:
    """An empty broker as its administrator; None: the streams in memory."""
    if request.param == "memory":
        return None
    return request.getfixturevalue("broker_admin" if request.param == "valkey" else "redis7_admin")


@pytest.fixture
def source(place) -> AuditSource:
    """The audit streams, as the sealer has them."""
    if place is None:
        yield MemorySource(("ind", "politie.3"))
        return
    address = the_sealer(place)
    source = ValkeySource(address.url, address.user, address.password)
    yield source
    source.close()


@pytest.fixture
def write(place, source) -> Write:
    """Write a record as the hub does: number, entry and head together."""
    if place is None:
        return lambda shard, record, person=b"": source.append(shard, record, person).id

    def written(shard: str, record: bytes, person: bytes = b"") -> str:
        fields = {"record": record} | ({"person": person} if person else {})
        with closing(sync_client(place)) as client:
            seq = client.hincrby(keys.head(shard), "seq", 1)
            return client.xadd(keys.audit(shard), {"seq": seq, **fields}).decode()

    return written


def test_it_reads_on_from_an_entry_in_order(source, write):
    """With number, bytes and person as they were written; and the head beside them."""
    first = write("ind", b"{1}", b"{p}")
    second = write("ind", b"{\xc3\xa9}")
    write("politie.3", b"{3}")

    everything = source.read({"ind": BEGINNING, "politie.3": BEGINNING}, 10).shards
    rest = source.read({"ind": first}, 10).shards["ind"]

    found = [(e.id, e.seq, e.record, e.person) for e in everything["ind"].entries]
    assert [(first, 1, b"{1}", b"{p}"), (second, 2, b"{\xc3\xa9}", b"")] == found
    assert [b"{3}"] == [entry.record for entry in everything["politie.3"].entries]
    assert (2, 1) == (everything["ind"].head, everything["politie.3"].head)
    assert [second] == [entry.id for entry in rest.entries]


def test_it_says_when_there_may_be_more(source, write):
    """Only then may records up to the head be elsewhere than in this page."""
    for _ in range(3):
        write("ind", b"{}")

    assert source.read({"ind": BEGINNING}, 3).shards["ind"].more
    assert not source.read({"ind": BEGINNING}, 4).shards["ind"].more


def test_a_shard_that_was_never_used_is_empty(source):
    """No key is there yet."""
    read = source.read({"ind": BEGINNING}, 10)

    assert ((), 0, 0, False) == (
        read.shards["ind"].entries,
        read.shards["ind"].head,
        read.shards["ind"].marked,
        read.shards["ind"].more,
    )
    assert {"ind": 0} == source.sealed(["ind"])


def test_a_mark_is_seen_by_the_next_reading(source, write):
    """By it the hub sees that it is sealed, and the sealer that the broker was set back."""
    write("ind", b"{}")

    source.mark({"ind": 1}, 1_000)

    assert {"ind": 1} == source.sealed(["ind"])
    assert source.read({"ind": BEGINNING}, 10).shards["ind"].marked == 1


def test_the_mark_of_another_log_is_none(source, place):
    """That log is lost, and this one was begun after it; nobody's name is no other name."""
    source.mark({"ind": 4}, 1_000)
    assert {"ind": 4} == source.sealed(["ind"])
    found = []
    for log in ("log.example/1", "log.example/2"):
        if place is None:
            source.log = log
            found.append(source.sealed(["ind"]))
            source.mark({"ind": 5}, 1_000)
            continue
        address = the_sealer(place)
        with closing(ValkeySource(address.url, address.user, address.password, log=log)) as other:
            found.append(other.sealed(["ind"]))
            other.mark({"ind": 5}, 1_000)

    assert [{"ind": 4}, {"ind": 0}] == found


def test_trimming_leaves_what_is_not_lower(source, write):
    """Nothing that is not sealed may go; the head stays."""
    ids = [write("ind", b"{%d}" % number) for number in range(3)]

    source.trim({"ind": ids[1]})

    read = source.read({"ind": BEGINNING}, 10).shards["ind"]
    assert ids[1:] == [entry.id for entry in read.entries]
    assert 3 == read.head


def test_a_role_config_is_there_or_not(source, place):
    """Kept by its digest."""
    if place is None:
        source.configs["d"] = b"doc"
    else:
        with closing(sync_client(place)) as client:
            client.set(keys.config_document("d"), b"doc")

    assert (b"doc", None) == (source.config("d"), source.config("e"))


@pytest.mark.parametrize(
    "fields",
    [
        {"x": "1"},
        {"seq": "1"},
        {"seq": "-1", "record": "{}"},
        {"seq": "one", "record": "{}"},
        {"seq": "9" * 19, "record": "{}"},
        {"seq": "1" * 30, "record": "{}"},
        {"seq": "1", "record": b"\xff"},
        {"seq": "1", "record": "{}", "person": b"\xff"},
    ],
    ids=lambda fields: "-".join(map(str, fields.values())),
)
def test_an_entry_that_is_no_record_has_no_number(broker_admin, fields):
    """Whoever could write it: it is handed on as what it is, and stops nothing."""
    with closing(sync_client(broker_admin)) as client:
        client.xadd(keys.audit("ind"), fields)
    address = the_sealer(broker_admin)
    source = ValkeySource(address.url, address.user, address.password)

    assert [0] == [e.seq for e in source.read({"ind": BEGINNING}, 10).shards["ind"].entries]

    source.close()


def test_without_the_rights_of_the_sealer_it_says_whose_are_needed(broker):
    """The hub's own user may not trim the records."""
    source = ValkeySource(broker.url, broker.user, broker.password)

    with pytest.raises(NotAllowed, match="`sealer` in the access list"):
        source.trim({"ind": "1-1"})

    source.close()


def test_a_broker_that_is_not_there_is_unavailable(tmp_path):
    """Tried again by the sealer; never by the client itself."""
    source = ValkeySource(f"unix://{tmp_path}/nobody")

    with pytest.raises(Unavailable):
        source.read({"ind": BEGINNING}, 10)
