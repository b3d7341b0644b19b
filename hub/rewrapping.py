"""After a rotation: the keys of copies are wrapped anew, so that the old key can be retired.

The copies themselves stay as they are. What waits for a person (`hub`) keeps the key that it was
sealed under, for an entry of a stream cannot be changed: it goes when a person has dealt with it.

Both functions take the store as it is on the broker (`SealedStore.beneath`).
"""

from collections.abc import AsyncIterator, Callable, Iterable

from hub.errors import NotUsable
from hub.ports import Store
from hub.steps import Queue
from hub.vault import envelope
from hub.vault.interface import HUB, NOT_WRAPPING, Keyring

_PAGE = 100

Progress = Callable[[int], object]
"""Called with how many copies were looked at so far."""


async def rewrap(
    store: Store,
    keyring: Keyring,
    shards: Iterable[str],
    party: str,
    progress: Progress = lambda _: None,
) -> int:
    """Wrap the key of every copy of `party` under its key in force; return how many were.

    Safe to repeat and to stop at any moment: what was done already is passed over.

    Raises:
        CannotOpen: a key does not open; those before it are done.
        NotUsable: `party` is hub, pseudonym or log: nothing of theirs can be wrapped anew.

    """
    if party in NOT_WRAPPING or party == HUB:
        raise NotUsable(f"nothing of {party} can be wrapped anew: name a party of the role config")
    in_force = {info.id for info in keyring.names() if info.owner == party and info.in_force}
    looked, done = 0, 0
    for shard in shards:
        async for page in _keys_of(store, shard, party):
            old = {m: key for m, key in page.items() if envelope.key_id_of(key) not in in_force}
            keys = await keyring.unwrap([(party, key) for key in old.values()])
            new = await keyring.wrap([(party, key) for key in keys])
            for (message, before), after in zip(old.items(), new, strict=True):
                done += await store.replace_key(shard, party, message, before, after)
            looked += len(page)
            progress(looked)
    return done


async def count_under(store: Store, shards: Iterable[str], key_id: str) -> int:
    """Return how many copies, or entries that wait for a person, are wrapped under `key_id`.

    Ask before retiring it: what is counted could never be opened again.
    """
    owner = key_id.rpartition(".")[0]
    found = 0
    for shard in shards:
        if owner == HUB:
            found += sum([key_id == used async for used in _used_by_parked(store, shard)])
        async for page in _keys_of(store, shard, owner):
            found += sum(key_id == envelope.key_id_of(key) for key in page.values())
    return found


async def _keys_of(store: Store, shard: str, party: str) -> AsyncIterator[dict[str, bytes]]:
    """Yield message -> wrapped key for what is in an inbox, page by page."""
    after = "-"
    while page := await store.inbox(shard, party, after, _PAGE):
        after = page[-1].id
        sealed = [entry.message for entry in page if envelope.is_sealed(entry.content)]
        keys = [(message, await store.copy_key(shard, party, message)) for message in sealed]
        yield {message: key for message, key in keys if key is not None}


async def _used_by_parked(store: Store, shard: str) -> AsyncIterator[str]:
    """Yield the id of the key of each sealed entry of the held and the dead stream."""
    for queue in (Queue.HELD, Queue.DEAD):
        after = "-"
        while page := await store.parked(shard, queue, after, _PAGE):
            after = page[-1].id
            for entry in page:
                if entry.parked.key:
                    yield envelope.key_id_of(entry.parked.key)
