"""The address of a broker: one server, servers behind Sentinel, or a cluster. Pure.

redis://HOST:PORT                          one server; rediss:// with TLS; unix:///PATH a socket
redis+sentinel://HOST:PORT,HOST:PORT/NAME  the primary that Sentinel calls NAME
redis+cluster://HOST:PORT,HOST:PORT        a cluster; a few of its nodes will do

With `rediss+` every connection is TLS, also those to Sentinel. A user and password before the hosts
are for the broker; with Sentinel they are for Sentinel itself, because the broker's are settings.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

_SENTINEL_PORT: Final = 26_379
_SERVER_PORT: Final = 6_379


class Kind(StrEnum):
    """What is at an address."""

    SINGLE = ""
    SENTINEL = "sentinel"
    CLUSTER = "cluster"


Host = tuple[str, int]
"""Name or address, and port."""


@dataclass(frozen=True, slots=True)
class BrokerUrl:
    """An address, taken apart."""

    kind: Kind
    hosts: tuple[Host, ...]  #: none for a socket
    tls: bool
    service: str = ""  #: what Sentinel calls the primary
    user: str = ""
    password: str = field(default="", repr=False)
    options: tuple[tuple[str, str], ...] = ()  #: what follows the `?`

    def single(self, host: Host) -> str:
        """Return the address of one server of it, with the options and without a password."""
        name, port = host
        named = f"[{name}]" if ":" in name else name
        query = "&".join(f"{key}={value}" for key, value in self.options)
        return f"{'rediss' if self.tls else 'redis'}://{named}:{port}{'?' * bool(query)}{query}"


def parse(url: str) -> BrokerUrl:
    """Take `url` apart.

    Raises:
        ValueError: it is not such an address. The message repeats nothing of it.

    >>> parse("redis+sentinel://a:26379,b/primary").hosts
    (('a', 26379), ('b', 26379))
    """
    scheme, separator, _ = url.partition("://")
    base, _, kind = scheme.partition("+")
    if not separator or base not in {"redis", "rediss", "unix"} or (base == "unix" and kind):
        raise ValueError("it does not begin with redis://, rediss:// or unix://")
    parts = urlsplit(url)
    if base == "unix":
        if not parts.path.strip("/"):
            raise ValueError("a socket has a path")
        return BrokerUrl(Kind.SINGLE, (), tls=False)
    found = Kind(kind)  # a ValueError for any other word
    service = parts.path.strip("/")
    if found is Kind.SENTINEL and not service:
        raise ValueError("what Sentinel calls the primary comes after the hosts")
    if found is Kind.CLUSTER and service:
        raise ValueError("a cluster has no path")
    return BrokerUrl(
        found,
        _hosts(parts, _SENTINEL_PORT if found is Kind.SENTINEL else _SERVER_PORT),
        tls=base == "rediss",
        service=service,
        **_login(parts),
        options=tuple(parse_qsl(parts.query)),
    )


def _hosts(parts: SplitResult, default: int) -> tuple[Host, ...]:
    listed = parts.netloc.rpartition("@")[2].split(",")
    hosts = []
    for each in listed:
        one = urlsplit(f"//{each}")
        if not one.hostname:
            raise ValueError("a host has no name")
        hosts.append((one.hostname, one.port or default))  # a port that is none raises
    return tuple(hosts)


def _login(parts: SplitResult) -> dict[str, str]:
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    return {"user": unquote(user), "password": unquote(password)}
