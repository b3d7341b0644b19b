"""What the broker is told once records are sealed: up to where, and what it need not keep.

Both may be late or be done again without harm: the ledger alone says what is sealed.
"""

from collections.abc import Mapping
from typing import Final

from hub.errors import LedgerRolledBack
from hub.ledger.intake import Fault, Position
from hub.ledger.source import BEGINNING, AuditSource, just_after, order
from schemas.records import RecordEvent

_KEEP_MS: Final = 60_000  # for who follows the records live
_TRIM_EVERY_MS: Final = 5_000


class Behind:
    """Keeps marks and streams of the broker behind the ledger. Only shards of the broker."""

    def __init__(self, source: AuditSource, sealed: Mapping[str, Position]) -> None:
        """Compare the marks with the ledger.

        Raises:
            LedgerRolledBack: the broker knows of more sealed records than the ledger has.

        """
        self._source = source
        self._marked = dict(source.sealed(sealed))
        self._trimmed: dict[str, str] = {}
        self._trimmed_ms = 0
        for shard, at in sealed.items():
            if self._marked[shard] > at.broker_seq:
                raise LedgerRolledBack(
                    f"the broker knows of {self._marked[shard]} sealed records of shard {shard},"
                    f" the ledger of {at.broker_seq}: the database is an older one, or another."
                    " Nothing is sealed. Put its newest copy back; if there is none, keep all"
                    " files, report it as an incident, and begin a new log (another origin, in"
                    " SEINHUIS_LOG_ORIGIN)"
                )

    def mark(
        self, sealed: Mapping[str, Position], faults: Mapping[str, Fault], now_ms: int
    ) -> Mapping[str, int]:
        """Say what is sealed, where that changed; return shard -> what the broker was told."""
        wanted = {shard: _mark_of(at, faults.get(shard)) for shard, at in sealed.items()}
        changed = {shard: seq for shard, seq in wanted.items() if seq != self._marked.get(shard, 0)}
        if changed:
            self._source.mark(changed, now_ms)
            self._marked.update(changed)
        return changed

    def trim_old(
        self, sealed: Mapping[str, Position], faults: Mapping[str, Fault], now_ms: int
    ) -> None:
        """Remove what is sealed and older than a minute; looks at it now and then."""
        if now_ms - self._trimmed_ms >= _TRIM_EVERY_MS:
            self._trimmed_ms = now_ms
            self.trim(sealed, faults, f"{max(0, now_ms - _KEEP_MS)}-0")

    def trim(
        self, sealed: Mapping[str, Position], faults: Mapping[str, Fault], below: str | None = None
    ) -> None:
        """Remove what is sealed and has a lower entry id than `below`; None: all that is sealed.

        Not in a shard that is stopped: its stream is what a person has to look at.
        """
        bounds = {}
        for shard, at in sealed.items():
            done = self._trimmed.get(shard, BEGINNING)
            if shard in faults or order(at.entry) < order(done):
                continue
            bound = just_after(at.entry)
            if below is not None:
                bound = min(bound, below, key=order)
            if at.entry != BEGINNING and order(done) < order(bound):
                bounds[shard] = bound
        if bounds:
            self._source.trim(bounds)
            self._trimmed.update(bounds)


def _mark_of(at: Position, fault: Fault | None) -> int:
    """Return what to mark: less than is sealed when it was set back, so that the hub sees it."""
    if fault is not None and fault.kind is RecordEvent.SHARD_SET_BACK:
        return fault.first - 1
    return at.broker_seq
