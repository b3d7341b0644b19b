"""Audit records for what the pipeline and the desk do. Pure; `schemas.records` says the shape.

The bytes are made without the model: checking a record against it costs more than making it, and
is done by the tests, on every record that they see. Those that every event has (`decided`,
`duplicate`) are joined from parts, of which most are the same for the next event.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from json import encoder
from typing import Any, Final

from pydantic_core import to_json

from handlers.corrections import original_of
from schemas.catalogue import CORRECTIONS
from schemas.decisions import Decision, Forward, Hold, Withhold
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
    forwards = holds = 0
    lines = []
    for verdict in decision.verdicts:
        if isinstance(verdict, Forward):
            forwards += 1
            lines.append(f"{_forward(*_of_rule(verdict))}{_moment(verdict.deadline)}}}")
        else:
            holds += isinstance(verdict, Hold)
            lines.append(to_json(_line(verdict)).decode())
    result = "delivered" if forwards else "withheld"
    if holds:
        result = "delivered+held" if forwards else "held"
    activity = getattr(event.data, "purpose", None)
    return (
        f"{_begin(decision.at, what, decision.message, result, shard, event.source)}"
        f"{_actor(*(actor or ('partner', decision.sender)))}"
        f"{_field('about', original_of(event) if decision.type in CORRECTIONS else None)}"
        f"{_known(decision.config_digest, decision.type, decision.sender)}"
        f"{_field('trace_id', _trace(event))}{_field('processing_activity', activity)}"
        f',"verdicts":[{",".join(lines)}]'
        f"{_field('reason', reason)}}}"
    ).encode()


def duplicate(
    shard: str, at: datetime, event: Envelope, message: str, message_type: str, sender: str
) -> bytes:
    """Return the record that `message` came again: made beforehand with every event."""
    begin = _begin(at, RecordEvent.DUPLICATE, message, "duplicate", shard, event.source)
    known = _known("", message_type, sender)
    return f"{begin}{_actor(*HUB)}{known}{_field('trace_id', _trace(event))}}}".encode()


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


_json_text: Callable[[str], str] = encoder.encode_basestring


@lru_cache(maxsize=4096)  # of a batch the same, and a deadline is one of few
def _moment(at: datetime) -> str:
    return to_json(at).decode()


def _begin(
    at: datetime, what: RecordEvent, message: str, result: str, shard: str, source: str
) -> str:
    return (
        f'{{"time":{_moment(at.astimezone(UTC))},"event":"{what}","object":{{"kind":"message",'
        f'"id":{_json_text(message)}}},"result":"{result}",'
        f'"origin":{_origin_text(shard, source)}'
    )


@lru_cache(maxsize=4096)
def _origin_text(shard: str, source: str) -> str:
    return to_json({"shard": shard, "oin": oin_of(source), "system": _system(source)}).decode()


@lru_cache(maxsize=4096)
def _actor(kind: str, name: str) -> str:
    return f',"actor":{to_json({"kind": kind, "id": name}).decode()}'


@lru_cache(maxsize=4096)
def _known(config: str, message_type: str, sender: str) -> str:
    head = f',"config":{_json_text(config)}' if config else ""
    return f'{head},"type":{_json_text(message_type)},"sender":{_json_text(sender)}'


def _field(name: str, text: str | None) -> str:
    return f',"{name}":{_json_text(text)}' if text is not None else ""


def _of_rule(forward: Forward) -> tuple[str, str, str, str, str, tuple[str, ...]]:
    return (
        forward.rule,
        forward.role,
        forward.party,
        forward.legal_basis,
        forward.purpose,
        forward.fields,
    )


@lru_cache(maxsize=16_384)
def _forward(
    rule: str, role: str, party: str, legal_basis: str, purpose: str, fields: tuple[str, ...]
) -> str:
    """Return a line up to its deadline: what the rule says of this party."""
    line = {
        "rule": rule,
        "role": role,
        "party": party,
        "outcome": "forward",
        "legal_basis": legal_basis,
        "purpose": purpose,
        "fields": fields,
    }
    return f'{to_json(line).decode()[:-1]},"deadline":'


def _line(verdict: Withhold | Hold) -> dict[str, Any]:
    line: dict[str, Any] = {"rule": verdict.rule, "role": verdict.role}
    if verdict.party is not None:
        line["party"] = verdict.party
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
    return {"shard": shard, "oin": oin_of(source), "system": _system(source)}


def _system(source: str) -> str:
    return source.rpartition(":")[2]


def _trace(event: Envelope) -> str | None:
    """Return the W3C trace id that the sender gave, so that its log and ours can be joined."""
    return event.traceparent.split("-")[1] if event.traceparent else None
