"""What a copy says is in no file of the broker, once the intake left the append-only file."""

import asyncio
import contextlib

import pytest

from handlers.rulebook import Rulebook
from hub.access import users
from hub.client import Client
from hub.embedded import EmbeddedBroker
from hub.roles import default_folder, load
from hub.sealed_store import SealedStore
from hub.stores.connection import connect
from hub.stores.valkey import ValkeyStore
from hub.vault.keyring import FileKeyring
from schemas.identifiers import message_ref
from tests.builders import a_signal
from tests.conftest import ADMIN, sync_client
from tests.harness import Hub

pytestmark = pytest.mark.broker

GEMEENTE = "urn:nld:oin:00000099100000363000:systeem:zaaksysteem"
OF_THE_SIGNAL = (b"Sami Voorbeeldin", b"999990342", b"toonde hij op zijn telefoon")
OF_THE_NOTICE = b"Z-2026-GEHEIM"


@pytest.fixture(scope="module")
def book():
    return Rulebook(load(default_folder()))


@pytest.fixture
def broker(tmp_path, book):
    """A broker of this test alone. What it writes is not compressed: else no search finds it."""
    inboxes = [party.id for party in book.parties.values() if party.has_inbox]
    accounts = [*users(book.shards(), inboxes), ADMIN]
    with EmbeddedBroker(tmp_path / "data", users=accounts) as running:
        with contextlib.closing(sync_client(running.address("admin"))) as admin:
            admin.config_set("rdbcompression", "no")
        yield running


def files_with(folder, word):
    """Return the files under a folder in which these bytes stand."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return [path.name for path in found if word in path.read_bytes()]


async def rewritten(broker):
    """Have the broker write its append-only file anew, and wait for the end of it."""
    with contextlib.closing(sync_client(broker.address("admin"))) as admin:
        before = admin.info("persistence")["aof_rewrites"]
        admin.bgrewriteaof()
        while True:
            now = admin.info("persistence")
            under_way = now["aof_rewrite_in_progress"] or now["aof_rewrite_scheduled"]
            if now["aof_rewrites"] > before and not under_way:
                return
            await asyncio.sleep(0.01)


async def test_no_file_of_the_broker_says_what_a_copy_or_a_notice_says(broker, book, tmp_path):
    """Delivered, held, taken up: the intake says it until the rewrite; nothing else ever does."""
    folder, address = tmp_path / "data", broker.address()
    redis = await connect(address.url, address.user, address.password)
    server = ValkeyStore(redis, duplicate_ms=86_400_000, inbox_cap=1_000)
    hub = Hub(book, SealedStore(server, FileKeyring(tmp_path / "keys")))
    await hub.store.prepare(book.shards())
    event = a_signal(id="plain-1")
    ref = message_ref(event["source"], event["id"])
    await hub.send(event, a_signal(id="plain-2", **{"data.gemeentecode": "0000"}))
    account = broker.address("gm0363")
    who = {"party": "gm0363", "source": GEMEENTE, "password": account.password}
    async with await Client.connect(account.url, **who) as client:
        (copy,) = [delivery async for delivery in client.inbox(follow=False)]
        await copy.take_up(OF_THE_NOTICE.decode())
    await hub.work()
    assert [1, 1] == [
        len(await hub.parked("held")),
        len([each for each in await hub.inbox("ind") if each.type == "berichten.opgepakt"]),
    ]
    assert all(files_with(folder, word) for word in (*OF_THE_SIGNAL, OF_THE_NOTICE))

    await rewritten(broker)

    assert [] == [word for word in (*OF_THE_SIGNAL, OF_THE_NOTICE) if files_with(folder, word)]
    assert files_with(folder, ref.encode())  # what stands beside the copies is there
    await hub.store.close()
