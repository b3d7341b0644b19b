"""One lap: a world, faults one after another while events flow, and then the books."""

import contextlib
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.accounting import Books, account
from tests.chaos.faults import Fault
from tests.chaos.world import World


@dataclass
class Struck:
    """One fault, and what came of it."""

    fault: str
    lasted_s: float
    recovery_s: float
    kills: int


@dataclass
class Lap:
    """What one world went through."""

    struck: list[Struck] = field(default_factory=list)
    books: Books = field(default_factory=Books)
    kills: int = 0
    stops: dict[str, int] = field(
        default_factory=dict
    )  #: `name:code` of unasked stops -> how often
    complaints: list[str] = field(default_factory=list)
    took_s: float = 0.0

    @property
    def sound(self) -> bool:
        """Whether all that was promised was kept."""
        return self.books.sound and not self.complaints


def strike(world: World, fault: Fault, chance: random.Random, hold_s: float) -> Struck:
    """Let one fault happen while events flow, and wait until the hub has caught up."""
    kills, started = world.kills, time.monotonic()
    fault.strike(world, chance, hold_s)
    lasted = time.monotonic() - started
    recovery = world.recovery()
    return Struck(fault.name, lasted, recovery, world.kills - kills)


def lap(
    world: World,
    faults: Sequence[Fault],
    chance: random.Random,
    hold_s: float,
    tell: Callable[[Struck], None] = lambda _: None,
) -> Lap:
    """Go through `faults` in this order, and account. The world is closed afterwards."""
    done = Lap()
    started = time.monotonic()
    with contextlib.closing(world):
        try:
            world.begin()
            for fault in faults:
                time.sleep(chance.uniform(0.2, 1.0))  # so that a fault meets all kinds of moments
                struck = strike(world, fault, chance, hold_s)
                done.struck.append(struck)
                tell(struck)
            finish(world, done)
        except Exception as error:  # noqa: BLE001 - whatever it is: it is told, and is no success
            world.complain(f"{type(error).__name__}: {error}")
            done.complaints = world.complaints
    done.took_s = time.monotonic() - started
    return done


def finish(world: World, done: Lap) -> None:
    """Let everything come to rest, stop the hub, and fill in the books."""
    world.end()
    scratch = world.folder / "scratch"
    scratch.mkdir()
    with world.server.admin() as client:
        done.books = account(
            journals(world.folder), client, world.ledger, world.log_folder, scratch
        )
    for end in world.supervisor.endings:
        key = f"{end.name}:{end.code}"
        done.stops[key] = done.stops.get(key, 0) + 1
        if end.code == 0:
            world.complain(f"{end.name} stopped by itself, with exit code 0")
    if done.books.given_up > world.poisons:
        world.complain(
            f"{done.books.given_up} events were given up, of which {world.poisons} were poison"
        )
    done.kills = world.kills
    done.complaints = world.complaints


def journals(folder: Path) -> list[Path]:
    """Return what every sender of a world wrote down."""
    return [*(folder / "journals").glob("*.journal"), folder / "probe.journal"]
