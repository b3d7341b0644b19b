"""The access list, tried on a real broker: what a partner can do, and all that it cannot."""

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
import redis

from hub.access import users
from hub.embedded import EmbeddedBroker
from hub.stores import library
from tests.conftest import ADMIN, sync_client

pytestmark = pytest.mark.broker

SHARDS = {"ind": ("",), "rvdk": ("",), "politie.0": ("",), "politie.1": ("",)}
SHARDS |= {"gemeente": ("gm0363", "gm0014")}
Client = Callable[[str], redis.Redis]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    """A broker with the users of a small role config."""
    everybody = users(SHARDS, ["ind", "rvdk", "gm0363", "lro"])
    folder = tmp_path_factory.mktemp("guarded")
    with EmbeddedBroker(folder, port=0, users=(*everybody, ADMIN)) as broker:
        yield broker


@pytest.fixture
def login(guarded: EmbeddedBroker) -> Iterator[Client]:
    """Log in by name; the broker is empty but for one entry in some streams."""
    clients = []

    def as_user(name: str) -> redis.Redis:
        clients.append(sync_client(guarded.address(name)))
        return clients[-1]

    admin = as_user("admin")
    admin.flushall()
    for stream in ("in", "audit", "held", "dead", "inbox:gm0363", "inbox:lro", "inbox:ind"):
        admin.xadd(f"hub:{{ind}}:{stream}", {"x": "1"}, id="1-1")
    admin.xadd("hub:{gemeente}:in:gm0363", {"x": "1"}, id="1-1")
    admin.set("hub:{ind}:seen:0", "lro=1-1;")
    admin.hset("hub:{ind}:key:0", mapping={"gm0363": "wrapped", "lro": "wrapped"})
    for party in ("gm0363", "lro"):
        admin.set(f"hub:{{ind}}:opened:{party}:0", "answer")
    admin.hset("hub:{ind}:head", "seq", 1)
    admin.hset("hub:{ind}:sealed", mapping={"seq": 0, "at": 0})
    admin.set("hub:{hub}:config", "digest")
    admin.set("hub:{hub}:config:digest", "document")
    yield as_user
    for client in clients:
        client.close()


@pytest.mark.parametrize(
    ("user", "stream"),
    [
        ("ind", "hub:{ind}:in"),
        ("politie", "hub:{politie.0}:in"),
        ("politie", "hub:{politie.1}:in"),
        ("gm0363", "hub:{gemeente}:in:gm0363"),
    ],
)
def test_a_party_may_write_to_its_own_intake(login: Client, user: str, stream: str):
    assert login(user).xadd(stream, {"event": "{}"})


@pytest.mark.parametrize(
    ("user", "stream"),
    [
        ("ind", "hub:{rvdk}:in"),
        ("ind", "hub:{politie.0}:in"),
        ("ind", "hub:{ind}:in:gm0363"),
        ("ind", "hub:{gemeente}:in"),
        ("gm0363", "hub:{gemeente}:in:gm0014"),
        ("gm0363", "hub:{gemeente}:in"),
        ("gm0363", "hub:{ind}:in"),
        ("lro", "hub:{ind}:in"),
        ("ind", "hub:{ind}:inbox:gm0363"),
        ("ind", "hub:{ind}:inbox:ind"),
        ("ind", "hub:{ind}:audit"),
        ("ind", "hub:{ind}:held"),
        ("ind", "anything"),
    ],
)
def test_a_party_may_write_nowhere_else(login: Client, user: str, stream: str):
    """So the name of an intake stream proves the sender."""
    with pytest.raises(redis.exceptions.NoPermissionError):
        login(user).xadd(stream, {"event": "{}"})


