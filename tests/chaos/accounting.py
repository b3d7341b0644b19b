"""The books, held against what the senders wrote down. Reads with plain redis and sqlite3 only.

Each acknowledged message has exactly one final verdict; each forward in a verdict is exactly one
copy in one inbox, and each copy has a forward; each acknowledgement is on record once; nothing is
left on an intake; each record is exactly one leaf of one tree, whose root is worked out here anew;
and `seinhuis-verify`, another program, says that the log is sound.
"""

import base64
import contextlib
import hashlib
import json
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis

from tests.chaos import journal
from tests.chaos.server import SEINHUIS, environment

FINAL = {"decided", "dead-lettered", "corrected", "withdrawn", "act-accepted"}
_SHOWN = 5
_AS_FAR_AS_IT_GOES = 4  # the published folder has no records in it


@dataclass
class Books:
    """What was counted. Sound: the four lists are empty."""

    sent: int = 0  #: messages that were acknowledged to their senders
    verdicts: int = 0
    deliveries: int = 0
    acts: int = 0
    records: int = 0
    given_up: int = 0  #: acknowledged events that were dead-lettered unread: only poison may be
    dead: int = 0
    held: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    unaccounted: list[str] = field(default_factory=list)
    unsound: list[str] = field(default_factory=list)  #: of the log itself

    @property
    def sound(self) -> bool:
        """Whether nothing was lost, doubled or left over, and the log holds."""
        return not (self.lost or self.doubled or self.unaccounted or self.unsound)

    def faults(self) -> str:
        """Return what is wrong, in lines for a person; empty when all is well."""
        found = []
        for what in ("lost", "doubled", "unaccounted", "unsound"):
            cases = getattr(self, what)
            if cases:
                more = f" and {len(cases) - _SHOWN} more" if len(cases) > _SHOWN else ""
                found.append(f"{what} {len(cases)}: {'; '.join(cases[:_SHOWN])}{more}")
        return "\n".join(found)


@dataclass(frozen=True)
class Row:
    """One record in the ledger."""

    position: int
    shard: str
    seq: int
    raw: bytes
    commitment: bytes

    @property
    def said(self) -> dict[str, Any]:
        """The record as data."""
        said: dict[str, Any] = json.loads(self.raw)
        return said


def account(
    journals: Iterable[Path], broker: redis.Redis, ledger: Path, folder: Path, scratch: Path | None
) -> Books:
    """Hold everything against everything. The hub has stopped, and all is sealed.

    `folder`: where the log is published. `scratch`: a folder of our own, for an export to be
    verified; None leaves that out.
    """
    books = Books()
    sent = journal.read(journals)
    books.sent = len(sent.accepted) + len(sent.nameless)
    rows = _rows(ledger)
    books.records = len(rows)
    said = [(row.shard, row.said) for row in rows]
    _verdicts(books, sent, said)
    _deliveries(books, broker, said)
    _acts(books, said)
    _leftovers(books, broker)
    _numbers(books, broker, rows)
    _tree(books, rows, ledger)
    if scratch is not None:
        _verify(books, ledger, folder, scratch)
    return books


def _rows(ledger: Path) -> list[Row]:
    ask = "SELECT position, shard, seq, record, commitment FROM records ORDER BY position"
    with contextlib.closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as database:
        return [Row(*each) for each in database.execute(ask)]


