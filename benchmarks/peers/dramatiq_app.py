"""Dramatiq: an actor for each event; it acknowledges after the work and tries again by itself.

dramatiq peers.dramatiq_app          a process for each core with eight threads: its default
"""

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker

from peers.job import URL, handle, tasks

broker = RedisBroker(url=URL)
dramatiq.set_broker(broker)
_client = redis.Redis.from_url(URL, protocol=2)  # has a pool, for the threads


@dramatiq.actor
def route(shard, raw):
    handle(_client, shard, raw.encode())


if __name__ == "__main__":
    for each in tasks():
        route.send(*each)
