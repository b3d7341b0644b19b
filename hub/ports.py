"""What the pipeline needs of a store, as a contract in prose. One suite tests every store.

Everything about an event lives in its shard: one slot, one atomic step. Trust: who can write to a
store can hide or invent messages; it cannot do so unseen once the records are sealed elsewhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from hub.steps import Act, ActResult, Entry, Erasure, Known, Parked, Queue, Step, StepResult


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
