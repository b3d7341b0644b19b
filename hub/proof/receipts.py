"""A receipt: one record, and the proof that it is in the log. Checked offline, with the key alone.

A JSON object: `record` (position, shard, seq, commitment, record) and `proof`, a C2SP tlog-proof.
It holds no person: the commitment says nothing without the salt, and that stays with the hub.
"""

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hub.proof.checkpoints import Checkpoint, open_checkpoint
from hub.proof.errors import Malformed
from hub.proof.lines import Line, read_json
from hub.proof.notes import VerifierKey
from hub.proof.tree import verify_inclusion

FIRST_LINE: Final = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt that was read; nothing of it is proven until `verify_receipt` says so."""

    line: Line
    index: int
    hashes: tuple[bytes, ...]
    note: str  #: the signed checkpoint


def make_receipt(line: Line, proof: Sequence[bytes], note: str) -> str:
    """Return the receipt as JSON text, indented for people, ended.

    `proof`: from `tree.inclusion_proof` for `line.position`, in the tree of the checkpoint in
    `note`. Salt and person are left out, also when `line` has them.
    """
    record = {
        "position": line.position,
        "shard": line.shard,
        "seq": line.seq,
        "commitment": line.commitment.hex(),
        "record": line.record.decode(),
    }
    receipt = {"record": record, "proof": proof_text(line.position, proof, note)}
    return json.dumps(receipt, ensure_ascii=False, indent=2) + "\n"


def proof_text(index: int, proof: Sequence[bytes], note: str) -> str:
    """Return the C2SP tlog-proof: a text of its own, that other programs check too."""
    hashes = "".join(f"{base64.b64encode(node).decode()}\n" for node in proof)
    return f"{FIRST_LINE}\nindex {index}\n{hashes}\n{note}"


def read_receipt(text: str) -> Receipt:
    """Read a receipt. Malformed: another form, or a field twice. Reading it proves nothing."""
    try:
        receipt = read_json(text)
    except ValueError as error:
        raise Malformed(f"a receipt is JSON, and this is not: {error}") from error
    if not isinstance(receipt, dict) or set(receipt) != {"record", "proof"}:
        raise Malformed("a receipt is a JSON object with `record` and `proof`, and nothing else")
    line = Line.of(_mapping(receipt["record"]))
    index, hashes, note = _read_proof(receipt["proof"])
    return Receipt(line, index, hashes, note)


def verify_receipt(
    receipt: Receipt, keys: Iterable[VerifierKey]
) -> tuple[Checkpoint, tuple[VerifierKey, ...]]:
    """Return the checkpoint that proves the record, and who signed it.

    Malformed: the parts do not belong together, or the proof does not lead from the record to the
    root. Errors of the signature: as `open_checkpoint`.
    """
    checkpoint, signers = open_checkpoint(receipt.note, keys)
    if receipt.index != receipt.line.position:
        raise Malformed(
            f"the proof is about position {receipt.index} and the record says "
            f"{receipt.line.position}: they do not belong together"
        )
    leaf = receipt.line.leaf_hash()
    if not verify_inclusion(leaf, receipt.index, checkpoint.size, checkpoint.root, receipt.hashes):
        raise Malformed(
            "the proof does not lead from this record to the signed root: the record, its shard, "
            "seq, commitment or the proof was changed"
        )
    return checkpoint, signers


def _mapping(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Malformed("`record` of a receipt is an object")
    return value


def _read_proof(text: object) -> tuple[int, tuple[bytes, ...], str]:
    if not isinstance(text, str):
        raise Malformed("`proof` of a receipt is a text")
    head, blank, note = text.partition("\n\n")
    first, *lines = head.split("\n")
    if not blank or first != FIRST_LINE or not lines:
        raise Malformed(f"a proof begins with `{FIRST_LINE}`, and a blank line ends its hashes")
    if lines[0].startswith("extra "):  # the standard lets it be there, unproven: not used here
        lines = lines[1:]
    word, _, digits = lines[0].partition(" ") if lines else ("", "", "")
    if word != "index" or not digits.isascii() or not digits.isdecimal() or len(digits) > 19:
        raise Malformed("the line before the hashes of a proof is `index` and a number")
    return int(digits), tuple(_hash(line) for line in lines[1:]), note


def _hash(line: str) -> bytes:
    try:
        node = base64.b64decode(line, validate=True)
    except ValueError:
        node = b""
    if len(node) != 32:
        raise Malformed("the hashes of a proof are 32 bytes in standard base64, one a line")
    return node
