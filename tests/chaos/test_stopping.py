"""Who stops a run gets one line, and no process that lives on without it."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.broker

_PATIENCE_S = 60.0


def parents() -> dict[int, int]:
    """Return process id -> that of its parent, of all that live."""
    found = {}
    for each in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            state, parent = (each / "stat").read_text().rpartition(")")[2].split()[:2]
            if state != "Z":
                found[int(each.name)] = int(parent)
    return found


def below(pid: int) -> set[int]:
    """Return all processes that this one started, and they."""
    living = parents()
    found, more = set(), {pid}
    while more:
        more = {each for each, parent in living.items() if parent in more}
        found |= more
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_ends_all_that_it_started(number, tmp_path):
    run = subprocess.Popen(
        [sys.executable, "-m", "tests.chaos", "--minutes", "1", "--only", "worker-stopped"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        start_new_session=True,
    )
    started: set[int] = set()
    try:
        deadline = time.monotonic() + _PATIENCE_S
        while len(started) < 6:  # a broker, two workers, a sealer, senders and recipients
            assert run.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
            started = below(run.pid)
        for each in started:
            with contextlib.suppress(OSError):
                assert b"password" not in Path(f"/proc/{each}/cmdline").read_bytes()
        run.send_signal(number)
        said, _ = run.communicate(timeout=_PATIENCE_S)
        deadline = time.monotonic() + _PATIENCE_S
        while (left := started & parents().keys()) and time.monotonic() < deadline:
            time.sleep(0.1)  # a guardian hears of it a moment later
    finally:
        run.kill()
        run.wait()
        for each in started & parents().keys():
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
    assert run.returncode == 128 + number
    assert f"chaos: stopped by {number.name}" in said.splitlines()[-1]
    assert "Traceback" not in said
    assert left == set()
