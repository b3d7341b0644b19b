"""arq: a job for each event, at least once by its design; ten at a time, its default.

arq peers.arq_app.WorkerSettings
"""

import asyncio

from arq import create_pool
from arq.connections import RedisSettings

from peers.job import URL, handle_async, tasks


async def route(ctx, shard, raw):
    await handle_async(ctx["redis"], shard, raw.encode())


class WorkerSettings:
    """What its worker reads."""

    functions = (route,)
    redis_settings = RedisSettings(unix_socket_path=URL.removeprefix("unix://"))
    keep_result = 0
    max_jobs = 10
    poll_delay = 0.05


async def fill():
    pool = await create_pool(WorkerSettings.redis_settings)
    for each in tasks():
        await pool.enqueue_job("route", *each)


if __name__ == "__main__":
    asyncio.run(fill())
