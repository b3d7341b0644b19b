"""No personal data in any byte that the demo leaves behind, but in copies that are opened by key.

The demo runs in a folder of its own. Then the append-only file is rewritten, as the hub does every
hour, and every file, key name and value is searched for every name, BSN, birthday and sentence
about a person that was used. They are in the sealed copies and in what waits for a person, where
they are found once these are opened with the keyring, and nowhere else.
"""

import asyncio
import contextlib
import json
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
import redis

from handlers.rulebook import Rulebook
from hub.access import AclUser
from hub.embedded import EmbeddedBroker
from hub.roles import default_folder, load
from hub.simulation import generate
from hub.story.signals import PEOPLE, Signals
from hub.story.telling import start_of_day
from hub.vault import envelope
from hub.vault.interface import HUB
from hub.vault.keyring import FileKeyring
from tests.integration.hub_process import SEINHUIS, environment

pytestmark = [pytest.mark.broker, pytest.mark.slow]

EVENTS: Final = 60
SEED: Final = 7
ADMIN: Final = AclUser("admin", ("~*", "&*", "+@all"))

PERSONAL: Final = frozenset({
    "bsn", "naam", "geboortedatum", "omschrijving", "vraag", "advies", "informatie", "bevindingen",
    "bijdrage", "inbreng", "motivering", "oordeel", "opdracht", "noodzaak", "toelichting", "inhoud",
})  # fmt: skip
"""Wire names of what says something about a person."""


@dataclass(frozen=True)
class Remains:
    """What the demo left: place -> bytes as they lie there, and place -> content once opened."""

    places: Mapping[str, bytes]
    opened: Mapping[str, bytes]
    values: frozenset[str]  #: everything personal that was used


