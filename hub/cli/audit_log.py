"""How a command of `seinhuis audit` comes to the log, and what is not in it yet."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Final

from hub.bootstrap import HUB_SHARD, now, rulebook
from hub.cli import output
from hub.cli.running import run
from hub.config import Settings
from hub.data_folder import BrokerAddress, running
from hub.errors import HubError
from hub.ledger import asking
from hub.ledger.reading import Log, open_log
from hub.ledger.store import LEDGER_SHARD
from hub.stores.connection import connect
from hub.stores.valkey import ValkeyStore

_ANSWER_S: Final = 1.0  # the log answers without a hub: do not wait long for one


@contextlib.contextmanager
def opened(settings: Settings) -> Iterator[Log]:
    """Open the log of these settings; what can go wrong stands at `open_log`."""
    with open_log(settings, now) as log:
        yield log


def not_sealed_yet(settings: Settings, log: Log) -> str:
    """Say what the hub has on record and the log does not show yet; empty: nothing.

    Asks the broker, if one answers; a broker that does not is told, and is no error.
    """
    try:
        sealed: Mapping[str, int]
        with log.look() as connection:
            sealed = asking.numbers(connection)
        waiting = run(_unsealed(settings, sealed))
    except HubError:
        waiting = None
    if waiting is None:
        return "no hub answers here: what it had not sealed when it stopped is not shown"
    if not waiting:
        return ""
    count = output.plural(sum(waiting.values()), "newer record")
    shards = ", ".join(f"{shard} {number:,}" for shard, number in sorted(waiting.items()))
    return (
        f"! {count} not sealed yet and not shown ({shards}); ask again in a second, and if it stays"
        f" so: {output.command('doctor')}"
    )


async def _unsealed(settings: Settings, sealed: Mapping[str, int]) -> dict[str, int] | None:
    """Return shard -> how many records wait on the broker; None: no hub runs."""
    address = (
        BrokerAddress(settings.broker, settings.broker_user, settings.broker_password)
        if settings.broker
        else running(settings.data)
    )
    if address is None:
        return None
    shards = {*rulebook(settings).shards(), HUB_SHARD, *sealed} - {LEDGER_SHARD}
    redis = await connect(address.url, address.user, address.password, wait_s=_ANSWER_S)
    try:
        store = ValkeyStore(redis, duplicate_ms=1, inbox_cap=1)
        given = {shard: (await store.depths(shard, ()))["records"] for shard in shards}
    finally:
        await redis.aclose()
    behind = {shard: last - sealed.get(shard, 0) for shard, last in given.items()}
    return {shard: count for shard, count in behind.items() if count > 0}
