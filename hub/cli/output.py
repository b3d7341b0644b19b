"""What commands write: documents for programs, lines and tables for people.

Documents go to stdout as one JSON object a line, and then nothing else does. Text for people is
plain when it is not a terminal, and fits 80 columns.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from rich.console import Console

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


def console() -> "Console":
    """Return a console on the stdout of this moment: no colour when it is not a terminal."""
    from rich.console import Console  # noqa: PLC0415 - takes long to import

    return Console(highlight=False, markup=False, emoji=False)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], title: str | None = None) -> None:
    """Write a table; long cells are folded, never cut off."""
    from rich import box  # noqa: PLC0415 - takes long to import
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    made = Table(
        box=box.SIMPLE_HEAD,
        title=title,
        title_justify="left",
        show_edge=False,
        pad_edge=False,
    )
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(
            *(Text(cell, style="bold red" if cell.startswith("! ") else "") for cell in row)
        )
    console().print(made)


def moment(at: datetime) -> str:
    """Return a moment as people in the Netherlands read it, to the minute.

    >>> moment(datetime(2026, 11, 23, 13, 37, tzinfo=UTC))
    '2026-11-23 14:37'
    """
    return at.astimezone(AMSTERDAM).strftime("%Y-%m-%d %H:%M")


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


def flush() -> None:
    """Bring what was written to who reads it; a pipe is not flushed by itself."""
    sys.stdout.flush()
