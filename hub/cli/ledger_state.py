"""How it is with the ledger: what is sealed, what waits, who seals, and whether that is as it must.

Only read. What the broker knows is asked when one answers, and is absent otherwise.
"""

import contextlib
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, func, select, text

from hub.cli import output
from hub.config import Settings
from hub.data_folder import BrokerAddress, running
from hub.errors import HubError
from hub.ledger import asking, faults, store
from hub.ledger.faults import OpenFault
from hub.ledger.intake import Position
from hub.ledger.tables import checkpoints, lease, notes
from hub.ledger.valkey_source import ValkeySource

LATE_S: Final = 10.0
"""A record is sealed within a second; one that waits for so long is told."""


@dataclass(frozen=True, slots=True)
class LedgerState:
    """One look. Seconds are of the database's or the broker's own clock."""

    size: int = 0  #: records in the ledger
    checkpoint_at: int | None = None  #: of the newest one; microseconds since 1970
    holder: str = ""  #: who seals, or did last
    active: bool = False  #: its lease holds
    notes: int = 0  #: questions and key changes that wait for the sealer
    bytes: int | None = None  #: of the database, on disk
    sealed: dict[str, int] = field(default_factory=dict)  #: shard -> the broker's number
    unsealed: dict[str, int] | None = None  #: shard -> how many wait; None: no broker answers
    oldest_s: float = 0.0  #: how long the oldest of them waits
    faults: tuple[OpenFault, ...] = ()  #: shards that wait for a person

    def problems(self) -> list[tuple[str, str]]:
        """Return what is wrong, each with its way out; empty: all is well."""
        found: list[tuple[str, str]] = []
        for fault in self.faults:
            span = f"{fault.kind.value} {fault.first}-{fault.last}"
            accept = output.command("ledger", "accept-gap", fault.shard)
            what = f"shard {fault.shard} is not sealed further ({span})"
            found.append((what, f"find out why, then: {accept} --reason …"))
        stopped = {fault.shard for fault in self.faults}
        waiting = {s: n for s, n in (self.unsealed or {}).items() if n and s not in stopped}
        if waiting and not self.active:
            found.append(
                (
                    f"nobody seals, and {output.plural(sum(waiting.values()), 'record')} wait",
                    f"start a sealer: {output.command('up')}, or {output.command('seal')}",
                )
            )
        elif waiting and self.oldest_s > LATE_S:
            found.append(
                (
                    f"the oldest record that is not sealed waits for {self.oldest_s:,.0f} s",
                    "look in the log of the sealer for ledger.stalled: it says why",
                )
            )
        elif self.notes and not self.active:
            found.append(
                (
                    f"nobody seals, and {output.plural(self.notes, 'note')} wait",
                    f"start a sealer: {output.command('up')}, or {output.command('seal')}",
                )
            )
        return found

    def document(self) -> dict[str, Any]:
        """Return it as programs read it."""
        return {
            "size": self.size,
            "checkpoint_at": _written(self.checkpoint_at),
            "holder": self.holder or None,
            "active": self.active,
            "notes": self.notes,
            "bytes": self.bytes,
            "sealed": self.sealed,
            "unsealed": self.unsealed,
            "oldest_s": round(self.oldest_s, 1),
            "stopped": [
                {
                    "shard": fault.shard,
                    "kind": fault.kind.value,
                    "first": fault.first,
                    "last": fault.last,
                    "found_at": _written(fault.found_at),
                }
                for fault in self.faults
            ],
            "problems": [{"what": what, "way_out": way_out} for what, way_out in self.problems()],
        }


def look(connection: Connection, settings: Settings, shards: Iterable[str]) -> LedgerState:
    """Look at the ledger and, if one answers, at the broker. `shards`: all of the hub.

    Raises:
        Unavailable, NotUsable: the database does not answer.

    """
    head = store.newest_checkpoint(connection)
    row = connection.execute(select(lease)).first()
    positions = store.read_positions(connection)
    waiting = _unsealed(
        settings, {s: positions[s] if s in positions else Position() for s in shards}
    )
    return LedgerState(
        size=asking.size(connection),
        checkpoint_at=connection.scalar(
            select(checkpoints.c.at).where(checkpoints.c.size == (head.size if head else -1))
        ),
        holder=row.holder if row is not None else "",
        active=row is not None and row.until > _now(connection),
        notes=int(connection.scalar(select(func.count()).select_from(notes)) or 0),
        bytes=_bytes(connection, settings),
        sealed=asking.numbers(connection),
        unsealed=waiting[0] if waiting else None,
        oldest_s=waiting[1] if waiting else 0.0,
        faults=tuple(faults.open_faults(connection).values()),
    )


def broker_address(settings: Settings) -> BrokerAddress | None:
    """Return how to reach the broker as the hub's user; None: no hub runs here."""
    if settings.broker:
        return BrokerAddress(settings.broker, settings.broker_user, settings.broker_password)
    return running(settings.data)


def _unsealed(
    settings: Settings, sealed: dict[str, Position]
) -> tuple[dict[str, int], float] | None:
    """Return shard -> how many wait, and for how long the oldest does; None: nobody answers."""
    try:
        address = broker_address(settings)
        if address is None:
            return None
        with contextlib.closing(
            ValkeySource(address.url, address.user, address.password)
        ) as source:
            found = source.read({shard: at.entry for shard, at in sealed.items()}, 1)
    except HubError:
        return None
    counts = {s: each.head - sealed[s].broker_seq for s, each in found.shards.items()}
    firsts = [
        int(each.entries[0].id.partition("-")[0])
        for shard, each in found.shards.items()
        if each.entries and counts[shard] > 0
    ]
    oldest = (found.now_ms - min(firsts)) / 1_000 if firsts else 0.0
    return {s: count for s, count in counts.items() if count > 0}, max(0.0, oldest)


def _now(connection: Connection) -> int:
    """Return microseconds since 1970: of the server where there is one, as the lease does."""
    if connection.dialect.name == "postgresql":
        moment = func.extract("epoch", func.clock_timestamp()) * 1_000_000
        return int(connection.execute(select(moment)).scalar_one())
    return time.time_ns() // 1_000


def _bytes(connection: Connection, settings: Settings) -> int | None:
    if connection.dialect.name == "postgresql":
        size = connection.scalar(text("SELECT pg_database_size(current_database())"))
        return int(size) if size is not None else None
    file = Path(settings.ledger.removeprefix("sqlite:///"))
    parts = [file, file.with_name(f"{file.name}-wal")]
    return sum(part.stat().st_size for part in parts if part.exists())


def _written(microseconds: int | None) -> str | None:
    return output.rfc3339(asking.moment(microseconds)) if microseconds is not None else None
