"""What the pipeline needs of a store, as a contract in prose. One suite tests every store.

Everything about an event lives in its shard: one slot, one atomic step. Trust: who can write to a
store can hide or invent messages; it cannot do so unseen once the records are sealed elsewhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

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
class InboxEntry:
    """One delivery as its recipient reads it."""

    shard: str
    id: str  #: `<ms>-<n>`; the milliseconds are the time of delivery, Unix, UTC
    party: str
    message: str
    type: str
    rule: str
    sender: str
    urgency: str
    deadline: str  #: RFC 3339
    retain_until: str
    content: bytes  #: sealed, unless it was written without a key
    notice: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a delivery is: what a person did with it, and whether its content is still there."""

    state: str = "delivered"
    finished: str = ""  #: RFC 3339: first acknowledged, taken up or refused; empty: not yet
    erased: str = ""  #: RFC 3339; empty: not yet


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


@dataclass(frozen=True, slots=True)
class ParkedEntry:
    """One entry of the held or dead stream."""

    shard: str
    id: str
    parked: Parked
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RecordEntry:
    """One record with its place: `seq` counts from 1 without a gap in its shard.

    `person` is the part that can be erased without breaking any proof: keyed pseudonyms, never a
    name or a number (hub/pseudonyms.py). Empty: the record is about nobody.
    """

    shard: str
    id: str
    seq: int
    record: bytes
    person: bytes = b""


