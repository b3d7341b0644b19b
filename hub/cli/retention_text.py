"""What `seinhuis retention` writes for people."""

import contextlib
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from hub.cli import output
from hub.cli.tables import whole
from hub.retention.due import Due, What
from hub.retention.job import Progress
from hub.retention.plan import Place, Plan, Report

_MEANS: Final = {
    What.FINISHED: "copy: finished, and the days after are over",
    What.TERM: "copy: finished, and its last day is over",
    What.UNREAD: "! copy: not finished, and its last day is over",
    What.NOTICE: "notice to a sender: its last day is over",
    What.HELD: "! held: still waits, and its last day is over",
    What.DEAD: "! refused: still waits, and its last day is over",
}
_MOST: Final = 40  # lines of a table by sender and recipient; `--list` has all


def print_plan(plan: Plan) -> None:
    """Write what a run would do."""
    output.line(f"What is due at {output.moment(plan.at)}:")
    output.line()
    _counts(plan, "due")
    output.line()
    _details(plan.due, "due")
    _details(plan.soon, "near their last day and not finished")
    _stuck(plan)


def print_report(report: Report) -> None:
    """Write what a run did."""
    output.line(f"Done at {output.moment(report.at)}:")
    output.line()
    _counts(report, "erased")
    output.line()
    _stuck(report)
    for each in report.left:
        output.line(f"! left to you: {each}")


def due_line(due: Due) -> str:
    """Return one thing that is due, on a line."""
    what = "kept by a hold" if due.kept else due.what.value
    thing = due.message[: output.SHORT] if due.message else due.entry
    return f"{due.until.isoformat()}  {what:<14}  {due.shard}  {due.party}  {thing}  {due.type}"


def due_document(due: Due) -> dict[str, Any]:
    """Return one thing that is due, for programs."""
    return {
        "what": due.what.value,
        "shard": due.shard,
        "party": due.party,
        "queue": due.queue,
        "entry": due.entry,
        "message": due.message or None,
        "type": due.type or None,
        "last_day": due.until.isoformat(),
        "kept": due.kept,
    }


@contextlib.contextmanager
def progress(*, wanted: bool) -> Iterator[Progress]:
    """Show on one line of the terminal how far it is; nothing when nobody looks."""
    if not (wanted and sys.stderr.isatty()):
        yield lambda *_: None
        return

    def show(what: str, done: int, of: int) -> None:
        far = f" {done:,} of {of:,}" if of else ""
        sys.stderr.write(f"\r\x1b[K{what}{far}")
        sys.stderr.flush()

    try:
        yield show
    finally:
        sys.stderr.write("\r\x1b[K")


def _counts(plan: Plan, done: str) -> None:
    rows = [
        (_MEANS[what], f"{due:,}", f"{kept:,}")
        for what, (due, kept) in plan.totals().items()
        if what is not What.SOON
    ]
    persons = plan.persons
    rows.append(
        (
            "record of the log: the term of its person is over",
            f"{persons.due:,}",
            f"{persons.kept:,}",
        )
    )
    output.table(["why", *whole(done, "kept by a hold")], rows)


def _details(counts: Counter[Place], title: str) -> None:
    if not counts:
        return
    listed = counts.most_common()
    rows = [(what.value, shard, party, f"{n:,}") for (what, shard, party), n in listed[:_MOST]]
    output.line(f"{output.plural(counts.total(), 'copy or entry', 'copies and entries')} {title}:")
    output.table([*whole("why", "sender", "party", "count")], rows)
    if len(listed) > _MOST:
        output.line(f"and {len(listed) - _MOST} more; --json has them all")
    output.line()


def _stuck(plan: Plan) -> None:
    for one in plan.stuck:
        place = f"{one.shard}/{one.intake}" if one.intake else one.shard
        output.line(
            f"! the intake of {place} has an entry since {output.moment(one.since)} that is not"
            f" handled; it is never erased: {output.command('doctor')}"
        )
