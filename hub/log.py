"""The operational log: a closed list of events and fields, as JSON or for the console.

It may be lost, and holds no personal data: no content, no name, no id that a partner chose. What
may not be lost is in the audit records. `docs/reference/log-events.md` is made from this table.
"""

import logging
import sys
from collections.abc import Mapping
from typing import Any, Final

import structlog
from structlog.typing import EventDict, WrappedLogger

EVENTS: Final[Mapping[str, frozenset[str]]] = {
    "hub.started": frozenset({"version", "config", "shards", "parties", "rules"}),
    "hub.stopped": frozenset({"reason"}),
    "hub.failed": frozenset({"error", "reason"}),
    "broker.started": frozenset({"pid", "address"}),
    "broker.waiting": frozenset({"attempt", "wait_s"}),
    "broker.unsafe": frozenset({"problem"}),
    "batch.routed": frozenset({
        "shard", "entries", "delivered", "held", "refused", "duplicates", "acts", "moved",
        "took_ms",
    }),
    "batch.failed": frozenset({"shard", "entries", "error"}),
    "step.blocked": frozenset({"shard", "entry", "detail"}),
    "entry.given_up": frozenset({"shard", "entry", "deliveries"}),
    "entries.reclaimed": frozenset({"shard", "entries"}),
    "reader.shards": frozenset({"shards", "workers", "taken", "given_up"}),
    "workers.waiting": frozenset({"workers"}),
    "reader.lost": frozenset({"shard"}),
    "reader.waiting": frozenset({"shard", "error", "reason"}),
    "reader.resumed": frozenset({"shard", "for_s"}),
    "correction.waits": frozenset({"shard", "entry", "error"}),
    "correction.applied": frozenset({"shard", "entries"}),
    "ledger.sealing": frozenset({"holder", "size"}),
    "ledger.process": frozenset({"pid"}),
    "ledger.not_started": frozenset({"error"}),
    "ledger.restarted": frozenset({"exit", "wait_s"}),
    "ledger.lease_lost": frozenset(),
    "ledger.stalled": frozenset({"error", "reason", "for_s", "unsealed"}),
    "ledger.resumed": frozenset({"for_s"}),
    "ledger.refused": frozenset({"reason"}),
    "ledger.gap": frozenset({"shard", "kind", "first", "last", "meaning"}),
    "ledger.foreign_entry": frozenset({"shard", "entry"}),
    "ledger.config_missing": frozenset({"config"}),
    "ledger.timestamp_failed": frozenset({"error"}),
    "ledger.left": frozenset({"error"}),
    "access.not_read": frozenset({"error"}),
    "metrics.serving": frozenset({"address"}),
    "supervision.failed": frozenset({"error"}),
    "traces.not_sent": frozenset({"error"}),
    "alarm.raised": frozenset({"alarm", "place", "severity", "value", "bound", "page"}),
    "alarm.cleared": frozenset({"alarm", "place", "value", "bound", "for_s"}),
    "retention.unread": frozenset({"shard", "party", "queue", "copies", "oldest"}),
    "retention.soon": frozenset({"shard", "party", "copies"}),
    "retention.intake": frozenset({"shard", "party", "since"}),
    "retention.failed": frozenset({"step", "error", "reason"}),
    "retention.left": frozenset({"reason"}),
    "retention.done": frozenset({"erased", "kept", "persons", "took_s"}),
    "file.taken": frozenset({"folder", "events"}),
    "file.refused": frozenset({"folder", "problems"}),
}  # fmt: skip
"""Event -> the fields it may have."""

_ALWAYS: Final = frozenset({"event", "level", "timestamp", "logger"})


def only_declared(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Drop every field that `EVENTS` does not name, and say how many.

    Dropping, not raising: a mistake in logging must never lose an event.
    """
    allowed = EVENTS.get(str(event.get("event")), frozenset()) | _ALWAYS
    kept = {key: value for key, value in event.items() if key in allowed}
    dropped = len(event) - len(kept)
    return {**kept, "undeclared": dropped} if dropped else kept


def configure(*, json: bool, level: str = "info", stream: Any = None) -> None:
    """Set up structlog for this process, and send FastStream's and redis' warnings through it.

    Messages of other libraries are cut to their logger and level: their text could hold data.
    """
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            only_declared,
            structlog.processors.JSONRenderer()
            if json
            else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(file=stream or sys.stderr),
        cache_logger_on_first_use=False,
    )


def get() -> Any:
    """Return the logger of the hub."""
    return structlog.get_logger()
