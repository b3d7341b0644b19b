"""Where records come from: the audit streams of all shards, as the sealer needs them.

Reading changes nothing on the broker. Every method may raise what `hub.errors` calls Unavailable
(nothing was done, or we cannot know; the same call again is safe), NotAllowed or BrokerError.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

BEGINNING: Final = "0-0"
"""An id before that of every entry."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry of an audit stream. `seq` 0: it is no record, and the hub did not write it."""

    id: str  #: `<Unix milliseconds>-<number>`, given by the broker
    seq: int  #: the broker's own number
    record: bytes
    person: bytes = b""


@dataclass(frozen=True, slots=True)
class ShardRead:
    """What stands in one audit stream after some entry.

    `head` was read before the entries: every record up to it must be among them, or have been
    sealed before, unless there is `more`.
    """

    entries: tuple[AuditEntry, ...] = ()
    head: int = 0  #: the last number that the broker gave in this shard
    marked: int = 0  #: up to which number it was marked as sealed
    more: bool = False  #: there may be further entries


@dataclass(frozen=True, slots=True)
class Reading:
    """The answer for all shards, and when it was read."""

    now_ms: int  #: clock of the broker: Unix milliseconds
    shards: Mapping[str, ShardRead] = field(default_factory=dict)


class AuditSource(Protocol):
    """The audit streams. One sealer uses it, from one thread at a time."""

    def read(self, after: Mapping[str, str], count: int) -> Reading:
        """Return for each shard at most `count` entries with a higher id than the given, in order.

        `after`: shard -> entry id, `BEGINNING` for all.
        """

    def sealed(self, shards: Iterable[str]) -> Mapping[str, int]:
        """Return up to which broker number each shard was marked as sealed; 0: not yet.

        0 too when it was marked by another log: one that is lost, after which this one was begun.
        """

    def mark(self, sealed: Mapping[str, int], at_ms: int) -> None:
        """Say up to which number each shard is sealed, in which log, and when (broker's clock).

        The hub accepts nothing new when this gets too old or too far behind. Idempotent.
        """

    def trim(self, below: Mapping[str, str]) -> None:
        """Remove the entries of each shard whose id is lower than the given one. Idempotent."""

    def config(self, digest: str) -> bytes | None:
        """Return the role config with this digest (JSON, zlib); None: the broker has none such."""

    def close(self) -> None:
        """Close the connection; idempotent."""


class MemorySource:
    """The same in memory, for tests and simulations: `append` writes as the hub would."""

    def __init__(self, shards: Iterable[str] = (), now_ms: int = 1_000, log: str = "") -> None:
        self.now_ms = now_ms
        self.log = log  #: origin of the log for which it is read; empty: of whichever
        self.logs: dict[str, str] = {}  #: shard -> which log marked it
        self.streams: dict[str, list[AuditEntry]] = {shard: [] for shard in shards}
        self.heads: dict[str, int] = {}
        self.marks: dict[str, tuple[int, int]] = {}  #: shard -> (seq, at in ms)
        self.configs: dict[str, bytes] = {}
        self.tops: dict[str, str] = {}  #: shard -> the highest id that was given

    def append(self, shard: str, record: bytes, person: bytes = b"") -> AuditEntry:
        """Write a record with the next number, now; ids only go up, as on the broker."""
        seq = self.heads.get(shard, 0) + 1
        top = self.tops.get(shard, BEGINNING)
        place = max(f"{self.now_ms}-0", just_after(top), key=order)
        entry = AuditEntry(place, seq, record, person)
        self.streams.setdefault(shard, []).append(entry)
        self.heads[shard], self.tops[shard] = seq, place
        return entry

    def read(self, after: Mapping[str, str], count: int) -> Reading:
        """Return what is there."""
        found = {}
        for shard, last in after.items():
            rest = [e for e in self.streams.get(shard, ()) if order(e.id) > order(last)]
            found[shard] = ShardRead(
                entries=tuple(rest[:count]),
                head=self.heads.get(shard, 0),
                marked=self.marks.get(shard, (0, 0))[0],
                more=len(rest) >= count,
            )
        return Reading(self.now_ms, found)

    def sealed(self, shards: Iterable[str]) -> Mapping[str, int]:
        """Return the marks of this log."""
        return {
            shard: self.marks.get(shard, (0, 0))[0]
            if is_of(self.log, self.logs.get(shard, ""))
            else 0
            for shard in shards
        }

    def mark(self, sealed: Mapping[str, int], at_ms: int) -> None:
        """Keep the marks."""
        self.marks.update({shard: (seq, at_ms) for shard, seq in sealed.items()})
        self.logs.update(dict.fromkeys(sealed, self.log))

    def trim(self, below: Mapping[str, str]) -> None:
        """Drop entries."""
        for shard, bound in below.items():
            kept = [e for e in self.streams.get(shard, ()) if order(e.id) >= order(bound)]
            self.streams[shard] = kept

    def config(self, digest: str) -> bytes | None:
        """Return the document."""
        return self.configs.get(digest)

    def close(self) -> None:
        """Do nothing."""


def is_of(log: str, marked: str) -> bool:
    """Say whether a mark is of this log. A name that is not known is no other name."""
    return not log or not marked or log == marked


def order(entry: str) -> tuple[int, int]:
    """Return what entry ids are compared by.

    >>> order("1000-9") < order("1000-10")
    True
    """
    moment, _, number = entry.partition("-")
    return int(moment), int(number or 0)


def just_after(entry: str) -> str:
    """Return the lowest id that is higher.

    >>> just_after("1000-9")
    '1000-10'
    """
    moment, number = order(entry)
    return f"{moment}-{number + 1}"