@pytest.fixture(scope="module")
def remains(tmp_path_factory: pytest.TempPathFactory) -> Remains:
    folder = tmp_path_factory.mktemp("privacy") / "demo"
    began = datetime.now(UTC)
    done = subprocess.run(
        [
            *(SEINHUIS, "demo", "--once", "--events", str(EVENTS), "--seed", str(SEED), "--json"),
            *("--data", folder),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=environment() | {"SEINHUIS_LOG_LEVEL": "debug"},
    )
    assert done.returncode == 0, done.stderr
    with EmbeddedBroker(folder, users=(ADMIN,)) as broker:
        address = broker.address("admin")
        with redis.Redis.from_url(
            address.url, username=address.user, password=address.password
        ) as client:
            keys = _broker(client)
            opened = asyncio.run(_opened(client, FileKeyring(folder / "keys")))
            _rewrite(client)
    values = _used(began) | frozenset(
        value for text in opened.values() for value in _personal(json.loads(text))
    )
    places = {"the summary": done.stdout.encode(), **_files(folder), **keys}
    return Remains(places, opened, values)


def test_nothing_personal_is_in_any_byte(remains: Remains) -> None:
    """Key names and values, the append-only file, ledger, log, run files, file names: all of it."""
    found = {
        (place, kind)
        for place, raw in remains.places.items()
        for kind in _kinds(remains.values, raw)
    }
    assert set() == found


def test_the_search_finds_personal_data_where_it_belongs(remains: Remains) -> None:
    """The same search, over what the keyring opens: it finds people, numbers and sentences."""
    raw = b"\n".join(remains.opened.values())
    assert {"a name", "a BSN", "a birthday", "a sentence"} == _kinds(remains.values, raw)
    names = [person["naam"] for person in PEOPLE]
    assert names == [name for name in names if name.encode() in raw]


def test_the_search_looked_at_every_kind_of_place(remains: Remains) -> None:
    """What is not searched cannot be found: each kind of remains must be among the places."""
    places = "\n".join(remains.places)
    for wanted in (
        *("file name hub.log", "file hub.log", "file broker.log", "file credentials.json"),
        *("file broker.conf", "file appendonlydir/", "file ledger.db", "file log/checkpoint"),
        *("file log/tile/0/", "file keys/keyring.json", "the summary"),
        *("key hub:{liv}:held", "key hub:{ind}:dead", "key hub:{ind}:inbox:gm0363"),
        *("key hub:{ind}:seen:", "key hub:{ind}:delivery:gm0363:", "key hub:{ind}:key:"),
        *("key name hub:{ind}:head", "key hub:{hub}:config:"),
    ):
        assert wanted in places, wanted
    assert b"batch.routed" in remains.places["file hub.log"]
    assert b"decided" in remains.places["file ledger.db"]
    assert b"burgerservicenummer" in remains.places["key hub:{ind}:dead"]
    copies = [raw for place, raw in remains.places.items() if "appendonlydir/" in place]
    assert any(b"signalen.signaal-gemeld" in raw for raw in copies), "what is in the clear is found"


@pytest.mark.parametrize("place", ["file hub.log", "file ledger.db", "file name hub.log"])
def test_a_leak_would_be_found(remains: Remains, place: str) -> None:
    """One name in a log line, a record or a file name is enough."""
    leaked = remains.places[place] + PEOPLE[0]["naam"].encode()
    assert {"a name"} == _kinds(remains.values, leaked)


def _files(folder: Path) -> dict[str, bytes]:
    """Every file name and every file."""
    found: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        found[f"file name {name}"] = name.encode()
        if path.is_file():
            found[f"file {name}"] = path.read_bytes()
    return found


def _rewrite(client: redis.Redis) -> None:
    """Have the append-only file rewritten, without compression: so that it can be searched."""
    client.config_set("rdbcompression", "no")
    client.bgrewriteaof()
    deadline = time.monotonic() + 30
    while (now := client.info("persistence"))["aof_rewrite_in_progress"] or now[
        "aof_rewrite_scheduled"
    ]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert now["aof_last_bgrewrite_status"] == "ok"


def _broker(client: redis.Redis) -> dict[str, bytes]:
    """Return every key name and everything in every key."""
    found: dict[str, bytes] = {}
    for raw in sorted(client.scan_iter(count=1_000)):
        key = raw.decode()
        found[f"key name {key}"] = raw
        kind = client.type(raw)
        if kind == b"string":
            found[f"key {key}"] = client.get(raw)
        elif kind == b"hash":
            found[f"key {key}"] = _text(client.hgetall(raw))
        elif kind == b"stream":
            found[f"key {key}"] = b"\n".join(_text(fields) for _, fields in client.xrange(raw))
            found[f"groups of {key}"] = str(client.xinfo_groups(raw)).encode()
        else:
            pytest.fail(f"a key of a type that nobody expects: {kind}")
    return found


async def _opened(client: redis.Redis, keyring: FileKeyring) -> dict[str, bytes]:
    """Return every copy and everything that waits for a person, opened with the keyring."""
    found: dict[str, bytes] = {}
    for raw in client.scan_iter("hub:*", _type="stream"):
        key = raw.decode()
        shard, what = key.partition("{")[2].partition("}")[0], key.split(":")[2]
        for entry, fields in client.xrange(raw):
            message = fields.get(b"message", b"").decode()
            if what == "inbox":
                party, content = key.rpartition(":")[2], fields[b"copy"]
                wrapped = client.hget(f"hub:{{{shard}}}:key:{message}", party)
            elif what in {"held", "dead"}:
                party, content, wrapped = HUB, fields[b"event"], fields.get(b"key")
            else:
                continue
            if envelope.is_sealed(content):
                (secret,) = await keyring.unwrap([(party, wrapped)])
                content = envelope.open_sealed(content, secret, (shard, party, message))
                found[f"{key} {entry.decode()}"] = content
    return found


def _text(fields: Mapping[bytes, bytes]) -> bytes:
    return b" ".join(name + b"=" + value for name, value in fields.items())


def _used(began: datetime) -> frozenset[str]:
    """Return all that is personal in the events that the demo sent, delivered or not."""
    book = Rulebook(load(default_folder()))
    signals = Signals(book)
    story = [
        *(signals.ind("a", "pga"), signals.liv("b"), signals.rvdk("c"), signals.dji("d")),
    ]
    days = {start_of_day(began), start_of_day(datetime.now(UTC))}  # it may have become midnight
    traffic = [
        event for day in days for _, _, event in generate(book, SEED, EVENTS, day, per_day=EVENTS)
    ]
    return frozenset(value for event in [*story, *traffic] for value in _personal(event))


def _personal(value: Any, name: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _personal(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _personal(inner, name)
    elif name in PERSONAL and isinstance(value, str):
        yield value


def _kinds(values: Iterable[str], raw: bytes) -> set[str]:
    """Return which kinds of personal data stand in `raw`: the kind only, not whose it is.

    As it is written in UTF-8, and as JSON may write it.
    """
    return {
        _kind(value)
        for value in values
        if value.encode() in raw or json.dumps(value)[1:-1].encode() in raw
    }


def _kind(value: str) -> str:
    if value.isdigit():
        return "a BSN"
    with contextlib.suppress(ValueError):
        datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=UTC)
        return "a birthday"
    return "a sentence" if value.endswith((".", "?")) else "a name"
