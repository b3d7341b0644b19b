"""What may be asked of a keyring: one in a file, or a KMS that you put behind this.

Whose keys: a party's (they wrap the keys of its copies), `hub` (of what waits for a person),
`pseudonym` (the tokens of a person in the records) and `log` (Ed25519, signs the checkpoints). A
key is called `<owner>.<number>`; the highest number is in force, older ones open what they sealed.

Trusted: who has the keyring and the data of the broker reads every copy; who has only one of the
two reads none. So never keep the backups of both in one place.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

HUB: Final = "hub"
"""Whose key it is that seals what waits for a person."""

PSEUDONYM: Final = "pseudonym"
LOG: Final = "log"
NOT_WRAPPING: Final = frozenset({PSEUDONYM, LOG})
"""Owners whose keys have another use: nothing is wrapped under them."""


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """What may be told about a key: everything but the key."""

    id: str  #: `gm0363.1`
    owner: str
    use: str  #: `copies`, `held`, `pseudonyms` or `checkpoints`
    made_at: datetime  #: aware, UTC
    in_force: bool  #: the one that new things are sealed or signed with


class LogSigner(Protocol):
    """Signs checkpoints with one key of the log: a `hub.proof.notes.Signer` that knows its half."""

    @property
    def id(self) -> str:
        """Its name in the keyring: `log.1`."""

    @property
    def name(self) -> str:
        """The name in the notes: the origin of the log."""

    @property
    def public_key(self) -> bytes:
        """Ed25519, 32 bytes (RFC 8032)."""

    @property
    def key_id(self) -> bytes:
        """The first 4 bytes of SHA-256(name, newline, 0x01, public key): C2SP signed-note."""

    def sign(self, message: bytes) -> bytes:
        """Return the signature (64 bytes). May block on a KMS; then may raise `Unavailable`."""


class Keyring(Protocol):
    """Wraps and unwraps keys, and keeps those that do so.

    In batches, because a KMS is a call over the network. Durable: a key is kept for good before
    anything is wrapped with it. Every method may raise `Unavailable`: nothing was done, or only a
    key was made that nothing uses yet, and the same call again is safe.
    """

    async def wrap(self, wanted: Sequence[tuple[str, bytes]]) -> list[bytes]:
        """Wrap each key (32 bytes) under the key in force of its owner; makes one if there is none.

        Raises:
            NotUsable: an owner whose keys do not wrap (`pseudonym`, `log`), or that is no name.

        """

    async def unwrap(self, items: Sequence[tuple[str, bytes]]) -> list[bytes]:
        """Return the keys that were wrapped for these owners: all, or none.

        Raises:
            CannotOpen: one was wrapped for another owner, or under a key that is not here any more.

        """

    async def rotate(self, owner: str) -> str:
        """Make a new key for `owner`, in force from now on, and return its id. Not idempotent.

        What was wrapped before stays as it is; `hub.rewrapping` moves it.
        """

    async def retire(self, key_id: str) -> None:
        """Remove an old key for good: what is still wrapped under it never opens again.

        Raises:
            NotFound: there is no such key (any more).
            NotUsable: it is in force; rotate first.

        """

    def names(self) -> list[KeyInfo]:
        """Return what there is, by owner, newest first; makes nothing."""

    def pseudonym_keys(self) -> list[tuple[str, bytes]]:
        """Return id and bytes (32) of the pseudonym keys, newest first; makes the first one.

        The only secrets that leave a keyring: every event needs them several times.
        """

    def signer(self, name: str) -> LogSigner:
        """Return who signs the checkpoints of the log `name` (its origin); makes the first key."""

    def signers(self, name: str) -> list[LogSigner]:
        """Return every signer of the log `name`, newest first: until the old one is retired."""

    def log_keys(self, name: str) -> list[bytes]:
        """Return the public keys (32 bytes) of the log, for who verifies, newest first.

        First those of `signers`, then those of keys that were retired: what they signed stays.
        """

    def keep_log_keys(self, public: Iterable[bytes]) -> None:
        """Keep public keys (32 bytes) of a log whose private halves are lost. Idempotent."""

    def take_created(self) -> list[str]:
        """Return the keys that were made and are not on record yet, oldest first.

        They are given again until `recorded` says so, also after a crash in between: a key may get
        two records of its making, never none.
        """

    def recorded(self, key_ids: Iterable[str]) -> None:
        """Say that the making of these keys is on record. Idempotent."""
