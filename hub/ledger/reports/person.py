"""Who received what about one person, and what became of it (AVG art. 15), from the records. Pure.

One `Receipt` for each message and each recipient. What a recipient did with it, what was corrected
and what was erased is added from the records that came after.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

from hub.ledger.projections.sealed import Sealed
from hub.ledger.reports.finding import Found
from schemas.catalogue import CORRECTIONS
from schemas.records import RecordEvent as E
from schemas.roles import PassingOn

_DECIDING: Final = {
    *(E.DECIDED, E.RELEASED, E.RE_DECIDED, E.REDELIVERED),
    *(E.CORRECTED, E.WITHDRAWN),
}
_WITHDRAWAL: Final = "berichten.ingetrokken"
_ONCE: Final = {E.ACKNOWLEDGED, E.TAKEN_UP, E.REFUSED, E.ERASED}


@dataclass(slots=True)
class Receipt:
    """One message that one recipient received. Moments are aware, UTC; None: not, or not yet."""

    party: str
    message: str
    type: str  #: without prefix
    sender: str
    at: datetime
    legal_basis: str | None  #: None: passed on, under a basis that its record does not name
    purpose: str | None
    rule: str | None
    fields: tuple[str, ...] | None  #: wire names that it might see; None: at most what `by` had
    by: str | None = None  #: who passed it on; None: the hub provided it for the sender
    linked: bool = False  #: found by a reference only; see `reports.finding`
    retention_days: int | None = None  #: by the rule of that day, where the ledger keeps it
    opened: list[datetime] = field(default_factory=list)
    acknowledged: datetime | None = None
    taken_up: datetime | None = None
    refused: datetime | None = None
    fed_back: list[datetime] = field(default_factory=list)
    corrected: list[datetime] = field(default_factory=list)
    withdrawn: datetime | None = None
    erased: datetime | None = None


@dataclass(frozen=True, slots=True)
class Unprovided:
    """A message about the person that nobody received, and why not."""

    message: str
    type: str | None
    sender: str | None
    at: datetime
    result: str  #: held, withheld, refused, discarded
    linked: bool


@dataclass(frozen=True, slots=True)
class PersonReport:
    """The answer. Receipts by recipient, then by time."""

    receipts: tuple[Receipt, ...]
    unprovided: tuple[Unprovided, ...]
    readings: tuple[tuple[datetime, str], ...]  #: when the log was asked about them, by which role


class Policy(Protocol):
    """What the role config of a day said, beside what the records say; `reports.policy` has it."""

    def retention(self, digest: str, rule: str) -> int | None:
        """Return how many days content may be kept under a rule; None: not known."""

    def passing_on(self, digest: str, by: str, to: str, type_: str) -> PassingOn | None:
        """Return the rule under which `by` passed a message on; None: not known for certain."""


def report_of(found: Found, policy: Policy) -> PersonReport:
    """Return who received what; empty lists when the log has nothing about this person."""
    receipts: dict[tuple[str, str], Receipt] = {}
    last: dict[str, Unprovided] = {}
    for sealed in found.sealed:
        record = sealed.document
        if not record:
            continue  # no record; it was not the hub that wrote it
        at = datetime.fromisoformat(record["time"])
        event, message = E(record["event"]), sealed.message
        if event is E.ACT_ACCEPTED or event is E.DUPLICATE or message is None:
            continue
        if event in _DECIDING and record.get("type") in CORRECTIONS:
            _correct(receipts, record, at)
        elif event in _DECIDING:
            for verdict in _forwards(record):
                made = _provided(record, verdict, message, at)
                made.linked = message in found.linked
                made.retention_days = policy.retention(record.get("config") or "", verdict["rule"])
                receipts.setdefault((made.party, message), made)
            last[message] = _unprovided(record, message, at, found.linked)
        elif event in {E.DEAD_LETTERED, E.DISCARDED}:
            last[message] = _unprovided(record, message, at, found.linked)
        else:
            _act(receipts, record, event, message, at, policy)
    received = {message for _, message in receipts}
    return PersonReport(
        receipts=tuple(sorted(receipts.values(), key=lambda one: (one.party, one.at))),
        unprovided=tuple(one for message, one in last.items() if message not in received),
        readings=tuple(_reading(each) for each in found.readings if each.document),
    )


def _forwards(record: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    return (line for line in record.get("verdicts") or () if line["outcome"] == "forward")


def _provided(
    record: Mapping[str, Any], verdict: Mapping[str, Any], message: str, at: datetime
) -> Receipt:
    return Receipt(
        party=verdict["party"],
        message=message,
        type=record.get("type") or "",
        sender=record.get("sender") or "",
        at=at,
        legal_basis=verdict["legal_basis"],
        purpose=verdict["purpose"],
        rule=verdict["rule"],
        fields=tuple(verdict.get("fields") or ()),
    )


def _correct(
    receipts: Mapping[tuple[str, str], Receipt],
    record: Mapping[str, Any],
    at: datetime,
) -> None:
    """Note the correction with each recipient of the original that it went to."""
    for verdict in _forwards(record):
        one = receipts.get((verdict["party"], record.get("about") or ""))
        if one is not None and record.get("type") == _WITHDRAWAL:
            one.withdrawn = one.withdrawn or at
        elif one is not None:
            one.corrected.append(at)


def _act(
    receipts: dict[tuple[str, str], Receipt],
    record: Mapping[str, Any],
    event: E,
    message: str,
    at: datetime,
    policy: Policy,
) -> None:
    if record["object"]["kind"] != "delivery":
        return
    party = str(record["object"]["id"]).rpartition(":")[0]
    one = receipts.get((party, message))
    if event is E.FORWARDED:
        to = record["party"]
        first = one or next((r for (_, ref), r in receipts.items() if ref == message), None)
        type_ = first.type if first else ""
        rule = policy.passing_on(record.get("config") or "", party, to, type_)
        made = Receipt(
            party=to,
            message=message,
            type=type_,
            sender=record.get("sender") or "",
            at=at,
            legal_basis=rule.legal_basis if rule else None,
            purpose=rule.purpose if rule else None,
            rule=rule.id if rule else None,
            fields=None,
            by=party,
            linked=bool(first and first.linked),
        )
        receipts.setdefault((to, message), made)
    elif one is None:
        return
    elif event is E.OPENED:
        one.opened.append(at)
    elif event is E.FED_BACK:
        one.fed_back.append(at)
    elif event in _ONCE:
        name = event.value.replace("-", "_")
        if getattr(one, name) is None:
            setattr(one, name, at)


def _unprovided(
    record: Mapping[str, Any], message: str, at: datetime, linked: Iterable[str]
) -> Unprovided:
    return Unprovided(
        message=message,
        type=record.get("type"),
        sender=record.get("sender"),
        at=at,
        result=record["result"],
        linked=message in linked,
    )


def _reading(sealed: Sealed) -> tuple[datetime, str]:
    record = sealed.document
    return datetime.fromisoformat(record["time"]), str(record["actor"]["id"])
