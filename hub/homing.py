"""Where an event of a sender with partitions is handled: all of a case in one, whatever it came by.

A sender may write on any of its partitions, and when one is added a case may belong elsewhere from
then on. What is known somewhere stays there, so that a repeat is a duplicate wherever it comes in;
anything else belongs to the partition of its case. What came in elsewhere is moved.
"""

import asyncio
from collections.abc import Mapping, Sequence

from handlers.partitions import case_of, partner_of
from handlers.rulebook import Rulebook
from hub.planning import Read, What
from hub.ports import Store
from schemas.identifiers import message_ref


async def elsewhere(
    store: Store, book: Rulebook, shard: str, reads: Sequence[Read | None]
) -> Mapping[str, str]:
    """Return entry id -> shard, of the events of a batch that are not handled in this shard.

    Corrections and acts are not among them: see `where_known`, when their turn has come.

    Raises:
        Unavailable: the store did not answer.

    """
    partner = partner_of(shard)
    if partner not in book.partitions:
        return {}
    events = {
        read.entry.id: (message_ref(read.event.source, read.event.id), case_of(read.event.data))
        for read in reads
        if read is not None and read.what is What.EVENT and read.event is not None
    }
    known = await _known(store, book, shard, [message for message, _ in events.values()])
    places = {
        entry: known.get(message) or book.home(partner, case)
        for entry, (message, case) in events.items()
    }
    return {entry: place for entry, place in places.items() if place != shard}


async def where_known(store: Store, book: Rulebook, shard: str, message: str) -> str:
    """Return the shard of the same sender that knows `message`; `shard` itself if none does.

    Raises:
        Unavailable: the store did not answer.

    """
    if partner_of(shard) not in book.partitions:
        return shard
    return (await _known(store, book, shard, [message])).get(message, shard)


async def _known(
    store: Store, book: Rulebook, shard: str, messages: Sequence[str]
) -> dict[str, str]:
    """Return message -> the shard that knows it; `shard` itself goes before the others."""
    shards = [*(each for each in book.shards_of(partner_of(shard)) if each != shard), shard]
    answers = await asyncio.gather(*(store.known(each, messages) for each in shards))
    return {
        message: each
        for each, found in zip(shards, answers, strict=True)
        for message, known in zip(messages, found, strict=True)
        if known is not None
    }
