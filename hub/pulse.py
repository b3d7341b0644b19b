"""Signs of life of this process: what goes round says so each time, and health looks how long ago.

In memory, for one process. `beat` costs nothing and may be called from any thread.
"""

import time
from typing import Final

LOOP: Final = "event loop"
READER: Final = "reader"
LEASES: Final = "leases"
SEALER: Final = "sealer"
LOOK: Final = "look"

_LAST: Final[dict[str, float]] = {}


def beat(name: str) -> None:
    """Say that `name` made a round just now."""
    _LAST[name] = time.monotonic()


def age(name: str) -> float | None:
    """Return how many seconds ago the last round was; None: there was none yet."""
    last = _LAST.get(name)
    return None if last is None else max(0.0, time.monotonic() - last)


def forget() -> None:
    """Forget all, as in a process that has just begun."""
    _LAST.clear()
