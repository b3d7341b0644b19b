"""A client of the primary that Sentinel names: each new connection asks which server that is."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from redis.asyncio import Redis
from redis.asyncio.connection import parse_url
from redis.asyncio.sentinel import Sentinel

from hub.broker_url import BrokerUrl, Host

_OF_ONE_SERVER: Final = frozenset({"host", "port", "db", "connection_class"})
_OF_SENTINEL: Final = ("retry", "socket_timeout", "socket_connect_timeout", "protocol")


class SentinelClient(Redis):
    """As the client of one server: of the primary. After a failover the next command finds it."""

    _make: Callable[[Host], Redis]

    @classmethod
    def behind(
        cls, place: BrokerUrl, options: Mapping[str, Any], make: Callable[[Host], Redis]
    ) -> "SentinelClient":
        """Return it, not connected yet. `make` returns the client of one server."""
        tls: dict[str, Any] = {"ssl": True} if place.tls else {}
        tls |= _beside(place)
        asking = {**tls, **{name: options[name] for name in _OF_SENTINEL}}
        if place.password:
            asking |= {"username": place.user or None, "password": place.password}
        sentinel = Sentinel(place.hosts, sentinel_kwargs=asking, **tls, **options)  # type: ignore[no-untyped-call] # redis-py
        client: SentinelClient = sentinel.master_for(place.service, redis_class=cls)
        client._make = make
        return client

    async def servers(self) -> list[Redis]:
        """Return this client, and one of each replica that Sentinel can reach; close those."""
        pool: Any = self.connection_pool
        replicas = await pool.sentinel_manager.discover_slaves(pool.service_name)
        return [self, *(self._make((str(host), int(port))) for host, port in replicas)]

    async def aclose(self, close_connection_pool: bool | None = None) -> None:  # noqa: FBT001 - redis-py's
        """Close the connections to the server and to Sentinel."""
        pool: Any = self.connection_pool
        await super().aclose(close_connection_pool)
        await pool.sentinel_manager.aclose()


def _beside(place: BrokerUrl) -> dict[str, Any]:
    """Return what stands in the URL beside where the servers are."""
    found = parse_url(place.single(place.hosts[0]))
    return {name: value for name, value in found.items() if name not in _OF_ONE_SERVER}
