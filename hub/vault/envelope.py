r"""What is sealed and how: a copy, the key of a copy, and the answer to who may open one.

A *sealed copy* is AES-256-GCM (NIST SP 800-38D) under a key of its own, which is used once:

    0x01 ‖ nonce (12 bytes) ‖ ciphertext and tag

bound to its place (`shard`, `party`, `message`) as additional data, so that a copy that was moved
to another inbox does not open there. A *wrapped key* is that key under the key of the party:

    key id ‖ "\n" ‖ nonce (12 bytes) ‖ ciphertext and tag (48 bytes)

An *answer* is that key once more, for one reader: HPKE (RFC 9180, base mode, X25519, HKDF-SHA256,
AES-256-GCM; additional data empty) to the public key that the reader gave with its question,
with the same place as `info`: encapsulated key (32 bytes) ‖ ciphertext and tag (48 bytes).

No names of the domain and no state here: keys come in as arguments.
"""

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from hub.errors import HubError

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12

_VERSION: Final = b"\x01"
_TAG_BYTES: Final = 16
_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class CannotOpen(HubError):  # noqa: N818 - named after what is the matter, as in hub.errors
    """This does not open: another key, another place, or not the bytes that were sealed.

    Which of these cannot be known, and the text says nothing of the content. Not retried: the same
    call fails again. Compare the backup of the keyring with that of the broker.
    """


def is_sealed(content: bytes) -> bool:
    """Return whether these bytes are a sealed copy. JSON never starts with that byte."""
    return content[:1] == _VERSION


def seal(content: bytes, key: bytes, nonce: bytes, place: tuple[str, str, str]) -> bytes:
    """Seal `content` at its place (shard, party, message).

    `key` (32 bytes) is for this content only and `nonce` (12 bytes) is random: a key that sealed
    two contents under one nonce gives both away.
    """
    return _VERSION + nonce + AESGCM(key).encrypt(nonce, content, _at(b"copy", place))


def open_sealed(sealed: bytes, key: bytes, place: tuple[str, str, str]) -> bytes:
    """Return the content that was sealed with `key` at this place (shard, party, message).

    Raises:
        CannotOpen: it was not, or the bytes were changed.

    """
    if not is_sealed(sealed):
        raise CannotOpen("these bytes are not a sealed copy: is it one that was never sealed?")
    start = len(_VERSION) + NONCE_BYTES
    try:
        return AESGCM(key).decrypt(sealed[1:start], sealed[start:], _at(b"copy", place))
    except (InvalidTag, ValueError):
        raise CannotOpen(
            "the copy does not open with this key at this place (shard, party, message)"
        ) from None


def wrap_key(wrapping: AESGCM, key_id: str, key: bytes, nonce: bytes) -> bytes:
    """Return `key` wrapped under the key `key_id`; `nonce` is 12 random bytes.

    Random nonces are safe for 2**32 wrappings under one key (SP 800-38D §8.3): rotate before.
    """
    name = key_id.encode()
    return b"%s\n%s%s" % (name, nonce, wrapping.encrypt(nonce, key, b"seinhuis-key-v1\n" + name))


def key_id_of(wrapped: bytes) -> str:
    """Return which key a key was wrapped under: `gm0363.1`.

    Raises:
        CannotOpen: it is no wrapped key.

    """
    name, newline, rest = wrapped.partition(b"\n")
    if not newline or not name.isascii() or len(rest) != NONCE_BYTES + KEY_BYTES + _TAG_BYTES:
        raise CannotOpen("these bytes are not a wrapped key")
    return name.decode("ascii")


def unwrap_key(wrapping: AESGCM, wrapped: bytes) -> bytes:
    """Return the key that was wrapped under `wrapping`.

    Raises:
        CannotOpen: it was wrapped under another key of that name, or the bytes were changed.

    """
    name = key_id_of(wrapped).encode()
    start = len(name) + 1
    nonce, body = wrapped[start : start + NONCE_BYTES], wrapped[start + NONCE_BYTES :]
    try:
        return wrapping.decrypt(nonce, body, b"seinhuis-key-v1\n" + name)
    except InvalidTag:
        raise CannotOpen(
            f"a key does not open under {name.decode()} of this keyring: is it the keyring that"
            " belongs to this broker? Put back the backup of that one"
        ) from None


def key_pair() -> tuple[X25519PrivateKey, bytes]:
    """Return a fresh key to ask with: the private half, and the 32 public bytes to send along.

    For one question. The private half never leaves who asks, and is thrown away after the answer.
    """
    private = X25519PrivateKey.generate()
    return private, private.public_key().public_bytes_raw()


def is_public_key(public_key: bytes) -> bool:
    """Return whether an answer can be sealed to these bytes: an X25519 key, not a weak one.

    A weak one (of low order, RFC 7748 §6.1) would make an answer that anybody can read.
    """
    try:
        X25519PrivateKey.generate().exchange(X25519PublicKey.from_public_bytes(public_key))
    except ValueError:
        return False
    return True


def answer(key: bytes, public_key: bytes, place: tuple[str, str, str]) -> bytes:
    """Return `key` (of the copy at that place) so that only the owner of `public_key` reads it.

    Raises:
        CannotOpen: `public_key` is not one that an answer can be sealed to; see `is_public_key`.

    """
    try:
        return _SUITE.encrypt(
            key, X25519PublicKey.from_public_bytes(public_key), _at(b"opening", place)
        )
    except ValueError:
        raise CannotOpen(
            "the key that was given with the opening is not an X25519 public key: make a fresh one"
        ) from None


def read_answer(
    answered: bytes, private_key: X25519PrivateKey, place: tuple[str, str, str]
) -> bytes:
    """Return the key of the copy at that place from the answer to who has `private_key`.

    Raises:
        CannotOpen: the answer is to another question, or about another copy.

    """
    try:
        return _SUITE.decrypt(answered, private_key, _at(b"opening", place))
    except (InvalidTag, ValueError):
        raise CannotOpen(
            "the answer does not open with this key at this place: ask again with a fresh key"
        ) from None


def random_keys(count: int) -> list[tuple[bytes, bytes]]:
    """Return `count` times a fresh key and a fresh nonce, from the system's generator."""
    size = KEY_BYTES + NONCE_BYTES
    drawn = os.urandom(count * size)  # one call: the system call costs more than the bytes
    return [
        (drawn[at : at + KEY_BYTES], drawn[at + KEY_BYTES : at + size])
        for at in range(0, count * size, size)
    ]


def _at(what: bytes, place: tuple[str, str, str]) -> bytes:
    return b"seinhuis-%s-v1\n%s" % (what, "\n".join(place).encode())
