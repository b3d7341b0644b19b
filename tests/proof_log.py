"""A log made with `hub.proof` alone, to be verified and to be attacked."""

import base64
import json
import random
from dataclasses import dataclass, field, replace
from pathlib import Path

from hub.proof.checkpoints import Checkpoint, sign_checkpoint
from hub.proof.leaves import commit
from hub.proof.lines import Line
from hub.proof.notes import Ed25519Signer
from hub.proof.receipts import make_receipt
from hub.proof.tiles import Edge, Tile
from hub.proof.tree import Frontier, inclusion_proof

ORIGIN = "seinhuis.example/test"
SHARDS = ("ind", "liv", "rvdk", "politie.3")


def a_signer(number=1, name=ORIGIN, algorithm=1):
    """Return a key that is the same in every run."""
    return Ed25519Signer(name, random.Random(number).randbytes(32), algorithm)


KEY = a_signer()
PUBLIC = str(KEY.verifier)


@dataclass
class ALog:
    """Records in order, and at which sizes they were signed."""

    lines: list[Line] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    signer: Ed25519Signer = KEY
    origin: str = ORIGIN

    def add(self, shard, record, person=b""):
        """Append a record; the salt follows from its place: a log is made twice the same."""
        position = len(self.lines)
        seq = 1 + sum(line.shard == shard for line in self.lines)
        return self.add_numbered(shard, seq, record, person, position)

    def add_numbered(self, shard, seq, record, person=b"", salt_of=0):
        """Append a record with a number of choice."""
        salt = random.Random(salt_of).randbytes(16)
        text = json.dumps(record, ensure_ascii=False).encode()
        line = Line(len(self.lines), shard, seq, commit(salt, person), text, salt, person)
        self.lines.append(line)
        return line

    def seal(self):
        """Sign what is there."""
        self.sizes.append(len(self.lines))
        return self

    def root(self, size):
        frontier = Frontier()
        for line in self.lines[:size]:
            frontier.push(line.leaf_hash())
        return frontier.root()

    def note(self, size):
        return sign_checkpoint(Checkpoint(self.origin, size, self.root(size)), self.signer)

    def tiles(self):
        edge = Edge()
        for line in self.lines[: self.sizes[-1]]:
            edge.push(line.leaf_hash())
        return edge.take_changed()

    def read(self, tile: Tile) -> bytes:
        return self.tiles()[tile.level, tile.number]

    def copy(self):
        return replace(self, lines=list(self.lines), sizes=list(self.sizes))

    def receipt(self, position):
        size = self.sizes[-1]
        proof = inclusion_proof(self.read, position, size)
        return make_receipt(self.lines[position], proof, self.note(size))

    def publish(self, folder: Path) -> Path:
        """Write the published folder: tree, checkpoints, key."""
        folder.mkdir(parents=True, exist_ok=True)
        for (level, number), hashes in self.tiles().items():
            file = folder / Tile(level, number, len(hashes) // 32).path()
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(hashes)
        with (folder / "checkpoints.jsonl").open("w", encoding="utf-8") as lines:
            for size in self.sizes:
                lines.write(json.dumps({"size": size, "note": self.note(size)}) + "\n")
        (folder / "checkpoint").write_text(self.note(self.sizes[-1]), encoding="utf-8")
        (folder / "key.pub").write_text(f"{self.signer.verifier}\n", encoding="utf-8")
        return folder

    def export(self, folder: Path, *, persons=False, a_file=500, **export) -> Path:
        """Write an export folder: what is published, and the records."""
        self.publish(folder)
        for first in range(0, len(self.lines), a_file):
            with (folder / f"records-{first:012d}.jsonl").open("w", encoding="utf-8") as file:
                file.writelines(
                    exported(line, persons=persons) + "\n"
                    for line in self.lines[first : first + a_file]
                )
        whole = {"origin": self.origin, "size": self.sizes[-1], "whole": True, **export}
        (folder / "export.json").write_text(json.dumps(whole), encoding="utf-8")
        return folder


def exported(line: Line, *, persons=False) -> str:
    """Return a record as an export has it."""
    value = {
        "position": line.position,
        "shard": line.shard,
        "seq": line.seq,
        "commitment": line.commitment.hex(),
        "record": line.record.decode(),
    }
    if persons and line.salt is not None:
        value |= {"salt": line.salt.hex(), "person": line.person.decode()}
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def a_log(count=600, every=50) -> ALog:
    """Return a log of `count` records of four shards, signed after every `every` of them."""
    log, numbers = ALog(), dict.fromkeys(SHARDS, 0)
    for position in range(count):
        shard = SHARDS[position * 7 // 3 % len(SHARDS)]
        numbers[shard] += 1
        person = json.dumps({"bsn": f"{position:032x}", "key": "pseudonym.1"}).encode()
        record = {"event": "decided", "object": {"kind": "message", "id": f"{position:032x}"}}
        log.add_numbered(shard, numbers[shard], record, person, position)
        if (position + 1) % every == 0 or position + 1 == count:
            log.seal()
    return log


def changed(line: Line, **fields) -> Line:
    """Return a record with other contents."""
    return line._replace(**fields)


def root_text(root: bytes) -> str:
    """Return a root as reports show it."""
    return base64.b64encode(root).decode()
