"""The keyring that is a file, for one machine. What may be asked of it: `hub.vault.interface`."""

import asyncio
import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.errors import NotFound, NotUsable
from hub.vault.envelope import (
    KEY_BYTES,
    NONCE_BYTES,
    CannotOpen,
    key_id_of,
    unwrap_key,
    wrap_key,
)
from hub.vault.interface import HUB, LOG, NOT_WRAPPING, PSEUDONYM, KeyInfo, Keyring, LogSigner
from hub.vault.keyring_file import Key, KeyringFile, KeyringUnavailable, Ring, Stamp, parts_of

__all__ = ["FileKeyring", "KeyInfo", "Keyring", "KeyringUnavailable", "LogSigner"]

_USES: Final = {HUB: "held", PSEUDONYM: "pseudonyms", LOG: "checkpoints"}
_ED25519: Final = b"\x01"  # C2SP signed-note: the algorithm, as it goes into the key id


class FileKeyring:
    """A keyring in `keyring.json`, readable by its owner only.

    Several processes may use it: what another one made, rotated or retired counts at the next
    call. Safe for threads. A file that is lost is never replaced by a new one while this lives.
    """

    def __init__(self, folder: Path, clock: Callable[[], datetime] | None = None) -> None:
        """Read the keyring of `folder`; nothing is made yet, not even the folder.

        Raises:
            NotUsable: the keyring is broken, or others can read it; with the way out.

        """
        self._file = KeyringFile(folder)
        self._clock = clock or (lambda: datetime.now(UTC))
        self._held = _Held(self._file.stamp(), self._file.read())

    async def wrap(self, wanted: Sequence[tuple[str, bytes]]) -> list[bytes]:
        """Wrap with AES-256-GCM under the owners' keys in force; see `Keyring`."""
        owners = {owner for owner, _ in wanted}
        if owners & NOT_WRAPPING:
            raise NotUsable(
                "a party cannot be called pseudonym or log: the keyring has keys of that name for"
                " another use; give it another id in the role config"
            )
        held = self._current()
        if not owners <= held.in_force.keys():
            held = await asyncio.to_thread(self._with, owners)  # a slow disk holds nobody else up
        nonces = os.urandom(NONCE_BYTES * len(wanted))
        wrapped = []
        for at, (owner, key) in enumerate(wanted):
            key_id, cipher = held.wrapping[owner]
            nonce = nonces[at * NONCE_BYTES : (at + 1) * NONCE_BYTES]
            wrapped.append(wrap_key(cipher, key_id, key, nonce))
        return wrapped

    async def unwrap(self, items: Sequence[tuple[str, bytes]]) -> list[bytes]:
        """Unwrap in memory; see `Keyring`."""
        held = self._current()
        if any(key_id_of(wrapped) not in held.ciphers for _, wrapped in items):
            held = self._reread()
        return [_unwrapped(held, owner, wrapped) for owner, wrapped in items]

    async def rotate(self, owner: str) -> str:
        """Make a key and have it on disk before it is in force; see `Keyring`."""
        return await asyncio.to_thread(self._rotated, owner)

    async def retire(self, key_id: str) -> None:
        """Take the key out of the file; see `Keyring`.

        The file is replaced: its old bytes may stay on the disk until they are written over.
        """
        await asyncio.to_thread(self._retired, key_id)

    def names(self) -> list[KeyInfo]:
        """List what the file holds; see `Keyring`."""
        held = self._current()
        ordered = sorted(held.ring.keys.values(), key=lambda key: (key.owner, -key.number))
        return [
            KeyInfo(
                key.id,
                key.owner,
                _USES.get(key.owner, "copies"),
                key.made_at,
                key.id == held.in_force[key.owner].id,
            )
            for key in ordered
        ]

    def pseudonym_keys(self) -> list[tuple[str, bytes]]:
        """Release the pseudonym keys; see `Keyring`."""
        return [(key.id, key.secret) for key in self._with({PSEUDONYM}).of(PSEUDONYM)]

    def signer(self, name: str) -> LogSigner:
        """Return the signer with the key in force; see `Keyring`."""
        return self.signers(name)[0]

    def signers(self, name: str) -> list[LogSigner]:
        """Return a signer for each key of the log; see `Keyring`."""
        return [_signer(name, key) for key in self._with({LOG}).of(LOG)]

    def log_keys(self, name: str) -> list[bytes]:
        """Return the public halves; see `Keyring`."""
        signing = [signer.public_key for signer in self.signers(name)]
        retired = self._current().ring.retired_log
        return [*signing, *(each for each in retired if each not in signing)]

    def keep_log_keys(self, public: Iterable[bytes]) -> None:
        """Keep public halves that others lost with their keyring; see `Keyring`."""
        with self._file.changing():
            ring = self._reread().ring
            new = [each for each in public if each not in ring.retired_log]
            if new:
                self._replace(replace(ring, retired_log=(*ring.retired_log, *new)))

    def take_created(self) -> list[str]:
        """Return what the file says is not on record; see `Keyring`."""
        return list(self._current().ring.unrecorded)

    def recorded(self, key_ids: Iterable[str]) -> None:
        """Strike them off in the file; see `Keyring`."""
        done = set(key_ids)
        if done.isdisjoint(self._current().ring.unrecorded):
            return
        with self._file.changing():
            ring = self._reread().ring
            left = tuple(key_id for key_id in ring.unrecorded if key_id not in done)
            self._replace(replace(ring, unrecorded=left))

    def _with(self, owners: AbstractSet[str]) -> "_Held":
        """Return the keys, with one in force for each of these owners."""
        held = self._current()
        if owners <= held.in_force.keys():
            return held
        with self._file.changing():
            held = self._reread()  # another process may have made them since
            made = [self._new(owner, 1) for owner in sorted(owners - held.in_force.keys())]
            return self._replace(_more(held.ring, made)) if made else held

    def _rotated(self, owner: str) -> str:
        with self._file.changing():
            held = self._reread()
            before = held.in_force.get(owner)
            key = self._new(owner, before.number + 1 if before is not None else 1)
            self._replace(_more(held.ring, [key]))
        return key.id

    def _retired(self, key_id: str) -> None:
        with self._file.changing():
            held = self._reread()
            key = held.ring.keys.get(key_id)
            if key is None:
                raise NotFound("no such key in the keyring; see: seinhuis keys list")
            if held.in_force[key.owner].id == key_id:
                raise NotUsable(f"{key_id} is in force: first run seinhuis keys rotate {key.owner}")
            left = {other: each for other, each in held.ring.keys.items() if other != key_id}
            retired = held.ring.retired_log
            if key.owner == LOG:
                retired = (_signer("", key).public_key, *retired)
            self._replace(replace(held.ring, keys=left, retired_log=retired))

    def _new(self, owner: str, number: int) -> Key:
        if parts_of(f"{owner}.{number}") is None:
            raise NotUsable("keys belong to a party of the role config, hub, pseudonym or log")
        return Key(owner, number, self._clock(), os.urandom(KEY_BYTES))

    def _current(self) -> "_Held":
        """Return the keys, read again when the file was replaced."""
        held = self._held
        return held if self._file.stamp() == held.stamp else self._reread()

    def _reread(self) -> "_Held":
        stamp = self._file.stamp()  # before reading: what is replaced in between is seen next time
        try:
            ring = self._file.read()
        except NotUsable as error:
            # It was good when this process started: work waits until it is good again.
            raise KeyringUnavailable(str(error)) from None
        if self._held.ring.keys and not ring.keys:
            raise KeyringUnavailable(
                "the keyring was there and is gone: mount its folder, or put back its backup;"
                " no new keys are made in its place"
            )
        self._held = _Held(stamp, ring)
        return self._held

    def _replace(self, ring: Ring) -> "_Held":
        self._file.replace(ring)
        self._held = _Held(self._file.stamp(), ring)
        return self._held


