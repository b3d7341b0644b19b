"""The only file that picks implementations: which broker, which store, which pipeline."""

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from handlers.rulebook import Rulebook
from hub import log
from hub.access import SEALER_USER, users
from hub.client import Client
from hub.config import Settings
from hub.data_folder import BrokerAddress, running
from hub.desk import Desk
from hub.embedded import EmbeddedBroker
from hub.errors import BrokerMissing, NotAllowed, NotFound, NotUsable
from hub.keyring_identity import settle, stranger
from hub.own_records import HUB_SHARD
from hub.partition_map import settle_partitions
from hub.pseudonyms import Pseudonyms
from hub.roles import default_folder, load
from hub.sealed_store import SealedStore
from hub.stores.config_documents import ConfigDocuments
from hub.stores.connection import connect
from hub.stores.looking import Looking
from hub.stores.valkey import ValkeyStore
from hub.vault.keyring import FileKeyring

__all__ = ["HUB_SHARD", "Hub", "attach", "embedded_broker", "now", "rulebook", "start"]

_DAY_MS = 86_400_000
_START_S = 30.0  # our own broker loads what it has
_ATTACH_S = 3.0  # a person waits, and the hub should be there already


def now() -> datetime:
    """Return the moment, aware, UTC. The only clock of the hub."""
    return datetime.now(UTC)


@dataclass(slots=True)
class Hub:
    """A hub that is connected; whether it also works is up to who opened it."""

    settings: Settings
    book: Rulebook
    store: SealedStore
    server: ValkeyStore  #: the same without keys: what lies on the broker, and its settings
    documents: ConfigDocuments
    keyring: FileKeyring
    address: BrokerAddress
    looking: Looking  #: the same broker, as the one who supervises it sees it
    broker: EmbeddedBroker | None = None  #: ours, when this process started it
    stranger: str = ""  #: why the keyring is not that of this broker; then nothing is sealed here

    def desk(self) -> Desk:
        """Return the operator's desk."""
        return Desk(self.store, self.book, now, self.settings.operator, self.pseudonyms())

    def pseudonyms(self) -> Pseudonyms:
        """Return the maker of pseudonyms, with the keys of the keyring.

        Raises:
            NotUsable: it is not the keyring of this broker.

        """
        if self.stranger:
            raise NotUsable(self.stranger)
        return Pseudonyms(self.keyring.pseudonym_keys())

    def sealer_address(self) -> BrokerAddress | None:
        """Return how the sealer logs in; None: its password at your own broker is not given."""
        if self.settings.broker is None:
            return running(self.settings.data, SEALER_USER)
        if not self.settings.sealer_password:
            return None
        return BrokerAddress(self.settings.broker, SEALER_USER, self.settings.sealer_password)

    async def client(self, party: str) -> Client:
        """Return a client that is logged in as `party`, with that party's own rights.

        At a broker of your own the hub's user is used: its parties' passwords are not ours.

        Raises:
            NotFound: the role config has no such party.

        """
        known = self.book.parties.get(party)
        if known is None:
            raise NotFound(f"no party {party} in the role config; see: seinhuis check")
        oin = known.oin or self.book.config.settings.hub_oin
        address = self.address
        if self.settings.broker is None:
            address = running(self.settings.data, party) or address
        return await Client.connect(
            address.url,
            party=party,
            user=address.user,
            password=address.password,
            source=f"urn:nld:oin:{oin}:systeem:seinhuis-client",
            shard=known.shard,
            prefix=self.book.prefix,
            replicas=self.settings.replicas,
        )


def rulebook(settings: Settings) -> Rulebook:
    """Load the role config.

    Raises:
        ConfigError: with every problem, each with its file and line.

    """
    return Rulebook(load(settings.config or default_folder()))


def embedded_broker(settings: Settings, book: Rulebook) -> EmbeddedBroker:
    """Return the embedded broker of the data folder, not yet started."""
    inboxes = [party.id for party in book.parties.values() if party.has_inbox]
    return EmbeddedBroker(settings.data, port=settings.port, users=users(book.shards(), inboxes))


@contextlib.asynccontextmanager
async def attach(settings: Settings, book: Rulebook | None = None) -> AsyncIterator[Hub]:
    """Connect to a hub that is running elsewhere: another terminal, another machine.

    Raises:
        BrokerMissing: none is running; the message says how to start one.

    """
    address = (
        BrokerAddress(settings.broker, settings.broker_user, settings.broker_password)
        if settings.broker
        else running(settings.data)
    )
    if address is None:
        raise BrokerMissing(
            f"no hub is running on the data folder {settings.data}: start one with"
            " `seinhuis up` (or `make run`), or name another with --data or --broker"
        )
    hub = await _open(settings, book or rulebook(settings), address, _ATTACH_S)
    try:
        with contextlib.suppress(NotAllowed):  # with the account of a party nothing is sealed
            hub.stranger = await stranger(hub.documents, hub.keyring, settings.keys)
        yield hub
    finally:
        await hub.store.close()


@contextlib.asynccontextmanager
async def start(
    settings: Settings, book: Rulebook | None = None, *, any_keyring: bool = False
) -> AsyncIterator[Hub]:
    """Start the embedded broker, unless the settings name another, and make it ready.

    `any_keyring`: also with a keyring that is not that of the broker; for who adopts one.

    Raises:
        NotUsable: the keyring is not that of the broker, or a setting cannot be used.
        BrokerInUse: another hub has the data folder.
        BrokerMissing: the broker did not start or did not answer.

    """
    book = book or rulebook(settings)
    broker: EmbeddedBroker | None = None
    async with contextlib.AsyncExitStack() as stack:
        if settings.broker:
            address = BrokerAddress(settings.broker, settings.broker_user, settings.broker_password)
        else:
            broker = await stack.enter_async_context(embedded_broker(settings, book))
            address = broker.address()
            log.get().info("broker.started", pid=broker.pid, address=address.url)
        wait_s = float(settings.wait_s) if settings.broker else _START_S
        hub = await _open(settings, book, address, wait_s, _say_waiting)
        hub.broker = broker
        stack.push_async_callback(hub.store.close)
        await hub.store.prepare(book.shards())
        if not any_keyring:
            await settle(hub.documents, hub.keyring, settings.keys)
        await settle_partitions(
            hub.documents,
            hub.store,
            book,
            settings.worker,
            2 * settings.lease_ms / 1_000,
            lambda others: log.get().warning("workers.waiting", workers=len(others)),
            term_ms=settings.lease_ms,
        )
        yield hub


def _say_waiting(attempt: int, pause_s: float) -> None:
    log.get().warning("broker.waiting", attempt=attempt, wait_s=pause_s)


async def _open(
    settings: Settings,
    book: Rulebook,
    address: BrokerAddress,
    wait_s: float,
    waiting: Callable[[int, float], None] = lambda _attempt, _pause_s: None,
) -> Hub:
    redis = await connect(
        address.url, address.user, address.password, wait_s=wait_s, waiting=waiting
    )
    server = ValkeyStore(
        redis,
        duplicate_ms=book.config.settings.duplicate_days * _DAY_MS,
        inbox_cap=settings.inbox_cap,
        unsealed_max=settings.unsealed_max,
        unsealed_ms=settings.unsealed_ms,
        replicas=settings.replicas,
    )
    keyring = FileKeyring(settings.keys, now)
    store = SealedStore(server, keyring)
    return Hub(
        settings,
        book,
        store,
        server,
        ConfigDocuments(redis, settings.replicas),
        keyring,
        address,
        Looking(redis, settings.replicas),
    )
