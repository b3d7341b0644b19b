"""Commands to a server, with its errors in our own words."""

import contextlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import ResponseError

from hub.errors import BrokerError, BrokerLost, Unavailable
from hub.stores import keys, library
from hub.stores.connection import primaries, servers, translated
from hub.stores.replicated import replicated

_WRITES: Final = frozenset({"FCALL", "XADD", "SET"})
_HUB: Final = "hub"


class OnServer:
    """What is kept on a server; every method raises what `connection.translated` says.

    `replicas`: what is written is on so many replicas before a method returns. When it is not in
    time, `Unavailable`: it may have been done.
    """

    def __init__(self, client: Redis, replicas: int = 0) -> None:
        self._redis = client
        self._replicas = replicas

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def setting_problems(self) -> list[str]:
        """Return what in the settings of any server could lose messages, as far as we may see."""
        found: dict[str, None] = {}
        try:
            for server in await primaries(self._redis):
                found.update(dict.fromkeys(await self._problems(server)))
                found.update(dict.fromkeys(await self._replication_problems(server)))
            async with servers(self._redis) as everyone:
                for server in everyone[1:]:
                    with contextlib.suppress(Exception):  # a replica may be away
                        found.update(dict.fromkeys(await self._problems(server)))
        except Exception as error:
            raise translated(error) from error
        return list(found)

    async def load_functions(self) -> None:
        """Load the functions of this version on every primary that lacks them; idempotent."""
        try:
            for server in await primaries(self._redis):
                ask = server.execute_command
                if not await ask("FUNCTION", "LIST", "LIBRARYNAME", library.LIBRARY):  # type: ignore[no-untyped-call] # redis-py
                    await ask("FUNCTION", "LOAD", "REPLACE", library.CODE)  # type: ignore[no-untyped-call] # redis-py
        except Exception as error:
            problem = translated(error)
            if not isinstance(problem, BrokerError):
                raise problem from error
            raise BrokerError(
                f"the broker does not take the functions of the hub ({problem}): it must be"
                " Valkey 8 or later, or Redis 7.0 or later"
            ) from error

    async def _problems(self, server: Redis) -> list[str]:
        info: Mapping[str, Any] = await server.info("persistence")
        memory: Mapping[str, Any] = await server.info("memory")
        problems = []
        if not info.get("aof_enabled"):
            problems.append("appendonly is off: a restart of the broker loses messages")
        if memory.get("maxmemory") and memory.get("maxmemory_policy") != "noeviction":
            problems.append("maxmemory-policy is not noeviction: a full broker drops messages")
        try:
            reply = await server.config_get("appendfsync", "stream-node-max-entries")
        except ResponseError:
            return problems  # the access list keeps CONFIG from us, as it should
        found = {_bytes(name): _bytes(value) for name, value in reply.items()}
        if found.get(b"appendfsync") != b"always":
            problems.append("appendfsync is not always: a power cut loses the last second or more")
        if found.get(b"stream-node-max-entries") != b"1":
            problems.append(
                "stream-node-max-entries is not 1: what is removed from a stream stays in memory"
                " and on disk until all of its node is"
            )
        return problems

    async def _replication_problems(self, server: Redis) -> list[str]:
        if not self._replicas:
            return []
        info: Mapping[str, Any] = await server.info("replication")
        problems = []
        if "min_slaves_good_slaves" not in info:  # there only when the setting is on
            problems.append(
                "min-replicas-to-write is not set, while SEINHUIS_REPLICAS is: a primary that was"
                " cut off goes on accepting what it will lose"
            )
        if int(info.get("connected_slaves", 0)) < self._replicas:
            problems.append(
                f"a primary has fewer replicas than SEINHUIS_REPLICAS ({self._replicas}): nothing"
                " is accepted until they are there"
            )
        return problems

    async def _call(self, *command: Any) -> Any:
        """Send one command and return the answer; a function that is missing is loaded first.

        A node that got the slot from another, or came new into a cluster, has the data and no
        functions. One that came back empty has neither: then nothing is loaded.
        """
        try:
            return await self._send(command)
        except Exception as error:
            problem = translated(error)
            if not (isinstance(problem, BrokerLost) and command[0] == "FCALL"):
                raise problem from error
            if not await self._has_data(command[3]):
                raise problem from error
        await self.load_functions()
        try:
            return await self._send(command)
        except Exception as error:
            problem = translated(error)
            if isinstance(problem, BrokerLost):  # a node that is about to get the slot
                problem = Unavailable("the functions of the hub are not on every node yet")
            raise problem from error

    async def _send(self, command: tuple[Any, ...]) -> Any:
        waits = self._replicas if command[0] in _WRITES else 0
        return await replicated(self._redis, waits, *command)

    async def _has_data(self, key: str) -> bool:
        """Whether what is there from the first start on is there, in the slot of `key`."""
        shard = key.partition("{")[2].partition("}")[0]
        mark = keys.config_in_force() if shard == _HUB else keys.sealed(shard)
        try:
            return bool(await self._redis.exists(mark))
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
