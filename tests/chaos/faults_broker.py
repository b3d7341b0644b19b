"""A broker that is away, refuses, or does not answer all: it heals by itself, or says why not."""

import random
import time

import redis

from tests.chaos.faults import fault
from tests.chaos.server import free_port
from tests.chaos.world import World


@fault("broker-away", "the broker is gone for a while")
def broker_away(world: World, chance: random.Random, hold_s: float) -> None:
    world.kills += world.server.kill(for_good=True)
    time.sleep(hold_s)
    world.server.start()


@fault("broker-late", "the hub is started first, the broker after it")
def broker_late(world: World, chance: random.Random, hold_s: float) -> None:
    world.kills += world.server.kill(for_good=True)
    world.kill(*world.hub)
    time.sleep(hold_s)
    world.server.start()


@fault("connections-cut", "every connection breaks")
def connections_cut(world: World, chance: random.Random, hold_s: float) -> None:
    world.proxy.cut()


@fault("replies-lost", "one reply in ten is lost, of senders and workers: done, and nobody knows")
def replies_lost(world: World, chance: random.Random, hold_s: float) -> None:
    world.proxy.lose = 0.1
    time.sleep(hold_s)
    world.proxy.lose = 0.0


@fault("read-only", "the broker is a replica of nothing: it refuses every write")
def read_only(world: World, chance: random.Random, hold_s: float) -> None:
    world.server.patiently(lambda client: client.replicaof("127.0.0.1", free_port()))
    time.sleep(hold_s)
    world.server.patiently(lambda client: client.replicaof("NO", "ONE"))


@fault("out-of-memory", "the broker has no memory left")
def out_of_memory(world: World, chance: random.Random, hold_s: float) -> None:
    world.server.patiently(lambda client: client.config_set("maxmemory", 1_000_000))
    time.sleep(hold_s)
    world.server.patiently(lambda client: client.config_set("maxmemory", 0))


@fault("access-lost", "the account of the hub may do nothing any more")
def access_lost(world: World, chance: random.Random, hold_s: float) -> None:
    world.server.patiently(lambda client: client.execute_command("ACL SETUSER hub -@all"))
    time.sleep(hold_s)
    world.server.patiently(lambda client: client.execute_command("ACL LOAD"))


@fault("functions-lost", "the functions are gone from the broker")
def functions_lost(world: World, chance: random.Random, hold_s: float) -> None:
    world.server.patiently(lambda client: client.function_flush())


@fault("wrong-type", "an inbox is no stream but a string")
def wrong_type(world: World, chance: random.Random, hold_s: float) -> None:
    inbox = "hub:{ind}:inbox:lro"
    world.server.patiently(lambda client: _hide(client, inbox))
    time.sleep(hold_s)
    world.server.patiently(lambda client: _show(client, inbox))


def _hide(client: redis.Redis, key: str) -> None:
    with client.pipeline() as both:
        both.rename(key, f"{key}:aside")
        both.set(key, "no stream")
        both.execute()


def _show(client: redis.Redis, key: str) -> None:
    client.rename(f"{key}:aside", key)


@fault("back-empty", "the broker comes back empty while nobody sends; then with its data again")
def back_empty(world: World, chance: random.Random, hold_s: float) -> None:
    """The hub must not go on as if nothing had been lost: it stops, and says why."""
    data, aside = world.server.data, world.server.data.with_name("broker-aside")
    with world.senders_wait():
        world.kills += world.server.kill(for_good=True)
        data.rename(aside)
        data.mkdir()
        before = len(world.supervisor.endings)
        world.server.start()
        world.wait_for(
            "a worker stops because the broker is empty",
            lambda: any(
                end.name in world.workers and end.code != 0
                for end in world.supervisor.endings[before:]
            ),
        )
        time.sleep(hold_s)
        if took := world.server.patiently(_took):
            world.complain(f"the hub went on with an empty broker: {took}")
        world.kills += world.server.kill(for_good=True)
        for file in data.rglob("*"):
            if file.is_file():
                file.unlink()
        for folder in sorted((f for f in data.rglob("*") if f.is_dir()), reverse=True):
            folder.rmdir()
        data.rmdir()
        aside.rename(data)
        world.server.start()


def _took(client: redis.Redis) -> str:
    """Return the shards in which the hub put something on record in an empty broker."""
    return ", ".join(sorted(key.decode() for key in client.scan_iter("hub:{*}:head")))
