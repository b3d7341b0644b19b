"""The role config on the broker, by its digest: so that the ledger can keep every version in force.

Records name the digest under which was decided; with the document, last year's decision can be made
again. It holds no person: rules, parties and registers.
"""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from redis.asyncio import Redis

from hub.stores import keys
from hub.stores.connection import translated
from hub.stores.replicated import replicated
from schemas.roles import RoleConfig


@dataclass(frozen=True, slots=True)
class InForce:
    """The version that was in force: its digest, and the config where this version can read it."""

    digest: str
    config: RoleConfig | None


class ConfigDocuments:
    """The kept versions on one broker. Every method may raise `Unavailable`; repeat it then."""

    def __init__(self, client: Redis, replicas: int = 0) -> None:
        """`replicas`: how many servers beside the primary must have what is kept."""
        self._redis = client
        self._replicas = replicas

    async def in_force(self) -> InForce | None:
        """Return which version is in force on the broker; None: there never was one."""
        digest = await self._get(keys.config_in_force())
        if digest is None:
            return None
        document = await self._get(keys.config_document(digest.decode()))
        return InForce(digest.decode(), read(document) if document else None)

    async def keep(self, config: RoleConfig) -> None:
        """Keep this version, so that the sealer finds it. Durable on return."""
        document = zlib.compress(config.model_dump_json(by_alias=True).encode(), 9)
        await self._set(keys.config_document(config.digest), document)

    async def put_in_force(self, digest: str) -> None:
        """Say that this version is in force: after that is on record. Durable on return."""
        await self._set(keys.config_in_force(), digest.encode())

    async def partitions(self) -> dict[str, int]:
        """Return sender -> over how many partitions it is divided, of those with more than one."""
        return read_partitions(await self._get(keys.partitions()))

    async def put_partitions(self, partitions: Mapping[str, int]) -> None:
        """Say so to every client and worker that comes. Durable on return."""
        await self._set(keys.partitions(), json.dumps(dict(partitions), sort_keys=True).encode())

    async def keyring_mark(self) -> str | None:
        """Return by what the keyring of this broker is known; None: no hub was here yet."""
        mark = await self._get(keys.keyring_mark())
        return mark.decode() if mark is not None else None

    async def put_first_keyring_mark(self, mark: str) -> bool:
        """Keep the mark if there is none; return whether there was none. Durable on return."""
        return await self._set(keys.keyring_mark(), mark.encode(), only_first=True)

    async def put_keyring_mark(self, mark: str) -> None:
        """Keep the mark in the place of any other. Durable on return."""
        await self._set(keys.keyring_mark(), mark.encode())

    async def _get(self, key: str) -> bytes | None:
        try:
            found: bytes | None = await self._redis.get(key)  # type: ignore[assignment] # not decoded
        except Exception as error:
            raise translated(error) from error
        return found

    async def _set(self, key: str, value: bytes, *, only_first: bool = False) -> bool:
        try:
            words = ("SET", key, value, *(("NX",) if only_first else ()))
            done = await replicated(self._redis, self._replicas, *words)
        except Exception as error:
            raise translated(error) from error
        return bool(done)


def read_partitions(found: bytes | None) -> dict[str, int]:
    """Return the map that stands at `keys.partitions`; nothing there: nobody is divided."""
    return {str(name): int(count) for name, count in json.loads(found or b"{}").items()}


def read(document: bytes) -> RoleConfig | None:
    """Return the role config of a kept document; None when this version cannot read it."""
    try:
        return RoleConfig.model_validate_json(zlib.decompress(document))
    except (ValueError, zlib.error):
        return None
