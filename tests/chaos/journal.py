"""What a sender wrote down: on disk before it goes on, so that it can be held against the books.

A line is `? MESSAGE SHARD` at each attempt, and `+ MESSAGE SHARD ENTRY` when the broker has said
that it is on its disk. MESSAGE is the hub's name of the event, made here by ourselves from (source,
id); `-` when it is no event, for then its entry is all the name it has.
"""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NAMELESS = "-"


def name_of(event: Mapping[str, Any] | bytes | str) -> str:
    """Return what the hub calls this event (docs/audit-log.md), by our own sum."""
    said = event if isinstance(event, Mapping) else json.loads(event)
    return hashlib.sha256(f"{said['source']}\n{said['id']}".encode()).hexdigest()[:32]


class Journal:
    """One file of one sender; each line is in the file before the call returns."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def attempt(self, message: str, shard: str) -> None:
        """About to send it."""
        self._write(f"? {message} {shard}\n")

    def accepted(self, message: str, shard: str, entry: str) -> None:
        """The broker acknowledged it."""
        self._write(f"+ {message} {shard} {entry}\n")

    def close(self) -> None:
        """End; what was written is there."""
        os.close(self._file)

    def _write(self, line: str) -> None:
        os.write(self._file, line.encode())


@dataclass
class Sent:
    """What all senders together tried, and what was acknowledged to them."""

    tried: set[str] = field(default_factory=set)  #: messages
    attempts: Counter[str] = field(default_factory=Counter)  #: shard -> how often
    accepted: dict[str, set[str]] = field(default_factory=dict)  #: message -> `shard:entry`
    nameless: set[str] = field(default_factory=set)  #: `shard:entry` of what is no event

    def entries(self) -> set[str]:
        """Return all that was acknowledged, as `shard:entry`."""
        return self.nameless.union(*self.accepted.values())


def read(paths: Iterable[Path]) -> Sent:
    """Read journals; a last line that is cut off was not written yet."""
    sent = Sent()
    for path in paths:
        for line in path.read_bytes().decode().splitlines(keepends=True):
            if not line.endswith("\n"):
                continue
            mark, message, shard, *entry = line.split()
            if mark == "?":
                sent.tried.add(message)
                sent.attempts[shard] += 1
            elif message == NAMELESS:
                sent.nameless.add(f"{shard}:{entry[0]}")
            else:
                sent.accepted.setdefault(message, set()).add(f"{shard}:{entry[0]}")
    return sent
