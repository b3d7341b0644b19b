"""The report as text for a person, and the progress bar on a terminal."""

import contextlib
import sys
from collections.abc import Iterator
from textwrap import wrap
from typing import Final

from hub.proof.report import INCIDENT, MEANING, Fault, Finding, Outcome, Report
from hub.proof.walking import Progress

VERDICT: Final = {
    Outcome.SOUND: "SOUND: complete, unchanged, and signed by the keys it was checked with",
    Outcome.AS_FAR_AS_IT_GOES: "SOUND AS FAR AS IT GOES: no fault was found, but see the limits",
    Outcome.FAULT: "NOT SOUND",
}
TOLD: Final = 10
"""How many faults a person is told one by one; `--json` has more."""


def text(report: Report, *, quiet: bool = False) -> str:
    """Return the report, at most 80 wide where it can be; `quiet`: verdict, faults and limits."""
    lines: list[str] = []
    if not quiet:
        if report.origin:
            lines += [f"Log {report.origin}, {report.size} records", f"Root {report.root}", ""]
        lines += [f"Checked: {many} {what}" for what, many in report.checked.items()]
        lines += [wrapped(f"Key: {key}", "  ") for key in report.keys]
        lines += [wrapped(remark, "") for remark in report.remarks]
        lines.append("")
    for finding in report.faults[:TOLD]:
        lines += _fault(finding)
    untold = len(report.faults[TOLD:]) + sum(report.more.values())
    if untold:
        lines += [f"And {untold} more faults. --json has the places of the first of each kind.", ""]
    for finding in report.limits:
        lines += [wrapped(f"LIMIT ({finding.code}): {finding.what}", "  "), ""]
    if report.is_receipt and report.outcome is Outcome.SOUND:
        lines.append("SOUND: this record is in the log, as it stands in the receipt")
    else:
        lines.append(VERDICT[report.outcome])
    if report.outcome is Outcome.FAULT:
        lines.append(wrapped(f"{INCIDENT}.", ""))
    return "".join(f"{_plain(line)}\n" for line in lines)


def _plain(text: str) -> str:
    """Return text that steers no terminal: who made the log chose the names in it."""
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)


def _fault(finding: Finding) -> list[str]:
    means, what_to_do = MEANING[Fault(finding.code)]
    return [
        wrapped(f"FAULT ({finding.code}): {finding.what}", "  "),
        wrapped(f"  It means: {means}.", "    "),
        wrapped(f"  Do: {what_to_do}.", "    "),
        "",
    ]


def wrapped(line: str, indent: str) -> str:
    """Return a line as lines of 80, those after the first indented.

    Broken at spaces only: a root or a key must stay whole, to be copied.
    """
    broken = wrap(
        line, 80, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return "\n".join(broken)


@contextlib.contextmanager
def progress_bar(*, wanted: bool) -> Iterator[Progress | None]:
    """Give a bar on stderr when that is a terminal and `rich` is there; None otherwise."""
    if not wanted or not sys.stderr.isatty():
        yield None
        return
    try:
        from rich.console import Console  # noqa: PLC0415 - only for a person who looks
        from rich.progress import Progress as Bar  # noqa: PLC0415
    except ImportError:
        yield None
        return
    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Records", total=None)

        def tell(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield tell
