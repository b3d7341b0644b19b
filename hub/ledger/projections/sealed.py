"""One sealed record, as it stands in the ledger, and the ids that are derived from it."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from hub.ledger.documents import document
from hub.proof.leaves import leaf_hash

_TRACE: Final = b"seinhuis-trace-v1\n"


@dataclass(frozen=True)
class Sealed:
    """A record with its place in the log; `record` are the bytes that were hashed."""

    position: int  #: leaf of the tree, from 0
    shard: str
    seq: int  #: from 1, within its shard
    record: bytes
    commitment: bytes  #: 32 bytes
    salt: bytes | None = None  #: None: erased, or not asked for
    person: bytes | None = (
        None  #: keyed pseudonyms, JSON; None: about nobody, erased, not asked for
    )

    @cached_property
    def document(self) -> dict[str, Any]:
        """The record as it may be read; `schemas.records.Record` says its shape.

        Empty when the bytes are no record: what a hub wrote is sealed whatever it is.
        """
        return document(self.record)

    @cached_property
    def tokens(self) -> dict[str, str]:
        """Kind -> pseudonym (32 hex) of whom it is about; empty when that is not known (any more).

        Without the id of the key under which they were made.
        """
        try:
            found = json.loads(self.person or b"{}").items()
        except (ValueError, AttributeError, RecursionError):
            return {}  # no pseudonyms; the verifier holds it against its commitment
        return {kind: token for kind, token in found if kind != "key" and isinstance(token, str)}

    @cached_property
    def leaf(self) -> bytes:
        """The hash of its leaf (32 bytes): what the tree and every proof hold of it."""
        return leaf_hash(self.shard, self.seq, self.commitment, self.record)

    @property
    def message(self) -> str | None:
        """The message (32 hex) that it is about, also through a delivery; None: about none."""
        thing = self.document.get("object")
        if thing and thing["kind"] in {"message", "delivery"}:
            return str(thing["id"]).rpartition(":")[2]
        return None

    @property
    def trace_id(self) -> str:
        """16 bytes, as 32 lowercase hexadecimal digits (W3C Trace Context).

        The sender's own where it gave one; else made from the message, so that all records of one
        message have the same, also in an export of next year; else from the leaf.
        """
        given = self.document.get("trace_id")
        if given:
            return str(given)
        if self.message is None:
            return hashlib.sha256(_TRACE + self.leaf).hexdigest()[:32]
        return hashlib.sha256(_TRACE + self.message.encode()).hexdigest()[:32]

    def span_id(self, part: str = "") -> str:
        """8 bytes, as 16 lowercase hexadecimal digits; `part` names a part of the record.

        Made from the leaf: unguessable, because a salt of 16 random bytes is in it, and the same
        each time, which fresh chance would not be.
        """
        return hashlib.sha256(b"seinhuis-span-v1\n%b%b" % (self.leaf, part.encode())).hexdigest()[
            :16
        ]
