"""The senders: python -m tests.chaos.load FILE. One thread for each, until the process is ended.

Each writes down what it is about to send and what was acknowledged to it, before it goes on. When a
reply is lost nobody can know whether the event was taken: it is sent again with the same bytes,
as the client and the howto do it. A file `pause` stops them in between two events.
"""

import json
import random
import signal
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from tests.builders import (
    a_detention_signal,
    a_report_of_the_rvdk,
    a_safety_report,
    a_signal,
    as_bytes,
)
from tests.chaos.journal import NAMELESS, Journal, name_of

SENDERS = {
    "ind": a_signal,
    "liv": a_safety_report,
    "rvdk": a_report_of_the_rvdk,
    "dji": a_detention_signal,
}
"""Shard -> what it sends. To two gemeenten, three houses and a group."""

_AGAIN_S = 0.05
_DOUBLE = 0.02  # of the events are sent twice on purpose
_WRONG = 0.01  # are refused: a member that no schema knows
_CASES = 50


@dataclass(frozen=True)
class Load:
    """What the process is told."""

    port: int
    passwords: dict[str, str]
    folder: str
    run: str  #: in every id, so that two runs have none in common
    seed: int
    rate: float  #: events a second, all senders together


def events(shard: str, run: str, chance: random.Random) -> Iterator[dict[str, Any]]:
    """Yield events of a sender for ever, each with an id and one of some cases."""
    number = 0
    while True:
        number += 1
        case = f"{run}-{shard}-{chance.randrange(_CASES)}"
        event = SENDERS[shard](id=f"{run}-{shard}-{number}", correlationid=case)
        if chance.random() < _WRONG:
            event["data"]["onbekend"] = True
        yield event
        if chance.random() < _DOUBLE:
            yield event


def send(client: redis.Redis, shard: str, event: dict[str, Any], journal: Journal) -> None:
    """Put one event on its intake, and again until it is acknowledged."""
    raw = as_bytes(event)
    message = NAMELESS if _is_wrong(event) else name_of(event)
    while True:
        journal.attempt(message, shard)
        try:
            entry = client.xadd(f"hub:{{{shard}}}:in", {"event": raw})
        except (redis.RedisError, OSError):
            client.connection_pool.disconnect()
            time.sleep(_AGAIN_S)
        else:
            journal.accepted(message, shard, entry.decode())
            return


def _is_wrong(event: dict[str, Any]) -> bool:
    """The hub cannot read it, so it does not know it by its id either."""
    return "onbekend" in event["data"]


def _sender(load: Load, shard: str, over: threading.Event) -> None:
    folder = Path(load.folder)
    chance = random.Random(f"{load.seed}-{shard}")
    journal = Journal(folder / f"{shard}.journal")
    client = redis.Redis(
        port=load.port, username=shard, password=load.passwords[shard], retry=None, socket_timeout=5
    )
    pace = len(SENDERS) / load.rate
    for event in events(shard, load.run, chance):
        while (folder / "pause").exists() and not over.is_set():
            (folder / f"{shard}.paused").touch()
            over.wait(_AGAIN_S)
        if over.is_set():
            break
        (folder / f"{shard}.paused").unlink(missing_ok=True)
        send(client, shard, event, journal)
        over.wait(chance.expovariate(1 / pace))
    journal.close()
    client.close()


def main(load: Load) -> None:
    """Send until SIGTERM; then finish what is under way."""
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    threads = [
        threading.Thread(target=_sender, args=(load, shard, over), daemon=True) for shard in SENDERS
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(Load(**json.loads(Path(sys.argv[1]).read_bytes())))
