"""FastStream's broker for an address: one server, Sentinel or a cluster."""

from faststream.redis import RedisBroker
from faststream.security import SASLPlaintext

from hub.data_folder import BrokerAddress

_FINISH_S = 15.0


def broker_for(address: BrokerAddress, max_connections: int) -> RedisBroker:
    """Return a broker that has not connected yet, without a log of its own and without retries.

    `max_connections`: a subscriber that reads a stream holds one; count some more for the rest.
    """
    return RedisBroker(
        address.url,
        security=SASLPlaintext(address.user, address.password),
        apply_types=False,
        logger=None,  # type: ignore[arg-type] # documented: no log of its own
        max_connections=max_connections,
        graceful_timeout=_FINISH_S,
    )
