"""Clients that block, for the sealer and for who takes over refusals: short rounds in a thread.

For reads, and for writes that may be done twice: after a lost answer the whole round comes again.
"""

import random
import time
from collections.abc import Sequence
from typing import Any, Final

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import AskError, MovedError, TryAgainError
from redis.retry import Retry
from redis.sentinel import Sentinel

from hub import broker_url
from hub.broker_url import BrokerUrl, Host, Kind
from hub.errors import Unavailable
from hub.stores.topology import Topology, keys_of, slot_of

_ANSWER_S: Final = 10.0
_CONNECT_S: Final = 5.0
_HOPS: Final = 16
_AGAIN_S: Final = 0.05

Words = Sequence[Any]
"""A command."""


class Blocking:
    """Sends rounds of commands to a broker of any kind; raises what redis-py raises.

    For one thread. Connects when it is asked something.
    """

    def __init__(self, url: str, user: str | None = None, password: str | None = None) -> None:
        place = broker_url.parse(url)
        login = {"username": user, "password": password} if user else {}
        self._options: dict[str, Any] = {
            **login,
            "retry": Retry(NoBackoff(), 0),
            "socket_timeout": _ANSWER_S,
            "socket_connect_timeout": _CONNECT_S,
            "protocol": 2,
        }
        self._place = place
        self._sentinel: Sentinel | None = None
        self._known: dict[Host, Redis] = {}
        self._topology: Topology | None = None
        self._one: Redis | None = None
        if place.kind is Kind.SINGLE:
            self._one = Redis.from_url(url, **self._options)
        elif place.kind is Kind.SENTINEL:
            self._sentinel = _sentinel(place, self._options)
            self._one = self._sentinel.master_for(place.service)  # type: ignore[no-untyped-call] # redis-py
        elif place.user and not user:
            self._options |= {"username": place.user, "password": place.password}

    def round(self, commands: Sequence[Words]) -> list[Any]:
        """Send the commands, one round trip for each server, and return the answers.

        In order for each key. WAIT goes to the server of the command before it.
        """
        if self._one is not None:
            return _piped(self._one, commands)
        try:
            return self._over_nodes(commands)
        except Exception:
            self._topology = None  # look again before the next round
            raise

    def everywhere(self, commands: Sequence[Words], *, atomic: bool = False) -> list[list[Any]]:
        """Send the commands to each server there is, replicas too; return the answers of each.

        A server that does not answer is left out, unless none does.
        """
        found: list[list[Any]] = []
        problem: Exception = Unavailable("the broker did not answer")
        for server in self._servers():
            try:
                found.append(_piped(server, commands, atomic=atomic))
            except Exception as error:  # noqa: BLE001  (redis-py raises TypeError too)
                problem = error
        if not found:
            raise problem
        return found

    def close(self) -> None:
        """Close the connections; idempotent."""
        known, self._known = list(self._known.values()), {}
        for each in (self._one, *known, *(self._sentinel.sentinels if self._sentinel else ())):
            if each is not None:
                each.close()

    def _servers(self) -> list[Redis]:
        if self._sentinel is not None and self._one is not None:
            replicas = self._sentinel.discover_slaves(self._place.service)  # type: ignore[no-untyped-call] # redis-py
            return [self._one, *(self._node((str(host), int(port))) for host, port in replicas)]
        if self._one is not None:
            return [self._one]
        self._topology = self._look()
        hosts = (*self._topology.primaries, *self._topology.replicas)
        return [self._node(host) for host in hosts]

    def _over_nodes(self, commands: Sequence[Words]) -> list[Any]:
        topology = self._topology = self._topology or self._look()
        hosts: list[Host] = []
        for command in commands:
            keys = keys_of(command)
            owner = topology.owner(slot_of(keys[0])) if keys else None
            beside = hosts[-1] if hosts else topology.primaries[0]
            hosts.append(owner or beside)
        replies: list[Any] = [None] * len(commands)
        for host in dict.fromkeys(hosts):
            places = [place for place, of in enumerate(hosts) if of == host]
            found = _piped(self._node(host), [commands[place] for place in places], may_fail=True)
            for place, reply in zip(places, found, strict=True):
                replies[place] = reply
        waiting = any(command[0] == "WAIT" for command in commands)
        if waiting and any(isinstance(reply, (AskError, TryAgainError)) for reply in replies):
            raise Unavailable("a part of the broker is being moved to another server")
        return [
            self._redirected(command, host, reply)
            for command, host, reply in zip(commands, hosts, replies, strict=True)
        ]

    def _redirected(self, command: Words, host: Host, reply: Any) -> Any:
        for _ in range(_HOPS):
            if isinstance(reply, AskError):  # MOVED is one too
                to = (str(reply.host) or host[0], int(reply.port))
                if isinstance(reply, MovedError) and self._topology is not None:
                    self._topology.moved(int(reply.slot_id), to)
                asking = [] if isinstance(reply, MovedError) else [("ASKING",)]
                *_, reply = _piped(self._node(to), [*asking, command], may_fail=True)
            elif isinstance(reply, TryAgainError):
                time.sleep(_AGAIN_S)
                (reply,) = _piped(self._node(host), [command], may_fail=True)
        if isinstance(reply, Exception):
            raise reply
        return reply

    def _look(self) -> Topology:
        found = Topology()
        known = list(self._known)
        random.shuffle(known)
        problem: Exception = Unavailable("some slots of the cluster have no node")
        for host in dict.fromkeys((*known, *self._place.hosts)):
            try:
                (reply,) = _piped(self._node(host), [("CLUSTER", "SLOTS")])
            except Exception as error:  # noqa: BLE001  (redis-py raises TypeError too)
                problem = error
            else:
                if found.read(reply, host):
                    return found
        raise problem

    def _node(self, host: Host) -> Redis:
        if host not in self._known:
            self._known[host] = Redis.from_url(self._place.single(host), **self._options)
        return self._known[host]


def _sentinel(place: BrokerUrl, options: dict[str, Any]) -> Sentinel:
    tls: dict[str, Any] = {"ssl": True, **dict(place.options)} if place.tls else {}
    asking = {
        name: value for name, value in options.items() if name not in {"username", "password"}
    }
    if place.password:
        asking |= {"username": place.user or None, "password": place.password}
    return Sentinel(place.hosts, sentinel_kwargs={**tls, **asking}, **tls, **options)  # type: ignore[no-untyped-call] # redis-py


def _piped(
    server: Redis, commands: Sequence[Words], *, atomic: bool = False, may_fail: bool = False
) -> list[Any]:
    with server.pipeline(transaction=atomic) as pipe:
        for command in commands:
            # As words of their own: redis-py does not take such an answer apart.
            pipe.execute_command(*command)  # type: ignore[no-untyped-call] # redis-py
        # Raised by redis-py itself, an error would repeat the arguments of its command.
        replies = list(pipe.execute(raise_on_error=False))
    for reply in replies:
        if isinstance(reply, Exception) and not may_fail:
            raise reply
    return replies
