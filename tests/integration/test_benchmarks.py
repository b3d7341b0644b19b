"""The measurements run: what nothing else runs must not rot. No figure is looked at here."""

import importlib
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
DOCS = BENCHMARKS.parent / "docs"


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
        ("throughput.py", "--quick", "--contenders", "limit,limit-reads,hub-2,loop"),
        ("cluster.py", "--quick", "--events", "400"),
        ("latency.py", "--quick", "--rates", "200"),
        ("growth.py", "--quick"),
        ("memory.py", "--quick"),
        ("startup.py", "--quick"),
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


def test_the_page_is_what_the_results_make(kit, tmp_path):
    """Nobody edits a figure: `make bench ARGS=--render` gives the page and charts that are there.

    A chart that no result makes is as wrong as one that is missing.
    """
    kit("page").render(kit("results").FOLDER, tmp_path)

    assert _files(tmp_path) == {
        name: text
        for name, text in _files(DOCS).items()
        if name == "performance.md" or name.startswith("performance/")
    }


def _files(folder):
    return {
        str(file.relative_to(folder)): file.read_text(encoding="utf-8")
        for file in (folder / "performance.md", *(folder / "performance").glob("*"))
    }


@pytest.mark.parametrize(
    ("points", "text"),
    [
        ([(20, 228), (5_000, 243)], "Measured from 20 to 5,000: ×1.07, flat."),
        ([(1, 100), (10, 50)], "Measured from 1 to 10: ×0.5, less at the end than at the start."),
        (
            [(1, 100), (50, 7_000), (100, 10_000)],
            "Measured from 1 to 100: ×100 for ×100 as many, in proportion; a doubling adds 100 %.",
        ),
        ([(1, 100), (100, 900)], "×9 for ×100 as many, less than in proportion"),
        ([(1, 10), (10, 1_000)], "×100 for ×10 as many, more than in proportion"),
        ([(1_000, 200)], "Measured in one size only."),
    ],
)
def test_how_a_cost_grows_is_said_by_the_figures(kit, points, text):
    """A sentence that was written beforehand would claim what was hoped."""
    assert text in kit("growing").said(points)


@pytest.mark.broker
def test_an_event_that_is_not_acknowledged_leaves_no_figure(kit, monkeypatch):
    """A contender that only writes the copies has not done the whole job."""
    load, broker, rounds = kit("load"), kit("broker"), kit("rounds")
    monkeypatch.setattr(rounds._acknowledged, "__defaults__", (0.1,))
    with broker.a_broker() as running:
        stream = "hub:{dji}:in"
        running.client.xgroup_create(stream, "g", "0", mkstream=True)
        broker.fill(running.client, load.events(1))
        ((_, ((place, _),)),) = running.client.xreadgroup("g", "c", {stream: ">"})

        with pytest.raises(rounds.NotDone, match="1 events were never acknowledged"):
            rounds.check(running.client, load.events(1), Counter())
        running.client.xack(stream, "g", place)
        rounds.check(running.client, load.events(1), Counter())


def test_labels_at_the_ends_of_lines_do_not_lie_on_each_other(kit):
    """Two costs that end at the same height are both read."""
    assert [100, 132, 116, 148] == kit("svg")._apart([100, 104, 101, 148], step=16)


def test_the_page_says_of_each_target_whether_it_is_met(kit, tmp_path):
    """From the results alone; what was not measured has no verdict."""
    result, page = kit("results").Result, kit("page")
    over = {"median": 401.0, "min": 400.0, "max": 402.0, "rounds": 3}
    result("memory", {"size": "normal"}, folder=tmp_path).finish({"copy_over_payload": over})
    text = page.render(tmp_path, tmp_path).read_text(encoding="utf-8")

    assert "beyond its payload, bytes | ≤ 400 | 401 | **not met** |" in text
    assert "| throughput: times Celery | ≥ 70 | not measured | |" in text
    assert "401 (400–402)" in text

    result("memory", {"size": "normal"}, folder=tmp_path).finish(
        {"copy_over_payload": over | {"median": 399.0}}
    )
    text = page.render(tmp_path, tmp_path).read_text(encoding="utf-8")

    assert "beyond its payload, bytes | ≤ 400 | 399 | met |" in text


def test_a_measurement_goes_on_where_it_was_stopped(kit, tmp_path):
    """With the same options at the same commit; else it begins anew."""
    result = kit("results").Result
    result("latency", {"rounds": 2}, folder=tmp_path).add(round=0, p50=1.5)

    assert result("latency", {"rounds": 2}, folder=tmp_path).has(round=0)
    assert not result("latency", {"rounds": 2}, folder=tmp_path).has(round=1)
    assert not result("latency", {"rounds": 3}, folder=tmp_path).has(round=0)
