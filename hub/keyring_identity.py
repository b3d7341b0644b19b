"""Whether a keyring is the one that belongs to a broker: another must not be used unnoticed.

The broker keeps a mark: a fingerprint of the newest pseudonym key. With another keyring, or an
empty one, the hub would make new keys, open nothing of what is there, and find no person again.

The keyring remembers that a broker has its mark. A broker without one is then one that lost its
data, and with it what it had accepted and what it knew of duplicates: nothing starts on it.
"""

import contextlib
import hmac
from pathlib import Path
from typing import Final

from hub.errors import NotUsable
from hub.stores.config_documents import ConfigDocuments
from hub.vault.interface import PSEUDONYM, Keyring

_FINGERPRINT: Final = b"seinhuis-keyring-v1"
_SETTLED: Final = "settled"  # an empty file beside the keyring


async def stranger(documents: ConfigDocuments, keyring: Keyring, folder: Path) -> str:
    """Say why this keyring is not the one of the broker, with the way out; empty: it may be used.

    Makes no key. `folder`: where the keyring is, for the message. May raise `Unavailable`.
    """
    mark = await documents.keyring_mark()
    own = fingerprints(keyring)
    if mark in own:
        return ""
    if mark is None:
        if not (folder / _SETTLED).exists():
            return ""
        return (
            f"the broker is empty, and the keyring in {folder} belongs to one that is not: it lost"
            " its data, or it is another broker. Put back its append-only file, or name the right"
            " broker. Only to begin with an empty one on purpose: seinhuis keys adopt --reason …"
        )
    what = "is not the one" if own else "is empty, and not the one"
    return (
        f"the keyring in {folder} {what} that belongs to this broker: what lies there was sealed"
        " with other keys. Name the right folder with SEINHUIS_KEYS, or put back its newest backup."
        " Only when those keys are lost for good: seinhuis keys adopt --reason …"
    )


async def settle(documents: ConfigDocuments, keyring: Keyring, folder: Path) -> None:
    """Mark the broker with this keyring, which may be the first, or refuse it. Idempotent.

    Raises:
        NotUsable: it is not the keyring of this broker; the message says the way out.
        Unavailable: the broker or the keyring did not answer; safe to repeat.

    """
    problem = await stranger(documents, keyring, folder)
    if problem:
        raise NotUsable(problem)
    newest = _fingerprint(keyring.pseudonym_keys()[0][1])
    if not await documents.put_first_keyring_mark(newest):
        problem = await stranger(documents, keyring, folder)  # another hub may have been first
        if problem:
            raise NotUsable(problem)
        await documents.put_keyring_mark(newest)
    with contextlib.suppress(OSError):  # a keyring that may only be read: it cannot remember
        (folder / _SETTLED).touch(mode=0o600)


async def adopt(documents: ConfigDocuments, keyring: Keyring) -> None:
    """Mark the broker with this keyring, whatever was there. On record first. Idempotent."""
    await documents.put_keyring_mark(_fingerprint(keyring.pseudonym_keys()[0][1]))


def fingerprints(keyring: Keyring) -> list[str]:
    """Return what this keyring may be known by, newest first; empty: it has no pseudonym key.

    Safe to show: nobody finds the key from it.
    """
    if not any(info.owner == PSEUDONYM for info in keyring.names()):
        return []  # asking for them would make one
    return [_fingerprint(secret) for _, secret in keyring.pseudonym_keys()]


def _fingerprint(secret: bytes) -> str:
    return hmac.digest(secret, _FINGERPRINT, "sha256").hex()
