"""Open one sealed copy: a key pair for this once, and how to read what the hub answers with it.

The hub seals the key of the copy to the public key (HPKE, RFC 9180), so that nobody but who made
the pair can read the answer: not who reads the broker, and no other reader of the same party.
"""

import base64
import json
from typing import Any, Final

from hub.vault import envelope

PATIENCE_S: Final = 10.0
"""How long a reader waits for the answer to an opening; the hub keeps it for two minutes."""

is_sealed = envelope.is_sealed


class Opening:
    """A key pair that is used once. Keep it until the answer is read; it is never stored."""

    __slots__ = ("_private", "public_key")

    def __init__(self) -> None:
        """Make the key pair; `public_key` is what `data.sleutel` says: standard base64."""
        self._private, public = envelope.key_pair()
        self.public_key = base64.b64encode(public).decode()

    def read(
        self, answer: bytes, sealed: bytes, shard: str, party: str, message: str
    ) -> dict[str, Any]:
        """Return the CloudEvent that `sealed` is, with what the hub answered to this opening.

        Raises:
            CannotOpen: the answer is to another key, or is about another copy.

        """
        place = (shard, party, message)
        key = envelope.read_answer(answer, self._private, place)
        event: dict[str, Any] = json.loads(envelope.open_sealed(sealed, key, place))
        return event
