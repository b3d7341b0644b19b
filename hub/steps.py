"""What is done to a store, each as a whole or not at all, and what became of it.

A step is all that one entry of a queue brings about; an act what a recipient does with its copy; an
erasure the end of one copy. Values only: `hub.ports` says what a store makes of them.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from schemas.made_often import made_often


class Queue(StrEnum):
    """Where an entry waits. The entry itself is the fence: who removes it has done the work."""

    INTAKE = "in"  #: as it came from a partner
    HELD = "held"  #: for a person
    DEAD = "dead"  #: refused, or given up


@made_often
@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the intake: bytes untouched."""

    id: str  #: `<ms>-<n>`, given by the store
    intake: str  #: "" for a shard of one sender; the party for a shared shard
    event: bytes
    deliveries: int = 1  #: how often it was handed to a worker, this time included


@made_often
@dataclass(frozen=True, slots=True)
class Copy:
    """One minimised copy for one party: what stands in the clear, and the copy itself."""

    party: str
    message: str  #: `message_ref` of the event
    type: str  #: without prefix
    rule: str
    urgency: str
    deadline: datetime
    retain_until: str  #: ISO date
    sender: str
    content: bytes  #: the minimised CloudEvent, JSON; sealed when there is a `key`
    key: bytes = b""  #: the key of this copy, wrapped under the key of `party`; empty: not sealed
    plain: bool = False  #: it holds references and codes only: it is not to be sealed


@dataclass(frozen=True, slots=True)
class Parked:
    """An event that waits for a person, with the reasons, and whom it would still go to."""

    event: bytes  #: as it came; sealed when there is a `key`
    reasons: bytes  #: JSON: the holds, or the problems
    message: str = ""  #: empty when the bytes are not an event
    type: str = ""
    sender: str = ""
    key: bytes = b""  #: the key of this event, wrapped under the key of the hub


@dataclass(frozen=True, slots=True)
class Known:
    """What is remembered of a message, as long as its duplicate check lasts."""

    received_by: tuple[str, ...]  #: passed-on and released copies included
    sender: str  #: who published it: a partner, or the unit or group whose intake it came in on
    withdrawn: bool = False
    corrected: bool = False  #: nobody gets a further copy of what is known to be wrong


@dataclass(frozen=True, slots=True)
class Correction:
    """That a step corrects or withdraws `message`, which these parties received."""

    message: str
    received_by: tuple[str, ...]
    withdraws: bool


@made_often
@dataclass(frozen=True, slots=True)
class Step:
    """All that one entry brings about. Applied as a whole, or not at all.

    With `queue` INTAKE and a `message`, the step checks for a duplicate first; then only
    `duplicate_record` is written. Copies to a party that has this message already are left out,
    also when it is so long ago that only the key of its copy tells: a copy keeps its key.
    """

    queue: Queue
    entry: str
    record: bytes
    intake: str = ""
    message: str = ""  #: empty: no duplicate check (not an event, or refused)
    sender: str = ""  #: who published it; remembered with the message (`Known.sender`)
    duplicate_record: bytes = b""
    copies: tuple[Copy, ...] = ()
    notices: tuple[Copy, ...] = ()  #: to the sender; left out when its inbox is twice full
    held: Parked | None = None
    dead: Parked | None = None
    corrects: Correction | None = None
    person: bytes = b""  #: the erasable part of both records; see `RecordEntry.person`


class Outcome(StrEnum):
    """What became of a step."""

    DONE = "done"
    DUPLICATE = "duplicate"
    GONE = "gone"  #: somebody else did this entry; nothing was written
    CHANGED = "changed"  #: a correction whose original reached others meanwhile; decide again
    #: a key has the wrong type, an inbox is full, it was withdrawn or corrected, or too much is not
    #: sealed yet; nothing written
    BLOCKED = "blocked"
    #: the token is of no lease (any more), or another worker was handed an entry of this intake
    #: that is not finished and came first: this one would overtake it. Nothing was written
    FENCED = "fenced"


@dataclass(frozen=True, slots=True)
class StepResult:
    """The outcome, and for BLOCKED what is in the way.

    A key, `inbox-full:<party>`, `after-full`, `withdrawn`, `corrected` or `unsealed`. An inbox is
    full by what its party has not finished: not acknowledged, taken up or refused. The steps after
    it in the same call were not tried: they may be of the same case, and would overtake.
    """

    outcome: Outcome
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Act:
    """What a recipient does with its copy: a transition of the delivery's state.

    The party has what it acts on when it received it, as long as that is remembered, when it acted
    on it before, or when the key of its copy is there: so it may open a notice that is sealed, too.
    """

    message: str
    party: str
    name: str  #: message type of the act, without prefix
    #: `message_ref` of the act's own event, for an opening made of its key as well: the same again
    #: changes nothing
    act: str
    allowed_from: tuple[str, ...]  #: states; see handlers.deliveries
    no_op_from: tuple[str, ...]  #: states in which it is done already: ALREADY, nothing written
    to_state: str  #: empty: the state stays as it is (feedback, passing on)
    at: datetime
    record: bytes
    refused_record: bytes
    notice: Copy | None = None  #: for the sender's inbox
    copy: Copy | None = None  #: for the party it is passed on to
    person: bytes = b""  #: the erasable part of the records; see `RecordEntry.person`
    #: written when the state says that it is done already, once for each act: opening a copy again
    #: is on record too. Empty: nothing is written
    again_record: bytes = b""


class ActOutcome(StrEnum):
    """What became of an act."""

    DONE = "done"
    #: this act was done before, or the state says so; nothing was written but `again_record`
    ALREADY = "already"
    NOT_ALLOWED = "not-allowed"  #: the state does not allow it; `refused_record` was written
    UNKNOWN = "unknown"  #: the party never received this message; `refused_record` was written
    WITHDRAWN = "withdrawn"  #: passing on what was withdrawn; `refused_record` was written
    CORRECTED = "corrected"  #: passing on what was corrected; `refused_record` was written
    FULL = "full"  #: passing on to a full inbox; `refused_record` was written


@dataclass(frozen=True, slots=True)
class ActResult:
    """The outcome, and the state in which the delivery is now."""

    outcome: ActOutcome
    state: str = ""


@dataclass(frozen=True, slots=True)
class Erasure:
    """That the content of one copy goes: its key, its entry in the inbox, and a record of it."""

    party: str
    message: str
    entry: str  #: of the inbox
    at: datetime
    record: bytes
    person: bytes = b""
    notice: Copy | None = None  #: for the sender, when nobody had read it
