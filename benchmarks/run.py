"""Run every measurement, keep the figures as JSON, and make the page from them: `make bench`.

    python benchmarks/run.py [--only throughput,latency] [--quick] [--again] [--full] [--render]

What was measured at this commit is not measured again, and a script that was stopped goes on with
its next round; `--again` begins anew. Every figure is in `benchmarks/results/<script>.json`, with
machine, commit and load; `docs/performance.md` and its charts are made from these files alone
(`--render` does only that). `--quick` is to see that all of it runs: it takes small sizes, and its
files go to `.bench/quick`. Nothing else should run on the machine meanwhile.
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

OWN = ("throughput", "latency", "growth", "memory", "startup")
"""These keep their result themselves, round by round."""

OTHERS = {
    "profile_path": (["--rounds", "5"], ["--rounds", "1", "--events", "400"]),
    "sealing": (["--rounds", "3"], ["--rounds", "1", "--records", "1000", "--seconds", "1"]),
    "verify": (["--rounds", "3"], ["--rounds", "1", "--records", "1000"]),
}
"""These print a document: name -> options of a full run, and of a quick one."""

QUICK = {
    "throughput": ["--rounds", "1"],
    "latency": ["--rounds", "1"],
    "growth": ["--rounds", "1"],
    "memory": [],
    "startup": ["--rounds", "1"],
}


def done(name, folder):
    """Whether this was measured to its end at this commit."""
    try:
        found = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(found["finished"]) and found["machine"]["commit"] == commit()


def measure(name, folder, chosen):
    """Run one script; return whether it came to its end."""
    script = [sys.executable, BENCHMARKS / f"{name}.py"]
    if name in OWN:
        options = ["--results", folder, *(["--quick", *QUICK[name]] if chosen.quick else [])]
        options += ["--full"] if chosen.full and name == "growth" else []
        return subprocess.run([*script, *options], check=False, cwd=REPO).returncode == 0
    options = OTHERS[name][1 if chosen.quick else 0]
    if name == "sealing" and not chosen.quick and _postgresql():
        options = [*options, "--postgres"]
    result = Result(name, {"arguments": options, "quick": chosen.quick}, folder=folder)
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
        if done(name, folder):
            print(f"{name}: measured at this commit already (--again measures anew)")
            continue
        if load_average() > QUIET:
            print(f"{name}: the load is {load_average()}: something else runs on this machine")
        begun = time.monotonic()
        if not measure(name, folder, chosen):
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
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that all runs")
    parser.add_argument("--again", action="store_true", help="also what was measured already")
    parser.add_argument("--full", action="store_true", help="a ledger of ten million records too")
    parser.add_argument("--render", action="store_true", help="make the page, measure nothing")
    raise SystemExit(main(parser.parse_args()))