class _Held:
    """The keys in memory as the file said at `stamp`, with what is made of them."""

    def __init__(self, stamp: Stamp | None, ring: Ring) -> None:
        self.stamp = stamp
        self.ring = ring
        by_number = sorted(ring.keys.values(), key=lambda key: key.number)
        self.in_force = {key.owner: key for key in by_number}
        self.ciphers = {
            key.id: AESGCM(key.secret) for key in by_number if key.owner not in NOT_WRAPPING
        }
        self.wrapping = {
            owner: (key.id, self.ciphers[key.id])
            for owner, key in self.in_force.items()
            if owner not in NOT_WRAPPING
        }

    def of(self, owner: str) -> list[Key]:
        """Return the keys of an owner, newest first."""
        mine = [key for key in self.ring.keys.values() if key.owner == owner]
        return sorted(mine, key=lambda key: -key.number)


@dataclass(frozen=True, slots=True)
class _FileSigner:
    """A `LogSigner` whose private half is in memory."""

    id: str
    name: str
    public_key: bytes
    key_id: bytes
    private: Ed25519PrivateKey = field(repr=False)

    def sign(self, message: bytes) -> bytes:
        return self.private.sign(message)


def _signer(name: str, key: Key) -> LogSigner:
    private = Ed25519PrivateKey.from_private_bytes(key.secret)
    public = private.public_key().public_bytes_raw()
    key_id = hashlib.sha256(b"%s\n%s%s" % (name.encode(), _ED25519, public)).digest()[:4]
    return _FileSigner(key.id, name, public, key_id, private)


def _more(ring: Ring, made: Sequence[Key]) -> Ring:
    added = {key.id: key for key in made}
    return replace(ring, keys={**ring.keys, **added}, unrecorded=(*ring.unrecorded, *added))


def _unwrapped(held: _Held, owner: str, wrapped: bytes) -> bytes:
    key_id = key_id_of(wrapped)
    parts, cipher = parts_of(key_id), held.ciphers.get(key_id)
    if parts is None or parts[0] != owner:
        raise CannotOpen("a key was wrapped for another party than the one that asks")
    if cipher is None:
        raise CannotOpen(
            f"the key {key_id} is not in the keyring: it was retired, or this is not the keyring"
            " that belongs to this broker; put back the backup of that one"
        )
    return unwrap_key(cipher, wrapped)
