"""What became of a run: a table, JSON, and a block for docs/reliability.md."""

import json
import platform
import statistics
import subprocess
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.chaos.running import Lap

_ROOT = Path(__file__).parents[2]
_PAGE = _ROOT / "docs" / "reliability.md"
_BEGIN, _END = "<!-- chaos: begin -->", "<!-- chaos: end -->"


def document(laps: Sequence[Lap], *, seed: int, command: str) -> dict[str, Any]:
    """Return everything as data."""
    books = [lap.books for lap in laps]
    stops: Counter[str] = Counter()
    for lap in laps:
        stops.update(lap.stops)
    return {
        "command": command,
        "seed": seed,
        "commit": f"commit {_commit()}",
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "minutes": round(sum(lap.took_s for lap in laps) / 60, 1),
        "laps": len(laps),
        "faults": sum(len(lap.struck) for lap in laps),
        "kills": sum(lap.kills for lap in laps),
        "events": sum(each.sent for each in books),
        "verdicts": sum(each.verdicts for each in books),
        "deliveries": sum(each.deliveries for each in books),
        "acts": sum(each.acts for each in books),
        "records": sum(each.records for each in books),
        "lost": sum(len(each.lost) for each in books),
        "doubled": sum(len(each.doubled) for each in books),
        "unaccounted": sum(len(each.unaccounted) for each in books),
        "unsound": sum(len(each.unsound) for each in books),
        "complaints": [complaint for lap in laps for complaint in lap.complaints],
        "details": "\n".join(filter(None, (each.faults() for each in books))),
        "unasked_stops": dict(sorted(stops.items())),
        "by_fault": _by_fault(laps),
    }


def _by_fault(laps: Sequence[Lap]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for struck in (each for lap in laps for each in lap.struck):
        found.setdefault(struck.fault, {"times": 0, "kills": 0, "recovery_s": []})
        found[struck.fault]["times"] += 1
        found[struck.fault]["kills"] += struck.kills
        found[struck.fault]["recovery_s"].append(round(struck.recovery_s, 2))
    return found


def is_sound(said: dict[str, Any]) -> bool:
    """Whether nothing at all was wrong."""
    wrong = ("lost", "doubled", "unaccounted", "unsound", "complaints")
    return not any(said[what] for what in wrong)


def table(said: dict[str, Any]) -> str:
    """Return it as Markdown: the sums, then a line for each fault."""
    counts = ("events", "verdicts", "deliveries", "acts", "records")
    wrong = ("lost", "doubled", "unaccounted")
    lines = [
        f"`{said['command']}`: {said['minutes']} minutes; {said['commit']}, {said['machine']}.",
        "",
        f"| faults | kills | {' | '.join((*counts, *wrong))} |",
        "|---" * (2 + len(counts) + len(wrong)) + "|",
        f"| {' | '.join(f'{said[what]:,}' for what in ('faults', 'kills', *counts, *wrong))} |",
        "",
        "| fault | times | kills | caught up again after, median | at most |",
        "|---|---|---|---|---|",
    ]
    for name, each in said["by_fault"].items():
        times = each["recovery_s"]
        lines.append(
            f"| {name} | {each['times']} | {each['kills']} | {statistics.median(times):.1f} s"
            f" | {max(times):.1f} s |"
        )
    return "\n".join(lines)


def write(said: dict[str, Any], file: Path | None, *, page: bool) -> None:
    """Write the JSON to `file`; with `page` the table into docs/reliability.md."""
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(said, indent=1) + "\n")
    if page:
        text = _PAGE.read_text()
        before, _, rest = text.partition(_BEGIN)
        _, _, after = rest.partition(_END)
        _PAGE.write_text(f"{before}{_BEGIN}\n{table(said)}\n{_END}{after}")


def _commit() -> str:
    asked = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout.strip() or "unknown"
