"""Taskiq: on streams, because only that broker of it acknowledges.

taskiq worker peers.taskiq_app:broker          two processes: its default
"""

import asyncio

from redis.asyncio import Redis
from taskiq_redis import RedisStreamBroker

from peers.job import URL, handle_async, tasks

broker = RedisStreamBroker(url=URL)
_client = Redis.from_url(URL, protocol=2)


@broker.task(task_name="route")
async def route(shard: str, raw: str) -> None:
    await handle_async(_client, shard, raw.encode())


async def fill() -> None:
    await broker.startup()
    for each in tasks():
        await route.kiq(*each)
    await broker.shutdown()


if __name__ == "__main__":
    asyncio.run(fill())
