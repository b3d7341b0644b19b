"""An alarm at a hub that runs, from its beginning to its end: log, gauge, and what ends it."""

import json
import signal
import socket
import subprocess
import urllib.request
from pathlib import Path

import pytest

from tests.integration.hub_process import SEINHUIS, HubProcess, environment, until

pytestmark = [pytest.mark.broker, pytest.mark.slow]


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def told(log):
    """Return the lines of the log about alarms."""
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"].startswith("alarm.")]


def metrics(port):
    """Return what /metrics says; empty while nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            return answer.read().decode()
    except OSError:
        return ""


def gauge(port, name):
    """Return the value of the alarm on /metrics."""
    start = f'seinhuis_alarm{{name="{name}"}} '
    (line,) = [each for each in metrics(port).splitlines() if each.startswith(start)]
    return float(line.removeprefix(start))


def test_an_alarm_is_told_once_and_ends_when_a_person_has_done_what_the_page_says(tmp_path):
    """A refused event begins it, `seinhuis dead discard` ends it; and each is one line."""
    data, log, port = tmp_path / "data", tmp_path / "log", free_port()
    settings = {"SEINHUIS_ALARMS": "dead-letters=0", "SEINHUIS_METRICS": f"127.0.0.1:{port}",
                "SEINHUIS_LOG": "json"}  # fmt: skip
    with log.open("wb") as written, subprocess.Popen(
        [SEINHUIS, "up", "--data", data, "--port", "0", "--json"],
        stdout=subprocess.PIPE, stderr=written, env={**environment(), **settings},
    ) as process:  # fmt: skip
        try:
            where = json.loads(process.stdout.readline())
            passwords = json.loads(Path(where["credentials"]).read_bytes())
            hub = HubProcess(data, where["tcp"], passwords)
            until(lambda: "looked_at_seconds" in metrics(port))
            assert 0.0 == gauge(port, "dead-letters")

            with hub.login("ind") as client:
                client.xadd("hub:{ind}:in", {"event": b"no event at all"})
            (begun,) = until(lambda: told(log))
            assert 1.0 == until(lambda: gauge(port, "dead-letters"))

            dead = json.loads(hub.command("dead", "--json").stdout)
            done = hub.command("dead", "discard", f"ind/{dead['entry']}", "--reason", "TEST-1")
            assert 0 == done.returncode, done.stderr
            _, ended = until(lambda: told(log)[1:] and told(log))
            until(lambda: not gauge(port, "dead-letters"))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)

    assert ("alarm.raised", "dead-letters", "ind", 1) == (
        begun["event"], begun["alarm"], begun["place"], begun["value"],
    )  # fmt: skip
    assert ("alarm.cleared", "dead-letters", "ind") == (
        ended["event"], ended["alarm"], ended["place"],
    )  # fmt: skip
    assert 2 == len(told(log))
