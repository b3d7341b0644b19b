"""On which ground a copy was delivered: the verdict behind it, from the record of the decision."""

import asyncio
import contextlib
from typing import Final

from sqlalchemy import select

from hub.bootstrap import Hub, now
from hub.errors import NotFound, NotUsable, Unavailable
from hub.ledger.reading import open_log
from hub.ledger.tables import acts, verdicts
from hub.ports import InboxEntry
from schemas.records import Record, VerdictLine

_PAGE: Final = 500


async def how(hub: Hub, entry: InboxEntry) -> VerdictLine | None:
    """Return the verdict under which this copy was delivered; None: not at hand.

    From the records that are still on the broker, else from the ledger: that reading is on record.
    A copy that was passed on has no verdict, and a notice neither.
    """
    if entry.notice:
        return None
    return await _on_the_broker(hub, entry) or await asyncio.to_thread(_in_the_ledger, hub, entry)


async def _on_the_broker(hub: Hub, entry: InboxEntry) -> VerdictLine | None:
    """Look near the copy: its record was written in the same step, so its id is about the same."""
    after = f"{int(entry.id.partition('-')[0]) - 1}-0"
    for found in await hub.store.records(entry.shard, after, _PAGE):
        record = Record.model_validate_json(found.record)
        if record.object.id != entry.message:
            continue
        for verdict in record.verdicts or ():
            if verdict.party == entry.party and verdict.outcome == "forward":
                return verdict
    return None


def _in_the_ledger(hub: Hub, entry: InboxEntry) -> VerdictLine | None:
    columns = ("rule", "role", "outcome", "party", "legal_basis", "purpose")
    wanted = (
        select(*(verdicts.c[name] for name in columns))
        .join(acts, acts.c.position == verdicts.c.position)
        .where(
            acts.c.message == entry.message,
            acts.c.shard == entry.shard,
            verdicts.c.party == entry.party,
            verdicts.c.outcome == "forward",
        )
        .order_by(verdicts.c.position.desc())
    )
    # No ledger here, or it does not answer: the copy can be read without.
    with contextlib.suppress(NotFound, NotUsable, Unavailable), open_log(hub.settings, now) as log:
        log.on_record("inbox show", {"party": entry.party}, about=entry.message)
        with log.look() as connection:
            row = connection.execute(wanted).mappings().first()
        return VerdictLine.model_validate(dict(row)) if row is not None else None
    return None
