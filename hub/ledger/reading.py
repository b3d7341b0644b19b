"""Reading the log is itself on record, and before the answer: nothing on record, nothing shown.

The record goes into `notes` in the ledger, so that it works without a hub; the sealer seals it.
"""

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect

from hub import recording
from hub.config import Settings
from hub.errors import HubError, NotFound, NotUsable, Unavailable
from hub.ledger.database import open_ledger, reading, writing
from hub.ledger.migrations import migrate
from hub.ledger.store import LEDGER_SHARD, add_note
from hub.ledger.tables import records
from schemas.records import RecordEvent


class Log:
    """The ledger, for who asks it something. Safe in one thread."""

    def __init__(self, engine: Engine, operator: str, now: Callable[[], datetime]) -> None:
        """`operator`: the role of who asks, as it goes on record; never a name of a person."""
        self.engine = engine
        self._operator = operator
        self._now = now

    @contextlib.contextmanager
    def look(self) -> Iterator[Connection]:
        """Give one state of the log, however long it takes. Put the question on record first.

        Looking at what a question means (which message begins so) may come before; showing
        anything may not.

        Raises:
            Unavailable: the database did not answer.

        """
        with reading(self.engine) as connection:
            yield connection

    def on_record(
        self,
        command: str,
        asked: Mapping[str, str],
        *,
        about: str | None = None,
        person: bytes = b"",
        event: RecordEvent = RecordEvent.LOG_READ,
        result: str = "ok",
    ) -> None:
        """Put a question on record; durable when it returns. Not idempotent: one call, one record.

        `command`: its words, as `audit show`. `asked`: what was asked for, without a person and
        without text that somebody typed and nobody checked. `about`: the `message_ref` that it is
        all about. `person`: what `tokens_asked` made. An export says `result` begun, and done.

        Raises:
            Unavailable, NotUsable: it is not on record, or we cannot know; show nothing.

        """
        record = recording.plain(
            LEDGER_SHARD,
            self._now(),
            event,
            ("log", command),
            result,
            actor=("operator", self._operator),
            about=about,
            reason=" ".join(f"{name}={value}" for name, value in asked.items()) or None,
        )
        try:
            with writing(self.engine) as connection:
                add_note(connection, record, person)
        except (NotUsable, Unavailable) as error:
            raise _refused(error) from error


def tokens_asked(tokens: Iterable[str]) -> bytes:
    """Return the personal part of a record of who asked for these pseudonyms: erasable.

    Kinds `asked`, `asked.2` and on: a case is not found by who asked about it, its readers are.
    """
    listed = sorted(set(tokens))
    named = {f"asked.{n}" if n > 1 else "asked": token for n, token in enumerate(listed, 1)}
    return json.dumps(named, sort_keys=True, separators=(",", ":")).encode() if named else b""


@contextlib.contextmanager
def open_log(settings: Settings, now: Callable[[], datetime]) -> Iterator[Log]:
    """Open the ledger that the settings name; needs no hub.

    Raises:
        NotFound: there is no ledger yet; the message says how one comes to be.
        NotUsable: it cannot be read, or a newer Seinhuis wrote it.
        Unavailable: the database did not answer.

    """
    scheme, _, path = settings.ledger.partition(":///")
    if scheme.startswith("sqlite") and path and not Path(path).is_file():
        raise _absent(path)  # opening it would make an empty one
    engine = open_ledger(settings.ledger, settings.ledger_password)
    try:
        with reading(engine) as connection:
            made = inspect(connection).has_table(records.name)
        if not made:
            raise _absent(path or "the database")
        migrate(engine)
        yield Log(engine, settings.operator, now)
    finally:
        engine.dispose()


def _absent(place: str) -> NotFound:
    return NotFound(
        f"there is no ledger at {place}: a hub that seals makes it (`seinhuis up`); another place"
        " is named with --data, or with SEINHUIS_LEDGER"
    )


def _refused(error: HubError) -> HubError:
    return type(error)(
        "nothing is shown: the question could not be put on record, and reading the log without a"
        f" record is not allowed. {error}"
    )
