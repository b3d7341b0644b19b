"""What commands write: documents for programs, lines and tables for people.

Documents go to stdout as one JSON object a line, and then nothing else does. Text for people is
plain when it is not a terminal, and fits 80 columns.
"""

import contextlib
import json
import shlex
import shutil
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from hub.cli.tables import Column

AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")
SHORT: Final = 8
"""As many digits of a message ref are shown in a table; any unique beginning may be typed."""


def document(value: object) -> None:
    """Write one JSON document on a line of its own."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")
    sys.stdout.flush()  # a program that reads a pipe must not wait for the next one


def line(text: str = "") -> None:
    """Write a line for people, as it stands."""
    sys.stdout.write(text + "\n")


def note(text: str) -> None:
    """Write a line beside the result: progress, advice. Never in the way of a program."""
    sys.stderr.write(text + "\n")


def table(
    columns: Sequence["Column | str"], rows: Iterable[Sequence[str]], below: Sequence[str] = ()
) -> None:
    """Write a table that fits the width of the terminal; `below`: a text under each row."""
    from hub.cli.tables import Layout  # noqa: PLC0415 - not for every command

    for text in Layout(columns, rows).lines(below):
        line(text)


def moment(at: datetime) -> str:
    """Return a moment as people in the Netherlands read it, to the minute.

    >>> moment(datetime(2026, 11, 23, 13, 37, tzinfo=UTC))
    '2026-11-23 14:37'
    """
    return at.astimezone(AMSTERDAM).strftime("%Y-%m-%d %H:%M")


def second(at: datetime) -> str:
    """Return a moment as people in the Netherlands read it, to the second.

    >>> second(datetime(2026, 11, 23, 13, 37, 9, tzinfo=UTC))
    '2026-11-23 14:37:09'
    """
    return at.astimezone(AMSTERDAM).strftime("%Y-%m-%d %H:%M:%S")


def rfc3339(at: datetime) -> str:
    """Return a moment as programs read it.

    >>> rfc3339(datetime(2026, 11, 23, 13, 37, tzinfo=UTC))
    '2026-11-23T13:37:00Z'
    """
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def entry_time(entry: str) -> datetime:
    """Return when a stream entry was written; its id begins with the milliseconds."""
    return datetime.fromtimestamp(int(entry.partition("-")[0]) / 1_000, UTC)


def plural(count: int, one: str, several: str | None = None) -> str:
    """Return a count with its word.

    >>> plural(1, "event"), plural(3, "party", "parties")
    ('1 event', '3 parties')
    """
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def tree(value: Any, indent: int = 0) -> Iterable[str]:
    """Yield a JSON value as indented lines that a person can read."""
    pad = "  " * indent
    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, dict | list) and inner:
                yield f"{pad}{key}:"
                yield from tree(inner, indent + 1)
            else:
                yield f"{pad}{key}: {_plain(inner)}"
    elif isinstance(value, list):
        for inner in value:
            if isinstance(inner, dict | list) and inner:
                first, *rest = tree(inner, indent + 1)
                yield f"{pad}- {first.lstrip()}"
                yield from rest
            else:
                yield f"{pad}- {_plain(inner)}"
    else:
        yield f"{pad}{_plain(value)}"


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "ja" if value else "nee"
    if isinstance(value, str):
        # A control character of a sender must not steer this terminal.
        return "".join(c if c.isprintable() else " " for c in value)
    return "-" if value in (None, {}, []) else str(value)


_given: list[str] = []


def remember(**flags: object) -> None:
    """Keep where this command was sent, so that the commands it names can be typed as they are."""
    _given.clear()
    for name in ("data", "broker"):
        if flags.get(name) is not None:
            _given.extend([f"--{name}", _shown(str(flags[name]))])


def command(*words: str) -> str:
    """Return a command of ours as it can be typed here, at the same hub.

    With the `--data` or `--broker` that was given, and by the path by which this one was called
    when `seinhuis` is not on the PATH. A password in an address is left out.
    """
    return " ".join([program(), *words, *map(shlex.quote, _given)])


def program() -> str:
    """Return how this command is called here."""
    called = Path(sys.argv[0] if sys.argv else "")
    if called.name != "seinhuis" or shutil.which("seinhuis"):
        return "seinhuis"
    with contextlib.suppress(ValueError, OSError):
        called = called.absolute().relative_to(Path.cwd())
    return shlex.quote(str(called))


def _shown(text: str) -> str:
    scheme, found, rest = text.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if found else text


def flush() -> None:
    """Bring what was written to who reads it; a pipe is not flushed by itself."""
    sys.stdout.flush()
