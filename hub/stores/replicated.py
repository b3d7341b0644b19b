"""A write that is on replicas before it counts: the command and WAIT, on one connection."""

from typing import Any, Final

from redis.asyncio import Redis

from hub.errors import Unavailable

_WAIT_MS: Final = 2_000
"""Longer than a replica on the same network needs; a primary without replicas refuses sooner."""


async def replicated(redis: Redis, replicas: int, *command: Any) -> Any:
    """Send a write, wait until `replicas` servers beside the primary have it, return its answer.

    With 0 replicas nothing is waited for, and it may be any command.
    They have it in memory, and on disk as soon as they flush: with `appendfsync always` as good as
    at once. Raises what redis-py raises.

    Raises:
        Unavailable: fewer had it in time. It was done on the primary, and may be lost when that
            fails now; repeat it if that is harmless.

    """
    if not replicas:
        return await redis.execute_command(*command)  # type: ignore[no-untyped-call] # redis-py
    async with redis.pipeline(transaction=False) as pipe:
        pipe.execute_command(*command)
        pipe.execute_command("WAIT", replicas, _WAIT_MS)
        # Raised by redis-py itself, an error would repeat the arguments of its command.
        reply, reached = await pipe.execute(raise_on_error=False)
    for each in (reply, reached):
        if isinstance(each, Exception):
            raise each
    if reached < replicas:
        raise Unavailable(f"{reached} of {replicas} replicas had the write in time")
    return reply
