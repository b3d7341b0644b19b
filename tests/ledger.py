"""A ledger under test: its sealer by hand, its audit streams in memory, and its books checked.

`ALedger.check` is the promise of the whole issue, asked after every test that seals: every record
once and in its place, the tree and each checkpoint right, and the verifier finds no fault.
"""

import itertools
import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select

from hub.ledger.database import reading
from hub.ledger.publish import Publisher
from hub.ledger.read_model import projected
from hub.ledger.sealer import LogKeys, Parts, Sealer
from hub.ledger.source import AuditSource, MemorySource
from hub.ledger.tables import acts, checkpoints, positions, records, subjects, verdicts
from hub.proof.bundle import Bundle
from hub.proof.checkpoints import open_checkpoint
from hub.proof.leaves import commit, leaf_hash
from hub.proof.notes import Ed25519Signer
from hub.proof.tiles import TileFolder
from hub.proof.tree import Frontier, root_of
from hub.proof.verifying import verify
from hub.recording import plain
from schemas.record_words import out_of_vocabulary
from schemas.records import Record, RecordEvent

ORIGIN = "seinhuis.example/test"
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
SIGNER = Ed25519Signer(ORIGIN, bytes(range(32)))


class Clock:
    """Stands still unless moved."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def later(self, **time: float) -> None:
        """Let time pass."""
        self.now += timedelta(**time)


def a_record(
    number: int = 1, shard: str = "ind", what: RecordEvent = RecordEvent.DUPLICATE, **fields: Any
) -> bytes:
    """Return a valid record about message `number`."""
    thing = ("message", f"{number:032x}")
    return plain(shard, NOW, what, thing, "duplicate", **fields)


def a_person(number: int = 1) -> bytes:
    """Return a personal part: pseudonyms under one key."""
    tokens = {kind: f"{number:030x}{place:02x}" for place, kind in enumerate(("bsn", "id"))}
    return json.dumps({**tokens, "key": "pseudonym.1"}, separators=(",", ":")).encode()


class ALedger:
    """A migrated database, a published folder beside it, and sealers that one drives by hand."""

    def __init__(self, engine: Engine, folder: Path, source: AuditSource | None = None) -> None:
        self.engine = engine
        self.folder = folder
        self.clock = Clock()
        self.source = source if source is not None else MemorySource(("ind", "rvdk"))
        self.signer = SIGNER
        self.written: dict[str, list[bytes]] = {}

    def write(self, count: int = 1, shard: str = "ind") -> None:
        """Let the hub write records, every other one about a person."""
        mine = self.written.setdefault(shard, [])
        for _ in range(count):
            number = len(mine) + 1
            mine.append(a_record(number, shard))
            self.source.append(shard, mine[-1], a_person(number) if number % 2 else b"")

    def sealer(self, holder: str = "one", **parts: Any) -> Sealer:
        """Return a sealer, as a new process would have it."""
        keys = (str(self.signer.verifier),)
        chosen: dict[str, Any] = {
            "engine": self.engine,
            "source": self.source,
            "publisher": Publisher(self.folder, self.engine, lambda: keys),
            "keys": lambda: LogKeys(self.signer, keys),
            "clock": self.clock,
            "shards": ("ind", "rvdk"),
            "holder": holder,
        }
        return Sealer(Parts(**(chosen | parts)))

    def seal(self, holder: str = "one") -> int:
        """Seal all that waits, by a sealer that starts afresh; return how many records."""
        sealer = self.sealer(holder)
        done, total = sealer.round(), 0
        while done:
            total += done
            done = sealer.round()
        return total

    def rows(self, table, *where):
        """Return the rows of a table, in the order of its primary key."""
        with reading(self.engine) as connection:
            query = select(table).where(*where).order_by(*table.primary_key.columns)
            return list(connection.execute(query))

    def sealed(self, shard: str = "ind") -> list[bytes]:
        """Return the sealed records of a shard, in order."""
        return [row.record for row in self.rows(records, records.c.shard == shard)]

    def own(self) -> list[dict[str, Any]]:
        """Return the sealer's own records but for those of checkpoints."""
        found = [json.loads(record) for record in self.sealed("ledger")]
        return [each for each in found if each["event"] != "checkpoint"]

    def check(self) -> None:
        """Check the books: everything that was written must be sealed by now."""
        rows = self.rows(records)
        assert list(range(len(rows))) == [row.position for row in rows]
        for shard, written in self.written.items():
            found = self.sealed(shard)
            assert written == found, "each once, in order"
        _check_numbers(rows)
        heads = self._check_tree(rows)
        self._check_read_model(rows)
        for row in self.rows(positions):
            last = max((r.seq for r in rows if r.shard == row.shard), default=0)
            assert row.seq >= last
        if heads:
            self._check_folder(rows, heads)

    def _check_tree(self, rows) -> list[Any]:
        """Check every checkpoint against the tree over the records themselves."""
        heads, tree, at = self.rows(checkpoints), Frontier(), 0
        for head in heads:
            for row in rows[at : head.size]:
                if row.salt is not None:
                    assert commit(row.salt, row.person or b"") == row.commitment
                tree.push(leaf_hash(row.shard, row.seq, row.commitment, row.record))
            at = head.size
            assert tree.root() == head.root
            signed, _ = open_checkpoint(head.note, [self.signer.verifier])
            assert (ORIGIN, head.size, head.root) == (signed.origin, signed.size, signed.root)
        assert len(rows) == at, "every record is under a checkpoint"
        sizes = [0, *(head.size for head in heads)]
        assert all(0 < b - a <= 500 for a, b in itertools.pairwise(sizes))
        return heads

    def _check_read_model(self, rows) -> None:
        made = [projected(r.position, r.shard, r.record, r.person or b"") for r in rows]
        expected = {
            acts: [each.act for each in made],
            verdicts: [row for each in made for row in each.verdicts],
            subjects: [row for each in made for row in each.subjects],
        }
        for table, wanted in expected.items():
            found = [dict(row._mapping) for row in self.rows(table)]
            assert sorted(map(str, map(_sorted, wanted))) == sorted(map(str, map(_sorted, found)))

    def _check_folder(self, rows, heads) -> None:
        """Check what is published against the database, and let the verifier look at all of it."""
        assert heads[-1].note == (self.folder / "checkpoint").read_text("utf-8")
        lines = (self.folder / "checkpoints.jsonl").read_text("utf-8").splitlines()
        assert [head.note for head in heads] == [json.loads(line)["note"] for line in lines]
        assert root_of(TileFolder(self.folder), heads[-1].size) == heads[-1].root
        export = self.folder.parent / "checked"
        shutil.copytree(self.folder, export)
        with (export / "records-000000000000.jsonl").open("w") as file:
            for row in rows:
                file.write(json.dumps(_line(row)) + "\n")
        report = verify(Bundle(export), [self.signer.verifier])
        shutil.rmtree(export)
        assert [] == [str(fault) for fault in report.faults]
        assert len(rows) == report.size


def _check_numbers(rows) -> None:
    """Each shard is numbered from 1; the sealer's own records have the shape of every record."""
    last: dict[str, int] = {}
    for row in rows:
        if row.shard == "ledger":
            assert row.seq == last.get("ledger", 0) + 1
            Record.model_validate_json(row.record)
            assert [] == out_of_vocabulary(json.loads(row.record))
        assert row.seq > last.get(row.shard, 0)
        last[row.shard] = row.seq


def _sorted(row):
    return sorted(row.items())


def _line(row) -> dict[str, Any]:
    line = {
        "position": row.position,
        "shard": row.shard,
        "seq": row.seq,
        "commitment": row.commitment.hex(),
        "record": row.record.decode(),
    }
    if row.salt is not None:
        line |= {"salt": row.salt.hex(), "person": (row.person or b"").decode()}
    return line
