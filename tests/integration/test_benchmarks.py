"""The measurements run: what nothing else runs must not rot. No figure is looked at here."""

import importlib
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def kit(monkeypatch):
    """Import a part of `benchmarks/kit`, as a script there does."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield lambda name: importlib.import_module(f"kit.{name}")
    for name in [name for name in sys.modules if name.partition(".")[0] == "kit"]:
        del sys.modules[name]


@pytest.mark.broker
@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        ("throughput.py", "--quick", "--no-save", "--contenders", "limit,limit-reads,hub-2,loop"),
        ("latency.py", "--quick", "--no-save", "--rates", "200"),
        ("growth.py", "--quick", "--no-save"),
        ("memory.py", "--quick", "--no-save"),
        ("startup.py", "--quick", "--no-save"),
        ("sealing.py", "--records", "1000"),
        ("verify.py", "--records", "1000"),
    ],
    ids=lambda command: command[0],
)
def test_a_measurement_runs_to_its_end(command):
    """In small, and gives a document for a program; in it is no contender that failed."""
    script, *options = command
    done = subprocess.run(
        [sys.executable, f"benchmarks/{script}", *options, "--rounds", "1", "--json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=170,
    )

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [] == [each["failed"] for each in found.get("rounds", ()) if "failed" in each]


@pytest.mark.broker
def test_a_contender_that_lost_a_copy_or_doubled_one_has_no_figure(kit):
    """Every inbox is counted: what is quick because it does less is not quick."""
    load, broker, rounds = kit("load"), kit("broker"), kit("rounds")
    events = load.events(4)
    wanted = load.expected(events)
    with broker.a_broker() as running:
        for number, (shard, party) in enumerate(wanted):
            running.client.xadd(f"hub:{{{shard}}}:inbox:{party}", {"message": f"m{number}"})
        rounds.check(running.client, events, wanted)

        with pytest.raises(rounds.NotDone, match="1 copies are missing, 0 are too many"):
            rounds.check(running.client, events, wanted + Counter({("dji", "rn"): 1}))
        running.client.xadd(f"hub:{{{shard}}}:inbox:{party}", {"message": f"m{number}"})
        with pytest.raises(rounds.NotDone, match="1 copies were delivered twice"):
            rounds.check(running.client, events, wanted)


def test_the_load_has_two_recipients_for_each_event_and_some_events_twice(kit):
    load = kit("load")
    events = load.events(400)

    assert 4 == sum(event.again for event in events)
    assert 2 * 396 == load.expected(events).total()
    assert 396 == len({event.raw for event in events})
    assert all(1_000 <= len(event.raw) <= 1_300 for event in events)
    assert events == load.events(400)


def test_the_page_says_of_each_target_whether_it_is_met(kit, tmp_path):
    """From the results alone; what was not measured has no verdict."""
    result, page = kit("results").Result, kit("page")
    over = {"median": 401.0, "min": 400.0, "max": 402.0, "rounds": 3}
    result("memory", {}, folder=tmp_path).finish({"copy_over_payload": over})
    text = page.render(tmp_path, tmp_path).read_text(encoding="utf-8")

    assert "beyond its payload, bytes | ≤ 400 | 401 | **not met** |" in text
    assert "| throughput: times Celery | ≥ 70 | not measured | |" in text
    assert "401 (400–402)" in text

    result("memory", {}, folder=tmp_path).finish({"copy_over_payload": over | {"median": 399.0}})
    text = page.render(tmp_path, tmp_path).read_text(encoding="utf-8")

    assert "beyond its payload, bytes | ≤ 400 | 399 | met |" in text


def test_a_measurement_goes_on_where_it_was_stopped(kit, tmp_path):
    """With the same options at the same commit; else it begins anew."""
    result = kit("results").Result
    result("latency", {"rounds": 2}, folder=tmp_path).add(round=0, p50=1.5)

    assert result("latency", {"rounds": 2}, folder=tmp_path).has(round=0)
    assert not result("latency", {"rounds": 2}, folder=tmp_path).has(round=1)
    assert not result("latency", {"rounds": 3}, folder=tmp_path).has(round=0)
