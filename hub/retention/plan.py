"""What a run would do, and what it did: counts for people and programs, never a person."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hub.ledger.erasing import Persons
from hub.retention.due import Due, What

Place = tuple[What, str, str]
"""Why, in which shard, whose."""


@dataclass(slots=True)
class Stuck:
    """An intake whose oldest entry is not handled: retention never touches it."""

    shard: str
    intake: str
    since: datetime  #: UTC


@dataclass(slots=True)
class Plan:
    """What is due at `at`."""

    at: datetime
    due: Counter[Place] = field(default_factory=Counter)
    kept: Counter[Place] = field(default_factory=Counter)  #: due, and kept by a legal hold
    soon: Counter[Place] = field(default_factory=Counter)  #: nobody finished it, and it nearly is
    persons: Persons = field(default_factory=Persons)  #: records in the ledger
    stuck: list[Stuck] = field(default_factory=list)

    def add(self, dues: Iterable[Due]) -> None:
        """Count these."""
        for due in dues:
            place = (due.what, due.shard, due.party)
            if due.what is What.SOON:
                self.soon[place] += 1
            elif due.kept:
                self.kept[place] += 1
            else:
                self.due[place] += 1

    def totals(self) -> dict[What, tuple[int, int]]:
        """Return for each reason how many are due, and how many a hold keeps."""
        found = {}
        for what in What:
            counts = self.soon if what is What.SOON else self.due
            number = sum(count for place, count in counts.items() if place[0] is what)
            kept = sum(count for place, count in self.kept.items() if place[0] is what)
            found[what] = (number, kept)
        return found

    @property
    def is_empty(self) -> bool:
        """Whether nothing would be erased."""
        return not self.due and not self.persons.due

    def document(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "at": self.at.isoformat(),
            "due": _listed(self.due),
            "kept": _listed(self.kept),
            "soon": _listed(self.soon),
            "persons": {"due": self.persons.due, "kept": self.persons.kept},
            "stuck": [
                {"shard": one.shard, "intake": one.intake, "since": one.since.isoformat()}
                for one in self.stuck
            ],
        }


@dataclass(frozen=True, slots=True)
class Failure:
    """A step that failed. The others were done, and the next run does this one again."""

    step: str
    error: str  #: the class, for the log
    reason: str
    passing: bool  #: something did not answer: it may be well next time


@dataclass(slots=True)
class Report(Plan):
    """What a run did; `due` counts what was erased."""

    failures: list[Failure] = field(default_factory=list)
    left: list[str] = field(default_factory=list)  #: what a person must do

    def document(self) -> dict[str, Any]:
        """Return it for programs."""
        found = Plan.document(self)
        found["erased"] = found.pop("due")
        found["failures"] = [{"step": one.step, "reason": one.reason} for one in self.failures]
        return {**found, "left": self.left}


def _listed(counts: Counter[Place]) -> list[dict[str, Any]]:
    return [
        {"what": what.value, "shard": shard, "party": party, "count": count}
        for (what, shard, party), count in sorted(counts.items())
    ]
