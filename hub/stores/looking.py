"""A look at a server from the outside: how much waits where, and for how long. Never a content.

In small pieces, so that a look at hundreds of intakes never holds up the batches of a worker.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from hub.stores import keys, library
from hub.stores.connection import primaries, translated
from hub.stores.server import OnServer

_GOOD: Final = "min_slaves_good_slaves"  # of INFO, where min-replicas-to-write is set
_PIECE: Final = 50  # commands in one go: a millisecond of this process
_NOT_THERE: Final = ("WRONGTYPE", "NOGROUP")


@dataclass(frozen=True, slots=True)
class ShardLook:
    """What waits in a shard. Times are Unix milliseconds by the server's clock; None: nothing."""

    shard: str
    intake: int
    pending: int
    oldest_ms: int | None
    held: int
    held_oldest_ms: int | None
    dead: int
    unsealed: int
    unsealed_since_ms: int | None  #: since when some wait without any having been sealed
    reader: str  #: the worker that holds its lease; empty: nobody
    unfinished: Mapping[str, int] = field(default_factory=dict)  #: party -> copies in its inbox


@dataclass(frozen=True, slots=True)
class ServerLook:
    """How it is with the server itself; bytes."""

    now_ms: int
    memory: int
    memory_limit: int  #: 0: none was set
    aof: int  #: 0: unknown
    functions: bool  #: those of this version are loaded
    short: tuple[str, ...] = ()  #: addresses of primaries with too few replicas: they take nothing


class Looking(OnServer):
    """Looks with the rights of the hub's user. Every method may raise `Unavailable`.

    What is not there, or is of a wrong type, counts as nothing: the step that needs it says so.
    """

    async def server(self) -> ServerLook:
        """Look at the server; of a cluster: all nodes together."""
        seconds, micros = await self._call("TIME")
        memory, persistence = await self._infos("memory"), await self._infos("persistence")
        functions = await self._call("FUNCTION", "LIST", "LIBRARYNAME", library.LIBRARY)
        return ServerLook(
            now_ms=int(seconds) * 1_000 + int(micros) // 1_000,
            memory=_total(memory, "used_memory"),
            memory_limit=_total(memory, "maxmemory"),
            aof=_total(persistence, "aof_current_size"),
            functions=bool(functions),
            short=await self._short(),
        )

    async def _short(self) -> tuple[str, ...]:
        """Return the primaries that have fewer replicas than their or our settings ask for."""
        infos = await self._infos("replication")
        servers = await primaries(self._redis)
        return tuple(
            _address(server)
            for server, info in zip(servers, infos, strict=True)
            if _good_replicas(info) < _needed_replicas(info, self._replicas)
        )

    async def _infos(self, section: str) -> list[Mapping[str, Any]]:
        """Return a section of INFO of each primary."""
        try:
            return [await each.info(section) for each in await primaries(self._redis)]
        except Exception as error:
            raise translated(error) from error

    async def shard(
        self, shard: str, intakes: Sequence[str], parties: Sequence[str] = ()
    ) -> ShardLook:
        """Look at one shard. `parties`: whose unfinished copies are counted."""
        lengths = await self._asked(("XLEN", keys.intake(shard, each)) for each in intakes)
        waiting = [keys.intake(shard, each) for each, n in zip(intakes, lengths, strict=True) if n]
        pending = await self._asked(("XPENDING", stream, keys.HUB_GROUP) for stream in waiting)
        held, dead, head, sealed, lease = await self._asked(
            [
                ("XLEN", keys.held(shard)),
                ("XLEN", keys.dead(shard)),
                ("HMGET", keys.head(shard), "seq", "since"),
                ("HMGET", keys.sealed(shard), "seq", "at"),
                ("GET", keys.lease(shard)),
            ]
        )
        firsts = await self._firsts([*waiting, *([keys.held(shard)] if held else [])])
        held_oldest = firsts.pop() if held else None
        seq, since = map(int, _numbers(head))
        done, at = map(int, _numbers(sealed))
        unsealed = max(0, seq - done)
        return ShardLook(
            shard=shard,
            intake=sum(n or 0 for n in lengths),
            pending=sum(int(each["pending"]) for each in pending if each),
            oldest_ms=min((each for each in firsts if each is not None), default=None),
            held=held or 0,
            held_oldest_ms=held_oldest,
            dead=dead or 0,
            unsealed=unsealed,
            unsealed_since_ms=max(since, at) if unsealed else None,
            reader=(lease or b"").decode().partition("|")[0],
            unfinished=await self._unfinished(shard, parties),
        )

    async def inbox_length(self, shard: str, party: str) -> int:
        """Return how many copies and notices lie in one inbox."""
        (length,) = await self._asked([("XLEN", keys.inbox(shard, party))])
        return length or 0

    async def _unfinished(self, shard: str, parties: Sequence[str]) -> dict[str, int]:
        """Return party -> its unfinished copies, for each that ever got one."""
        if not parties:
            return {}
        (counts,) = await self._asked([("HMGET", keys.unfinished(shard), *parties)])
        found = zip(parties, counts or [None] * len(parties), strict=True)
        return {party: int(count) for party, count in found if count is not None}

    async def _firsts(self, streams: Iterable[str]) -> list[int | None]:
        """Return the time of the first entry of each stream."""
        found = await self._asked(("XRANGE", each, "-", "+", "COUNT", 1) for each in streams)
        return [int(entries[0][0].partition(b"-")[0]) if entries else None for entries in found]

    async def _asked(self, commands: Iterable[tuple[Any, ...]]) -> list[Any]:
        """Ask, a piece at a time; None for what is not there."""
        listed = list(commands)
        answers: list[Any] = []
        for start in range(0, len(listed), _PIECE):
            answers += await self._pipelined(listed[start : start + _PIECE], may_fail=True)
        return [_or_none(answer) for answer in answers]


def _good_replicas(info: Mapping[str, Any]) -> int:
    """Return how many replicas follow closely, by the server's own measure where it has one."""
    return int(info.get(_GOOD, info.get("connected_slaves", 0)))


def _needed_replicas(info: Mapping[str, Any], asked: int) -> int:
    # With `min-replicas-to-write` it says how many are good; not how many it wants: at least one.
    return max(asked, 1 if _GOOD in info else 0) if info.get("role") == "master" else 0


def _address(server: Redis) -> str:
    where = server.connection_pool.connection_kwargs
    return f"{where['host']}:{where['port']}" if where.get("host") else str(where.get("path", ""))


def _or_none(answer: Any) -> Any:
    if not isinstance(answer, Exception):
        return answer
    if isinstance(answer, ResponseError) and str(answer).startswith(_NOT_THERE):
        return None
    raise translated(answer)


def _numbers(values: Sequence[bytes | None] | None) -> tuple[bytes | int, bytes | int]:
    first, second = values or (None, None)
    return first or 0, second or 0


def _total(infos: Iterable[Mapping[str, Any]], name: str) -> int:
    """Return the sum of a figure of INFO."""
    return sum(int(each.get(name, 0)) for each in infos)
