"""The demo and the simulation as a user starts them: real processes, a real broker."""

import json
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.embedded import EmbeddedBroker
from tests.integration.hub_process import SEINHUIS, HubProcess, environment, hub_process

pytestmark = [pytest.mark.broker, pytest.mark.slow]


def seinhuis(*words: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SEINHUIS, *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=environment(),
        cwd=cwd,
    )


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the demo writes, on one line: where it is folded does not matter."""
    folder = tmp_path_factory.mktemp("told") / "demo"
    done = seinhuis("demo", "--once", "--events", "60", "--data", folder)
    assert done.returncode == 0, done.stdout[-3_000:] + done.stderr
    assert max(map(len, done.stdout.splitlines()[1:])) <= 80
    return " ".join(done.stdout.split())


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with hub_process(tmp_path_factory.mktemp("simulated") / "data") as process:
        yield process


@pytest.mark.parametrize(
    "words",
    [
        "lro got a copy by rule ind-signaal-lro",
        "no copy (other-phase): gm0363 by rule ind-signaal-gemeente",
        "gm0363 got a copy by rule ind-signaal-gemeente",
        "zvh-amsterdam-amstelland got a copy by rule ind-signaal-gemeente",
        "gm0363 got a copy by rule liv-veiligheidsmelding; spoed: to acknowledge within 60 minutes",
        "zvh-amsterdam-amstelland: 0 copies in its inbox",
        "zvh-utrecht got a copy by rule rvdk-signaal-zvh",
        "gm0344: 0 copies in its inbox",
        "gm0344 got a copy by rule zvh-doorzenden-gemeente",
        "rvdk reads: berichten.doorgezonden by zvh-utrecht, aan gm0344",
        "gm0599 got a copy by rule dji-detentiesignaal",
        "zvh-rotterdam-rijnmond got a copy by rule dji-detentiesignaal",
    ],
)
def test_the_four_signals_arrive_where_the_table_says(told: str, words: str) -> None:
    """IND to LRO, gemeente and house; LIV to the gemeente; RvdK to the house; DJI to both."""
    assert words in told


@pytest.mark.parametrize(
    "words",
    [
        "ind reads: berichten.terugkoppeling-gegeven by gm0363, niveau in-behandeling",
        "on record: decided, then duplicate copies of it in the inbox of gm0363: 1",
        "our client does not send it: 3 problems",
        "on record: opened by partner gm0363",
        "rvdk reads: berichten.opgepakt by zvh-utrecht, zaakRef ZVH-2026-17",
        "data.urgentie: is one of: spoed, hoog, normaal",
        "in dead, for the operator: 1; in the inbox of ind: berichten.geweigerd",
        "held, a person must look (gemeente-split)",
        "on record: decided, then released",
        "lro reads berichten.gerectificeerd",
        "ok everybody who had the original has the correction",
    ],
)
def test_what_recipients_do_and_what_goes_wrong_is_shown(told: str, words: str) -> None:
    """Acts and their notices, a duplicate, an invalid event, a hold, a correction."""
    assert words in told


def test_a_copy_shows_what_each_may_see_and_never_what_was_not_sent(told: str) -> None:
    """The gemeente sees the BSN, the house and the LRO do not."""
    assert "betrokkene.bsn: 999990342 sees - -" in told
    assert "sees what was not sent" not in told


def test_the_books_are_checked_and_right(told: str) -> None:
    """Each accepted event one verdict record, each forward one inbox entry; nothing left."""
    assert "ok each of" in told
    assert "accepted events has exactly one verdict record" in told
    assert "forwards is exactly one inbox entry, and no other is" in told
    assert "ok no event is left in an intake" in told
    assert "NOT OK" not in told


def test_the_summary_is_one_document_for_a_program(tmp_path: Path) -> None:
    """With --json: the story on stderr, one JSON document on stdout; again in the same folder."""
    for again in (False, True):
        done = seinhuis(
            "demo", "--once", "--events", "20", "--seed", "5", "--json", "--data", tmp_path / "d"
        )
        assert done.returncode == 0, done.stderr
        assert ("earlier demo" in done.stderr) is again
        counts = json.loads(done.stdout)
        assert all(counts["checks"].values())
        assert counts["events"] == 20 + 36  # the day, and the story before it
        assert counts["duplicates"] >= 1
        assert counts["latency_ms"]["p50"] <= counts["latency_ms"]["p99"]


def test_a_folder_that_is_not_of_a_demo_is_left_alone(tmp_path: Path) -> None:
    """The demo empties its own folder, and no other."""
    (tmp_path / "mine.txt").write_text("keep me")
    done = seinhuis("demo", "--once", "--data", tmp_path)
    assert done.returncode == 2
    assert "name another folder with --data" in done.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["mine.txt"]


def test_a_demo_that_runs_is_not_emptied_by_a_second_one(tmp_path: Path) -> None:
    """Whoever holds the lock of the folder has it."""
    folder = tmp_path / "demo"
    with EmbeddedBroker(folder):
        (folder / "seinhuis-demo.txt").write_text("of a demo")
        done = seinhuis("demo", "--once", "--data", folder)
        assert done.returncode == 4
        assert "another hub uses the data folder" in done.stderr
        assert (folder / "appendonlydir").exists()


def test_the_demo_stays_up_and_ctrl_c_ends_it_cleanly(tmp_path: Path) -> None:
    """Every command that it suggests works there, with its keyring; then no broker is left."""
    folder = tmp_path / "demo"
    suggested: list[list[str]] = []
    with subprocess.Popen(
        [SEINHUIS, "demo", "--events", "5", "--data", folder],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment() | {"PYTHONUNBUFFERED": "1"},
    ) as process:
        for line in process.stdout:
            if "Ctrl-C stops it" in line:
                break
            if "--data" in line and "simulate" not in line:
                suggested.append(shlex.split(line[line.index("seinhuis ") :])[1:])
        inbox = seinhuis("inbox", "gm0363", "--json", "--data", folder)
        trace = next(words for words in suggested if "trace" in words)
        deadline = time.monotonic() + 60
        while "its sender corrected it" not in seinhuis(*trace).stdout:  # until that is sealed
            assert time.monotonic() < deadline
        looked = [seinhuis(*words) for words in suggested]
        doctor = seinhuis("doctor", "--json", "--data", folder)
        person = subprocess.run(
            [SEINHUIS, "audit", "report", "person", "--bsn", "--data", folder],
            input="999990342",
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env=environment(),
        )
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=30)
    assert "signalen.veiligheidsmelding-gedaan" in inbox.stdout
    assert len(suggested) == 7
    assert [done.stderr for done in looked if done.returncode] == []
    found = [json.loads(line) for line in doctor.stdout.splitlines()]
    assert ["warn"] == [each["status"] for each in found if each["check"] == "keyring"]
    assert "gemeente Amsterdam (gm0363)" in person.stdout, person.stderr
    assert process.returncode == 0, rest
    assert not (folder / "broker.json").exists()


def test_simulate_publishes_as_the_parties_themselves_and_twice_is_once(hub: HubProcess) -> None:
    """All are sent by many parties; the same seed again is nothing but duplicates."""
    first = json.loads(hub.command("simulate", "--events", "150", "--seed", "2", "--json").stdout)
    assert (first["sent"], first["asked"]) == (150, 150)
    assert first["parties"] > 20
    before = _audit(hub, 150)
    hub.command("simulate", "--events", "150", "--seed", "2", "--json")
    after = _audit(hub, 300)[len(before) :]
    words = {record["event"] for record in after}
    assert "duplicate" in words
    assert "decided" not in words


def test_simulate_stopped_with_ctrl_c_says_what_was_sent(hub: HubProcess) -> None:
    """Exit code 130, and the summary counts what the broker has, no more."""
    before = sum(record["event"] in _VERDICTS for record in _audit(hub, 0))
    with subprocess.Popen(
        [
            *(SEINHUIS, "simulate", "--events", "5000", "--seed", "3", "--rate", "40", "--json"),
            *("--data", hub.data),
        ],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as process:
        _audit(hub, before + 1)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    report = json.loads(out)
    assert process.returncode == 130
    assert report["interrupted"] is True
    assert 0 < report["sent"] < report["asked"]


def test_simulate_without_a_hub_says_how_to_start_one(tmp_path: Path) -> None:
    """Exit code 4, and the way out."""
    done = seinhuis("simulate", "--events", "1", "--data", tmp_path)
    assert done.returncode == 4
    assert "seinhuis up" in done.stderr


def test_a_dry_run_needs_no_hub_and_is_the_same_for_a_seed(tmp_path: Path) -> None:
    """NDJSON on stdout, one event a line, ready for `seinhuis send -`."""
    runs = [
        seinhuis("simulate", "--dry-run", "--events", "40", "--seed", "9", cwd=tmp_path).stdout
        for _ in range(2)
    ]
    assert runs[0] == runs[1]
    events = [json.loads(line) for line in runs[0].splitlines()]
    assert len(events) == 40
    assert {event["specversion"] for event in events} == {"1.0"}
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - the names are all that matters


_VERDICTS = {"decided", "duplicate", "dead-lettered", "corrected", "withdrawn", "act-accepted"}
_SEEN: dict[bytes, dict[str, Any]] = {}
"""Every record that a test saw: what is sealed leaves the broker after a minute."""


def _audit(hub: HubProcess, events: int) -> list[dict[str, Any]]:
    """Return all records, once so many events have a verdict of their own."""
    import redis

    deadline = time.monotonic() + 30
    with redis.Redis(
        host=hub.host, port=hub.port, username="hub", password=hub.passwords["hub"]
    ) as client:
        while True:
            for shard in _SHARDS:
                for entry, fields in client.xrange(f"hub:{{{shard}}}:audit"):
                    _SEEN[entry + b"-" + shard.encode()] = json.loads(fields[b"record"])
            found = sorted(
                _SEEN.items(), key=lambda pair: [int(n) for n in pair[0].split(b"-")[:2]]
            )
            records = [record for _, record in found]
            done = sum(record["event"] in _VERDICTS for record in records)
            if done >= events:
                return records
            assert time.monotonic() < deadline, f"{done} of {events} decided"
            time.sleep(0.1)


_SHARDS = (
    *("aivd", "dji", "dtv", "ess", "gemeente", "ind", "kmar", "liv", "lse", "nctv", "om"),
    *("politie", "rn", "ror", "rvdk", "zvh"),
)
