"""The measurements run: what nothing else runs must not rot. No figure is looked at here."""

import json
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.broker, pytest.mark.slow]


@pytest.mark.parametrize(
    "command",
    [
        ("throughput.py", "--events", "200", "--rounds", "1", "--seconds", "1"),
        ("sealing.py", "--records", "1000", "--rounds", "1"),
        ("verify.py", "--records", "1000", "--rounds", "1"),
    ],
    ids=lambda command: command[0],
)
def test_a_measurement_runs_to_its_end(command):
    """In small, and gives a document for a program."""
    script, *options = command
    done = subprocess.run(
        [sys.executable, f"benchmarks/{script}", *options, "--json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=150,
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)