def _verdicts(books: Books, sent: journal.Sent, said: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """Of what could not be read, and of what was given up unread, the entry is the only name."""
    on_message: Counter[str] = Counter()
    on_entry: Counter[str] = Counter()
    for shard, record in said:
        thing = record["object"]
        if record["event"] in FINAL and thing["kind"] == "message":
            on_message[thing["id"]] += 1
        elif record["event"] in FINAL and thing["kind"] == "entry":
            on_entry[f"{shard}:{thing['id']}"] += 1
    books.verdicts = on_message.total() + on_entry.total()
    for message, entries in sent.accepted.items():
        given_up = entries & on_entry.keys()
        books.given_up += len(given_up)
        if not on_message[message] and not given_up:
            books.lost.append(f"no verdict on {message}")
        if on_message[message] > 1 or (on_message[message] and given_up):
            books.doubled.append(f"{on_message[message]}+{len(given_up)} verdicts on {message}")
    books.lost += [f"no verdict on {entry}" for entry in sent.nameless - on_entry.keys()]
    books.doubled += [
        f"{count} verdicts on {entry}" for entry, count in on_entry.items() if count > 1
    ]
    strangers = on_message.keys() - sent.tried
    books.unaccounted += [f"a verdict on {message}, which nobody sent" for message in strangers]
    # An attempt whose reply was lost may be an entry that its sender never heard of.
    known = sent.entries()
    heard = Counter(entry.partition(":")[0] for entry in known)
    unheard = Counter(entry.partition(":")[0] for entry in on_entry.keys() - known)
    books.unaccounted += [
        f"{count} verdicts in {shard} on entries that nobody sent"
        for shard, count in unheard.items()
        if count > sent.attempts[shard] - heard[shard]
    ]


def _deliveries(
    books: Books, broker: redis.Redis, said: Sequence[tuple[str, dict[str, Any]]]
) -> None:
    due: Counter[tuple[str, str]] = Counter()
    for _, record in said:
        for verdict in record.get("verdicts", ()):
            if verdict["outcome"] == "forward":
                due[verdict["party"], record["object"]["id"]] += 1
    found: Counter[tuple[str, str]] = Counter()
    for key in broker.scan_iter("hub:{*}:inbox:*", count=1_000):
        party = key.decode().rpartition(":")[2]
        for fields in _stream(broker, key):
            if b"notice" not in fields:
                found[party, fields[b"message"].decode()] += 1
    books.deliveries = found.total()
    books.lost += [f"no copy of {message} for {party}" for party, message in due - found]
    books.doubled += [
        f"{count} copies of {message} for {party}"
        for (party, message), count in found.items()
        if count > 1
    ]
    books.unaccounted += [
        f"a copy of {message} for {party} without a verdict" for party, message in found - due
    ]


def _stream(broker: redis.Redis, key: bytes) -> Iterable[dict[bytes, bytes]]:
    after = "-"
    while page := broker.xrange(key, after, "+", count=1_000):
        for _, fields in page:
            yield fields
        after = f"({page[-1][0].decode()}"


def _acts(books: Books, said: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """Each acknowledgement that was accepted took effect once, and none without."""
    accepted: Counter[str] = Counter()
    effect: Counter[str] = Counter()
    for _, record in said:
        if record["event"] == "act-accepted":
            books.acts += 1
            if record.get("type") == "berichten.ontvangst-bevestigd":
                accepted[f"{record['sender']}:{record['about']}"] += 1
        elif record["event"] == "acknowledged":
            effect[record["object"]["id"]] += 1
    books.lost += [f"{act} was accepted without effect" for act in accepted.keys() - effect.keys()]
    books.doubled += [f"{act} took effect {n} times" for act, n in effect.items() if n > 1]
    books.unaccounted += [f"nobody did {act}" for act in effect.keys() - accepted.keys()]


def _leftovers(books: Books, broker: redis.Redis) -> None:
    """Count what waits for a person; nothing may wait for a worker."""
    for pattern in ("hub:{*}:in", "hub:{*}:in:*"):
        for key in broker.scan_iter(pattern, count=1_000):
            left = broker.xlen(key)
            pending = sum(group["pending"] for group in broker.xinfo_groups(key))
            if left or pending:
                name = key.decode()
                books.unaccounted.append(f"{left} entries and {pending} pending on {name}")
    books.held = sum(broker.xlen(key) for key in broker.scan_iter("hub:{*}:held", count=1_000))
    books.dead = sum(broker.xlen(key) for key in broker.scan_iter("hub:{*}:dead", count=1_000))


def _numbers(books: Books, broker: redis.Redis, rows: Sequence[Row]) -> None:
    """In each shard `seq` counts from 1 without a gap, up to what the broker gave out."""
    numbers: dict[str, list[int]] = {}
    for row in rows:
        numbers.setdefault(row.shard, []).append(row.seq)
    for shard, found in numbers.items():
        if found != list(range(1, len(found) + 1)):
            books.unsound.append(f"the numbers of {shard} have a gap or come twice")
    for head in broker.scan_iter("hub:{*}:head", count=1_000):
        shard = head.decode().partition("{")[2].partition("}")[0]
        given = int(broker.hget(head, "seq") or 0)
        if given != len(numbers.get(shard, ())):
            books.unsound.append(
                f"{shard} gave out {given} numbers; sealed are {len(numbers.get(shard, ()))}"
            )


def _tree(books: Books, rows: Sequence[Row], ledger: Path) -> None:
    """The newest checkpoint covers every record once, under the root that we work out."""
    ask = "SELECT size, root, note FROM checkpoints ORDER BY size DESC LIMIT 1"
    with contextlib.closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as database:
        size, root, note = database.execute(ask).fetchone()
    if [row.position for row in rows] != list(range(size)):
        books.unsound.append(f"the checkpoint covers {size} of {len(rows)} records")
    if _root([_leaf(row) for row in rows]) != root:
        books.unsound.append("the records do not have the root of the checkpoint")
    if note.splitlines()[1:3] != [str(size), base64.b64encode(root).decode()]:
        books.unsound.append("the note of the checkpoint says something else")


def _leaf(row: Row) -> bytes:
    commitment = row.commitment.hex().encode()
    head = b"seinhuis-record-v1\n%b\n%d\n%b\n" % (row.shard.encode(), row.seq, commitment)
    return hashlib.sha256(b"\x00" + head + row.raw).digest()


def _root(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1: by pairs, level by level; the odd one goes up as it is."""
    while len(leaves) > 1:
        odd = leaves[-1:] if len(leaves) % 2 else []
        pairs = zip(leaves[::2], leaves[1::2], strict=False)
        leaves = [hashlib.sha256(b"\x01" + a + b).digest() for a, b in pairs] + odd
    return leaves[0] if leaves else hashlib.sha256(b"").digest()


def _verify(books: Books, ledger: Path, folder: Path, scratch: Path) -> None:
    """Let the verifier look at the published folder, and at an export of every record."""
    export = scratch / "export"
    settings = environment(
        SEINHUIS_LEDGER=f"sqlite:///{ledger}",
        SEINHUIS_LOG_FOLDER=str(folder),
        SEINHUIS_DATA=str(scratch),
        SEINHUIS_KEYS=str(scratch.parent / "keys"),
    )
    made = _run([SEINHUIS, "audit", "export", export], settings)
    if made.returncode:
        books.unsound.append(f"the export failed: {made.stderr.strip()}")
        return
    verifier = SEINHUIS.with_name("seinhuis-verify")
    for log, sound in ((folder, _AS_FAR_AS_IT_GOES), (export, 0)):
        done = _run([verifier, log, "--key", folder / "key.pub", "--quiet"], settings)
        if done.returncode != sound:
            books.unsound.append(f"seinhuis-verify {log.name}: exit {done.returncode}")


def _run(words: Sequence[Any], settings: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        words, env=settings, capture_output=True, text=True, check=False, timeout=300
    )
