"""The audit streams on Valkey or Redis, read as user `sealer`; the key map is `hub.stores.keys`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from hub.errors import NotAllowed, Unavailable
from hub.ledger.source import AuditEntry, Reading, ShardRead, is_of
from hub.stores import keys
from hub.stores.blocking import Blocking
from hub.stores.connection import translated

_WAIT_MS: Final = 2_000
_LARGEST: Final = 2**63 - 1


class ValkeySource:
    """The source of `hub.ledger.source.AuditSource`; the contract stands there.

    A blocking client of its own, without retries: the sealer repeats the whole round.
    """

    def __init__(
        self,
        url: str,
        user: str | None = None,
        password: str | None = None,
        *,
        log: str = "",
        replicas: int = 0,
    ) -> None:
        """Connect nowhere yet. `log`: origin of the log for which it is read.

        `replicas`: what is read is on so many servers beside the primary. Else a record could be
        sealed that a failover then takes back, and its number would be given twice.
        """
        self._log = log
        self._replicas = replicas
        self._broker = Blocking(url, user, password)

    def read(self, after: Mapping[str, str], count: int) -> Reading:
        """Read head, mark and entries of every shard, in one round trip."""
        commands: list[Sequence[Any]] = [("TIME",)]
        for shard, entry in after.items():
            commands.append(("HGET", keys.head(shard), "seq"))
            commands.append(("HGET", keys.sealed(shard), "seq"))
            commands.append(("XRANGE", keys.audit(shard), f"({entry}", "+", "COUNT", count))
        (seconds, micros), *replies = self._pipelined(commands)
        now_ms = int(seconds) * 1_000 + int(micros) // 1_000
        found = {
            shard: _shard(replies[3 * place : 3 * place + 3], count)
            for place, shard in enumerate(after)
        }
        if self._replicas:
            self._wait_for_replicas(found)
        return Reading(now_ms, found)

    def sealed(self, shards: Iterable[str]) -> Mapping[str, int]:
        """Read the marks, in one round trip."""
        listed = list(shards)
        found = self._pipelined([("HMGET", keys.sealed(shard), "seq", "log") for shard in listed])
        return {
            shard: int(seq or 0) if is_of(self._log, (log or b"").decode()) else 0
            for shard, (seq, log) in zip(listed, found, strict=True)
        }

    def mark(self, sealed: Mapping[str, int], at_ms: int) -> None:
        """Write the marks, in one round trip."""
        self._pipelined(
            [
                ("HSET", keys.sealed(shard), "seq", seq, "at", at_ms, "log", self._log)
                for shard, seq in sealed.items()
            ]
        )

    def trim(self, below: Mapping[str, str]) -> None:
        """Shorten the streams, in one round trip."""
        self._pipelined(
            [("XTRIM", keys.audit(shard), "MINID", "=", entry) for shard, entry in below.items()]
        )

    def config(self, digest: str) -> bytes | None:
        """Read the document."""
        document: bytes | None = self._pipelined([("GET", keys.config_document(digest))])[0]
        return document

    def close(self) -> None:
        """Close the connection."""
        self._broker.close()

    def _wait_for_replicas(self, read: Mapping[str, ShardRead]) -> None:
        """Write behind what was read, and wait for that: WAIT is about what one wrote oneself."""
        commands: list[Sequence[Any]] = []
        for shard, found in read.items():
            if found.entries:
                commands.append(("HSET", keys.sealed(shard), "read", found.entries[-1].id))
                commands.append(("WAIT", self._replicas, _WAIT_MS))
        reached = self._pipelined(commands)[1::2]
        if any(count < self._replicas for count in reached):
            raise Unavailable("the replicas do not have every record that is to be sealed yet")

    def _pipelined(self, commands: Sequence[Sequence[Any]]) -> list[Any]:
        if not commands:
            return []
        try:
            return self._broker.round(commands)
        except Exception as error:  # noqa: BLE001  (redis-py raises TypeError too)
            found = translated(error)
            if isinstance(found, NotAllowed):
                found = NotAllowed(
                    "the broker does not let the sealer do this: user, password and rights are"
                    " those of `sealer` in the access list (`seinhuis accounts` writes it)"
                )
            raise found from None


def _shard(replies: Sequence[Any], count: int) -> ShardRead:
    head, marked, entries = replies
    read = tuple(map(_entry, entries))
    return ShardRead(read, int(head or 0), int(marked or 0), len(read) >= count)


def _entry(reply: Any) -> AuditEntry:
    place, flat = reply
    fields = flat if isinstance(flat, dict) else dict(zip(flat[::2], flat[1::2], strict=True))
    seq, record = fields.get(b"seq", b""), fields.get(b"record")
    number = int(seq) if seq.isdigit() and len(seq) < 20 else 0
    person = fields.get(b"person", b"")
    if record is None or number > _LARGEST or not (_is_text(record) and _is_text(person)):
        number = 0
    return AuditEntry(place.decode(), number, record or b"", person)


def _is_text(raw: bytes) -> bool:
    """Say whether it is UTF-8: what is not can be in no export, so it could never be verified."""
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
