"""A client for a cluster, made of one client for each node.

Not the cluster client of redis-py: that one repeats writes whose answer was lost (a doubled event),
asks a node for the keys of every FCALL (its whole text, twice over the network), closes all
connections, also those in use, when one node is gone, and follows ASK on another connection than
the one that it said ASKING on.

Here a command is sent once. Only what a node *refused* because another has the slot is sent on:
MOVED, ASK and TRYAGAIN say that nothing was done.
"""

import asyncio
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import AskError, MovedError, ResponseError, TryAgainError

from hub.broker_url import Host
from hub.errors import BrokerError, Unavailable
from hub.stores import topology
from hub.stores.topology import Topology, by_slot, keys_of, slot_of

_HOPS: Final = 16
_AGAIN_S: Final = 0.05
_LONGEST_LOOK_S: Final = 0.2  # between two looks at streams of several nodes

Command = tuple[tuple[Any, ...], Mapping[str, Any]]
"""The words of a command, and what redis-py needs to take its answer apart."""


class ClusterClient(Redis):
    """As the client of one server; each command goes to the node that has its key.

    A command without a key goes to any primary. A read of streams of several slots is divided, and
    looks again and again instead of waiting.
    """

    def __init__(self, hosts: Sequence[Host], make: Callable[[Host], Redis]) -> None:
        """`hosts`: some nodes; the others are found. `make` returns the client of one node."""
        name, port = hosts[0]
        super().__init__(host=name, port=port)  # never connects: every command goes to a node
        self._seeds = tuple(hosts)
        self._make = make
        self._known: dict[Host, Redis] = {}
        self._topology = Topology()
        self._stale = True
        self._looking = asyncio.Lock()

    async def primaries(self) -> list[Redis]:
        """Return the client of each primary there is now."""
        self._stale = True
        await self._look()
        return [self._node(host) for host in self._topology.primaries]

    async def servers(self) -> list[Redis]:
        """Return the client of each node there is now, primaries first."""
        self._stale = True
        await self._look()
        return [self._node(h) for h in (*self._topology.primaries, *self._topology.replicas)]

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Send one command; a dead node raises what its client raises, and is not tried again."""
        parts = by_slot(args) if topology.reads_streams(args) else [args]
        if len(parts) > 1:
            return await self._read(parts, args, options)
        (reply,) = await self.run([(args, options)])
        if isinstance(reply, Exception):
            raise reply
        return reply

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:  # noqa: FBT001, FBT002 - redis-py's
        """Return a pipe over all nodes, without a transaction.

        In order for each key. WAIT goes where the command before it went, on the same connection.
        """
        return _ClusterPipeline(self, transaction, shard_hint)

    async def aclose(self, close_connection_pool: bool | None = None) -> None:  # noqa: FBT001 - redis-py's
        """Close the connections to all nodes."""
        known, self._known = list(self._known.values()), {}
        await asyncio.gather(*(node.aclose() for node in known))
        await super().aclose(close_connection_pool)

    async def run(self, commands: Iterable[Command]) -> list[Any]:
        """Send the commands, each once, and return the answers; an error stands in its place."""
        await self._look()
        units = _units(commands)
        by_host: dict[Host, list[int]] = {}
        for number, unit in enumerate(units):
            by_host.setdefault(self._host_of(unit), []).append(number)
        replies: list[list[Any]] = [[] for _ in units]

        async def of_host(host: Host, numbers: Sequence[int]) -> None:
            found = await self._send(host, [each for n in numbers for each in units[n]])
            for number in numbers:
                size = len(units[number])
                replies[number], found = found[:size], found[size:]

        await asyncio.gather(*(of_host(host, numbers) for host, numbers in by_host.items()))
        for number, unit in enumerate(units):  # in this order: what comes first is redone first
            replies[number] = await self._redirected(unit, replies[number])
        return [reply for some in replies for reply in some]

    async def _redirected(self, unit: Sequence[Command], replies: list[Any]) -> list[Any]:
        for hop in range(_HOPS):
            problem = replies[0]
            if isinstance(problem, MovedError):
                host = self._named(problem, self._host_of(unit))
                self._topology.moved(int(problem.slot_id), host)
                replies = await self._send(host, unit)
            elif isinstance(problem, AskError):
                host = self._named(problem, self._host_of(unit))
                replies = (await self._send(host, [(("ASKING",), {}), *unit]))[1:]
            elif isinstance(problem, TryAgainError):
                await asyncio.sleep(_AGAIN_S * (1 + hop / 4))
                replies = await self._send(self._host_of(unit), unit)
            else:
                break
        return replies

    async def _send(self, host: Host, commands: Sequence[Command]) -> list[Any]:
        """Send to one node, on one connection. Never raises: without a node each answer says so."""
        node = self._node(host)
        try:
            if len(commands) == 1:
                ((args, options),) = commands
                return [await node.execute_command(*args, **options)]  # type: ignore[no-untyped-call] # redis-py
            async with node.pipeline(transaction=False) as pipe:
                for args, options in commands:
                    pipe.execute_command(*args, **options)
                replies: list[Any] = await pipe.execute(raise_on_error=False)
        except (MovedError, AskError, TryAgainError) as error:
            return [error]
        except ResponseError as error:
            self._doubt(error)
            return [error]
        except Exception as error:  # noqa: BLE001  (redis-py raises TypeError too)
            self._stale = True
            return [error] * len(commands)
        for reply in replies:
            if isinstance(reply, Exception):
                self._doubt(reply)
        return replies

    def _doubt(self, error: Exception) -> None:
        """Look at the cluster again before the next command, unless the answer is of a key."""
        if not isinstance(error, (MovedError, AskError)) and (
            type(error) is not ResponseError or str(error).startswith(("CLUSTERDOWN", "READONLY"))
        ):
            self._stale = True

    async def _read(
        self, parts: Sequence[tuple[Any, ...]], command: Sequence[Any], options: Mapping[str, Any]
    ) -> list[Any]:
        wait = topology.wait_ms(command)
        until = time.monotonic() + (wait or 0) / 1_000
        pause = 0.01
        while True:
            found = await self.run((part, options) for part in parts)
            for reply in found:
                if isinstance(reply, Exception):
                    raise reply
            streams = [stream for reply in found for stream in reply or ()]
            if streams or time.monotonic() >= until:
                return streams
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_LOOK_S)

    async def _look(self) -> None:
        """Ask who has which slot, when nothing is known or something changed.

        Raises:
            Unavailable: slots have no node. What redis-py raises: no node answers.

        """
        if self._settled():
            return
        async with self._looking:
            if not self._settled():
                await self._ask_around()

    def _settled(self) -> bool:
        return not self._stale

    async def _ask_around(self) -> None:
        known = [*self._topology.primaries, *self._topology.replicas]
        random.shuffle(known)  # not all ask the same one
        problem: Exception = Unavailable("some slots of the cluster have no node")
        for host in dict.fromkeys((*known, *self._seeds)):
            try:
                reply = await self._node(host).execute_command("CLUSTER", "SLOTS")  # type: ignore[no-untyped-call] # redis-py
            except ResponseError as error:
                if "cluster support disabled" in str(error):
                    raise BrokerError(
                        "this broker is no cluster: name it as redis://HOST:PORT"
                    ) from None
                problem = error
            except Exception as error:  # noqa: BLE001  (redis-py raises TypeError too)
                problem = error
            else:
                if self._topology.read(reply, host):
                    self._stale = False
                    return
        raise problem

    def _node(self, host: Host) -> Redis:
        if host not in self._known:
            self._known[host] = self._make(host)
        return self._known[host]

    def _host_of(self, unit: Sequence[Command]) -> Host:
        keys = keys_of(unit[0][0])
        owner = self._topology.owner(slot_of(keys[0])) if keys else None
        return owner or self._topology.primaries[0]

    @staticmethod
    def _named(problem: AskError, asked: Host) -> Host:
        return (str(problem.host) or asked[0], int(problem.port))


class _ClusterPipeline(Pipeline):
    def __init__(self, cluster: ClusterClient, transaction: bool, shard_hint: str | None) -> None:  # noqa: FBT001
        super().__init__(
            cluster.connection_pool, cluster.response_callbacks, transaction, shard_hint
        )
        self._cluster = cluster

    async def execute(self, raise_on_error: bool = True) -> list[Any]:  # noqa: FBT001, FBT002 - redis-py's
        commands, self.command_stack = list(self.command_stack), []
        replies = await self._cluster.run(commands)
        for reply in replies:
            if raise_on_error and isinstance(reply, Exception):
                raise reply
        return replies


def _units(commands: Iterable[Command]) -> list[list[Command]]:
    """Put each WAIT with the command before it: it is about the same connection."""
    units: list[list[Command]] = []
    for command in commands:
        if units and command[0][0] == "WAIT":
            units[-1].append(command)
        else:
            units.append([command])
    return units
