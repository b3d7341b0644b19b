"""Text with signatures that a person can read: C2SP signed-note, and tlog-cosignature (v1).

    <text, ends in a newline>
    <blank line>
    — <name of the key> <base64 of key id and signature>

Both kinds sign with Ed25519. `LOG` is the signature of the log itself, over the text; `WITNESS` is
that of another organisation, over the moment and the text.
"""

import base64
import binascii
import hashlib
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from hub.proof.errors import Malformed, NotSigned, WrongSignature

LOG: Final = 0x01
WITNESS: Final = 0x04
DASH: Final = "— "
LARGEST_NOTE: Final = 65_536
"""Characters. A note of ours has 300; whoever sends more wants us to work."""


class Signer(Protocol):
    """Who signs notes: a key in a file, or one in a KMS or HSM that never leaves it."""

    @property
    def name(self) -> str:
        """The name of the key: for a log its origin."""

    @property
    def key_id(self) -> bytes:
        """Four bytes that follow from name, algorithm and public key: `VerifierKey.key_id`."""

    def sign(self, message: bytes) -> bytes:
        """Return the signature over the text of a note, as it follows the key id. May block.

        Raises what the key store raises; then nothing was signed, and trying again is safe.
        """


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """The public half of a key. Its text form is a vkey: `<name>+<key id, hex>+<base64>`."""

    name: str  #: no space, no plus
    algorithm: int  #: LOG or WITNESS
    public: bytes  #: Ed25519, 32 bytes

    @property
    def key_id(self) -> bytes:
        """The first four bytes of SHA-256(name ‖ newline ‖ algorithm ‖ public key)."""
        named = self.name.encode() + b"\n" + bytes([self.algorithm]) + self.public
        return hashlib.sha256(named).digest()[:4]

    @property
    def label(self) -> str:
        """The name and key id, as a person reads them."""
        return f"{self.name}+{self.key_id.hex()}"

    def __str__(self) -> str:
        material = base64.b64encode(bytes([self.algorithm]) + self.public).decode()
        return f"{self.label}+{material}"

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """Read a vkey. Malformed: it is none, or its key id does not belong to its key."""
        name, _, rest = text.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        material = _decoded(encoded)
        if not _is_name(name) or material is None or len(material) != 33:
            raise Malformed("a key is `<name>+<8 hex>+<base64 of 33 bytes>` on one line")
        key = cls(name, material[0], material[1:])
        if key.algorithm not in {LOG, WITNESS}:
            raise Malformed(f"the key {key.label} is not Ed25519 (type 01, or 04 for a witness)")
        if key.key_id.hex() != key_id:
            raise Malformed(
                f"the key id of the key of {name} should be {key.key_id.hex()}: "
                "a character of the key was changed on its way; get it again"
            )
        return key

    def verify(self, body: str, signature: bytes) -> bool:
        """Say whether `signature` (what follows the key id) is one of this key over `body`."""
        message = body.encode()
        if self.algorithm == WITNESS:
            if len(signature) != 72 or signature[0] & 0x80:
                return False
            message = cosigned(body, int.from_bytes(signature[:8]))
            signature = signature[8:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


class Ed25519Signer:
    """Signs with a private key in memory: for a log, or with `WITNESS` for another's log."""

    def __init__(self, name: str, seed: bytes, algorithm: int = LOG) -> None:
        """Sign as `name`; `seed` is the private key: 32 bytes of chance, ValueError otherwise."""
        if not _is_name(name):
            raise ValueError("the name of a key is not empty and has no space and no plus")
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier: Final = VerifierKey(
            name, algorithm, self._key.public_key().public_bytes_raw()
        )

    @property
    def name(self) -> str:
        """The name of the key."""
        return self.verifier.name

    @property
    def key_id(self) -> bytes:
        """Its four bytes on a signature line."""
        return self.verifier.key_id

    def sign(self, message: bytes) -> bytes:
        """Return the signature; of a witness, with the moment (now, whole seconds) in front."""
        if self.verifier.algorithm == LOG:
            return self._key.sign(message)
        now = int(time.time())
        return now.to_bytes(8) + self._key.sign(cosigned(message.decode(), now))


def cosigned(body: str, moment: int) -> bytes:
    """Return what a witness signs: that it saw `body` at `moment` (seconds since 1970, UTC)."""
    return f"cosignature/v1\ntime {moment}\n{body}".encode()


def sign(body: str, *signers: Signer) -> str:
    """Return the note over `body`, which ends in a newline. ValueError: it does not."""
    if not body.endswith("\n"):
        raise ValueError("the text of a note ends in a newline")
    return body + "\n" + "".join(signature_line(body, signer) for signer in signers)


def signature_line(body: str, signer: Signer) -> str:
    """Return one signature over `body` as a line: to add behind those of an existing note."""
    signature = base64.b64encode(signer.key_id + signer.sign(body.encode())).decode()
    return f"{DASH}{signer.name} {signature}\n"


def open_note(
    note: str, keys: Iterable[VerifierKey], needed: int | None = None
) -> tuple[str, tuple[VerifierKey, ...]]:
    """Return the text of a note and which of `keys` signed it. Signatures of others are ignored.

    Malformed: not a note. WrongSignature: a line names a key of `keys` and its signature does not
    hold. NotSigned: none of them signed (with `needed`: none of that algorithm).
    """
    body, signatures = split_note(note)
    by_id = {(key.name, key.key_id): key for key in keys}
    verified: dict[VerifierKey, None] = {}
    for name, key_id, signature in signatures:
        key = by_id.get((name, key_id))
        if key is None:
            continue
        if not key.verify(body, signature):
            raise WrongSignature(
                f"the signature of {key.label} does not hold: this text is not what that key "
                "signed; keep it as evidence"
            )
        verified[key] = None
    if not any(needed in {None, key.algorithm} for key in verified):
        raise NotSigned(body, tuple(f"{name}+{key_id.hex()}" for name, key_id, _ in signatures))
    return body, tuple(verified)


def cosigned_at(note: str, key: VerifierKey) -> int:
    """Return when the witness `key` signed, seconds since 1970, UTC. Errors: as `open_note`."""
    open_note(note, [key])
    _, signatures = split_note(note)
    return max(
        int.from_bytes(signature[:8])
        for name, key_id, signature in signatures
        if (name, key_id) == (key.name, key.key_id)
    )


def split_note(note: str) -> tuple[str, tuple[tuple[str, bytes, bytes], ...]]:
    """Take a note apart, proving nothing: its text, and (name, key id, signature) of each line."""
    if len(note) > LARGEST_NOTE:
        raise Malformed(f"a note has at most {LARGEST_NOTE} characters; this is something else")
    if any(letter < " " and letter != "\n" for letter in note):
        raise Malformed("a note has no control characters; was it saved with other line ends?")
    body, blank, lines = note.rpartition("\n\n")
    if not blank or not body or not lines.endswith("\n"):
        raise Malformed("a note is a text, a blank line, and signature lines, all of them ended")
    return f"{body}\n", tuple(_signature(line) for line in lines[:-1].split("\n"))


def _signature(line: str) -> tuple[str, bytes, bytes]:
    name, space, encoded = line.removeprefix(DASH).partition(" ")
    signature = _decoded(encoded)
    if not line.startswith(DASH) or not space or not _is_name(name) or signature is None:
        raise Malformed("a signature line is an em dash, the name of a key, and base64")
    if len(signature) < 5:
        raise Malformed("a signature is four bytes of key id and the signature itself")
    return name, signature[:4], signature[4:]


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(letter.isspace() for letter in name)


def _decoded(text: str) -> bytes | None:
    """Return the bytes of standard base64, or None for anything else that only decodes to some."""
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return decoded if base64.b64encode(decoded).decode() == text else None
