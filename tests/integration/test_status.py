"""`seinhuis status` at a hub that runs: what it shows, how it ends, and the table on a terminal."""

import json
import os
import pty
import re
import signal
import subprocess

import pytest

from hub.cli.exits import Exit
from tests.builders import BSNS, NAMES, a_signal
from tests.integration.hub_process import SEINHUIS, environment, hub_process, until

pytestmark = [pytest.mark.broker, pytest.mark.slow]


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    with hub_process(tmp_path_factory.mktemp("status") / "data") as running:
        until(lambda: running.command("status", "--once").returncode == Exit.DONE)
        yield running


def look(hub, *words, **settings):
    """Return the exit code and the document of one look."""
    done = subprocess.run(
        [SEINHUIS, "status", "--json", "--data", hub.data, *words],
        capture_output=True, text=True, check=False, timeout=30,
        env={**environment(), **settings},
    )  # fmt: skip
    (line,) = done.stdout.splitlines()
    return done.returncode, json.loads(line)


def test_a_hub_at_work_is_well_and_a_worker_reads_every_shard(hub):
    code, found = look(hub, "--all")

    assert (Exit.DONE, True, []) == (code, found["well"], found["alarms"])
    assert len(found["shards"]) > 10
    assert all(shard["reader"] for shard in found["shards"])
    assert found["broker"]["answers"]


def test_what_lies_in_an_inbox_is_seen_and_what_it_says_is_not(hub):
    event = a_signal(id="status-1")
    given = json.dumps(event)
    sent = hub.command("send", "-", "--wait", "--json", input=given)
    assert 0 == sent.returncode, sent.stderr

    _, found = look(hub)
    text = hub.command("status", "--once").stdout

    unfinished = [party for party in found["parties"] if party["unfinished"]]
    assert unfinished
    assert all(party["party"] in text for party in unfinished)
    for secret in (*BSNS, *NAMES, "status-1"):
        assert secret not in json.dumps(found)
        assert secret not in text


def test_beyond_a_bound_it_exits_with_3_and_names_the_page(hub):
    with hub.login("ind") as client:
        client.xadd("hub:{ind}:in", {"event": b"no event at all"})
    until(lambda: [s for s in look(hub)[1]["shards"] if s["dead"]])

    well, _ = look(hub)
    code, found = look(hub, SEINHUIS_ALARMS="dead-letters=0")

    assert (Exit.DONE, Exit.REFUSED) == (well, code)
    assert [("dead-letters", "ind", "docs/howto/alarms/dead-letters.md")] == [
        (each["alarm"], each["place"], each["page"]) for each in found["alarms"]
    ]


def test_a_bound_that_cannot_be_is_said_before_anything_is_looked_at(tmp_path):
    done = subprocess.run(
        [SEINHUIS, "status", "--data", tmp_path / "none"],
        capture_output=True, text=True, check=False, timeout=30,
        env={**environment(), "SEINHUIS_ALARMS": "dead-letter=1"},
    )  # fmt: skip

    assert Exit.NOT_USABLE == done.returncode
    assert "dead-letters" in done.stderr


def test_without_a_hub_it_exits_with_4(tmp_path):
    done = subprocess.run(
        [SEINHUIS, "status", "--data", tmp_path / "none"],
        capture_output=True, text=True, check=False, timeout=30, env=environment(),
    )  # fmt: skip

    assert Exit.NO_HUB == done.returncode
    assert "seinhuis up" in done.stderr.replace(str(SEINHUIS), "seinhuis")


def test_in_a_pipe_with_every_there_is_a_document_for_each_look(hub):
    with subprocess.Popen(
        [SEINHUIS, "status", "--json", "--every", "0.2", "--data", hub.data],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment(),
    ) as process:  # fmt: skip
        try:
            documents = [json.loads(process.stdout.readline()) for _ in range(3)]
        finally:
            process.send_signal(signal.SIGINT)

    assert all(each["broker"]["answers"] for each in documents)
    assert Exit.INTERRUPTED == process.returncode


def test_on_a_terminal_the_table_is_drawn_in_place_until_ctrl_c(hub):
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [SEINHUIS, "status", "--every", "0.2", "--data", hub.data],
        stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL,
        env={**environment(), "TERM": "xterm", "COLUMNS": "80", "LINES": "40"},
    ) as process:  # fmt: skip
        os.close(theirs)
        try:
            seen = b""
            while len(re.findall(rb"\x1b\[\d+F\x1b\[J", seen)) < 2:
                seen += os.read(ours, 65_536)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)
            os.close(ours)

    assert b"Seinhuis, " in seen
    assert Exit.INTERRUPTED == process.returncode


def test_a_broker_that_hangs_is_shown_as_silent_and_what_it_held_as_the_last_known(tmp_path):
    """Frozen, not gone: it takes connections and answers nothing."""
    with hub_process(tmp_path / "data") as running:
        until(lambda: running.command("status", "--once").returncode == Exit.DONE)
        broker = json.loads((running.data / "broker.json").read_bytes())["pid"]
        with subprocess.Popen(
            [SEINHUIS, "status", "--json", "--every", "0.2", "--data", running.data],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment(),
        ) as process:  # fmt: skip
            try:
                first = json.loads(process.stdout.readline())
                os.kill(broker, signal.SIGSTOP)
                later = first
                while later["broker"]["answers"]:
                    later = json.loads(process.stdout.readline())
            finally:
                os.kill(broker, signal.SIGCONT)
                process.send_signal(signal.SIGINT)

    assert first["broker"]["answers"]
    assert later["broker"]["silent_s"] > 0
