"""The rounds of one sealer, from getting the lease to the first error: read, seal, publish, trim.

A round is: read the audit streams; one transaction (fence, records, tree, checkpoint, read model,
positions); publish; mark on the broker what is sealed; trim what is sealed and old. It may die
anywhere: positions and records are one transaction, and all that comes after it is made from the
database again at the next start.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Engine

from hub import log, recording
from hub.ledger import faults, lease, store
from hub.ledger.behind import Behind
from hub.ledger.database import reading, writing
from hub.ledger.growth import Tree
from hub.ledger.intake import Intake, Position, Sealable, fault_text
from hub.ledger.publish import Publisher
from hub.ledger.read_model import microseconds
from hub.ledger.source import AuditEntry, AuditSource
from hub.ledger.store import LEDGER_SHARD
from hub.proof.checkpoints import Checkpoint, sign_checkpoint
from hub.proof.notes import Signer, split_note
from schemas.records import RecordEvent

BATCH: Final = 500
"""Records between two checkpoints, at most."""

_NOTES: Final = 100
_STAMP_EVERY_US: Final = 3_600_000_000


@dataclass(frozen=True, slots=True)
class LogKeys:
    """The keys of the log, now.

    Asked for with every checkpoint, and every few seconds without one: a rotation needs no restart.
    """

    signer: Signer  #: the one in force; its name is the origin of the log
    published: Sequence[str]  #: the lines of `key.pub`: a vkey each, also of retired keys
    others: Sequence[Signer] = ()  #: older ones that are not retired: they sign too


@dataclass(frozen=True, slots=True)
class Parts:
    """What a sealer works with."""

    engine: Engine
    source: AuditSource
    publisher: Publisher
    keys: Callable[[], LogKeys]
    clock: Callable[[], datetime]
    shards: Sequence[str]
    holder: str
    term_s: float = lease.TERM_S
    #: a checkpoint note -> RFC 3161 token; answers within seconds, or raises
    timestamp: Callable[[str], bytes] | None = None


class Sealing:
    """One holder of the lease at work. After any error it is dropped, and begun anew."""

    def __init__(self, parts: Parts, token: int) -> None:
        """Look at everything before the first record is written.

        Raises:
            LedgerRolledBack: folder or broker are ahead of the database.
            LedgerBroken: the database does not add up.
            Unavailable: something did not answer; begin again.

        """
        self._parts = parts
        self.token = token
        with reading(parts.engine) as connection:
            self.head = store.newest_checkpoint(connection)
            self._tree = Tree.load(connection, self.head)
            self.sealed = store.read_positions(connection)
            self._recorded = {
                (each.shard, each.kind, each.first, each.last)
                for each in faults.open_faults(connection).values()
            }
            self._stamped_at = store.newest_time_stamp(connection)
        self.sealed = {shard: Position() for shard in (*parts.shards, LEDGER_SHARD)} | self.sealed
        broker = self._of_the_broker()
        self._behind = Behind(parts.source, broker)
        parts.publisher.publish(repair=True)
        self.intake = Intake(parts.source, broker, self._are_sealed)
        self._renewed_at = microseconds(parts.clock())

    def round(self) -> int:
        """Do one round and return how many records it sealed; 0: nothing was waiting.

        Raises:
            LeaseLost: another sealer took over; nothing was written.
            HubError: something did not answer; nothing was written, or we cannot know.

        """
        self.intake.fill(BATCH)
        at = self._parts.clock()
        notes, resumed = self._notes()
        own = [each.record for each in notes] + self._new_faults(at)
        batch = self.intake.take(BATCH - len(own) - 1)
        long_idle = microseconds(at) - self._renewed_at > self._parts.term_s * 1e6 / 3
        if own or batch or (long_idle and self._signed_otherwise()):
            self._seal(at, own, [each.person for each in notes], batch, notes, resumed)
        elif long_idle:
            with writing(self._parts.engine) as connection:
                lease.renew(connection, self._parts.holder, self.token, self._parts.term_s)
            self._renewed_at = microseconds(at)
        told = self._behind.mark(self._of_the_broker(), self.intake.faults, self.intake.now_ms)
        self.intake.marked(told)
        self._behind.trim_old(self._of_the_broker(), self.intake.faults, self.intake.now_ms)
        return len(own) + len(batch)

    def trim_all(self) -> None:
        """Remove from the broker all that is sealed: at a stop."""
        self._behind.trim(self._of_the_broker(), self.intake.faults)

    def _of_the_broker(self) -> dict[str, Position]:
        return {shard: at for shard, at in self.sealed.items() if shard != LEDGER_SHARD}

    def _seal(
        self,
        at: datetime,
        own: Sequence[bytes],
        people: Sequence[bytes],
        batch: Sequence[Sealable],
        notes: Sequence[store.Note],
        resumed: Sequence[str],
    ) -> None:
        if self.head is not None:
            own = [self._checkpoint_record(at, self.head), *own]
            people = [b"", *people]
        moved = self._moved(batch, resumed)
        first = self.sealed[LEDGER_SHARD].seq + 1
        moved[LEDGER_SHARD] = Position(first + len(own) - 1)
        everything = [
            Sealable(LEDGER_SHARD, first + n, "", record, people[n] if n < len(people) else b"")
            for n, record in enumerate(own)
        ]
        growth = self._tree.grown([*everything, *batch])
        keys = self._parts.keys()
        checkpoint = Checkpoint(keys.signer.name, growth.size, growth.root)
        note = sign_checkpoint(checkpoint, keys.signer, *keys.others)
        documents = self._documents(growth)
        with writing(self._parts.engine) as connection:
            lease.renew(connection, self._parts.holder, self.token, self._parts.term_s)
            store.write(
                connection,
                growth,
                note,
                microseconds(at),
                moved,
                documents,
                [each.id for each in notes],
            )
        self._renewed_at = microseconds(at)
        self.head = store.Head(growth.size, growth.root, note)
        self.sealed.update(moved)
        self._stamp(at)
        self._parts.publisher.publish()

    def _signed_otherwise(self) -> bool:
        """Return whether other keys of the log are in force than signed the newest checkpoint.

        What is on record of a key is sealed a moment before or after the key itself changes.
        """
        if self.head is None:
            return False
        keys = self._parts.keys()
        _, signatures = split_note(self.head.note)
        signed = {key_id for name, key_id, _ in signatures if name == keys.signer.name}
        return signed != {each.key_id for each in (keys.signer, *keys.others)}

    def _moved(self, batch: Sequence[Sealable], resumed: Sequence[str]) -> dict[str, Position]:
        """Return the positions that this batch changes."""
        moved = {
            each.shard: Position(each.seq, each.entry, self.intake.ahead[each.shard].shift)
            for each in batch
        }
        for shard in {*moved, *resumed}:
            if self.intake.drained(shard):  # what was passed over stays behind
                moved[shard] = self.intake.ahead[shard]
        return moved

    def _notes(self) -> tuple[list[store.Note], list[str]]:
        """Return the notes to seal, and the shards that go on by them."""
        with reading(self._parts.engine) as connection:
            waiting = store.waiting_notes(connection, _NOTES)
        wishes = [wish for note in waiting if (wish := faults.accepted(note.record))]
        return waiting, [wish[0] for wish in wishes if self.intake.resume(*wish)]

    def _new_faults(self, at: datetime) -> list[bytes]:
        """Return a record for each fault that is not on record yet, and say it loudly."""
        records = []
        for fault in self.intake.faults.values():
            known = (fault.shard, fault.kind, fault.first, fault.last)
            if known not in self._recorded:
                self._recorded.add(known)
                log.get().error(
                    "ledger.gap",
                    shard=fault.shard,
                    kind=fault.kind.value,
                    first=fault.first,
                    last=fault.last,
                    meaning=fault_text(fault),
                )
                records.append(faults.found(fault, at))
        return records

    def _checkpoint_record(self, at: datetime, head: store.Head) -> bytes:
        return recording.plain(
            LEDGER_SHARD,
            at,
            RecordEvent.CHECKPOINT,
            ("checkpoint", str(head.size)),
            "ok",
            actor=faults.SEALER,
            reason=head.root.hex(),
        )

    def _documents(self, growth: store.Growth) -> dict[str, bytes]:
        """Fetch the role configs that this batch is the first to name."""
        named = {
            each.act["config"]
            for each in growth.made
            if each.act["event"] == RecordEvent.CONFIG_LOADED and each.act["config"]
        }
        if not named:
            return {}
        with reading(self._parts.engine) as connection:
            named -= store.known_configs(connection, named)
        found = {digest: self._parts.source.config(digest) for digest in named}
        for digest, document in found.items():
            if document is None:
                log.get().error("ledger.config_missing", config=digest)
        return {digest: document for digest, document in found.items() if document is not None}

    def _stamp(self, at: datetime) -> None:
        """Have the newest checkpoint time-stamped, once an hour; a failure is a warning."""
        now, stamp = microseconds(at), self._parts.timestamp
        if stamp is None or self.head is None:
            return
        if self._stamped_at is not None and now - self._stamped_at < _STAMP_EVERY_US:
            return
        self._stamped_at = now
        try:
            token = stamp(self.head.note)
        except Exception as error:  # noqa: BLE001  (whatever a time stamp authority makes of it)
            log.get().warning("ledger.timestamp_failed", error=type(error).__name__)
            return
        with writing(self._parts.engine) as connection:
            store.put_time_stamp(connection, self.head.size, token)

    def _are_sealed(self, shard: str, entries: Sequence[AuditEntry]) -> set[str]:
        """Say which entries are in the ledger as they are, under one of the shard's shifts."""
        with reading(self._parts.engine) as connection:
            shifts = {self.sealed[shard].shift, *faults.shifts(connection, shard)}
            numbers = {each.seq + shift for each in entries for shift in shifts}
            sealed = store.sealed_bytes(connection, shard, numbers)
        return {
            each.id
            for each in entries
            if any(sealed.get(each.seq + shift) == each.record for shift in shifts)
        }
