"""A hub that works while senders publish, so that a test can break the broker in the meantime.

    async with UnderLoad(folder, address_of, replicas=1) as load:
        await load.more(20)          # each sender had so many more acknowledged
        await load.aside(node.kill)  # whatever it is, in a thread
        await load.more(20)
    books = load.books(broker)       # every id that was acknowledged, against the books

Each sender writes down what it tries and what was acknowledged to it (`tests.chaos.journal`), and
sends the same again until it is. Nothing here knows the clients of the hub but `hub.client`, which
is what a partner uses; the books are read with plain redis.
"""

import asyncio
import contextlib
import json
import os
import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import redis

from hub.client import Client
from hub.data_folder import BrokerAddress
from hub.errors import HubError, Unavailable
from hub.stores.connection import connect
from tests.chaos import journal
from tests.chaos.accounting import Books, account
from tests.chaos.journal import Journal, name_of
from tests.chaos.load import SENDERS, events
from tests.chaos.server import SEINHUIS, environment

PATIENCE_S = 90.0
"""How long a condition may take on a machine that is busy with other things."""

_LOOK_S = 0.05
_PACE_S = 0.01  # between two events of a sender
_AGAIN_S = 0.1


class UnderLoad:
    """A hub in a process of its own, and four senders; see the module."""

    def __init__(
        self,
        folder: Path,
        address_of: Callable[[str], BrokerAddress],
        *,
        replicas: int = 0,
        more: dict[str, str] | None = None,
    ) -> None:
        """`address_of` gives how a user reaches the broker. `more`: further settings."""
        self.folder = folder
        self._address_of = address_of
        self._replicas = replicas
        self._more = more or {}
        self._over = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._hub: asyncio.subprocess.Process | None = None
        self._log = folder / "hub.log"
        self.acknowledged = dict.fromkeys(SENDERS, 0)
        self.messages: set[str] = set()  #: what was acknowledged; one that was sent twice once
        self.again = 0  #: how often an answer was lost or a write was refused

    async def __aenter__(self) -> Self:
        """Start the hub, wait until it works, then let the senders begin."""
        self.folder.mkdir(parents=True, exist_ok=True)
        hub = self._address_of("hub")
        settings = environment(
            SEINHUIS_DATA=str(self.folder / "data"),
            SEINHUIS_KEYS=str(self.folder / "keys"),
            SEINHUIS_BROKER=hub.url,
            SEINHUIS_BROKER_PASSWORD=hub.password,
            SEINHUIS_SEALER_PASSWORD=self._address_of("sealer").password,
            SEINHUIS_REPLICAS=str(self._replicas),
            SEINHUIS_LEASE_MS="2000",
            SEINHUIS_IDLE_MS="2000",
            SEINHUIS_LOG="json",
            **self._more,
        )
        with self._log.open("wb") as log:
            self._hub = await asyncio.create_subprocess_exec(
                *(SEINHUIS, "up", "--json"),
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=settings,
            )
        async with asyncio.timeout(PATIENCE_S):
            first = await self._hub.stdout.readline()
        if not first:
            raise AssertionError(f"the hub did not start:\n{self._log.read_text()}")
        self._tasks = [asyncio.create_task(self._send(shard)) for shard in SENDERS]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Let the senders finish what they have under way; then the hub all it has."""
        self._over.set()
        try:
            if kind is None:
                async with asyncio.timeout(PATIENCE_S):
                    await asyncio.gather(*self._tasks)
                    await self._all_routed()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._end()

    async def more(self, count: int) -> None:
        """Wait until every sender had so many more acknowledged, and all of it is routed."""
        wanted = {shard: done + count for shard, done in self.acknowledged.items()}

        def reached() -> bool:
            self._still_up()
            return all(self.acknowledged[shard] >= least for shard, least in wanted.items())

        await _until(reached, f"{count} more of each; so far {self.acknowledged}")

    async def aside(self, do: Callable[..., Any], *given: Any) -> Any:
        """Do something that blocks, while all goes on."""
        return await asyncio.to_thread(do, *given)

    def books(self, broker: Any) -> Books:
        """Hold what was acknowledged against the books; the hub has ended. `broker`: redis-py."""
        scratch = self.folder / "scratch"
        scratch.mkdir()
        data = self.folder / "data"
        journals = self.folder.glob("*.journal")
        return account(journals, broker, data / "ledger.db", data / "log", scratch)

    def lost(self, broker: Any) -> list[str]:
        """Return which acknowledged messages are nowhere: not decided, and not on their intake."""
        sent = journal.read(self.folder.glob("*.journal"))
        known = {name.rpartition(b":")[2].decode() for name in broker.scan_iter("hub:{*}:seen:*")}
        return [message for message in sent.accepted if message not in known]

    def log(self) -> list[dict[str, Any]]:
        """Return what the hub logged."""
        return [json.loads(line) for line in self._log.read_text().splitlines() if line[:1] == "{"]

    async def _send(self, shard: str) -> None:
        address = self._address_of(shard)
        book = Journal(self.folder / f"{shard}.journal")
        source = SENDERS[shard]()["source"]
        who = {"party": shard, "source": source, "password": address.password}
        chance = random.Random(shard)
        async with await Client.connect(address.url, **who, replicas=self._replicas) as client:
            for event in events(shard, os.urandom(4).hex(), chance):
                if self._over.is_set():
                    break
                if "onbekend" in event["data"]:
                    continue  # the client refuses it itself
                await self._until_acknowledged(client, shard, event, book)
                await asyncio.sleep(_PACE_S)
        book.close()

    async def _until_acknowledged(
        self, client: Client, shard: str, event: dict[str, Any], book: Journal
    ) -> None:
        while True:
            book.attempt(name_of(event), shard)
            try:
                receipt = await client.publish(event)
            except Unavailable:
                self.again += 1
                await asyncio.sleep(_AGAIN_S)
            else:
                book.accepted(receipt.message, shard, receipt.entry)
                self.messages.add(receipt.message)
                self.acknowledged[shard] += 1
                return

    async def _all_routed(self) -> None:
        """Wait until nothing is on the intakes and all is sealed; the broker may be away still.

        A hub that ends while its sealer waits for the broker leaves the rest to its next start.
        """
        address = self._address_of("hub")
        client = await connect(address.url, address.user, address.password)
        try:
            while True:
                self._still_up()
                with contextlib.suppress(redis.RedisError, OSError, HubError):
                    if not any([await _unfinished(client, shard) for shard in SENDERS]):
                        return
                await asyncio.sleep(_LOOK_S)
        finally:
            await client.aclose()

    def _still_up(self) -> None:
        if self._hub is not None and self._hub.returncode is not None:
            raise AssertionError(f"the hub stopped:\n{self._log.read_text()[-4000:]}")

    async def _end(self) -> None:
        hub = self._hub
        if hub is None or hub.returncode is not None:
            return
        hub.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(PATIENCE_S):
                code = await hub.wait()
        except TimeoutError:
            hub.kill()
            await hub.wait()
            raise AssertionError("the hub did not end when it was asked to") from None
        if code:
            raise AssertionError(f"the hub ended with {code}:\n{self._log.read_text()[-4000:]}")


async def _unfinished(client: Any, shard: str) -> bool:
    given = await client.hget(f"hub:{{{shard}}}:head", "seq")
    sealed = await client.hget(f"hub:{{{shard}}}:sealed", "seq")
    return bool(await client.xlen(f"hub:{{{shard}}}:in")) or (given or b"0") != sealed


async def _until(condition: Callable[[], bool], what: str) -> None:
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                await asyncio.sleep(_LOOK_S)
    except TimeoutError:
        raise AssertionError(f"waited in vain for {what}") from None
