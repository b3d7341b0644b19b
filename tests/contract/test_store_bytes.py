"""What is removed is gone from the disk too, as soon as the append-only file is rewritten."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import redis

from hub.data_folder import BrokerAddress
from hub.stores.valkey import ValkeyStore
from tests.conftest import sync_client
from tests.contract.steps import a_copy, a_step, an_erasure, taken

pytestmark = pytest.mark.broker

EVENTS = [f"the bytes of event {n} 7d1f".encode() for n in range(3)]
COPIES = [f"the bytes of copy {n} 7d1f".encode() for n in range(3)]
KEYS = [f"the key of copy {n} 7d1f".encode() for n in range(3)]


@pytest.fixture
def disk(admin: BrokerAddress) -> Iterator[redis.Redis]:
    """The administrator, with the settings of the embedded broker and without compression."""
    wanted = {"rdbcompression": "no", "stream-node-max-entries": "1"}
    with closing(sync_client(admin)) as server:
        before = server.config_get(*wanted)
        server.config_set(*(word for pair in wanted.items() for word in pair))
        yield server
        server.config_set(*(word for pair in before.items() for word in pair))


def rewritten(server: redis.Redis) -> bytes:
    """Return all that the append-only folder holds after a rewrite."""
    settings = server.config_get("dir", "appenddirname")
    folder = Path(settings["dir"], settings["appenddirname"])
    manifest = folder / "appendonly.aof.manifest"
    before = manifest.read_text()
    server.bgrewriteaof()
    while manifest.read_text() == before or _busy(server):
        time.sleep(0.01)
    named = {line.split()[1] for line in manifest.read_text().splitlines()}
    while {path.name for path in folder.iterdir()} != {*named, manifest.name}:
        time.sleep(0.01)  # the files of before are removed in the background
    return b"".join((folder / name).read_bytes() for name in named)


def _busy(server: redis.Redis) -> bool:
    info = server.info("persistence")
    return bool(info["aof_rewrite_in_progress"] or info["aof_rewrite_scheduled"])


async def routed_and_erased(store: ValkeyStore) -> None:
    """Three events: two routed and one waiting; of the two copies the first is erased."""
    entries = await taken(store, *EVENTS)
    await store.route(
        "ind",
        [
            a_step(entry.id, f"m{n}", copies=(a_copy(name=f"m{n}", content=copy, key=key),))
            for n, (entry, copy, key) in enumerate(zip(entries[:2], COPIES, KEYS, strict=False))
        ],
    )
    first, _ = await store.inbox("ind", "gm0363")
    assert await store.erase("ind", [an_erasure(first.id, "m0")]) == [True]


async def test_routed_events_and_erased_copies_leave_the_disk_at_a_rewrite(
    server_store: ValkeyStore, disk: redis.Redis
):
    """And nothing else does: what waits and what was not erased is there."""
    await routed_and_erased(server_store)

    found = rewritten(disk)

    assert [event in found for event in EVENTS] == [False, False, True]
    assert [copy in found for copy in COPIES[:2]] == [False, True]
    assert [key in found for key in KEYS[:2]] == [False, True]


async def test_with_more_entries_in_a_node_they_would_linger(
    server_store: ValkeyStore, disk: redis.Redis
):
    """Why stream-node-max-entries is 1. The key goes all the same: the copy stays unreadable."""
    disk.config_set("stream-node-max-entries", "100")
    await routed_and_erased(server_store)

    found = rewritten(disk)

    assert [event in found for event in EVENTS] == [True, True, True]
    assert [copy in found for copy in COPIES[:2]] == [True, True]
    assert [key in found for key in KEYS[:2]] == [False, True]
