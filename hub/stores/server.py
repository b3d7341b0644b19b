"""Commands to a server, with its errors in our own words."""

from collections.abc import Callable, Iterable
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import ResponseError

from hub.stores.connection import translated


class OnServer:
    """What is kept on a server; every method raises what `connection.translated` says."""

    def __init__(self, client: Redis) -> None:
        self._redis = client

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def setting_problems(self) -> list[str]:
        """Return what in the server's settings could lose messages, as far as we may see them."""
        info = await self._call("INFO", "persistence")
        memory = await self._call("INFO", "memory")
        problems = []
        if not info.get("aof_enabled"):
            problems.append("appendonly is off: a restart of the broker loses messages")
        if memory.get("maxmemory") and memory.get("maxmemory_policy") != "noeviction":
            problems.append("maxmemory-policy is not noeviction: a full broker drops messages")
        try:
            reply = await self._redis.config_get("appendfsync", "stream-node-max-entries")
        except ResponseError:
            return problems  # the access list keeps CONFIG from us, as it should
        except Exception as error:
            raise translated(error) from error
        found = {_bytes(name): _bytes(value) for name, value in reply.items()}
        if found.get(b"appendfsync") != b"always":
            problems.append("appendfsync is not always: a power cut loses the last second or more")
        if found.get(b"stream-node-max-entries") != b"1":
            problems.append(
                "stream-node-max-entries is not 1: what is removed from a stream stays in memory"
                " and on disk until all of its node is"
            )
        return problems

    async def _call(self, *command: Any) -> Any:
        """Send one command and return the answer."""
        try:
            return await self._redis.execute_command(*command)  # type: ignore[no-untyped-call] # redis-py
        except Exception as error:
            raise translated(error) from error

    async def _pipelined(
        self, commands: Iterable[tuple[Any, ...]], *, may_fail: bool = False
    ) -> list[Any]:
        """Send the commands in one go; an error of one is raised, or returned if it `may_fail`."""
        return await self._piped(
            lambda pipe: [pipe.execute_command(*command) for command in commands], may_fail=may_fail
        )

    async def _piped(
        self, fill: Callable[[Pipeline], object], *, may_fail: bool = False
    ) -> list[Any]:
        """Send what `fill` puts in the pipe in one go."""
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                fill(pipe)
                # Raised by redis-py itself, an error would repeat the arguments of its command.
                replies = await pipe.execute(raise_on_error=False)
        except Exception as error:
            raise translated(error) from error
        for reply in replies:
            if isinstance(reply, Exception) and not may_fail:
                raise translated(reply)
        return replies


def _bytes(word: bytes | str | None) -> bytes:
    """Return one word of a setting, whichever way the client of the caller decodes it."""
    return word.encode() if isinstance(word, str) else word or b""
