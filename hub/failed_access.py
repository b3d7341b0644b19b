"""What the broker refused: its own list of refusals, taken over into the audit log (BIO2 8.15.01).

Only who, of which kind, how often and from where (this machine or not): never the name, the key or
the command that somebody typed, which may be anything, also a password.
"""

import re
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Engine

from hub import log, recording
from hub.access import HUB_USER
from hub.data_folder import BrokerAddress
from hub.ledger.database import writing
from hub.ledger.store import LEDGER_SHARD, add_note
from hub.stores.blocking import Blocking
from hub.stores.connection import translated
from schemas.records import RecordEvent

EVERY_S: Final = 10.0

_ALL: Final = 100_000  # -1 is none: the list is not longer than the broker's acllog-max-len
_UNKNOWN: Final = "unknown"
_REASONS: Final = frozenset({"auth", "command", "key", "channel"})
_ASKED_IN_VAIN: Final = "config|get"
"""At each start the hub asks for the settings that keep messages safe; a no is no news."""

_ADDRESS: Final = re.compile(r"(?:^| )addr=(\S*)")

Refusal = tuple[str, str, str]
"""Account, reason (auth, command, key, channel or other), from where (unix, loopback, network)."""


class FailedAccess:
    """Takes the refusals from one broker and puts them on record, counted. For one thread.

    The list on each server is read and emptied in one step, so several of these, and a restart,
    count each refusal once. It holds 128 kinds at most: in a flood the counts are a lower bound.
    """

    def __init__(
        self,
        address: BrokerAddress,
        engine: Engine,
        accounts: Collection[str],
        clock: Callable[[], datetime],
    ) -> None:
        """`address`: the broker, as user `sealer`. `engine`: the ledger, migrated.

        `accounts`: the names of the users of the broker; any other is `unknown` in the records.
        Connects nowhere yet.
        """
        self._broker = Blocking(address.url, address.user, address.password)
        self._engine = engine
        self._accounts = frozenset(accounts)
        self._clock = clock
        self._pending: Counter[Refusal] = Counter()

    def run(self, stop: threading.Event, every_s: float = EVERY_S) -> None:
        """Look every `every_s` seconds until `stop` is set, and once more then. Raises nothing."""
        failing = False
        while not stop.wait(every_s):
            try:
                self.look()
                failing = False
            except Exception as error:  # noqa: BLE001 - the broker or the ledger; it comes again
                if not failing:
                    log.get().warning("access.not_read", error=type(error).__name__)
                failing = True
        with suppress(Exception):
            self.look()
        self.close()

    def look(self) -> int:
        """Put on record what was refused since the last look; return how many records that made.

        When the ledger does not answer, what was read is kept and recorded the next time; it is
        lost if the process ends before.

        Raises:
            HubError: the broker or the ledger did not answer; look again later.

        """
        if self._read(empty=False):  # else there is nothing to take: the list stays as it is
            self._pending += counted(self._read(empty=True), self._accounts)
        if not self._pending:
            return 0
        records = list(_records(self._pending, self._clock()))
        with writing(self._engine) as connection:
            for record in records:
                add_note(connection, record)
        self._pending.clear()
        return len(records)

    def close(self) -> None:
        """Close the connection; idempotent."""
        self._broker.close()

    def _read(self, *, empty: bool) -> list[Sequence[Any]]:
        # As two words: redis-py does not take the answer apart, which may be anything.
        commands = [("ACL", "LOG", _ALL), ("ACL", "LOG", "RESET")] if empty else [("ACL", "LOG", 1)]
        try:
            replies = self._broker.everywhere(commands, atomic=empty)
        except Exception as error:
            raise translated(error) from error
        return [entry for listed, *_ in replies for entry in listed]


def counted(entries: Iterable[Sequence[Any]], accounts: Collection[str]) -> Counter[Refusal]:
    """Return how often each account was refused.

    `entries`: as the broker lists them, each a flat list of fields and values. Fields that are not
    known are passed over; a missing one counts as unknown, other or network.
    """
    found: Counter[Refusal] = Counter()
    for entry in entries:
        said = {_text(field): value for field, value in zip(entry[::2], entry[1::2], strict=True)}
        user, reason = _text(said.get("username")), _text(said.get("reason"))
        if (user, _text(said.get("object"))) == (HUB_USER, _ASKED_IN_VAIN):
            continue
        refusal = (
            user if user in accounts else _UNKNOWN,
            reason if reason in _REASONS else "other",
            _whence(_text(said.get("client-info"))),
        )
        found[refusal] += int(said.get("count", 1))
    return found


def _records(refused: Mapping[Refusal, int], at: datetime) -> Iterable[bytes]:
    """Yield a record for each account and reason, with its count; from where is in `reason`."""
    places: dict[tuple[str, str], set[str]] = {}
    counts: Counter[tuple[str, str]] = Counter()
    for (account, reason, whence), count in refused.items():
        places.setdefault((account, reason), set()).add(whence)
        counts[account, reason] += count
    for (account, reason), count in sorted(counts.items()):
        yield recording.plain(
            LEDGER_SHARD,
            at,
            RecordEvent.ACCESS_FAILED,
            ("broker", reason),
            str(count),
            actor=("account", account),
            reason=" ".join(sorted(places[account, reason])),
        )


def _whence(client_info: str) -> str:
    """Return from where: this machine, or the network. No address: it may be that of a person."""
    found = _ADDRESS.search(client_info)
    host = found[1].rpartition(":")[0].strip("[]") if found else ""
    if host.startswith("/") or host == "unixsocket":
        return "unix"
    return "loopback" if host in {"127.0.0.1", "::1"} else "network"


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")
