"""Celery: a task for each event, acknowledged after it is done, no result kept.

celery -A peers.celery_app worker          as many processes as there are cores: its default
"""

import celery
import redis

from peers.job import URL, handle, tasks

app = celery.Celery("peers", broker=URL.replace("unix://", "redis+socket://"))
app.conf.update(
    task_acks_late=True,  # at least once, as its documentation says for tasks that may be repeated
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
)
_client = None


@app.task(name="route")
def route(shard, raw):
    global _client  # noqa: PLW0603 - one client for each process of the pool
    if _client is None:
        _client = redis.Redis.from_url(URL, protocol=2)
    handle(_client, shard, raw.encode())


if __name__ == "__main__":
    with app.producer_pool.acquire(block=True) as producer:
        for each in tasks():
            route.apply_async(each, producer=producer)
