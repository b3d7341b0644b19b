"""Run every measurement, keep the figures as JSON, and make the page from them: `make bench`.

    python benchmarks/run.py [--only throughput,latency] [--quick] [--again] [--full] [--render]

What was measured at this commit in this size is not measured again, and a script that was stopped
goes on with its next round; `--again` begins anew. Every figure is in
`benchmarks/results/<script>.json`, with machine, commit and load; `docs/performance.md` and its
charts are made from these files alone (`--render` does only that). `--full` takes larger sizes and
more rounds, and hours. `--quick` is to see that all of it runs: its files go to `.bench/quick`.
Nothing else should run on the machine meanwhile.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from kit import page
from kit.load import REPO
from kit.results import FOLDER, Result, commit, load_average

BENCHMARKS = REPO / "benchmarks"
QUIET = 0.5
"""A load average above this is said: somebody else is at work."""

OWN = ("throughput", "cluster", "latency", "growth", "memory", "startup")
"""These keep their result themselves, round by round, and have a `--quick` and a `--full`."""

OTHERS = {
    "profile_path": {
        "quick": ["--rounds", "1", "--events", "400"],
        "normal": ["--rounds", "5"],
        "full": ["--rounds", "9"],
    },
    "sealing": {
        "quick": ["--rounds", "1", "--records", "1000", "--seconds", "1"],
        "normal": ["--rounds", "3"],
        "full": ["--rounds", "5", "--records", "100000", "--seconds", "30"],
    },
    "verify": {
        "quick": ["--rounds", "1", "--records", "1000"],
        "normal": ["--rounds", "3", "--records", "200000"],
        "full": ["--rounds", "3"],
    },
}
"""These print a document: name -> their options, by size."""


def done(name, folder, size):
    """Whether this was measured to its end at this commit in this size."""
    try:
        found = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    same = found["machine"]["commit"] == commit() and found["options"].get("size") == size
    return bool(found["finished"]) and same


def measure(name, folder, size):
    """Run one script; return whether it came to its end."""
    script = [sys.executable, BENCHMARKS / f"{name}.py"]
    if name in OWN:
        options = ["--results", folder, *([] if size == "normal" else [f"--{size}"])]
        return subprocess.run([*script, *options], check=False, cwd=REPO).returncode == 0
    options = OTHERS[name][size]
    if name == "sealing" and size != "quick" and _postgresql():
        options = [*options, "--postgres"]
    result = Result(name, {"arguments": " ".join(options), "size": size}, folder=folder)
    run = subprocess.run(
        [*script, *options, "--json"],
        stdout=subprocess.PIPE, check=False, cwd=REPO, text=True,
        env={**os.environ, "PYTHONPATH": str(REPO)},
    )  # fmt: skip
    if run.returncode:
        return False
    result.finish(json.loads(run.stdout))
    return True


def _postgresql():
    return any(Path("/usr/lib/postgresql").glob("*/bin/postgres"))


def main(chosen):
    """Measure what is asked, and make the page; return the exit code."""
    size = "quick" if chosen.quick else "full" if chosen.full else "normal"
    folder = REPO / ".bench" / "quick" if chosen.quick else FOLDER
    names = chosen.only.split(",") if chosen.only else [*OWN, *OTHERS]
    unknown = set(names) - {*OWN, *OTHERS}
    if unknown:
        print(f"no such measurement: {min(unknown)}; there are {', '.join((*OWN, *OTHERS))}")
        return 2
    failed = []
    for name in names if not chosen.render else ():
        if chosen.again:
            (folder / f"{name}.json").unlink(missing_ok=True)
        if done(name, folder, size):
            print(f"{name}: measured at this commit already (--again measures anew)")
            continue
        if load_average() > QUIET:
            print(f"{name}: the load is {load_average()}: something else runs on this machine")
        begun = time.monotonic()
        if not measure(name, folder, size):
            failed.append(name)
        print(f"{name}: {(time.monotonic() - begun) / 60:.1f} minutes", flush=True)
    where = folder if chosen.quick else REPO / "docs"
    print(f"made {page.render(folder, where)}")
    if failed:
        print(f"did not come to their end: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", help=f"of {', '.join((*OWN, *OTHERS))}; with commas")
    sizes = parser.add_mutually_exclusive_group()
    sizes.add_argument("--quick", action="store_true", help="small sizes, to see that all runs")
    sizes.add_argument("--full", action="store_true", help="larger sizes, more rounds: hours")
    parser.add_argument("--again", action="store_true", help="also what was measured already")
    parser.add_argument("--render", action="store_true", help="make the page, measure nothing")
    raise SystemExit(main(parser.parse_args()))
