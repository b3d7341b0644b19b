"""No personal data in keys, log lines, errors, audit records or file names.

The demo runs in a folder of its own. Then everything that it leaves behind is searched for every
name, BSN, birthday and sentence about a person that was used in it. Those stand in the copies and
in what waits for a person, where they belong, and nowhere else.
"""

import contextlib
import json
import subprocess
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

CONTENT: Final = {"in": "event", "held": "event", "dead": "event", "inbox": "copy"}
"""Stream -> the one field of it that holds an event, or a copy of one: the content itself."""


@dataclass(frozen=True)
class Remains:
    """What the demo left: place -> text without content, and place -> content."""

    outside: Mapping[str, str]
    content: Mapping[str, str]
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
    outside = {"the summary": done.stdout, **_files(folder)}
    with EmbeddedBroker(folder, users=(ADMIN,)) as broker:
        address = broker.address("admin")
        with redis.Redis.from_url(
            address.url, username=address.user, password=address.password
        ) as client:
            keys, content = _broker(client)
    values = _used(began) | frozenset(
        value for text in content.values() for value in _personal(json.loads(text))
    )
    return Remains({**outside, **keys}, content, values)


def test_nothing_personal_is_anywhere_but_in_the_content(remains: Remains) -> None:
    """Key names, log lines, records, reasons, states, run files, file names: searched whole."""
    found = {
        (place, kind)
        for place, text in remains.outside.items()
        for kind in _kinds(remains.values, text)
    }
    assert not found


def test_the_search_finds_personal_data_where_it_belongs(remains: Remains) -> None:
    """The same search, over the copies and what waits: it finds people, numbers and sentences."""
    text = "\n".join(remains.content.values())
    assert _kinds(remains.values, text) == {"a name", "a BSN", "a birthday", "a sentence"}
    found = [person["naam"] for person in PEOPLE if person["naam"] in text]
    assert found == [person["naam"] for person in PEOPLE]


def test_the_search_looked_at_every_kind_of_place(remains: Remains) -> None:
    """What is not searched cannot be found: each kind of remains must be among the places."""
    places = "\n".join(remains.outside)
    for wanted in (
        *("file name hub.log", "file hub.log", "file broker.log", "file credentials.json"),
        *("file broker.conf", "key hub:{ind}:audit", "key hub:{liv}:held", "key hub:{ind}:dead"),
        *("key hub:{ind}:inbox:gm0363", "key hub:{ind}:seen:", "key hub:{ind}:delivery:gm0363:"),
        *("key name hub:{ind}:head", "the summary"),
    ):
        assert wanted in places, wanted
    assert "batch.routed" in remains.outside["file hub.log"]
    assert "decided" in remains.outside["key hub:{ind}:audit"]
    assert "burgerservicenummer" in remains.outside["key hub:{ind}:dead"]
    assert "gemeente-split" in remains.outside["key hub:{liv}:audit"]


@pytest.mark.parametrize("place", ["file hub.log", "key hub:{ind}:audit", "file name hub.log"])
def test_a_leak_would_be_found(remains: Remains, place: str) -> None:
    """One name in a log line, a record or a file name is enough."""
    leaked = f"{remains.outside[place]} {PEOPLE[0]['naam']}"
    assert _kinds(remains.values, leaked) == {"a name"}


def _files(folder: Path) -> dict[str, str]:
    """Every file name and every file, but for the append-only file.

    That one is the broker's own copy of the streams: it holds the content by its nature, until
    content is sealed at rest.
    """
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        found[f"file name {name}"] = name
        if path.is_file() and path.parent.name != "appendonlydir":
            found[f"file {name}"] = path.read_text(encoding="utf-8")
    return found


def _broker(client: redis.Redis) -> tuple[dict[str, str], dict[str, str]]:
    """Return every key name and everything in every key, and apart from it the content."""
    outside: dict[str, str] = {}
    content: dict[str, str] = {}
    for raw in sorted(client.scan_iter(count=1_000)):
        key = raw.decode()
        outside[f"key name {key}"] = key
        kind = client.type(raw)
        if kind == b"string":
            outside[f"key {key}"] = client.get(raw).decode()
        elif kind == b"hash":
            outside[f"key {key}"] = _text(client.hgetall(raw))
        elif kind == b"stream":
            field = CONTENT.get(key.split(":")[2], "")
            lines = []
            for entry, fields in client.xrange(raw):
                inner = fields.pop(field.encode(), None)
                if inner is not None:
                    content[f"{key} {entry.decode()}"] = inner.decode()
                lines.append(_text(fields))
            outside[f"key {key}"] = "\n".join(lines)
            outside[f"groups of {key}"] = str(client.xinfo_groups(raw))
        else:
            pytest.fail(f"a key of a type that nobody expects: {kind}")
    return outside, content


def _text(fields: Mapping[bytes, bytes]) -> str:
    return " ".join(f"{name.decode()}={value.decode()}" for name, value in fields.items())


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


def _kinds(values: Iterable[str], text: str) -> set[str]:
    """Return which kinds of personal data stand in `text`: the kind only, not whose it is."""
    return {_kind(value) for value in values if value in text}


def _kind(value: str) -> str:
    if value.isdigit():
        return "a BSN"
    with contextlib.suppress(ValueError):
        datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=UTC)
        return "a birthday"
    return "a sentence" if value.endswith((".", "?")) else "a name"
