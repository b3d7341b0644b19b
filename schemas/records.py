"""One audit record: who did what, when, on which basis, with which result. Never any content.

Written in the same atomic step as what it tells. The bytes are made once, stored, and never
re-serialised: what is hashed later is what stands here. `seq` (gapless for each shard) is given by
the store and stands beside the bytes.

Fields: BIO2 8.15.01 (action, object, result, origin, actor, time) and what Logboek
Dataverwerkingen and the Authorization Decision Log need to be projected from it.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from schemas.decisions import Forward, Hold, Verdict


class RecordEvent(StrEnum):
    """What happened. Closed: a record with another word is refused."""

    DECIDED = "decided"  #: accepted, decided, and delivered to every forward in it
    DUPLICATE = "duplicate"  #: the same (source, id) came again; nothing was delivered
    DEAD_LETTERED = "dead-lettered"  #: refused, or given up; the sender has a notice
    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"
    OPENED = "opened"
    ACKNOWLEDGED = "acknowledged"
    TAKEN_UP = "taken-up"
    FORWARDED = "forwarded"
    REFUSED = "refused"
    FED_BACK = "fed-back"
    ACT_REFUSED = "act-refused"  #: a recipient tried what the state does not allow
    ACT_ACCEPTED = "act-accepted"  #: in the shard of who acted; the act itself is in the sender's
    RELEASED = "released"  #: a person released what was held
    RE_DECIDED = "re-decided"  #: decided again with the config of today
    REDELIVERED = "redelivered"  #: delivered again to the same parties
    DISCARDED = "discarded"  #: a person threw it away, with a reason
    STARTED = "started"
    STOPPED = "stopped"
    CONFIG_LOADED = "config-loaded"
    RETENTION_PASSED = "retention-passed"  #: its term is over and nobody had finished it: an alarm
    ERASED = "erased"  #: the content of a copy, or of what waited for a person, is gone
    PERSON_ERASED = "person-erased"  #: salt and pseudonyms of old records are gone
    HOLD_PLACED = "hold-placed"  #: a case is kept whatever its term (legal hold)
    HOLD_LIFTED = "hold-lifted"
    LOG_READ = "log-read"  #: written before anything is shown
    LOG_EXPORTED = "log-exported"
    KEY_CREATED = "key-created"
    KEY_RETIRED = "key-retired"
    CHECKPOINT = "checkpoint"  #: the head of the log that was signed before this record
    GAP_FOUND = "gap-found"  #: records of a shard are missing: that shard is not sealed further
    GAP_ACCEPTED = "gap-accepted"  #: a person said why they are missing; sealing goes on
    SHARD_SET_BACK = "shard-set-back"  #: a shard gave other records for numbers that were sealed
    ACCESS_FAILED = "access-failed"  #: the broker refused an account, a command or a key


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Thing(_Part):
    """What it was done to."""

    kind: str  #: which kinds there are for which event: `schemas.record_words`
    id: str  #: ours: a `message_ref`, `<party>:<message>`, an entry id, a digest; never a partner's


class Origin(_Part):
    """Where it came from."""

    shard: str
    oin: str | None = None
    system: str | None = None


class Actor(_Part):
    """Who did it: a partner's system, the hub itself, or an operator. Never a name of a person."""

    kind: str  #: partner, hub, operator, account
    id: str


class VerdictLine(_Part):
    """One verdict of the decision."""

    rule: str
    role: str
    outcome: str  #: forward, withhold, hold
    party: str | None = None
    reason: str | None = None
    detail: str | None = None
    legal_basis: str | None = None
    purpose: str | None = None
    fields: tuple[str, ...] | None = None
    deadline: datetime | None = None


Names = Annotated[tuple[str, ...], Field(max_length=200)]


class Difference(_Part):
    """What a role config says otherwise than the one before it. Names only, sorted.

    At most 200 names in each list; `left_out` counts the others, and the two configs themselves
    stand in the ledger under their digests.
    """

    added: Names = ()  #: ids of rules that are new
    removed: Names = ()  #: ids of rules that are no more
    changed: Names = ()  #: ids of rules that say something else
    registers: Names = ()  #: other parts that differ: `gemeenten/0363`, `groepen/lro`, `termijnen`
    left_out: int = 0  #: how many names did not fit


class Record(_Part):
    """One line of the audit log: what may stand in it.

    Stored and hashed are bytes: compact JSON, absent fields left out. hub/recording.py makes them
    without this model, because that is faster; the tests hold every record against it.
    """

    time: datetime  #: aware, UTC
    event: RecordEvent
    object: Thing
    result: str  #: a stable word: delivered, held, refused, duplicate, ok, ...
    origin: Origin
    actor: Actor
    about: str | None = None  #: `message_ref`: the original of a correction, the message of an act
    config: str | None = None  #: digest of the role config that decided
    config_before: str | None = None  #: digest of the one that it takes the place of
    difference: Difference | None = None  #: between these two; absent when there was none before
    type: str | None = None  #: message type without prefix
    sender: str | None = None
    party: str | None = None  #: the recipient that acted
    trace_id: str | None = None
    processing_activity: str | None = None  #: the rule's purpose, as in the AVG art. 30 register
    verdicts: tuple[VerdictLine, ...] | None = None
    reason: str | None = None  #: a stable word or a person's reason code; never content
    problems: int | None = None  #: how many; what they are stands with the dead letter


def verdict_line(verdict: Verdict) -> VerdictLine:
    """Turn a verdict into its line in the record."""
    if isinstance(verdict, Forward):
        return VerdictLine.model_construct(
            rule=verdict.rule,
            role=verdict.role,
            outcome="forward",
            party=verdict.party,
            legal_basis=verdict.legal_basis,
            purpose=verdict.purpose,
            fields=verdict.fields,
            deadline=verdict.deadline,
            reason=None,
            detail=None,
        )
    return VerdictLine(
        rule=verdict.rule,
        role=verdict.role,
        outcome="hold" if isinstance(verdict, Hold) else "withhold",
        party=verdict.party,
        reason=verdict.reason.value,
        detail=verdict.detail or None,
    )
