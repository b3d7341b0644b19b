"""Wait until the hub has decided: follow the records of a shard from before the publish."""

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any, Final

from handlers.rulebook import Rulebook
from hub.client import Receipt
from hub.notices import refusal_id
from hub.ports import Store
from schemas.identifiers import message_ref
from schemas.problems import Problem
from schemas.records import Record, RecordEvent

_PAUSE_S: Final = 0.05
_BACK_MS: Final = 300_000  # clocks may differ; the number of the record decides
_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Published:
    """An event that is on its intake."""

    number: int  #: its place in the file, from 1
    party: str
    shards: tuple[str, ...]  #: of its sender: in one of these its record will be
    receipt: Receipt


async def last_records(store: Store, shards: Iterable[str]) -> dict[str, int]:
    """Return the number of the last record of each shard: ask this before publishing."""
    return {shard: (await store.depths(shard, ()))["records"] for shard in sorted(set(shards))}


async def outcomes(
    store: Store, published: Iterable[Published], last: dict[str, int], patience_s: float
) -> AsyncIterator[tuple[Published, Record]]:
    """Yield each event with its record, as the hub decides; in no particular order.

    Ends when all are decided, or when nothing more was for `patience_s` seconds: the caller sees
    what is missing.
    """
    waiting: dict[tuple[str, ...], dict[str, deque[Published]]] = {}
    position: dict[str, str] = {}
    for each in published:
        by_name = waiting.setdefault(each.shards, {})
        by_name.setdefault(each.receipt.message, deque()).append(each)
        milliseconds = int(each.receipt.entry.partition("-")[0]) - _BACK_MS
        for shard in each.shards:
            position.setdefault(shard, f"{max(milliseconds, 0)}-0")
    quiet_since = time.monotonic()
    while waiting and time.monotonic() - quiet_since < patience_s:
        found = False
        for shards, shard in [(of, shard) for of in waiting for shard in of]:
            page = await store.records(shard, position[shard], _PAGE)
            found = found or len(page) == _PAGE
            for entry in page:
                position[shard] = entry.id
                if entry.seq <= last[shard]:
                    continue
                record = Record.model_validate_json(entry.record)
                if (decided := _take(waiting[shards], record)) is not None:
                    found = True
                    quiet_since = time.monotonic()
                    yield decided, record
        waiting = {shards: left for shards, left in waiting.items() if left}
        if not found:
            await asyncio.sleep(_PAUSE_S)


def _take(waiting: dict[str, deque[Published]], record: Record) -> Published | None:
    """Take the event off the list that this record is about: by its name, or by its entry."""
    name = record.object.id
    if record.object.kind == "entry":
        by_entry = (
            each
            for same in waiting.values()
            for each in same
            if (each.receipt.entry, each.party) == (name, record.sender)
        )
        name = next((each.receipt.message for each in by_entry), "")
    elif record.object.kind != "message" or record.event not in _RESULTS:
        return None
    if name not in waiting:
        return None
    taken = waiting[name].popleft()
    if not waiting[name]:
        del waiting[name]
    return taken


_RESULTS: Final = frozenset({
    RecordEvent.DECIDED, RecordEvent.DUPLICATE, RecordEvent.DEAD_LETTERED, RecordEvent.CORRECTED,
    RecordEvent.WITHDRAWN, RecordEvent.ACT_ACCEPTED,
})  # fmt: skip


async def refusal(store: Store, book: Rulebook, refused: Published) -> tuple[Problem, ...]:
    """Return why the hub refused an event, from the notice in the inbox of its sender."""
    source = f"urn:nld:oin:{book.config.settings.hub_oin}:systeem:seinhuis"
    notice = message_ref(source, refusal_id(refused.party, refused.receipt.entry))
    places = [await store.find_delivery(shard, refused.party, notice) for shard in refused.shards]
    found = next((each for each in places if each is not None), None)
    if found is None:
        return ()
    data: dict[str, Any] = json.loads(found.content)["data"]
    return tuple(
        Problem(part["plaats"], part["regel"], part["uitweg"]) for part in data.get("problemen", ())
    )
