"""FastStream's broker for an address: one server, Sentinel or a cluster."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from faststream.redis import RedisBroker, RedisClusterBroker, RedisSentinelBroker
from faststream.redis.configs.state import ConnectionState
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from hub import broker_url
from hub.broker_url import Kind
from hub.data_folder import BrokerAddress
from hub.stores.connection import client

_FINISH_S: Final = 15.0


Lost = Callable[[Iterable[str]], None]
"""Called with the keys of the streams of a read that failed."""


def broker_for(
    address: BrokerAddress, max_connections: int, lost: Lost = lambda _streams: None
) -> RedisBroker:
    """Return a broker that has not connected yet, without a log of its own and without retries.

    It reads over the client of `hub.stores.connection`, as the rest of the hub does, and not over
    one that FastStream makes: those of redis-py for a cluster and for Sentinel repeat what they
    sent. `max_connections`: to one server; a subscriber holds one, count some more for the rest.

    `lost` is told of each read that failed, before FastStream reads on by itself: what the broker
    handed out in an answer that did not arrive comes before all that is read next. A reader
    group is never made: that is for `ValkeyStore.prepare`.
    """
    place = broker_url.parse(address.url)

    def connect() -> Redis:
        return _ours(client(address.url, address.user, address.password, max_connections), lost)

    options: dict[str, Any] = {
        "apply_types": False,
        "logger": None,  # documented: no log of its own
        "graceful_timeout": _FINISH_S,
    }
    if place.kind is Kind.CLUSTER:
        return _Cluster(connect, place.single(place.hosts[0]), **options)
    if place.kind is Kind.SENTINEL:
        options |= {"sentinels": place.hosts, "sentinel_master_name": place.service}
        return _Sentinel(connect, place.single(place.hosts[0]), **options)
    return _Single(connect, address.url, **options)


def _ours(connection: Redis, lost: Lost) -> Redis:
    read = connection.xreadgroup

    async def xreadgroup(*args: Any, **options: Any) -> Any:
        try:
            return await read(*args, **options)
        except Exception as error:
            # Without its group FastStream ends by itself. It repeats what was refused without any
            # pause, and reads on after an answer that did not arrive.
            if not str(error).startswith("NOGROUP"):
                lost(options["streams"])
            raise

    async def no_new_group(**_: Any) -> Any:
        # Made anew it would begin with what is new, and nobody would know that one was lost. When
        # it is there this is what the server answers; when not, reading says so and the hub stops.
        raise ResponseError("BUSYGROUP Consumer Group name already exists")

    connection.xreadgroup = xreadgroup  # type: ignore[method-assign]
    connection.xgroup_create = no_new_group  # type: ignore[method-assign, assignment]
    return connection


class _Connection(ConnectionState[Any]):
    """A connection of FastStream that is a client of ours."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[[], Redis]) -> None:
        super().__init__()
        self._make = make

    async def connect(self) -> Any:
        self._client = self._make()
        self._connected = True
        return self._client


class _OverOurs(RedisBroker):
    """Each kind of broker, with that connection: the hook that FastStream has for its kinds."""

    def __init__(self, make: Callable[[], Redis], url: str, **options: Any) -> None:
        self._make = make
        super().__init__(url, **options)

    def _make_connection_state(self, *_: Any) -> ConnectionState[Any]:
        return _Connection(self._make)


class _Single(_OverOurs):
    pass


class _Sentinel(_OverOurs, RedisSentinelBroker):
    pass


class _Cluster(_OverOurs, RedisClusterBroker):
    pass