def test_a_party_reads_its_own_inboxes(login: Client):
    """With a reader group, as our client and any other does."""
    client = login("gm0363")
    inbox = "hub:{ind}:inbox:gm0363"
    assert client.xrange(inbox)
    assert client.xread({inbox: "0"})
    client.xgroup_create(inbox, "reader", "0")
    assert client.xreadgroup("reader", "me", {inbox: ">"})
    assert client.xpending(inbox, "reader")["pending"] == 1
    assert client.xack(inbox, "reader", "1-1") == 1
    assert client.xlen(inbox) == 1
    client.xgroup_create("hub:{rvdk}:inbox:gm0363", "reader", "0", mkstream=True)


def test_a_party_reads_the_answers_to_its_own_openings(login: Client):
    """And whether there is one yet."""
    assert login("gm0363").get("hub:{ind}:opened:gm0363:0") == b"answer"
    assert login("gm0363").exists("hub:{ind}:opened:gm0363:1") == 0


COMMANDS = {
    "an answer to another": ("GET", "hub:{ind}:opened:lro:0"),
    "whether another has an answer": ("EXISTS", "hub:{ind}:opened:lro:0"),
    "writing an answer": ("SET", "hub:{ind}:opened:gm0363:0", "x"),
    "removing an answer": ("DEL", "hub:{ind}:opened:gm0363:0"),
    "making an answer into a stream": (
        *("XGROUP", "CREATE", "hub:{ind}:opened:gm0363:1", "g", "0", "MKSTREAM"),
    ),
    "an answer of a shard that is not there": ("GET", "hub:{x}:opened:gm0363:0"),
    "the key of its own copy": ("HGET", "hub:{ind}:key:0", "gm0363"),
    "the key of another's copy": ("HGET", "hub:{ind}:key:0", "lro"),
    "its inbox as a string": ("GET", "hub:{ind}:inbox:gm0363"),
    "what is sealed": ("HGETALL", "hub:{ind}:sealed"),
    "the role config": ("GET", "hub:{hub}:config:digest"),
    "rewriting the append-only file": ("BGREWRITEAOF",),
    "the list of refusals": ("ACL", "LOG"),
    "another's inbox": ("XRANGE", "hub:{ind}:inbox:lro", "-", "+"),
    "another's inbox by XREAD": ("XREAD", "STREAMS", "hub:{ind}:inbox:lro", "0"),
    "its own intake": ("XRANGE", "hub:{gemeente}:in:gm0363", "-", "+"),
    "its own intake by XREAD": ("XREAD", "STREAMS", "hub:{gemeente}:in:gm0363", "0"),
    "the length of its own intake": ("XLEN", "hub:{gemeente}:in:gm0363"),
    "another's intake": ("XRANGE", "hub:{ind}:in", "-", "+"),
    "the records": ("XRANGE", "hub:{ind}:audit", "-", "+"),
    "what is held": ("XRANGE", "hub:{ind}:held", "-", "+"),
    "a duplicate check": ("GET", "hub:{ind}:seen:0"),
    "removing from its inbox": ("XDEL", "hub:{ind}:inbox:gm0363", "1-1"),
    "trimming its inbox": ("XTRIM", "hub:{ind}:inbox:gm0363", "MAXLEN", "0"),
    "removing its inbox": ("DEL", "hub:{ind}:inbox:gm0363"),
    "a group on another's inbox": ("XGROUP", "CREATE", "hub:{ind}:inbox:lro", "g", "0"),
    "removing a group": ("XGROUP", "DESTROY", "hub:{ind}:inbox:gm0363", "g"),
    "an inbox of a shard that is not there": (
        *("XGROUP", "CREATE", "hub:{x}:inbox:gm0363", "g", "0", "MKSTREAM"),
    ),
    "the hub's functions": (
        "FCALL",
        library.NOTE,
        "2",
        "hub:{ind}:head",
        "hub:{ind}:audit",
        "r",
        "",
    ),
    "a script": ("EVAL", "return 1", "0"),
    "loading functions": ("FUNCTION", "LOAD", "REPLACE", library.CODE),
    "which keys there are": ("KEYS", "*"),
    "which keys there are, by SCAN": ("SCAN", "0"),
    "emptying the broker": ("FLUSHALL",),
    "the settings": ("CONFIG", "GET", "*"),
    "the access list": ("ACL", "LIST"),
    "who is connected": ("CLIENT", "LIST"),
    "ending a connection": ("CLIENT", "KILL", "ID", "1"),
    "stopping the broker": ("SHUTDOWN", "NOSAVE"),
    "watching all commands": ("MONITOR",),
    "listening": ("SUBSCRIBE", "x"),
    "copying elsewhere": ("REPLICAOF", "127.0.0.1", "1"),
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_party_cannot(login: Client, command: tuple[str, ...]):
    """Refused by the access list, and not for another reason."""
    with pytest.raises(redis.exceptions.NoPermissionError):
        login("gm0363").execute_command(*command)


FORBIDDEN_TO_THE_HUB = {
    "deleting a record": ("XDEL", "hub:{ind}:audit", "1-1"),
    "trimming the records": ("XTRIM", "hub:{ind}:audit", "MAXLEN", "0"),
    "removing the records": ("DEL", "hub:{ind}:audit"),
    "unlinking the records": ("UNLINK", "hub:{ind}:audit"),
    "renaming the records": ("RENAME", "hub:{ind}:audit", "hub:{ind}:x"),
    "letting the records expire": ("EXPIRE", "hub:{ind}:audit", "1"),
    "writing over the records": ("SET", "hub:{ind}:audit", "x"),
    "removing an inbox": ("DEL", "hub:{ind}:inbox:gm0363"),
    "trimming an inbox": ("XTRIM", "hub:{ind}:inbox:gm0363", "MAXLEN", "0"),
    "saying what is sealed": ("HSET", "hub:{ind}:sealed", "seq", "9"),
    "counting up what is sealed": ("HINCRBY", "hub:{ind}:sealed", "seq", "1"),
    "removing what is sealed": ("DEL", "hub:{ind}:sealed"),
    "letting a copy's key expire": ("PEXPIRE", "hub:{ind}:key:0", "1"),
    "removing the keys of all copies": ("DEL", "hub:{ind}:key:0"),
    "removing a delivery": ("DEL", "hub:{ind}:delivery:gm0363:0"),
    "removing a duplicate check": ("DEL", "hub:{ind}:seen:0"),
    "rewriting the append-only file": ("BGREWRITEAOF",),
    "the list of refusals": ("ACL", "LOG"),
    "keys that are not the hub's": ("GET", "other"),
    "emptying the broker": ("FLUSHALL",),
    "the settings": ("CONFIG", "SET", "appendfsync", "no"),
    "the access list": ("ACL", "SETUSER", "x"),
    "removing functions": ("FUNCTION", "FLUSH"),
    "which keys there are": ("KEYS", "*"),
}


@pytest.mark.parametrize("command", FORBIDDEN_TO_THE_HUB.values(), ids=FORBIDDEN_TO_THE_HUB)
def test_the_hub_itself_cannot(login: Client, command: tuple[str, ...]):
    """Nobody may delete a record, the hub not excepted."""
    with pytest.raises(redis.exceptions.NoPermissionError):
        login("hub").execute_command(*command)


def test_the_sealer_reads_records_says_what_is_sealed_and_trims(login: Client):
    """All that sealing takes, by plain commands."""
    client = login("sealer")
    audit = "hub:{ind}:audit"
    assert client.xrange(audit)
    assert client.xlen(audit) == 1
    assert client.xinfo_stream(audit)["length"] == 1
    assert client.hget("hub:{ind}:head", "seq") == b"1"
    assert client.hset("hub:{ind}:sealed", mapping={"seq": 1, "at": 5}) == 0
    assert client.hgetall("hub:{ind}:sealed") == {b"seq": b"1", b"at": b"5"}
    assert client.xtrim(audit, minid="2-0", approximate=False) == 1
    assert client.get("hub:{hub}:config") == b"digest"
    assert client.get("hub:{hub}:config:digest") == b"document"
    assert client.exists("hub:{gemeente}:audit") == 0
    assert client.type(audit) == b"stream"
    assert client.time()
    assert client.info("persistence")
    assert isinstance(client.acl_log(), list)
    assert client.bgrewriteaof()


FORBIDDEN_TO_THE_SEALER = {
    "writing a record": ("XADD", "hub:{ind}:audit", "*", "seq", "9"),
    "deleting one record": ("XDEL", "hub:{ind}:audit", "1-1"),
    "removing the records": ("DEL", "hub:{ind}:audit"),
    "trimming what is held": ("XTRIM", "hub:{ind}:held", "MAXLEN", "0"),
    "trimming an inbox": ("XTRIM", "hub:{ind}:inbox:gm0363", "MAXLEN", "0"),
    "trimming an intake": ("XTRIM", "hub:{ind}:in", "MAXLEN", "0"),
    "an intake": ("XRANGE", "hub:{ind}:in", "-", "+"),
    "an inbox": ("XRANGE", "hub:{ind}:inbox:gm0363", "-", "+"),
    "what is held": ("XRANGE", "hub:{ind}:held", "-", "+"),
    "what is dead": ("XRANGE", "hub:{ind}:dead", "-", "+"),
    "the key of a copy": ("HGET", "hub:{ind}:key:0", "gm0363"),
    "an answer": ("GET", "hub:{ind}:opened:gm0363:0"),
    "a duplicate check": ("GET", "hub:{ind}:seen:0"),
    "counting up the head": ("HINCRBY", "hub:{ind}:head", "seq", "1"),
    "writing the head": ("HSET", "hub:{ind}:head", "seq", "1"),
    "writing the role config": ("SET", "hub:{hub}:config", "x"),
    "the hub's functions": (
        *("FCALL", library.NOTE, "3", "hub:{ind}:head", "hub:{ind}:audit", "hub:{ind}:sealed"),
        *("r", ""),
    ),
    "the access list": ("ACL", "LIST"),
    "changing the access list": ("ACL", "SETUSER", "x"),
    "the settings": ("CONFIG", "GET", "*"),
    "which keys there are": ("KEYS", "*"),
    "emptying the broker": ("FLUSHALL",),
}


@pytest.mark.parametrize("command", FORBIDDEN_TO_THE_SEALER.values(), ids=FORBIDDEN_TO_THE_SEALER)
def test_the_sealer_cannot(login: Client, command: tuple[str, ...]):
    """It sees no message, and writes nothing but what is sealed."""
    with pytest.raises(redis.exceptions.NoPermissionError):
        login("sealer").execute_command(*command)


def test_nobody_enters_without_a_password(guarded: EmbeddedBroker):
    """No default user; over TCP neither."""
    where = guarded.address(tcp=True)
    for login in ({}, {"username": "ind", "password": "x"}, {"password": "x"}):
        with (
            closing(redis.Redis.from_url(where.url, retry=None, **login)) as stranger,
            pytest.raises((redis.exceptions.AuthenticationError, redis.exceptions.ConnectionError)),
        ):
            stranger.ping()


def test_debugging_is_off_for_everybody(login: Client):
    """DEBUG could lose or show anything; not even the test's own administrator has it."""
    with pytest.raises(redis.exceptions.ResponseError, match="not allowed"):
        login("admin").execute_command("DEBUG", "SLEEP", "0")


@pytest.mark.parametrize(
    "name", ["hub", "sealer", "default", "Ind", "a b", "x*", "", "ind >pw +@all"]
)
def test_a_party_with_the_name_of_a_user_or_a_rule_is_refused(name: str):
    """A name goes into the access list as it is: nothing in it may be a rule."""
    with pytest.raises(ValueError, match="cannot be a user"):
        users({}, [name])


def test_the_access_list_holds_no_password(guarded: EmbeddedBroker):
    """Only their digests; the clear ones are in credentials.json, for this user only."""
    text = (guarded.folder / "broker.acl").read_text()
    assert guarded.address("ind").password not in text
    assert " >" not in text
    assert "nopass" not in text
