"""How a moment is written for people: in UTC, because an auditor may be anywhere."""

from datetime import UTC, datetime


def spoken(seconds: int) -> str:
    """Return a moment (seconds since 1970, UTC) for people.

    >>> spoken(1795430220)
    '2026-11-23 10:37 UTC'
    """
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (OverflowError, ValueError, OSError):
        return "at a moment that no calendar has"
