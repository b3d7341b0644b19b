"""Where content may be: every inbox and queue of today's role config, and of those before it.

A party that left the role config keeps what was delivered to it until its term, so the ledger is
asked for every party and shard that it ever named.
"""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Engine, func, select

from handlers.rulebook import Rulebook
from hub.ledger.database import reading
from hub.ledger.store import LEDGER_SHARD
from hub.ledger.tables import acts, positions, verdicts
from hub.recording import HUB_SHARD

_NO_EVENTS: Final = frozenset({HUB_SHARD, LEDGER_SHARD})


@dataclass(frozen=True, slots=True)
class Places:
    """Shard -> its intakes (those of today), and every party that may have an inbox there."""

    shards: dict[str, tuple[str, ...]]
    parties: tuple[str, ...]


def find(engine: Engine, book: Rulebook) -> Places:
    """Return the places, in order of name."""
    with reading(engine) as connection:
        known = set(connection.scalars(select(positions.c.shard))) - _NO_EVENTS
        named = {
            party
            for column in (verdicts.c.party, acts.c.party, acts.c.sender)
            for party in _distinct(connection, column)
        }
    today = book.shards()
    inboxes = {party.id for party in book.parties.values() if party.has_inbox}
    shards = {shard: tuple(today.get(shard, ())) for shard in sorted(known | set(today))}
    return Places(shards, tuple(sorted(inboxes | named)))


def _distinct(connection: Connection, column: Any) -> list[str]:
    """Return the different values of a column that begins an index: one short look for each."""
    found: list[str] = []
    after = ""
    while (value := connection.scalar(select(func.min(column)).where(column > after))) is not None:
        found.append(value)
        after = value
    return found
