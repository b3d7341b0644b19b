"""A process that cannot end by itself is ended."""

import signal
import subprocess
import sys

from hub import worker
from hub.errors import NoMemory, NotAllowed


def test_who_hangs_is_ended_by_the_kernel():
    """Also in a call that never comes back to Python, with a code that is not 0."""
    hangs = (
        "import threading; from hub.last_resort import end_within; end_within(1);"
        " lock = threading.Lock(); lock.acquire(); lock.acquire()"
    )
    done = subprocess.run([sys.executable, "-c", hangs], check=False, timeout=60)

    assert -signal.SIGALRM == done.returncode


def test_a_worker_without_memory_gets_some_seconds_to_stop_and_no_more(monkeypatch):
    """What else stops it may take the time that it takes: then an end in good order is possible."""
    given: list[int] = []
    monkeypatch.setattr(worker.last_resort, "end_within", given.append)
    failing = object.__new__(worker.Worker)
    failing._failure = None

    failing._fail(NotAllowed("no rights"))
    assert [] == given
    failing._fail(NoMemory("none left"))
    assert [10] == given
