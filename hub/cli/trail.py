"""The audit records of all shards in the order of time, and whether a number is missing.

The order is that of the broker's clock, as it wrote them. Nothing here proves that a record was not
changed: only that the numbers have no gap, and that the last is the last that was given out.
"""

import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hub.bootstrap import HUB_SHARD, Hub
from hub.cli import output
from hub.errors import NotFound

_PAGE: Final = 1_000
_LAST_OF_A_MS: Final = 18_446_744_073_709_551_615


@dataclass(frozen=True, slots=True)
class Line:
    """One record with its place; `raw` are the bytes as they were stored."""

    shard: str
    seq: int
    entry: str
    raw: bytes
    record: dict[str, Any] = field(repr=False)

    @property
    def place(self) -> str:
        """Where it stands: `ind/12`."""
        return f"{self.shard}/{self.seq}"

    @property
    def order(self) -> tuple[int, int, str, int]:
        """Sort by this: the time at which the broker wrote it."""
        milliseconds, _, number = self.entry.partition("-")
        return int(milliseconds), int(number), self.shard, self.seq

    @property
    def message(self) -> str:
        """The message (or the intake entry, or `hub`) that it is about."""
        return str(self.record["object"]["id"]).rpartition(":")[2]

    @property
    def recipient(self) -> str:
        """The party whose delivery it is about; empty when it is about another thing."""
        thing = self.record["object"]
        return str(thing["id"]).partition(":")[0] if thing["kind"] == "delivery" else ""

    def names(self, party: str) -> bool:
        """Whether this party sent it, did it, received it, or has a verdict in it."""
        record = self.record
        parties = {record.get("sender"), record.get("party"), record["actor"]["id"], self.recipient}
        return party in parties | {v.get("party") for v in record.get("verdicts") or ()}

    def as_json(self) -> str:
        """Return it for programs: the record byte for byte, beside its place."""
        place = {"shard": self.shard, "seq": self.seq, "entry": self.entry}
        head = json.dumps(place, separators=(",", ":"))
        return f'{head[:-1]},"record":{self.raw.decode()}}}'


class Trail:
    """Reads the records of a hub on and on; every number is looked at once."""

    def __init__(self, hub: Hub, shards: Sequence[str], since_ms: int | None = None) -> None:
        """`since_ms`: begin here and not at the first record; what is before is not counted."""
        self._hub = hub
        self._after = dict.fromkeys(
            shards, "-" if since_ms is None else f"{since_ms - 1}-{_LAST_OF_A_MS}"
        )
        self._next: dict[str, int | None] = dict.fromkeys(shards, 1 if since_ms is None else None)
        self.count = 0
        self.gaps: list[str] = []  #: as people read them: `ind/5 to ind/7`

    async def read(self) -> AsyncIterator[Line]:
        """Yield what is new since the last time: by shard, and in a shard in order."""
        for shard in self._after:
            given_out = (await self._hub.store.depths(shard, ()))["records"]
            while page := await self._hub.store.records(shard, self._after[shard], _PAGE):
                for found in page:
                    self._look_at(shard, found.seq)
                    record = json.loads(found.record)
                    yield Line(shard, found.seq, found.id, found.record, record)
                self._after[shard] = page[-1].id
            following = self._next[shard]
            if following is not None and following <= given_out:
                self._missing(shard, following, given_out)
                self._next[shard] = given_out + 1

    def _look_at(self, shard: str, seq: int) -> None:
        self.count += 1
        expected = self._next[shard]
        if expected is not None and seq > expected:
            self._missing(shard, expected, seq - 1)
        elif expected is not None and seq < expected:
            self.gaps.append(f"{shard}/{seq} stands where {shard}/{expected} should")
        self._next[shard] = max(seq + 1, expected or 0)

    def _missing(self, shard: str, first: int, last: int) -> None:
        self.gaps.append(f"{shard}/{first}" + (f" to {shard}/{last}" if last > first else ""))

    def verdict(self) -> str:
        """Say whether the numbers are complete."""
        records = output.plural(self.count, "record")
        if self.gaps:
            return f"{records}; missing: {', '.join(self.gaps)}"
        return f"{records}, numbered without a gap"


def shards_of(hub: Hub, shard: str | None) -> list[str]:
    """Return the shards to read: all, the hub's own too, or the one that was asked.

    Raises:
        NotFound: there is no such shard.

    """
    every = [*sorted(hub.book.shards()), HUB_SHARD]
    if shard is not None and shard not in every:
        raise NotFound(f"there is no shard {shard}; there are: {', '.join(every)}")
    return every if shard is None else [shard]


async def newest(trail: Trail, limit: int, wanted: Callable[[Line], bool]) -> list[Line]:
    """Return the newest `limit` lines that are wanted (0: all), oldest first."""
    kept: dict[str, deque[Line]] = {}
    async for line in trail.read():
        if wanted(line):
            kept.setdefault(line.shard, deque(maxlen=limit or None)).append(line)
    return in_order(line for lines in kept.values() for line in lines)[-limit:]


def in_order(lines: Iterable[Line]) -> list[Line]:
    """Return lines of several shards in the order of time."""
    return sorted(lines, key=lambda line: line.order)
