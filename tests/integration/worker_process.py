"""Workers as processes of their own on a real broker, and the hub's books beside them."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from redis.exceptions import RedisError

from hub.errors import Unavailable
from hub.pseudonyms import Pseudonyms
from hub.stores import keys
from hub.stores.connection import connect
from hub.stores.valkey import ValkeyStore
from hub.vault.keyring import FileKeyring
from schemas.identifiers import message_ref
from tests.builders import (
    a_detention_signal,
    a_report_of_the_rvdk,
    a_safety_report,
    a_signal,
    as_bytes,
)
from tests.harness import Hub

SENDERS = ("ind", "liv", "rvdk", "dji")
FOUR = (a_signal, a_safety_report, a_report_of_the_rvdk, a_detention_signal)


def keys_of(broker):
    """Return the folder of the keyring that the workers of a broker share."""
    return broker.folder.parent / "keys"


class Workers:
    """Worker processes: `seinhuis up --broker`, as an operator starts them."""

    def __init__(self, broker, name="first", **settings):
        """`settings`: variables without `SEINHUIS_`, in small letters."""
        self._address = broker.address()
        self._keys = keys_of(broker)
        self._name = name
        self._settings = {f"SEINHUIS_{key.upper()}": text for key, text in settings.items()}
        self._log = keys_of(broker).parent / f"{name}.log"
        self.process = None

    def start(self):
        """Start one."""
        environment = {
            **os.environ,
            "SEINHUIS_BROKER_USER": self._address.user,
            "SEINHUIS_BROKER_PASSWORD": self._address.password,
            "SEINHUIS_KEYS": str(self._keys),
            "SEINHUIS_SEAL": "0",  # so that every record is still on the broker afterwards
            "SEINHUIS_IDLE_MS": "400",
            "SEINHUIS_LEASE_MS": "1000",
            "SEINHUIS_WORKER": self._name,
            "SEINHUIS_LOG": "json",
            "SEINHUIS_LOG_LEVEL": "warning",
            "SEINHUIS_BATCH": "20",
            **self._settings,
        }
        command = [Path(sys.executable).parent / "seinhuis", "up", "--broker", self._address.url]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                command, env=environment, stdout=subprocess.DEVNULL, stderr=log
            )

    @property
    def log(self):
        """What it said so far, every start of it."""
        return self._log.read_text()

    def kill(self):
        """Kill -9."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def end(self):
        """Ask it to stop, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


@contextlib.asynccontextmanager
async def a_hub(book, broker):
    """The harness on the real store, to look at the books."""
    address = broker.address()
    client = await connect(address.url, address.user, address.password)
    pseudonyms = Pseudonyms(FileKeyring(keys_of(broker)).pseudonym_keys())
    hub = Hub(book, ValkeyStore(client, 3_600_000, 100_000), pseudonyms)
    try:
        yield hub
    finally:
        await hub.store.close()


def numbered(count, first=0):
    """Yield the four signals in turn, each with an id of its own."""
    for number in range(first, first + count):
        yield FOUR[number % len(FOUR)](id=f"event-{number}")


async def send(hub, events, accepted):
    """Send, writing down what was accepted; an answer that got lost is sent again."""
    for event in events:
        shard, intake = hub.place_of(event)
        hub.events.append(as_bytes(event))  # for the harness, to hold the records to
        while True:
            try:
                await hub.store.submit(shard, as_bytes(event), intake)
                break
            except Unavailable:
                await asyncio.sleep(0.05)
        accepted.append((shard, message_ref(event["source"], event["id"])))


async def decided(hub):
    """Return the messages with a decision on record, by shard, each as often as it stands there."""
    return [
        (shard, record["object"]["id"])
        for shard in SENDERS
        for record in await hub.records(shard)
        if record["event"] == "decided"
    ]


async def on_record(hub):
    """Return how many records there are; cheap, to watch the work go on."""
    found = [await hub.store.depths(shard, ("",)) for shard in SENDERS]
    return sum(depths["records"] for depths in found)


async def drained(hub, count, seconds=60):
    """Wait until `count` messages are decided and nothing is pending."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(Unavailable):
            waiting = 0
            for shard in SENDERS:
                depths = await hub.store.depths(shard, ("",))
                waiting += depths["intake"]
            if waiting == 0 and len(await decided(hub)) >= count:
                return
        await asyncio.sleep(0.1)
    pytest.fail("the hub did not drain its intakes in time")


async def emptied(hub, book, seconds=60):
    """Wait until no intake of any shard has anything left."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        depths = [
            await hub.store.depths(shard, intakes) for shard, intakes in book.shards().items()
        ]
        if sum(each["intake"] + each["pending"] for each in depths) == 0:
            return
        await asyncio.sleep(0.1)
    pytest.fail("the hub did not empty its intakes in time")


def by_shard(messages):
    """Return (shard, message) pairs as shard -> its messages, in the order in which they came."""
    return {shard: [name for of, name in messages if of == shard] for shard in SENDERS}


async def readers(hub, book):
    """Return shard -> the worker that has its lease, of all shards that are read."""
    keys = {shard: f"hub:{{{shard}}}:lease" for shard in book.shards()}
    values = await hub.store._redis.mget(keys.values())
    return {
        shard: value.decode().rpartition("|")[0]
        for shard, value in zip(keys, values, strict=True)
        if value is not None
    }


async def shared(hub, book, *names, seconds=60):
    """Wait until the workers `names`, and nobody else, read every shard, as evenly as can be."""
    count = len(book.shards())
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(Unavailable, RedisError):
            found = list((await readers(hub, book)).values())
            parts = [found.count(name) for name in names]
            if sum(parts) == len(found) == count and max(parts) - min(parts) <= 1:
                return
        await asyncio.sleep(0.05)
    pytest.fail(f"{names} did not share the shards in time")


async def burst(hub, events, accepted):
    """Send all in one go, so that much waits at once; each sender's in order."""
    async with hub.store._redis.pipeline(transaction=False) as pipe:
        for event in events:
            shard, intake = hub.place_of(event)
            hub.events.append(as_bytes(event))
            pipe.xadd(keys.intake(shard, intake), {"event": as_bytes(event)})
            accepted.append((shard, message_ref(event["source"], event["id"])))
        await pipe.execute()
