"""What senders can do to a hub: poison, and bytes that are no event."""

import json
import random
import time
from collections.abc import Iterator
from pathlib import Path

import redis

from tests.chaos.faults import fault
from tests.chaos.journal import NAMELESS
from tests.chaos.load import SENDERS
from tests.chaos.world import World

HOSTILE = 10_000
_PAGE = 200


def poison(world: World, how: str, patience_s: float = 180.0) -> None:
    """Send one poison, and wait until it is off its intake."""
    shard = "liv"
    entry = world.publish(shard, SENDERS[shard](id=f"{world.run}-poison-{how}-{time.time_ns()}"))
    world.poisons += 1
    intake = f"hub:{{{shard}}}:in"
    world.wait_for(
        f"the poison that {how} is off its intake",
        lambda: not world.server.patiently(lambda client: client.xrange(intake, entry, entry)),
        patience_s,
    )


@fault("poison-raises", "an event on which the code raises")
def poison_raises(world: World, chance: random.Random, hold_s: float) -> None:
    poison(world, "raises")


@fault("poison-kills", "an event that kills the process with a signal")
def poison_kills(world: World, chance: random.Random, hold_s: float) -> None:
    poison(world, "kills")


@fault("poison-exhausts", "an event that takes all memory")
def poison_exhausts(world: World, chance: random.Random, hold_s: float) -> None:
    """Who has no memory left stops by itself, and not with 0, also when it is asked to."""
    poison(world, "exhausts")
    world.wait_for("who had no memory has ended", lambda: not _living(world, "exhausts"))


@fault("poison-hangs", "an event on which the code never returns")
def poison_hangs(world: World, chance: random.Random, hold_s: float) -> None:
    """The last one that it hangs may be left to the supervisor while another gives it up."""
    poison(world, "hangs")
    world.wait_for("who hangs has been killed", lambda: not _living(world, "hangs"))


def _living(world: World, how: str) -> list[str]:
    """Return which processes live that an event has harmed in this way."""
    marks = world.folder.glob(f"{world.clock.name}.{how}.*")
    pids = [mark.name.rpartition(".")[2] for mark in marks]
    return [pid for pid in pids if Path("/proc", pid).exists()]


@fault("hostile-entries", f"{HOSTILE:,} entries on the intakes that are no event of any kind")
def hostile_entries(world: World, chance: random.Random, hold_s: float) -> None:
    flood(world, chance, HOSTILE)


def flood(world: World, chance: random.Random, count: int) -> None:
    """Put `count` hostile entries on the intakes of two senders, as those senders."""
    made = hostile(chance)
    for shard in ("ind", "politie"):
        left = count // 2
        with world.server.login(shard, world.passwords()[shard]) as client:
            while left > 0:
                page = [next(made) for _ in range(min(_PAGE, left))]
                _put(client, shard, page, world)
                left -= len(page)


def _put(client: redis.Redis, shard: str, page: list[dict[bytes, bytes]], world: World) -> None:
    for _ in page:
        world.journal.attempt(NAMELESS, shard)
    with client.pipeline(transaction=False) as together:
        for fields in page:
            together.xadd(f"hub:{{{shard}}}:in", fields)
        for entry in together.execute():
            world.journal.accepted(NAMELESS, shard, entry.decode())


def hostile(chance: random.Random) -> Iterator[dict[bytes, bytes]]:
    """Yield the fields of entries that no parser should trip over."""
    event = json.dumps(SENDERS["ind"](), separators=(",", ":")).encode()
    while True:
        yield {b"event": chance.randbytes(chance.randint(0, 2_000))}
        yield {b"event": b"[" * chance.choice([10, 1_000, 20_000])}
        yield {b"event": b'{"a":' * (deep := chance.choice([50, 5_000])) + b"1" + b"}" * deep}
        yield {b"event": event[:-1] + b',"x":"' + b"x" * chance.choice([600, 66_000]) + b'"}'}
        yield {b"event": event.replace(b"Sami", b"S\xff\xfe\xc0mi")}
        yield {
            b"event": event.replace(b'"specversion"', b'"id":"a","specversion"')[:-1]
            + b',"id":"b"}'
        }
        yield {b"event": event.replace(b"Sami", rb"\ud800")}
        yield {b"event": event.replace(b'"1.0"', b"1e400")}
        yield {b"event": b'{"specversion":NaN,"id":Infinity}'}
        yield {b"event": event[: chance.randint(0, len(event) - 1)]}
        yield {b"event": b"\xef\xbb\xbf" + event[1:]}
        yield {b"no-event": event}
        yield {chance.randbytes(20): chance.randbytes(20) for _ in range(chance.randint(1, 30))}
        yield {b"event": b"", b"reply_to": b"hub:{ind}:in"}
        yield {b"event": b"x" * chance.choice([1, 64 * 1024])}
        yield {b"event": b"9" * 10_000}
        yield {b"event": event.replace(b'"fase":"pga"', b'"fase":' + b"9" * 5_000)}
