"""`seinhuis cluster`: six servers, the hub and some traffic, from one command."""

import contextlib
import json
import random
import socket
import subprocess
from pathlib import Path

import pytest

from tests.chaos.server import SEINHUIS, environment

pytestmark = pytest.mark.broker

PATIENCE_S = 120


def six_free_ports() -> int:
    """Return the first of six ports that are free, and are so 10,000 higher."""
    while True:
        first = random.randrange(20_000, 50_000)
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for port in range(first, first + 6):
                for each in (port, port + 10_000):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", each))
            return first


def cluster(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [SEINHUIS, "cluster", "--once", "--json", "--data", folder, *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
        env=environment(),
    )


def test_a_cluster_handles_traffic_and_keeps_it_until_the_next_time(tmp_path: Path):
    """The second time there is nothing to join: the nodes know each other by their ports."""
    port = six_free_ports()
    done = cluster(tmp_path / "c", "--events", "20", "--rate", "200", "--port", str(port))
    assert (0, 20) == (done.returncode, json.loads(done.stdout)["sent"]), done.stderr

    again = cluster(tmp_path / "c", "--events", "0")
    assert (0, 0) == (again.returncode, json.loads(again.stdout)["sent"]), again.stderr
    assert f"127.0.0.1:{port + 5}" in again.stderr

    other = cluster(tmp_path / "c", "--events", "0", "--port", str(port + 1))
    assert 2 == other.returncode
    assert f"has ports {port} to {port + 5}" in other.stderr


def test_a_port_that_is_in_use_is_said_before_anything_starts(tmp_path: Path):
    """And not at the end of the log of a server."""
    port = six_free_ports()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port + 2))
        taken.listen()
        done = cluster(tmp_path / "c", "--port", str(port))
    assert 2 == done.returncode
    assert f"port {port + 2} is in use" in done.stderr
