"""Receipts: a record with the proof that it is in the log, for who does not trust this hub.

Made from the database alone: record, tiles and the newest checkpoint, which is written in the same
transaction as the records that it covers. Each receipt is checked before it is handed out, so that
what a partner holds was right when it got it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, or_, select

from hub.errors import LedgerBroken, NotFound
from hub.ledger.documents import octets
from hub.ledger.store import newest_checkpoint, read_tile
from hub.ledger.tables import acts, records
from hub.proof.checkpoints import Checkpoint
from hub.proof.errors import ProofError
from hub.proof.lines import Line
from hub.proof.notes import VerifierKey, split_note
from hub.proof.receipts import make_receipt, read_receipt, verify_receipt
from hub.proof.tree import inclusion_proof, verify_inclusion


@dataclass(frozen=True, slots=True)
class Proven:
    """A record with its receipt, which was checked."""

    line: Line
    receipt: str  #: JSON text, indented for people; `hub.proof.receipts` says the form
    size: int  #: records under the checkpoint
    signed: bool  #: its signature was checked too; False: no key of the log is published here


def about(message: str) -> ColumnElement[bool]:
    """Return the condition of every record about a message (32 hex), corrections too."""
    return or_(acts.c.message == message, acts.c.about == message)


def at_place(shard: str, seq: int) -> ColumnElement[bool]:
    """Return the condition of the record with this number in its shard."""
    return (records.c.shard == shard) & (records.c.seq == seq)


def at_position(position: int) -> ColumnElement[bool]:
    """Return the condition of the record at this leaf of the tree, from 0."""
    return records.c.position == position


def published_keys(folder: Path) -> tuple[VerifierKey, ...]:
    """Return the keys in the published folder; empty: it is not here, or holds none."""
    file = folder / "key.pub"
    if not file.is_file():
        return ()
    try:
        return tuple(VerifierKey.parse(line) for line in file.read_text("utf-8").split())
    except ProofError as error:
        raise LedgerBroken(f"{file} does not hold the keys of the log: {error}") from error


def receipts(
    connection: Connection, where: ColumnElement[bool], keys: Sequence[VerifierKey]
) -> Iterator[Proven]:
    """Yield a receipt for each record that matches, in the order of the log.

    Raises:
        NotFound: nothing is sealed yet.
        LedgerBroken: a record, the tree and the checkpoint do not agree; nothing is handed out.

    """
    head = newest_checkpoint(connection)
    if head is None:
        raise NotFound("nothing is sealed yet: there is nothing to prove")
    query = (
        select(
            *(records.c.position, records.c.shard, records.c.seq),
            *(records.c.commitment, records.c.record),
        )
        .join_from(records, acts, acts.c.position == records.c.position)
        .where(where, records.c.position < head.size)
        .order_by(records.c.position)
    )
    for row in connection.execute(query):
        sealed = octets(row.commitment), octets(row.record)
        line = Line(row.position, row.shard, row.seq, *sealed)
        try:
            path = inclusion_proof(
                lambda tile: read_tile(connection, tile), line.position, head.size
            )
            receipt = make_receipt(line, path, head.note)
            _check(receipt, line, path, head.note, keys)
        except (ProofError, UnicodeDecodeError) as error:
            raise LedgerBroken(
                f"the record at position {line.position} ({line.shard}/{line.seq}) cannot be"
                f" proven: {error}. Nothing is handed out. Run `seinhuis audit verify`, and report"
                " it as an incident"
            ) from error
        yield Proven(line, receipt, head.size, bool(keys))


def _check(
    receipt: str, line: Line, path: Sequence[bytes], note: str, keys: Sequence[VerifierKey]
) -> None:
    """Do what the partner will do. ProofError: it would not be accepted."""
    if keys:
        verify_receipt(read_receipt(receipt), keys)
        return
    head = Checkpoint.parse(split_note(note)[0])
    if not verify_inclusion(line.leaf_hash(), line.position, head.size, head.root, path):
        raise ProofError("it does not lead to the root of the checkpoint")
