"""Over how many partitions each sender is divided, as this broker has it: for clients, and a guard.

An event is a duplicate only where it is known. Two workers that divide a sender in two ways could
each handle a repeat of the same event, so all that live divide alike: the map changes when no other
worker lives. What is in a partition must stay readable, so there are only ever more of them.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from handlers.rulebook import Rulebook
from hub.errors import NotUsable
from hub.ports import Store
from hub.stores.config_documents import ConfigDocuments

_LOOK_S: Final = 0.2


async def settle_partitions(
    documents: ConfigDocuments,
    store: Store,
    book: Rulebook,
    worker: str,
    patience_s: float,
    waiting: Callable[[list[str]], None] = lambda _: None,
    *,
    term_ms: int = 0,
) -> None:
    """Put the map of this config on the broker, when it is another than what stands there.

    Waits `patience_s` for other workers to end; one that was killed counts as living for the term
    of a lease. `waiting` is told once who they are. Idempotent.

    From before the look at the map this worker counts as living for `term_ms`, so that who changes
    it meanwhile sees it. Two that start within milliseconds of each other, one of them with another
    map, may still miss each other.

    Raises:
        NotUsable: it has fewer partitions than before, or others live that divide in another way.
        Unavailable: the store did not answer; safe to repeat.

    """
    wanted = dict(book.partitions)
    await store.workers(worker, term_ms)
    found = await documents.partitions()
    if found == wanted:
        return
    await store.workers(worker, 0)  # or two that bring the same map would wait for each other
    fewer = [f"{name} ({n})" for name, n in sorted(found.items()) if wanted.get(name, 1) < n]
    if fewer:
        raise NotUsable(
            f"the role config has fewer `partities` than before for {', '.join(fewer)}: what is in"
            " the others would be out of reach. Put the number back; there may only be more"
        )
    until, told = time.monotonic() + patience_s, False
    while others := await store.workers(worker, 0):
        if time.monotonic() >= until:
            raise NotUsable(
                f"the role config has more `partities` than before, and other workers live that"
                f" divide in the old way ({', '.join(others)}): stop them all, then start them"
                " with this config. Senders need not stop"
            )
        if not told:
            told = True
            waiting(others)
        await asyncio.sleep(_LOOK_S)
    await store.prepare(book.shards())
    await documents.put_partitions(wanted)
    await store.workers(worker, term_ms)
