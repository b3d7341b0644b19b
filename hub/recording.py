"""Audit records for what the pipeline and the desk do. Pure; `schemas.records` says the shape.

The bytes are made straight from a dictionary: checking a record against its model costs more than
making it, and is done by the tests, on every record that they see.
"""

from datetime import UTC, datetime
from typing import Any, Final

from pydantic_core import to_json

from handlers.corrections import original_of
from schemas.catalogue import CORRECTIONS
from schemas.decisions import Decision, Forward, Hold, Verdict
from schemas.envelope import Envelope
from schemas.identifiers import oin_of
from schemas.records import Difference, RecordEvent

Named = tuple[str, str]
"""A kind and an id: of a thing (message, entry, delivery, hub) or an actor (partner, operator)."""

HUB: Final[Named] = ("hub", "hub")

HUB_SHARD: Final = "hub"
"""Where the hub's own records are: start, stop, config."""


def decided(
    shard: str,
    event: Envelope,
    decision: Decision,
    what: RecordEvent = RecordEvent.DECIDED,
    actor: Named | None = None,
    reason: str | None = None,
) -> bytes:
    """Return the record of a decision, with a line for every verdict.

    Of a correction or a withdrawal, `about` is the original.
    """
    result = "delivered" if decision.forwards else "withheld"
    if decision.holds:
        result = "delivered+held" if decision.forwards else "held"
    return _bytes(
        decision.at,
        what,
        ("message", decision.message),
        result,
        _origin(shard, event),
        actor or ("partner", decision.sender),
        about=original_of(event) if decision.type in CORRECTIONS else None,
        config=decision.config_digest,
        type=decision.type,
        sender=decision.sender,
        trace_id=_trace(event),
        processing_activity=getattr(event.data, "purpose", None),
        verdicts=[_line(verdict) for verdict in decision.verdicts],
        reason=reason,
    )


def plain(
    shard: str,
    at: datetime,
    what: RecordEvent,
    thing: Named,
    result: str,
    *,
    actor: Named = HUB,
    event: Envelope | None = None,
    message_type: str | None = None,
    sender: str | None = None,
    party: str | None = None,
    reason: str | None = None,
    problems: int | None = None,
    config: str | None = None,
    about: str | None = None,
) -> bytes:
    """Return a record without verdicts. `about` is the message that an act or a correction names.

    What each event means, and which kinds and results belong to it: `schemas.record_words`.
    """
    return _bytes(
        at,
        what,
        thing,
        result,
        _origin(shard, event),
        actor,
        about=about,
        config=config,
        type=message_type,
        sender=sender,
        party=party,
        trace_id=_trace(event) if event is not None else None,
        reason=reason,
        problems=problems,
    )


def config_loaded(
    at: datetime, digest: str, before: str | None, difference: Difference | None
) -> bytes:
    """Return the record that the role config `digest` is in force, and what it changes.

    `before` is the digest that was in force; None: there was none. `difference` is what
    `handlers.differences` finds between the two; None when the one before cannot be had any more.
    """
    result = "first" if before is None else "same" if before == digest else "other"
    return _bytes(
        at,
        RecordEvent.CONFIG_LOADED,
        ("config", digest),
        result,
        _origin(HUB_SHARD, None),
        HUB,
        config=digest,
        config_before=before,
        difference=difference.model_dump(exclude_defaults=True) if difference else None,
    )


def _bytes(
    at: datetime,
    what: RecordEvent,
    thing: Named,
    result: str,
    origin: dict[str, Any],
    actor: Named,
    **rest: Any,
) -> bytes:
    record = {
        "time": at.astimezone(UTC),
        "event": what.value,
        "object": {"kind": thing[0], "id": thing[1]},
        "result": result,
        "origin": origin,
        "actor": {"kind": actor[0], "id": actor[1]},
    }
    record.update({name: value for name, value in rest.items() if value is not None})
    return to_json(record)


def _line(verdict: Verdict) -> dict[str, Any]:
    line: dict[str, Any] = {"rule": verdict.rule, "role": verdict.role}
    if verdict.party is not None:
        line["party"] = verdict.party
    if isinstance(verdict, Forward):
        line["outcome"] = "forward"
        line["legal_basis"] = verdict.legal_basis
        line["purpose"] = verdict.purpose
        line["fields"] = verdict.fields
        line["deadline"] = verdict.deadline
    else:
        line["outcome"] = "hold" if isinstance(verdict, Hold) else "withhold"
        line["reason"] = verdict.reason.value
        if verdict.detail:
            line["detail"] = verdict.detail
    return line


def _origin(shard: str, event: Envelope | None) -> dict[str, Any]:
    """Say where an event came from; only the shard when it could not be read."""
    if event is None:
        return {"shard": shard}
    source = event.source
    return {"shard": shard, "oin": oin_of(source), "system": source.rpartition(":")[2]}


def _trace(event: Envelope) -> str | None:
    """Return the W3C trace id that the sender gave, so that its log and ours can be joined."""
    return event.traceparent.split("-")[1] if event.traceparent else None
