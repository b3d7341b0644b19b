"""The person in a record, as keyed pseudonyms: erasable, without breaking any proof.

The bytes are compact JSON with sorted keys: a token for each of `KINDS` that the event has, and
`key`, the id of the key that made them. A token is 32 hexadecimal digits: the first 16 bytes of
HMAC-SHA256(key, kind + NUL + value); `cause` is made as an `id`, so that an answer and what it
answers have the same token. Who holds the key can ask for everything about a person; who
does not, cannot find out by trying every BSN (there are fewer than 10^8 of them).
"""

import hashlib
from collections.abc import Sequence
from typing import Any, Final

from schemas.envelope import Envelope
from schemas.identifiers import oin_of

KINDS: Final = ("bsn", "case", "cause", "id", "ref", "report")
"""What an event can have of a person, in the order of the bytes.

bsn: the burgerservicenummer; case: `correlationid`; cause: `causationid`; id: the event's own id;
ref: see `subject`; report: `meldingId`.
"""

_TOKEN: Final = 32
_BLOCK: Final = 64  # of SHA-256, in bytes


def subject(oin: str, ref: str) -> str:
    """Return the value of kind `ref`: the sender's betrokkeneRef, which means something there only.

    >>> subject("00000099000000006000", "btr-0000001")
    '00000099000000006000:btr-0000001'
    """
    return f"{oin}:{ref}"


class Pseudonyms:
    """Makes tokens with the first of `keys` (key id, key), and asks under all of them.

    The keys stay in memory: a keyring elsewhere would cost a call for every event. Immutable, and
    safe to use from several threads.
    """

    def __init__(self, keys: Sequence[tuple[str, bytes]]) -> None:
        if not keys:
            raise ValueError("pseudonyms are made with a key: the keyring makes one at first use")
        self._made = [
            {kind: _absorbed(key, "id" if kind == "cause" else kind) for kind in KINDS}
            for _, key in keys
        ]
        self._now = self._made[0]
        self._key = f'"key":"{keys[0][0]}",'

    def of(self, event: Envelope) -> bytes:
        """Return the personal part of a record about `event`; about 6 µs, and never raises.

        b"" when it has nothing of any kind. An act has what its own envelope says; whom its
        message is about stands with the record of that message.
        """
        data = event.data
        ref = getattr(data, "data_subject_ref", None)
        # In the order of KINDS, with `key` between `id` and `ref`: sorted, and so always the same.
        values = (
            ("bsn", getattr(getattr(data, "data_subject", None), "bsn", None)),
            ("case", event.correlationid),
            ("cause", event.causationid),
            ("id", event.id),
            ("ref", subject(oin_of(event.source), ref) if ref else None),
            ("report", getattr(data, "report_id", None)),
        )
        made = self._now
        head = tail = ""
        for kind, value in values:
            if value:
                part = f'"{kind}":"{_token(made[kind], value)}",'
                if kind < "key":
                    head += part
                else:
                    tail += part
        if not head and not tail:
            return b""
        return f"{{{head}{self._key}{tail}"[:-1].encode() + b"}"

    def tokens(self, kind: str, value: str) -> list[str]:
        """Return the token of a value of one of `KINDS` under every key, the one in force first.

        Ask for each of them: records keep the tokens of the key of their day.
        """
        if kind not in KINDS:
            raise ValueError(f"a pseudonym is of one of these kinds: {', '.join(KINDS)}")
        return [_token(made[kind], value) for made in self._made]


def _absorbed(key: bytes, kind: str) -> tuple[Any, Any]:
    """Return both halves of HMAC-SHA256 (RFC 2104) with the key in them, the inner with the kind.

    Copying these costs a third of a new HMAC, and this is done six times for every event.
    """
    block = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block) + kind.encode() + b"\0")
    return inner, hashlib.sha256(bytes(byte ^ 0x5C for byte in block))


def _token(made: tuple[Any, Any], value: str) -> str:
    inner, outer = made[0].copy(), made[1].copy()
    inner.update(value.encode("utf-8", "surrogatepass"))
    outer.update(inner.digest())
    token: str = outer.hexdigest()[:_TOKEN]
    return token