class Store(Protocol):
    """Streams, inboxes and records of every shard.

    Durable: what a method wrote is flushed to disk before it returns (append-only file, `always`).
    Every method may raise `Unavailable`: nothing was done or we cannot know, and the same call
    again is safe; and `NotAllowed`.
    """

    async def prepare(self, shards: Mapping[str, Sequence[str]]) -> None:
        """Make the server ready: functions loaded, reader groups made at the very beginning.

        `shards`: shard -> its intakes (`("",)`, or the parties of a shared shard). Idempotent.
        """

    async def submit(self, shard: str, event: bytes, intake: str = "") -> str:
        """Append `event` to the intake and return the entry id. Not idempotent by itself.

        The duplicate check on (source, id) makes a repeated event harmless, not this call.
        """

    async def move(self, shard: str, entries: Sequence[Entry], to: str) -> None:
        """Move entries that were handed out to the same intakes of shard `to`, in order.

        First they are there, then gone here. Who dies in between moves them again, and the
        duplicate check there makes that harmless; so does whoever lost the lease meanwhile.
        """

    async def take(
        self, shard: str, intakes: Sequence[str], consumer: str, count: int, wait_ms: int
    ) -> list[Entry]:
        """Hand out at most `count` new entries for each intake, waiting at most `wait_ms`.

        What was taken stays pending until a step or `reclaim` takes it over.
        """

    async def reclaim(
        self,
        shard: str,
        intakes: Sequence[str],
        consumer: str,
        idle_ms: int,
        count: int,
        after: Entry | None = None,
    ) -> list[Entry]:
        """Take over entries that were taken, also by `consumer`, and not finished in `idle_ms`.

        In order of entry id and intake (an id is of one intake; two may have the same), from behind
        `after` (None: from the start): with `idle_ms` 0 and `after` the last one of each answer,
        everything comes once, and the empty list means that there is no more. An entry comes alone
        in the list when it is a suspect (`deliveries` > 2), so that a poison takes nobody with it.
        """

    async def route(self, shard: str, steps: Sequence[Step], token: str = "") -> list[StepResult]:
        """Apply each step atomically, in this order, all in one call; one result for each step.

        First the fence: the entry leaves its queue, or the result is GONE. `seq` of the records
        has no gaps, also when steps are blocked. With a `token` nothing is written unless the lease
        of the shard is held under it: see `lease` and FENCED. Without one nobody looks at leases.
        """

    async def excuse(self, shard: str, entries: Sequence[Entry]) -> None:
        """Do not count this hand-out: the store was away, which is not the entries' fault.

        They stay pending and come again; their `deliveries` goes on from where it was. What was
        finished or handed out again meanwhile is left alone.
        """

    async def known(self, shard: str, messages: Sequence[str]) -> list[Known | None]:
        """Return what is remembered of each message; None: it is not known here (any more)."""

    async def act(self, shard: str, act: Act) -> ActResult:
        """Apply a transition in the shard of the message's sender, with its record and notice.

        No lease is looked at: an act comes in on another shard than it takes effect in. The same
        act again changes nothing, so a worker that comes too late does no harm.
        """

    async def lease(self, shard: str, worker: str, token: str, ttl_ms: int) -> bool:
        """Take or renew the right to read `shard` alone, for `ttl_ms` from now; False: another's.

        Free, or `worker`'s own: a process that was started again under its name gets it at once,
        and what still runs under its former token is fenced off. `token`: `<instance>.<anything>`,
        without `|`; new for each acquisition. Of two processes with one name, that with the larger
        instance wins. Safe to repeat. Also on a store that is full.

        Raises:
            Superseded: a later process with this name has it: this one must stop.

        """

    async def release(self, shard: str, worker: str, token: str) -> None:
        """Give a lease back, so that another may take it at once; nothing when it is not ours."""

    async def workers(self, worker: str, ttl_ms: int) -> list[str]:
        """Say that `worker` lives for `ttl_ms` more; return the names of all that live, in order.

        With 0 it takes its leave. Also on a store that is full.
        """

    async def inbox(
        self, shard: str, party: str, after: str = "-", count: int = 100
    ) -> list[InboxEntry]:
        """Return at most `count` entries after entry id `after` ("-": from the start), in order."""

    async def find_delivery(self, shard: str, party: str, message: str) -> InboxEntry | None:
        """Return the newest copy of `message` in the inbox of `party`, or None."""

    async def states(self, shard: str, party: str, messages: Sequence[str]) -> list[str]:
        """Return the state of each delivery: `delivered` until the first act."""

    async def parked(
        self, shard: str, queue: Queue, after: str = "-", count: int = 100
    ) -> list[ParkedEntry]:
        """Return at most `count` entries of the held or the dead stream, in order."""

    async def records(self, shard: str, after: str = "-", count: int = 100) -> list[RecordEntry]:
        """Return at most `count` records after entry id `after`, in order."""

    async def note(self, shard: str, record: bytes, person: bytes = b"") -> int:
        """Append a record of its own (start, stop, config loaded) and return its `seq`.

        Works also when so much is unsealed that nothing else does.
        """

    async def progress(self, shard: str, party: str, messages: Sequence[str]) -> list[Progress]:
        """Return how far each delivery is."""

    async def copy_key(self, shard: str, party: str, message: str) -> bytes | None:
        """Return the wrapped key of a copy; None: there is none, or it was erased."""

    async def replace_key(
        self, shard: str, party: str, message: str, old: bytes, new: bytes
    ) -> bool:
        """Put `new` for `old` as the wrapped key of a copy; False: it was not `old` any more."""

    async def answer(self, shard: str, party: str, act: str, value: bytes, keep_ms: int) -> None:
        """Leave an answer to `act` (its message ref) that only `party` may read, for a while."""

    async def hand_over(
        self, shard: str, party: str, message: str, act: str, public_key: bytes
    ) -> bool:
        """Answer `act`, the opening of a copy, with its key, sealed to the X25519 `public_key`.

        False: the copy has no key (any more). A store that does not seal has nothing to hand over
        and says True. Safe to repeat.
        """

    async def erase(self, shard: str, erasures: Sequence[Erasure]) -> list[bool]:
        """Erase the content of each copy, with its record; False: it was erased before.

        Atomic for each. The delivery keeps its state, so that its acts go on being possible.
        """

    async def depths(self, shard: str, intakes: Sequence[str]) -> Mapping[str, int]:
        """Return counts: `intake`, `pending`, `held`, `dead`, `records`."""

    async def close(self) -> None:
        """Close the connections; idempotent."""
