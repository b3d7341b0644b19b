"""What a record becomes in the tree: its leaf. Erasing who it is about leaves every leaf valid.

A leaf commits to the person with a salted hash. With salt and person gone, the record and all
proofs stay as they are, and nobody can test a guess.
"""

import hashlib
import hmac
from typing import Final

PREFIX: Final = b"seinhuis-record-v1\n"
"""Says what is hashed, in which version: no other kind of leaf can be taken for a record."""

SALT_BYTES: Final = 16


def commit(salt: bytes, person: bytes) -> bytes:
    """Return the commitment (32 bytes) to the personal part of a record: HMAC-SHA256.

    `salt`: `SALT_BYTES` bytes, drawn anew for every record, also when it is about nobody.
    `person`: the exact bytes of the personal part; empty when the record is about nobody.
    """
    return hmac.digest(salt, person, "sha256")


def leaf_data(shard: str, seq: int, commitment: bytes, record: bytes) -> bytes:
    """Return the bytes that stand for a record: prefix, shard, seq, commitment and the record.

    `seq` counts from 1 within `shard`; `record` are the bytes as they were sealed, never made anew.
    Four lines and the record: only a shard could blur where one ends, so it may hold no line end.
    """
    if "\n" in shard:
        raise ValueError("a shard may not contain a line end: two records would share a leaf")
    return b"%b%b\n%d\n%b\n%b" % (PREFIX, shard.encode(), seq, commitment.hex().encode(), record)


def leaf_hash(shard: str, seq: int, commitment: bytes, record: bytes) -> bytes:
    """Return the hash of the leaf (32 bytes), RFC 6962 §2.1: SHA-256 over 0x00 and the data."""
    return hashlib.sha256(b"\x00" + leaf_data(shard, seq, commitment, record)).digest()
