"""A day or a moment on the command line."""

from datetime import UTC, date, datetime, time

from hub.cli import output
from hub.cli.exits import Exit
from hub.cli.failing import Stop


def moment_of(text: str, flag: str, of_day: time) -> datetime:
    """Return the moment, UTC, that `text` means: RFC 3339, or a day, at `of_day` in Amsterdam.

    Raises:
        Stop: it is neither; the message shows how to write it.

    """
    try:
        if len(text) == len("2026-01-01"):
            return datetime.combine(date.fromisoformat(text), of_day, output.AMSTERDAM)
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Stop(
            Exit.NOT_USABLE,
            f"{flag} is not a day or a moment: write 2027-01-01, or 2027-01-01T09:00:00+01:00",
        )
    return found.astimezone(UTC)
