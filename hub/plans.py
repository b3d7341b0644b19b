"""A batch of a shard that was read and decided, and what became of it: what `pipeline` works on."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from hub.planning import Read
from hub.steps import Entry, Outcome, Step, StepResult
from hub.tracing import Traced
from schemas.decisions import Decision, Forward, Hold, HoldReason, Verdict
from schemas.records import RecordEvent

UNSEALED: Final = "unsealed"
"""In the way of a step: the store takes nothing new before more is sealed (`hub.ports`)."""

AFTER_FULL: Final = "after-full"
"""In the way of a step: a full inbox blocked one before it in the same call (`hub.ports`)."""

_FULL: Final = "inbox-full:"


@dataclass(slots=True)
class Report:
    """What became of a batch; counts for the log and the metrics."""

    entries: int = 0
    delivered: int = 0  #: copies
    passed: int = 0  #: events decided with nothing held
    held: int = 0
    refused: int = 0
    duplicates: int = 0
    acts: int = 0
    moved: int = 0  #: to another partition, where each of them is counted
    blocked: list[str] = field(default_factory=list)  #: entries that stay pending
    traced: list[Traced] = field(default_factory=list)  #: of what was done, when traces are on


@dataclass(slots=True)
class Planned:
    """A step with what it was made from, so that it can be made again."""

    step: Step
    report: Report
    read: Read | None = None
    decision: Decision | None = None
    what: RecordEvent = RecordEvent.DECIDED


@dataclass(frozen=True, slots=True)
class Moved:
    """An entry that is handled in another partition of its sender."""

    entry: Entry
    to: str


@dataclass(slots=True)
class Plan:
    """A batch that was read and decided, and of which nothing is written yet.

    `parts`, in order: a step; what is moved; or a correction or act, which is decided when all
    before it is done.
    """

    shard: str
    entries: Sequence[Entry]
    at: datetime
    started: float
    report: Report
    parts: list[Planned | Moved | Read]
    planned: float = 0.0  #: seconds that it took to make


def traced(shard: str, done: Planned, prefix: str) -> list[Traced]:
    """Return what a trace says of a step that was done; nothing when it was not of an event."""
    event = done.read.event if done.read is not None else None
    if event is None:
        return []
    # What was refused may call itself anything.
    name = event.type.removeprefix(f"{prefix}.") if done.step.dead is None else ""
    parties = tuple(copy.party for copy in done.step.copies)
    return [Traced(shard, done.step.entry, event.traceparent, name, parties)]


def goes_to(each: Planned, party: str) -> bool:
    """Return whether the step brings this party a copy by a decision, which can be held."""
    return each.decision is not None and any(f.party == party for f in each.decision.forwards)


def full_for(each: Planned, result: StepResult) -> str:
    """Return whose full inbox blocks a copy that can be held; empty: it is not that."""
    if result.outcome is not Outcome.BLOCKED or not result.detail.startswith(_FULL):
        return ""
    party = result.detail.removeprefix(_FULL)
    return party if goes_to(each, party) else ""


def is_unsealed(result: StepResult) -> bool:
    """Return whether the store takes nothing new before more is sealed."""
    return result.outcome is Outcome.BLOCKED and result.detail == UNSEALED


def with_held(decision: Decision, party: str) -> Decision:
    """Return the decision with the copy for a party held, because its inbox is full."""
    return replace(
        decision, verdicts=tuple(_held_if(verdict, party) for verdict in decision.verdicts)
    )


def _held_if(verdict: Verdict, party: str) -> Verdict:
    if isinstance(verdict, Forward) and verdict.party == party:
        return Hold(verdict.party, verdict.rule, verdict.role, HoldReason.INBOX_FULL)
    return verdict
