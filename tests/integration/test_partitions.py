"""A sender with partitions on a real broker: workers share it, and it gets more while it sends."""

import asyncio
import contextlib
import json
import shutil

import pytest

from handlers.rulebook import Rulebook
from hub.access import users
from hub.client import Client
from hub.embedded import EmbeddedBroker
from hub.roles import default_folder, load
from hub.stores import keys
from schemas.identifiers import message_ref
from tests.builders import a_signal
from tests.conftest import ADMIN
from tests.integration.worker_process import Workers, a_hub, emptied, readers, shared

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(170)]

SOURCE = "urn:nld:oin:00000099000000006000:systeem:indigo"
CASES = 12


def config_with(folder, count):
    """Write the example config with so many partitions for the IND; return its folder."""
    made = folder / f"config-{count}"
    shutil.copytree(default_folder(), made, ignore=shutil.ignore_patterns("__pycache__"))
    file = next(path for path in made.rglob("*.yaml") if path.stem.endswith("ind"))
    text = file.read_text(encoding="utf-8")
    assert 1 == text.count("\nsoort: partner\n")
    text = text.replace("\nsoort: partner\n", f"\nsoort: partner\npartities: {count}\n")
    file.write_text(text, encoding="utf-8")
    return made


class Sender:
    """Publishes signals of a dozen cases as the IND, and writes down what was accepted."""

    def __init__(self, broker, hub):
        self._address, self._hub = broker.address("ind"), hub
        self.accepted = []
        self.events = []
        self._over = asyncio.Event()

    async def run(self):
        """Go on until `stop`; every fifth event is sent twice, and some past the client."""
        number = 0
        while not self._over.is_set():
            async with await Client.connect(
                self._address.url, party="ind", source=SOURCE, password=self._address.password
            ) as client:
                for _ in range(40):
                    event = a_signal(id=f"event-{number}", source=SOURCE)
                    event["data"]["zaakRef"] = f"zaak-{number % CASES}"
                    raw = json.dumps(event).encode()
                    self._hub.events.append(raw)
                    if number % 7 == 0:
                        await client._redis.xadd(keys.intake("ind"), {"event": raw})
                    else:
                        await client.publish(raw)
                    if number % 5 == 0:
                        await client.publish(raw)
                    self.accepted.append(message_ref(SOURCE, event["id"]))
                    self.events.append((event["data"]["zaakRef"], self.accepted[-1]))
                    number += 1
                    await asyncio.sleep(0.002)

    async def more(self, count):
        """Wait until so many more were accepted."""
        goal = len(self.accepted) + count
        while len(self.accepted) < goal:
            await asyncio.sleep(0.01)

    @contextlib.asynccontextmanager
    async def sending(self):
        """Send meanwhile."""
        task = asyncio.create_task(self.run())
        try:
            yield self
        finally:
            self._over.set()
            await task


async def decided(hub, book):
    """Return message -> the shards in which it was decided."""
    found = {}
    for shard in book.shards_of("ind"):
        for record in await hub.records(shard):
            if record["event"] == "decided":
                found.setdefault(record["object"]["id"], []).append(shard)
    return found


async def test_partitions_are_shared_and_added_while_the_sender_goes_on(tmp_path):
    """From one to four to five: nothing lost, nothing twice, and every case in one at a time."""
    folders = {count: config_with(tmp_path, count) for count in (1, 4, 5)}
    books = {count: Rulebook(load(folder)) for count, folder in folders.items()}
    inboxes = [party.id for party in books[5].parties.values() if party.has_inbox]
    accounts = [*users(books[5].shards(), inboxes), ADMIN]
    with EmbeddedBroker(tmp_path / "data", users=accounts) as broker:
        workers = []
        async with a_hub(books[5], broker) as hub:
            sender = Sender(broker, hub)
            try:
                await hub.store.prepare(books[1].shards())
                async with sender.sending():
                    for count, folder in folders.items():
                        for worker in workers:
                            assert 0 == worker.end(), worker.log
                        workers = [
                            Workers(broker, f"{name}-{count}", config=str(folder))
                            for name in ("first", "second")
                        ]
                        for worker in workers:
                            worker.start()
                        names = [f"{name}-{count}" for name in ("first", "second")]
                        await shared(hub, books[count], *names)
                        found = await readers(hub, books[count])
                        if count > 1:  # one sender is the work of both
                            assert {found[s] for s in books[count].shards_of("ind")} == set(names)
                        await sender.more(150)
                await emptied(hub, books[5])
                await asyncio.sleep(0)
                await emptied(hub, books[5])
                where = await decided(hub, books[5])
                copies = await hub.inbox("gm0363")
                assert sorted(sender.accepted) == sorted(where)
                assert {1} == {len(shards) for shards in where.values()}
                assert sorted(sender.accepted) == sorted(
                    each.message for each in copies if each.sender != "hub"
                )
                last = sender.events[-CASES:]
                assert [books[5].home("ind", case) for case, _ in last] == [
                    where[message][0] for _, message in last
                ]
                await hub.check_books()
                for worker in workers:
                    assert 0 == worker.end(), worker.log
            finally:
                for worker in workers:
                    worker.kill()


async def test_a_recipient_that_follows_its_inbox_gets_what_comes_in_a_new_partition(
    tmp_path, monkeypatch
):
    """It need not start again, nor be told."""
    monkeypatch.setattr("hub.client._LOOK_S", 0.1)
    monkeypatch.setattr("hub.client._BLOCK_MS", 50)
    book = Rulebook(load(config_with(tmp_path, 3)))
    accounts = [*users(book.shards(), ["gm0363"]), ADMIN]
    with EmbeddedBroker(tmp_path / "data", users=accounts) as broker:
        address = broker.address("gm0363")
        async with (
            a_hub(book, broker) as hub,
            await Client.connect(
                address.url, party="gm0363", source=SOURCE, password=address.password
            ) as client,
        ):
            found = client.inbox()
            following = asyncio.create_task(anext(found))
            await asyncio.sleep(0.2)
            await hub.store.prepare(book.shards())
            await hub.store._redis.set(keys.partitions(), json.dumps(dict(book.partitions)))
            case = next(n for n in range(99) if book.home("ind", f"zaak-{n}") == "ind.2")
            event = a_signal(id="in-a-new-one")
            event["data"]["zaakRef"] = f"zaak-{case}"
            await hub.submit(event, shard="ind.2")
            await hub.work()

            delivery = await asyncio.wait_for(following, 60)
            await found.aclose()

    assert ("ind.2", message_ref(event["source"], event["id"])) == (
        delivery.shard,
        delivery.message,
    )
