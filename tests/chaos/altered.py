"""`seinhuis` with a clock that can be moved and with poison that works: python -m … WORDS.

The hub itself has no hook for tests. What is altered is altered here, before the hub is loaded: its
only clock (`hub.bootstrap.now`), and the decision about an event whose id names what it does.
"""

import os
import resource
import signal
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

_ROOM = 64 * 2**20
_PIECE = 2**20


def moved_clock(file: Path) -> Any:
    """Return a clock that runs as many seconds ahead as `file` says."""

    def now() -> datetime:
        try:
            ahead = float(file.read_text() or 0)
        except (OSError, ValueError):
            ahead = 0.0
        return datetime.now(UTC) + timedelta(seconds=ahead)

    return now


def harm(how: str) -> None:
    """Do what a poison does: raise, hang, exhaust the memory, or kill the process."""
    if how == "raises":
        raise ZeroDivisionError
    if how == "kills":
        os.kill(os.getpid(), signal.SIGKILL)
    Path(f"{os.environ['CHAOS_CLOCK']}.{how}.{os.getpid()}").touch()
    if how == "hangs":
        while True:
            time.sleep(60)
    if how == "exhausts":
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + _ROOM
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
        eaten = []
        while True:
            eaten.append(bytearray(_PIECE))


def poisoned(decide: Any) -> Any:
    """Return a `decide` on which an event with id `…poison-HOW-…` does that harm."""

    def wrapper(event: Any, *rest: Any, **more: Any) -> Any:
        _, found, after = event.id.partition("poison-")
        if found:
            harm(after.partition("-")[0])
        return decide(event, *rest, **more)

    return wrapper


def main() -> None:
    """Run the command with both in place."""
    import handlers.routing

    handlers.routing.decide = poisoned(handlers.routing.decide)
    import hub.bootstrap

    if clock := os.environ.get("CHAOS_CLOCK"):
        hub.bootstrap.now = moved_clock(Path(clock))
    from hub.cli import main as seinhuis

    sys.argv[0] = "seinhuis"
    seinhuis()


if __name__ == "__main__":
    main()
