"""The recipients: python -m tests.chaos.recipients FILE. They read with the client of the hub.

Most acknowledge at once, every tenth copy after opening it; one is slow, and one never reads at
all. What they publish is written down as by every other sender.
"""

import asyncio
import contextlib
import json
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from hub.client import Client, Receipt
from hub.errors import HubError
from tests.chaos.journal import Journal, name_of
from tests.chaos.load import SENDERS

QUICK = ("gm0363", "zvh-utrecht", "gm0599")
SLOW = "zvh-amsterdam-amstelland"
DEAD = "zvh-rotterdam-rijnmond"  #: reads nothing, ever
_SLOW_S = 0.5
_AGAIN_S = 0.3
_OPENED = 10


@dataclass(frozen=True)
class Recipients:
    """What the process is told."""

    url: str
    passwords: dict[str, str]
    folder: str
    sources: dict[str, str]  #: party -> the URN of its system


class Written(Client):
    """A client that writes down what it publishes."""

    journal: Journal

    async def publish(self, event) -> Receipt:
        message = name_of(event)
        self.journal.attempt(message, self._shard)
        receipt = await super().publish(event)
        self.journal.accepted(message, self._shard, receipt.entry)
        return receipt


async def _read(told: Recipients, party: str) -> None:
    """Read one inbox for ever; what fails is begun again, as a system of a partner would."""
    journal = Journal(Path(told.folder) / f"{party}.journal")
    while True:
        with contextlib.suppress(HubError):
            await _session(told, party, journal)
        await asyncio.sleep(_AGAIN_S)


async def _session(told: Recipients, party: str, journal: Journal) -> None:
    async with await Written.connect(
        told.url, party=party, source=told.sources[party], password=told.passwords[party]
    ) as client:
        client.journal = journal
        client._shards = tuple(SENDERS)
        number = 0
        async for delivery in client.inbox():
            number += 1
            if not delivery.notice and number % _OPENED == 0:
                await delivery.open(patience_s=60.0)
            await delivery.acknowledge()
            if party == SLOW:
                await asyncio.sleep(_SLOW_S)


async def main(told: Recipients) -> None:
    """Read until SIGTERM."""
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    tasks = [asyncio.create_task(_read(told, party)) for party in (*QUICK, SLOW)]
    await over.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(main(Recipients(**json.loads(Path(sys.argv[1]).read_bytes()))))
