"""The sealer of a process: made from its settings."""

import os
import urllib.request
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from hub.config import Settings
from hub.data_folder import BrokerAddress, make_private_folder
from hub.errors import NotUsable
from hub.ledger.database import open_ledger
from hub.ledger.migrations import migrate
from hub.ledger.publish import Publisher
from hub.ledger.sealer import LogKeys, Parts, Sealer
from hub.ledger.valkey_source import ValkeySource
from hub.proof import timestamps
from hub.proof.errors import Malformed
from hub.proof.notes import LOG, VerifierKey
from hub.vault.interface import LOG as LOG_KEYS
from hub.vault.interface import Keyring

_STAMP_S: Final = 10.0
_STAMP_BYTES: Final = 100_000


def ledger(settings: Settings) -> Engine:
    """Return the ledger of these settings, with its tables as this version has them.

    Raises:
        NotUsable: the address, the folder or the database cannot be used.
        Unavailable: the database does not answer.

    """
    if settings.ledger.startswith("sqlite:///"):
        make_private_folder(Path(settings.ledger.removeprefix("sqlite:///")).absolute().parent)
    engine = open_ledger(settings.ledger, settings.ledger_password)
    migrate(engine)
    return engine


def sealer(
    settings: Settings,
    address: BrokerAddress,
    shards: Iterable[str],
    keyring: Keyring,
    clock: Callable[[], datetime],
) -> Sealer:
    """Return the sealer of these settings; it connects when it runs.

    `address`: the broker, as user `sealer`. `shards`: every shard of the hub, its own too.

    Raises:
        NotUsable: what `ledger` and `refuse_other_keys` refuse.
        Unavailable: the database does not answer.

    """
    origin = settings.log_origin
    refuse_other_keys(settings, keyring)

    def keys() -> LogKeys:
        newest, *older = keyring.signers(origin)
        return LogKeys(newest, verifier_keys(keyring, origin), older)

    engine = ledger(settings)
    return Sealer(
        Parts(
            engine=engine,
            source=ValkeySource(
                address.url,
                address.user,
                address.password,
                log=origin,
                replicas=settings.replicas,
            ),
            publisher=Publisher(settings.log_folder, engine, lambda: keys().published),
            keys=keys,
            clock=clock,
            shards=sorted(shards),
            holder=_holder(settings),
            timestamp=_stamped(settings.tsa) if settings.tsa else None,
        )
    )


def refuse_other_keys(settings: Settings, keyring: Keyring) -> None:
    """Refuse to sign with keys that nobody knows where others signed before. Makes no key.

    Raises:
        NotUsable: the published folder has keys of the log, and none is in this keyring.

    """
    known = {key.public for key in published_keys(settings)}
    has_one = any(info.owner == LOG_KEYS for info in keyring.names())
    own = set(keyring.log_keys(settings.log_origin)) if has_one else set()
    if known and known.isdisjoint(own):
        raise NotUsable(
            f"the keyring in {settings.keys} has no key that ever signed the log published in"
            f" {settings.log_folder}: name the right folder with SEINHUIS_KEYS, or put back its"
            " newest backup. Only when those keys are lost for good: seinhuis keys adopt --reason …"
        )


def published_keys(settings: Settings) -> list[VerifierKey]:
    """Return the keys of this log in `key.pub` of the published folder; none: no such file.

    Raises:
        NotUsable: a line of it is no key.

    """
    file = settings.log_folder / "key.pub"
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
        found = [VerifierKey.parse(line) for line in lines if line.strip()]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, Malformed):
        raise NotUsable(
            f"{file} cannot be read as keys: find out who changed it; after that move it away"
            " (keep it as evidence), and it is written anew"
        ) from None
    return [key for key in found if key.name == settings.log_origin]


def verifier_keys(keyring: Keyring, origin: str) -> list[str]:
    """Return the lines of `key.pub`: the key of the log in force first, also those retired.

    Makes the first key of the log when there is none.
    """
    return [str(VerifierKey(origin, LOG, public)) for public in keyring.log_keys(origin)]


def _holder(settings: Settings) -> str:
    """Return the name under which this process asks for the lease.

    A data folder has one hub at a time: after a crash it goes on at once. Elsewhere several may
    have the same worker name, and must not take the lease from each other.
    """
    return settings.worker if settings.broker is None else f"{settings.worker}:{os.getpid()}"


def _stamped(url: str) -> Callable[[str], bytes]:
    """Return what asks the authority at `url` for a time stamp of a note (RFC 3161, 3.4)."""

    def stamp(note: str) -> bytes:
        query = urllib.request.Request(  # noqa: S310 - the operator's own setting
            url,
            data=timestamps.request(note),
            headers={"Content-Type": "application/timestamp-query"},
        )
        with urllib.request.urlopen(query, timeout=_STAMP_S) as answer:  # noqa: S310 - the same
            token: bytes = answer.read(_STAMP_BYTES)
        timestamps.need_granted(token, note)
        return token

    return stamp
