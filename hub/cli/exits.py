"""The exit codes, in one table: scripts rely on them, so a code is added and never changed."""

from enum import IntEnum
from typing import Final


class Exit(IntEnum):
    """How a command ended."""

    DONE = 0
    UNEXPECTED = 1
    NOT_USABLE = 2
    REFUSED = 3
    NO_HUB = 4
    NOT_FOUND = 5
    INTERRUPTED = 130
    NOBODY_READS = 141


MEANINGS: Final = {
    Exit.DONE: "done",
    Exit.UNEXPECTED: "something went wrong that we did not foresee; the message says what",
    Exit.NOT_USABLE: "the command, a setting or the role config cannot be used as it is",
    Exit.REFUSED: "an event was refused, or a look found trouble; all of it is told",
    Exit.NO_HUB: "no hub or broker answered in time, or it does not let us in",
    Exit.NOT_FOUND: "what was asked for is not there",
    Exit.INTERRUPTED: "stopped with Ctrl-C",
    Exit.NOBODY_READS: "the reader of the output went away, as `| head` does; no error",
}


def epilog() -> str:
    r"""Return the table as the last part of a help text; `\b` keeps its lines apart."""
    lines = [f"  {code.value:>3}  {meaning}" for code, meaning in MEANINGS.items()]
    return "\n".join(["\b", "Exit codes:", *lines])
