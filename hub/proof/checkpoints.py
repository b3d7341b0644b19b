"""A checkpoint: how many records there are, and the root over them. C2SP tlog-checkpoint.

Signed as a note (`hub.proof.notes`), it is what the log promises: nothing below it changes again.
"""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from hub.proof.errors import Malformed, WrongSignature
from hub.proof.notes import LOG, Signer, VerifierKey, open_note, sign

LARGEST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a log: `size` records from position 0, and the root (32 bytes) of their tree."""

    origin: str  #: which log: the name of its keys
    size: int
    root: bytes

    def body(self) -> str:
        """Return the three lines that are signed; the last one ends too."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, body: str) -> "Checkpoint":
        """Read the three lines. Malformed: another form, also one that only looks the same.

        The standard lets other lines follow. This log writes none, and nobody could audit them, so
        they are refused.
        """
        lines = body.split("\n")
        if len(lines) != 4 or lines[3]:
            raise Malformed(
                "a checkpoint of this log is three lines, each ended: origin, size and root; "
                f"this has {body.count(chr(10))}"
            )
        origin, size, root = lines[:3]
        if not origin:
            raise Malformed("line 1 of a checkpoint is the origin: it may not be empty")
        number = int(size) if size.isascii() and size.isdecimal() and len(size) < 20 else -1
        if not 0 <= number <= LARGEST or str(number) != size:
            raise Malformed("line 2 of a checkpoint is the size: digits, no zero in front")
        try:
            decoded = base64.b64decode(root, validate=True)
        except (binascii.Error, ValueError):
            decoded = b""
        checkpoint = cls(origin, number, decoded)
        if len(decoded) != 32 or checkpoint.body() != body:
            raise Malformed("line 3 of a checkpoint is the root: 32 bytes in standard base64")
        return checkpoint


def sign_checkpoint(checkpoint: Checkpoint, *signers: Signer) -> str:
    """Return the note: the checkpoint with a signature of each signer, in their order."""
    return sign(checkpoint.body(), *signers)


def open_checkpoint(
    note: str, keys: Iterable[VerifierKey]
) -> tuple[Checkpoint, tuple[VerifierKey, ...]]:
    """Return the checkpoint and which of `keys` signed it, the log's own and witnesses.

    At least one key of the log itself must have: NotSigned otherwise. WrongSignature: a signature
    of a known key does not hold, or the key belongs to another log. Malformed: not a checkpoint.
    """
    known = tuple(keys)
    body, verified = open_note(note, known, needed=LOG)
    checkpoint = Checkpoint.parse(body)
    for key in verified:
        if key.algorithm == LOG and key.name != checkpoint.origin:
            raise WrongSignature(
                f"the key {key.label} signed a checkpoint of another log than its own: "
                "a log signs with keys that bear its name"
            )
    return checkpoint, verified
