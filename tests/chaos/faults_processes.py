"""Processes that die, are asked to stop, or stand still: each alone and together."""

import random
import signal
import time

from tests.chaos.faults import fault
from tests.chaos.load import SENDERS
from tests.chaos.world import IDLE_MS, LEASE_MS, World

_LEDGER_LEASE_S = 10.0


@fault("worker-killed", "kill -9 of one worker")
def worker_killed(world: World, chance: random.Random, hold_s: float) -> None:
    world.kill(chance.choice(world.workers))


@fault("workers-killed", "kill -9 of all workers at once")
def workers_killed(world: World, chance: random.Random, hold_s: float) -> None:
    world.kill(*world.workers)


@fault("sealer-killed", "kill -9 of the sealer")
def sealer_killed(world: World, chance: random.Random, hold_s: float) -> None:
    world.kill(world.sealer)


@fault("broker-killed", "kill -9 of the broker")
def broker_killed(world: World, chance: random.Random, hold_s: float) -> None:
    world.kill("broker")


@fault("all-killed", "kill -9 of workers, sealer and broker together")
def all_killed(world: World, chance: random.Random, hold_s: float) -> None:
    names = [*world.hub, "broker"]
    chance.shuffle(names)
    world.kill(*names)


@fault("storm", "kill -9 of anything, again and again, also while it starts")
def storm(world: World, chance: random.Random, hold_s: float) -> None:
    end = time.monotonic() + hold_s
    while time.monotonic() < end:
        world.kill(*chance.sample([*world.hub, "broker"], chance.randint(1, 2)))
        time.sleep(chance.uniform(0.1, 2.0))


@fault("reclaimer-killed", "kill -9 of a worker, then of the one that takes its entries over")
def reclaimer_killed(world: World, chance: random.Random, hold_s: float) -> None:
    first, second = chance.sample(world.workers, 2)
    world.supervisor.unwant(first)
    world.watched(second).send(signal.SIGSTOP)  # so that something is left half done
    time.sleep(0.2)
    world.kill(first)
    left = _pending(world, first)
    world.watched(second).send(signal.SIGCONT)
    limit = time.monotonic() + 3 * (IDLE_MS + LEASE_MS) / 1_000
    while left and _pending(world, first) >= left and time.monotonic() < limit:
        time.sleep(0.001)
    world.kill(second)
    world.supervisor.want(first)


def _pending(world: World, worker: str) -> int:
    """Return how many entries a worker has under way, of all senders."""

    def ask(client) -> int:
        return sum(
            consumer["pending"]
            for shard in SENDERS
            for consumer in client.xinfo_consumers(f"hub:{{{shard}}}:in", "hub")
            if consumer["name"].decode() == worker
        )

    found: int = world.server.patiently(ask)
    return found


@fault("worker-terminated", "SIGTERM to a worker in mid-batch: it ends with exit code 0")
def worker_terminated(world: World, chance: random.Random, hold_s: float) -> None:
    name = chance.choice(world.workers)
    world.stop(name)
    world.supervisor.want(name)


@fault("worker-stopped", "SIGSTOP of a worker for longer than its lease and the claim idle time")
def worker_stopped(world: World, chance: random.Random, hold_s: float) -> None:
    watched = world.watched(chance.choice(world.workers))
    watched.send(signal.SIGSTOP)
    time.sleep(max(hold_s, 2 * max(IDLE_MS, LEASE_MS) / 1_000))
    watched.send(signal.SIGCONT)


@fault("sealer-stopped", "SIGSTOP of the sealer for longer than its lease")
def sealer_stopped(world: World, chance: random.Random, hold_s: float) -> None:
    watched = world.watched(world.sealer)
    watched.send(signal.SIGSTOP)
    time.sleep(max(hold_s, _LEDGER_LEASE_S + 1))
    watched.send(signal.SIGCONT)


@fault("recipients-killed", "kill -9 of the systems of the recipients, in the middle of an act")
def recipients_killed(world: World, chance: random.Random, hold_s: float) -> None:
    world.kill("recipients")


@fault("config-reload", "another role config by restart of one worker after another, and back")
def config_reload(world: World, chance: random.Random, hold_s: float) -> None:
    file = world.config / "register" / "instellingen.yaml"
    before = file.read_text()
    after = before.replace("spoed: 60", "spoed: 45")
    if after == before:
        raise RuntimeError("the role config has no `spoed: 60` any more: change something else")
    for text in (after, before):
        file.write_text(text)
        for name in world.workers:
            world.stop(name)
            world.supervisor.want(name)
            time.sleep(hold_s / 4)


@fault(
    "clock-jumps", "the clock jumps an hour ahead and back, first of the hub, then of the broker"
)
def clock_jumps(world: World, chance: random.Random, hold_s: float) -> None:
    for ahead in (3_600, -3_600, chance.randint(-30, 30), 0):
        world.clock.write_text(str(ahead))
        time.sleep(hold_s / 4)
    for by in ("+1h", "-1h", ""):
        if world.server.move_clock(by):
            world.kill("broker")
            world.server.wait()
            time.sleep(hold_s / 4)
