"""What the hub says of itself on record: started, stopped, which config, which keys were made."""

from datetime import datetime
from typing import Final

from handlers.differences import difference
from handlers.rulebook import Rulebook
from hub import recording
from hub.pipeline import Clock
from hub.ports import Store
from hub.stores.config_documents import ConfigDocuments
from hub.vault.interface import Keyring
from schemas.records import RecordEvent

HUB_SHARD: Final = recording.HUB_SHARD


class OwnRecords:
    """Writes the hub's own records. Every method may raise `Unavailable`; repeat it then."""

    def __init__(self, store: Store, book: Rulebook, clock: Clock) -> None:
        self._store = store
        self._book = book
        self._clock = clock

    async def started(self, version: str) -> None:
        """Say that a hub of this version started."""
        await self._note(RecordEvent.STARTED, version)

    async def stopped(self) -> None:
        """Say that it stopped because it was asked to."""
        await self._note(RecordEvent.STOPPED, "asked")

    async def config_loaded(self, documents: ConfigDocuments) -> None:
        """Say which role config is in force and what it changes; keep it for the ledger.

        The record comes before the broker says that it is in force: after a crash in between it is
        written once more, and no change goes without.
        """
        before = await documents.in_force()
        config = self._book.config
        await documents.keep(config)
        known = before.config if before is not None else None
        changed = before is not None and before.digest != config.digest
        record = recording.config_loaded(
            self._clock(),
            config.digest,
            before.digest if before is not None else None,
            difference(known, config) if changed and known is not None else None,
        )
        await self._store.note(HUB_SHARD, record)
        await documents.put_in_force(config.digest)

    async def keys_created(self, keyring: Keyring) -> int:
        """Put every new key on record, by its name; return how many.

        A key is in use before this: what matters is that it is never left out. After a crash in
        between it is on record twice.
        """
        created = keyring.take_created()
        for key_id in created:
            record = recording.plain(
                HUB_SHARD, self._clock(), RecordEvent.KEY_CREATED, ("key", key_id), "ok"
            )
            await self._store.note(HUB_SHARD, record)
        if created:
            keyring.recorded(created)
        return len(created)

    async def _note(self, what: RecordEvent, result: str) -> None:
        at: datetime = self._clock()
        record = recording.plain(
            HUB_SHARD, at, what, ("hub", "hub"), result, config=self._book.digest
        )
        await self._store.note(HUB_SHARD, record)
