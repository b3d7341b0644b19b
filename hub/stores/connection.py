"""Reach a broker, and say in our own words what went wrong with it."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

import hiredis
from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    NoPermissionError,
    ResponseError,
)

from hub import broker_url
from hub.broker_url import Host, Kind
from hub.errors import BrokerError, BrokerLost, BrokerMissing, HubError, NotAllowed, Unavailable
from hub.stores.cluster import ClusterClient
from hub.stores.sentinel import SentinelClient

_FIRST_PAUSE_S: Final = 0.05
_LONGEST_PAUSE_S: Final = 2.0
_ANSWER_S: Final = 30.0
_CONNECT_S: Final = 5.0
_LEAST_S: Final = 1.0  # that one try to connect may take
_LOGIN: Final = (AuthenticationError, AuthorizationError)
_PASSING: Final = frozenset(
    {
        *("OOM", "READONLY", "LOADING", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "NOREPLICAS"),
        *("MISCONF", "BUSY", "MOVED", "ASK", "UNBLOCKED"),
    }
)


def client(
    url: str, user: str | None = None, password: str | None = None, max_connections: int = 100
) -> Redis:
    """Return a client that has not connected yet: no retries of its own, replies as bytes.

    Without retries, because a write whose answer got lost may have been done: what may be repeated
    is for the caller to know. `url`: see `hub.broker_url`; a ValueError if it is no such address.
    `max_connections`: to one server.
    """
    place = broker_url.parse(url)
    # Only what is given: a user and password in the URL itself must stand.
    options: dict[str, Any] = {"username": user, "password": password} if user else {}
    options |= {
        "retry": Retry(NoBackoff(), 0),
        "socket_timeout": _ANSWER_S,
        "socket_connect_timeout": _CONNECT_S,
        "protocol": 2,
        "max_connections": max_connections,
    }

    def one(host: Host) -> Redis:
        return _in_c(Redis.from_url(place.single(host), **options))

    if place.kind is Kind.CLUSTER:
        if place.user and not user:
            options |= {"username": place.user, "password": place.password}
        return ClusterClient(place.hosts, one)
    if place.kind is Kind.SENTINEL:
        return _in_c(SentinelClient.behind(place, options, one))
    return _in_c(Redis.from_url(url, **options))


def _in_c(redis: Redis) -> Redis:
    pool = redis.connection_pool
    pool.connection_class = _packing_in_c(pool.connection_class)
    return redis


def _packing_in_c(connection: type[AbstractConnection]) -> type[AbstractConnection]:
    """Return the same kind of connection, with commands packed by hiredis.

    redis-py does so in its blocking client only. A batch of a hundred steps has some three thousand
    arguments: 2 ms in Python, a tenth of that in C.
    """

    def pack_command(_self: AbstractConnection, name: str | bytes, *args: Any) -> list[bytes]:
        words = name.encode().split() if isinstance(name, str) else name.split()  # "CONFIG GET"
        return [hiredis.pack_command((*words, *args))]

    return type("PackingInC", (connection,), {"pack_command": pack_command})


async def connect(
    url: str,
    user: str | None = None,
    password: str | None = None,
    *,
    wait_s: float = 30.0,
    waiting: Callable[[int, float], None] = lambda _attempt, _pause_s: None,
) -> Redis:
    """Return a client of a broker that answers; waits up to `wait_s` seconds for it to start.

    `waiting` is told, before each pause, how often it was tried and how long the pause is (s).
    BrokerMissing: nobody answered in time. NotAllowed: the user or its password is not right.
    """
    redis = client(url, user, password)
    deadline = time.monotonic() + wait_s
    pause, attempt = _FIRST_PAUSE_S, 0
    try:
        while True:
            attempt += 1
            try:
                # One that takes connections and hangs would keep us for `_ANSWER_S`.
                async with asyncio.timeout(max(deadline - time.monotonic(), _LEAST_S)):
                    for server in await primaries(redis):
                        await server.execute_command("PING")  # type: ignore[no-untyped-call] # redis-py
            except Exception as error:
                problem = translated(error)
                if not isinstance(problem, Unavailable):
                    raise problem from error
                if time.monotonic() + pause > deadline:
                    raise BrokerMissing(_missing(url, wait_s, error)) from error
            else:
                return redis
            waiting(attempt, pause)
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)
    except BaseException:
        await redis.aclose()
        raise


def _missing(url: str, wait_s: float, error: Exception) -> str:
    where = without_password(url)
    if isinstance(error, TimeoutError):
        return (
            f"a broker at {where} takes connections and did not answer in {wait_s:g} s: was its"
            " process stopped, or does its disk hang? See docs/howto/alarms/broker-silent.md"
        )
    return (
        f"no broker answered at {where} in {wait_s:g} s: is it started, and is the address right?"
    )


async def primaries(redis: Redis) -> list[Redis]:
    """Return a client of each server that is written to; they are closed with `redis`."""
    return await redis.primaries() if isinstance(redis, ClusterClient) else [redis]


@contextlib.asynccontextmanager
async def servers(redis: Redis) -> AsyncIterator[list[Redis]]:
    """Open a client of each server, also of the replicas as far as one can know them.

    Those of one server of your own are unknown: only Sentinel and a cluster name them.
    """
    if isinstance(redis, ClusterClient):
        yield await redis.servers()
    elif isinstance(redis, SentinelClient):
        found = await redis.servers()
        try:
            yield found
        finally:
            await asyncio.gather(*(each.aclose() for each in found if each is not redis))
    else:
        yield [redis]


def without_password(url: str) -> str:
    """Return `url` as it may be shown.

    >>> without_password("rediss://hub:secret@broker.example:6380/0")
    'rediss://broker.example:6380/0'
    """
    scheme, _, rest = url.partition("?")[0].partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


def translated(error: Exception) -> HubError:
    """Return our word for what a call to the broker raised.

    Everything unknown is Unavailable: a dead connection also shows as a TypeError or an
    AttributeError of the client library.
    """
    if isinstance(error, HubError):
        return error
    # redis-py wraps what went wrong while connecting.
    if isinstance(error, _LOGIN) or isinstance(error.__cause__, _LOGIN):
        return NotAllowed("the broker does not accept this user with this password")
    if isinstance(error, NoPermissionError):
        return NotAllowed(f"the broker's access list does not allow this: {_text(error)}")
    if isinstance(error, ResponseError):
        return _refusal(error)
    return Unavailable(f"the broker did not answer ({type(error).__name__})")


def _text(error: ResponseError) -> str:
    """Return what the broker said, without the arguments that it or redis-py repeats."""
    text = str(error).partition(", with args")[0]
    return text.rpartition(" of pipeline caused error: ")[2]


def _refusal(error: ResponseError) -> HubError:
    text = _text(error)
    if "Function not found" in text or text.startswith("NOGROUP"):
        return BrokerLost(
            "the broker lost its functions or reader groups: it came back empty, or was replaced;"
            " restore its data, then start the hub again"
        )
    # redis-py takes the code off the errors that have a class of their own.
    code = text.partition(" ")[0]
    if type(error) is not ResponseError or code in _PASSING:
        return Unavailable(f"the broker cannot do this now ({code})")
    return BrokerError(f"the broker refused a command of the hub: {text}")
