"""A decision as data: a verdict for every rule and party, and every "no" has a stable word.

Auditors count on these words: a word is added, never changed or reused.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from schemas.made_often import made_often


class WithholdReason(StrEnum):
    """Why a party did not get a copy."""

    OTHER_PHASE = "other-phase"  #: the rule is for another phase
    OTHER_KIND = "other-kind"  #: the rule is for another `soort`
    OTHER_UNIT = "other-unit"  #: the rule is for another unit of the sender
    RULE_NOT_IN_FORCE = "rule-not-in-force"  #: before `vanaf` or after `tot`, or switched off
    LEGAL_BASIS_NOT_IN_FORCE = "legal-basis-not-in-force"  #: the law is not in force on this day
    CONDITION_NOT_MET = "condition-not-met"  #: `detail` says which
    COMPETENCE_NOT_ASKED = "competence-not-asked"  #: meant for another competence (ambtsbericht)
    NO_MANDATE = "no-mandate"  #: no mandate on record for this day
    THIRD_PARTY_BAN = "third-party-ban"  #: derdenverbod: nothing may be passed on
    NOT_CHOSEN = "not-chosen"  #: the rule leaves the choice to the sender, who chose others
    NOT_INVITED = "not-invited"  #: may take part, but does not sit at this table
    NOT_THE_REQUESTER = "not-the-requester"  #: the answer goes to who asked, and nobody asked
    IS_SENDER = "is-sender"  #: nobody gets its own event
    ALREADY_FORWARDED = "already-forwarded"  #: another rule forwards to this party; one copy each


class HoldReason(StrEnum):
    """Why a person must look before anybody, or this party, gets a copy."""

    GEMEENTE_MISSING = "gemeente-missing"  #: a gemeente is needed and the event names none
    GEMEENTE_UNKNOWN = "gemeente-unknown"  #: no such code in the register
    GEMEENTE_SPLIT = "gemeente-split"  #: it ended and went to several
    GEMEENTE_NOT_YET = "gemeente-not-yet"  #: the code is not valid yet on this day
    NO_HOME_ADDRESS = "no-home-address"  #: briefadres, unknown or RNI
    OTHER_BASIS = "other-basis"  #: the rule needs another gemeentegrondslag
    ZVH_UNKNOWN = "zvh-unknown"  #: the gemeente has no Zorg- en Veiligheidshuis on record
    COMPETENCE_NOT_RECORDED = "competence-not-recorded"  #: asked for, and not on record
    CONDITION_UNCLEAR = "condition-unclear"  #: the event lacks the field that a condition needs
    REQUESTER_NOT_ALLOWED = "requester-not-allowed"  #: who asked is not in the rule
    CHOICE_NOT_ALLOWED = "choice-not-allowed"  #: the sender chose a party that the rule has not
    ORIGINAL_UNKNOWN = "original-unknown"  #: a correction of an event that we do not know (yet)
    NOBODY_RECEIVES = "nobody-receives"  #: no rule forwards it; nothing is dropped silently
    INBOX_FULL = "inbox-full"  #: the inbox of the party is full


@made_often
@dataclass(frozen=True, slots=True)
class Forward:
    """The party gets a copy, on this legal basis, with these fields."""

    party: str
    rule: str
    role: str  #: as in the rule: `gemeente`, `groep:lro`, `partij:om`
    legal_basis: str
    purpose: str
    fields: tuple[str, ...]  #: wire names with dots, sorted: `betrokkene.naam`
    deadline: datetime  #: aware; when it must have been acknowledged
    retain_until: date  #: last day that the copy may be kept


@made_often
@dataclass(frozen=True, slots=True)
class Withhold:
    """The party does not get a copy, for the first reason that applies."""

    party: str | None  #: None: the role could not be resolved, and need not be
    rule: str
    role: str
    reason: WithholdReason
    detail: str = ""  #: which condition; never a value from the event


@made_often
@dataclass(frozen=True, slots=True)
class Hold:
    """A person must look."""

    party: str | None
    rule: str
    role: str
    reason: HoldReason
    detail: str = ""


Verdict = Forward | Withhold | Hold


@made_often
@dataclass(frozen=True, slots=True)
class Decision:
    """One verdict for every rule and party, in the order of rule and party."""

    message: str  #: the hub's name of the event, `schemas.identifiers.message_ref`
    sender: str  #: party
    type: str  #: without prefix
    at: datetime  #: aware; when it was decided
    config_digest: str
    verdicts: tuple[Verdict, ...]

    @property
    def forwards(self) -> tuple[Forward, ...]:
        """Who gets a copy; at most one for each party."""
        return tuple(v for v in self.verdicts if isinstance(v, Forward))

    @property
    def holds(self) -> tuple[Hold, ...]:
        """What waits for a person."""
        return tuple(v for v in self.verdicts if isinstance(v, Hold))
