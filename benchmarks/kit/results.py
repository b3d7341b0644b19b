"""Figures: medians and spread, on which machine and commit, and the file that they go to."""

import json
import os
import platform
import statistics
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from kit.load import REPO

FOLDER = REPO / "benchmarks" / "results"


def spread(values, digits=0):
    """Return the median of the rounds, with the lowest, the highest and how many there were."""
    values = list(values)
    if not values:
        return None
    return {
        "median": _rounded(statistics.median(values), digits),
        "min": _rounded(min(values), digits),
        "max": _rounded(max(values), digits),
        "rounds": len(values),
    }


def percentiles(values, *shares):
    """Return {share: value} by nearest rank; `values` need not be sorted."""
    ordered = sorted(values)
    last = len(ordered) - 1
    return {share: ordered[min(last, round(share * last))] for share in shares} if ordered else {}


def machine():
    """Return what the figures were taken on."""
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "memory_gib": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "commit": commit(),
        "changed_files": _changed(),
    }


def commit():
    """Return the short name of the commit that is checked out."""
    done = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        capture_output=True, text=True, cwd=REPO, check=False,
    )  # fmt: skip
    return done.stdout.strip() or "unknown"


def load_average():
    """Return the load of the last minute: what the machine did beside this."""
    return round(os.getloadavg()[0], 2)


class Result:
    """The result of one script, kept while it grows: what was measured is not lost by a stop."""

    def __init__(self, name, options, *, folder=None):
        """Go on where a run of the same commit with the same options stopped.

        Without a folder nothing is kept: a run by hand changes no figure of the page.
        """
        self._file = Path(folder) / f"{name}.json" if folder else None
        self.value = {
            "script": name,
            "machine": machine(),
            "options": options,
            "began": _now(),
            "load_before": load_average(),
            "finished": None,
            "rounds": [],
        }
        found = self._found() if self._file else None
        same = ("script", "options")
        if (
            found
            and not found["finished"]
            and all(found[key] == self.value[key] for key in same)
            and found["machine"]["commit"] == self.value["machine"]["commit"]
        ):
            self.value["rounds"] = found["rounds"]
            self.value["began"] = found["began"]

    def has(self, **what):
        """Whether this was measured already."""
        return any(what.items() <= each.items() for each in self.value["rounds"])

    def add(self, **what):
        """Keep one measurement."""
        self.value["rounds"].append({**what, "load": load_average()})
        self._write()

    def of(self, *wanted, **what):
        """Return the measurements of this, or one figure of each."""
        found = [each for each in self.value["rounds"] if what.items() <= each.items()]
        return [each[wanted[0]] for each in found if wanted[0] in each] if wanted else found

    def finish(self, summary):
        """Keep what it comes to, and return the whole."""
        self.value |= {"finished": _now(), "load_after": load_average(), "summary": summary}
        self._write()
        return self.value

    def _found(self):
        try:
            return json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def _write(self):
        if self._file:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._file.with_suffix(".new")
            fresh.write_text(json.dumps(self.value, indent=1) + "\n", encoding="utf-8")
            fresh.replace(self._file)


def _rounded(value, digits):
    return round(value, digits) if digits else round(value)


def _processor():
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line]
    return names[0] if names else "unknown"


def _changed():
    done = subprocess.run(
        ["git", "status", "--porcelain", "--", "hub", "handlers", "schemas", "benchmarks"],
        capture_output=True, text=True, cwd=REPO, check=False,
    )  # fmt: skip
    return len([line for line in done.stdout.splitlines() if "results/" not in line])


def _now():
    return datetime.now(UTC).isoformat(timespec="seconds")
