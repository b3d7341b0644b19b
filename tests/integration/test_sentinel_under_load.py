"""Servers behind Sentinel, of which the primary dies while events flow; and what WAIT is for.

Independent accounting: what the senders were told, against the ledger, the inboxes and the log.
"""

import asyncio
import contextlib
from pathlib import Path

import pytest

from hub.errors import Unavailable
from hub.stores.connection import connect, servers, without_password
from hub.stores.replicated import replicated
from tests.brokers import SentinelGroup
from tests.integration.test_cluster_under_load import accounts
from tests.integration.under_load import UnderLoad

pytestmark = pytest.mark.broker


async def test_a_failover_loses_and_doubles_nothing(tmp_path: Path):
    """With WAIT: what was acknowledged has one verdict, one copy for each party, one record.

    Of two replicas Sentinel promotes the one that has most, and the other follows it.
    """
    with SentinelGroup(tmp_path / "group", users=accounts(), replicas=2) as group:
        async with UnderLoad(tmp_path / "hub", group.address, replicas=1) as load:
            await load.more(5)
            old = group.primary()
            old.kill()
            new = await load.aside(group.wait_for_other_primary_than, old)
            await load.more(5)
        with contextlib.closing(group.client(new)) as broker:
            books = load.books(broker)
    assert "" == books.faults()
    assert len(load.messages) == books.sent


async def test_without_waiting_a_failover_takes_back_what_was_acknowledged(tmp_path: Path):
    """What SEINHUIS_REPLICAS is for: at the same moment, with it, nothing is acknowledged.

    The replica hangs and then dies with what was on its way to it, and so does the primary.
    """
    with SentinelGroup(tmp_path / "group", users=accounts(), safe=False) as group:
        primary, replica = group.servers
        address = group.address("ind")
        client = await connect(address.url, address.user, address.password)
        add = ("XADD", "hub:{ind}:in", "*", "event")
        try:
            both = await replicated(client, 1, *add, "both have it")
            replica.hang()
            one = await replicated(client, 0, *add, "the primary has it")
            with pytest.raises(Unavailable, match="0 of 1 replicas"):
                await replicated(client, 1, *add, "so does it have this")
        finally:
            await client.aclose()
        for server in (primary, replica):
            server.kill()
        replica.start()
        await asyncio.to_thread(group.wait_for_other_primary_than, primary)
        with contextlib.closing(group.client(replica)) as broker:
            kept = [entry for entry, _ in broker.xrange("hub:{ind}:in")]
    assert [both] == kept
    assert one not in kept


async def test_a_sentinel_with_a_password_is_asked_with_it(tmp_path: Path):
    """It stands in the address; user and password of the broker itself are settings."""
    with SentinelGroup(tmp_path / "group", sentinel_password="of-sentinel") as group:
        address = group.address("admin")
        client = await connect(address.url, address.user, address.password)
        async with servers(client) as found:
            roles = [(await server.info("replication"))["role"] for server in found]
        await client.aclose()
        assert "of-sentinel" not in without_password(address.url)
    assert ["master", "slave"] == roles
