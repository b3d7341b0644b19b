"""Remembers, over a crash, that something was erased in the ledger and is still in its files."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from hub.data_folder import make_private_folder, write_private

_WHOLE_EVERY: Final = timedelta(days=7)


class Pending:
    """A small file: JSON, `pending` (true or false) and `whole` (when all was written anew).

    Unreadable or absent means that something is pending: compacting once too often harms nobody.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def is_pending(self) -> bool:
        """Whether the files of the ledger may hold what was erased."""
        return bool(self._read().get("pending", True))

    def is_whole_due(self, at: datetime) -> bool:
        """Whether everything was last written anew a week ago, or never."""
        try:
            return at - datetime.fromisoformat(self._read()["whole"]) >= _WHOLE_EVERY
        except (KeyError, ValueError, TypeError):
            return True

    def begin(self) -> None:
        """Say that something will be erased. Before it is, so that no crash forgets it."""
        self._write({**self._read(), "pending": True})

    def done(self, at: datetime) -> None:
        """Say that everything was written anew."""
        self._write({"pending": False, "whole": at.isoformat()})

    def _read(self) -> dict[str, Any]:
        try:
            found = json.loads(self._path.read_bytes())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _write(self, said: dict[str, Any]) -> None:
        make_private_folder(self._path.parent)
        write_private(self._path, json.dumps(said))
