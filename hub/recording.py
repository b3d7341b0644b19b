"""Audit records for what the pipeline and the desk do. Pure; `schemas.records` says the shape."""

from datetime import datetime

from schemas.decisions import Decision
from schemas.envelope import Envelope
from schemas.identifiers import oin_of
from schemas.records import Actor, Origin, Record, RecordEvent, Thing, verdict_line

HUB = Actor(kind="hub", id="hub")


def origin_of(shard: str, event: Envelope | None) -> Origin:
    """Say where an event came from; only the shard when it could not be read."""
    if event is None:
        return Origin.model_construct(shard=shard, oin=None, system=None)
    oin = oin_of(event.source)
    return Origin.model_construct(shard=shard, oin=oin, system=event.source.rpartition(":")[2])


def trace_of(event: Envelope) -> str | None:
    """Return the W3C trace id that the sender gave, so that its log and ours can be joined."""
    return event.traceparent.split("-")[1] if event.traceparent else None


def decided(
    shard: str,
    event: Envelope,
    decision: Decision,
    what: RecordEvent = RecordEvent.DECIDED,
    actor: Actor | None = None,
    reason: str | None = None,
) -> bytes:
    """Return the record of a decision, with a line for every verdict."""
    parts = [
        word for word, some in (("delivered", decision.forwards), ("held", decision.holds)) if some
    ]
    record = Record.model_construct(
        time=decision.at,
        event=what,
        object=Thing.model_construct(kind="message", id=decision.message),
        result="+".join(parts) or "withheld",
        origin=origin_of(shard, event),
        actor=actor or Actor.model_construct(kind="partner", id=decision.sender),
        config=decision.config_digest,
        type=decision.type,
        sender=decision.sender,
        trace_id=trace_of(event),
        processing_activity=getattr(event.data, "purpose", None),
        verdicts=tuple(map(verdict_line, decision.verdicts)),
        reason=reason,
        party=None,
        problems=None,
    )
    return record.to_bytes()


def plain(
    shard: str,
    at: datetime,
    what: RecordEvent,
    thing: Thing,
    result: str,
    *,
    actor: Actor = HUB,
    event: Envelope | None = None,
    message_type: str | None = None,
    sender: str | None = None,
    party: str | None = None,
    reason: str | None = None,
    problems: int | None = None,
    config: str | None = None,
) -> bytes:
    """Return a record without verdicts."""
    return Record(
        time=at,
        event=what,
        object=thing,
        result=result,
        origin=origin_of(shard, event),
        actor=actor,
        config=config,
        type=message_type,
        sender=sender,
        party=party,
        trace_id=trace_of(event) if event is not None else None,
        reason=reason,
        problems=problems,
    ).to_bytes()
