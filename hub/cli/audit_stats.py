"""`seinhuis audit stats`: counts of messages, with bars in the terminal."""

import shutil
from collections.abc import Iterator, Mapping
from datetime import time
from typing import Annotated, Final

import typer

from hub.cli import audit_filters, audit_log, output
from hub.cli.exits import Exit
from hub.cli.failing import Stop
from hub.cli.moments import moment_of
from hub.cli.options import AsJson, Broker, Config, Data, settings_from
from hub.ledger.filters import Filters
from hub.ledger.statistics import MEANINGS, counts
from schemas.problems import nearest

_MOST: Final = 10
"""Rows of each chart in the overview; `--by` shows all."""

_WIDEST_NAME: Final = 36
_LEAST_BAR: Final = 10
_PARTS: Final = " ▏▎▍▌▋▊▉"
"""Eighths of a character, so that short bars differ too."""


def stats(
    *,
    by: Annotated[
        list[str] | None,
        typer.Option("--by", metavar="WHAT", help=f"{', '.join(MEANINGS)}; more than once."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="DATE", help="From this day on, or RFC 3339 moment."),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="DATE", help="Up to and with this day, or moment."),
    ] = None,
    sender: Annotated[
        str | None, typer.Option("--sender", metavar="PARTY", help="Of messages of this sender.")
    ] = None,
    type_: Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help="Messages of this type.")
    ] = None,
    data: Data = None,
    config: Config = None,
    broker: Broker = None,
    as_json: AsJson = False,
) -> None:
    """Count messages, with a chart in the terminal.

    Without --by an overview of everything that can be counted, ten rows each; with --by all rows.
    A message counts once, in the record that decided it; refused events and acts are in `event`.
    Messages are counted and never persons, and nothing of a person can be counted by.

    That you asked is on record before the first line is shown. With --json one document.

    Exits with 0, also when there is nothing to count; 2 when a name is not known or the question
    cannot be put on record; 4 when the database does not answer, 5 when there is no ledger.
    """
    settings = settings_from(data=data, config=config, broker=broker)
    _known(by or [])
    filters = Filters(
        since=moment_of(since, "--since", time()) if since is not None else None,
        until=moment_of(until, "--until", time.max) if until is not None else None,
        sender=sender,
        type=type_,
    )
    with audit_log.opened(settings) as log:
        with log.look() as connection:
            audit_filters.check(connection, filters, settings)
        log.on_record("audit stats", {**filters.said(), "by": ",".join(by or ["everything"])})
        with log.look() as connection:
            found = {name: counts(connection, name, filters) for name in by or MEANINGS}
        behind = audit_log.not_sealed_yet(settings, log)
    if as_json:
        output.document({**filters.said(), "counts": found, "behind": behind})
        return
    for text in _charts(found, None if by else _MOST):
        output.line(text)
    if behind:
        output.note(behind)


def _known(by: list[str]) -> None:
    if all(name in MEANINGS for name in by):
        return
    hints = {nearest(name, MEANINGS) for name in by if name not in MEANINGS} - {None}
    perhaps = f"; perhaps: {', '.join(sorted(map(str, hints)))}" if hints else ""
    raise Stop(Exit.NOT_USABLE, f"--by is one of: {', '.join(MEANINGS)}{perhaps}")


def _charts(found: Mapping[str, Mapping[str, int]], most: int | None) -> Iterator[str]:
    for number, (name, counted) in enumerate(found.items()):
        if number:
            yield ""
        yield MEANINGS[name]
        if not counted:
            yield "  none"
            continue
        rows = list(counted.items())
        of_time = name in {"day", "hour"}
        shown = rows if most is None or name == "hour" else rows[-most:] if of_time else rows[:most]
        yield from bars(dict(shown), shutil.get_terminal_size((80, 24)).columns)
        if len(shown) < len(rows):
            yield f"  and {len(rows) - len(shown):,} more: {output.command(*_more(name))}"


def _more(name: str) -> tuple[str, ...]:
    return "audit", "stats", "--by", name


def bars(counted: Mapping[str, int], width: int) -> Iterator[str]:
    r"""Yield a row for each count: name, count, bar; the largest fills the line of `width`.

    >>> print(*bars({"ind": 8, "rvdk": 4}, 20), sep="\n")
      ind   8 ██████████
      rvdk  4 █████
    """
    names = {
        name: name if len(name) <= _WIDEST_NAME else f"{name[: _WIDEST_NAME - 1]}…"
        for name in counted
    }
    wide = max(map(len, names.values()))
    digits = max(len(f"{count:,}") for count in counted.values())
    room = max(width - wide - digits - 5, _LEAST_BAR)
    largest = max(counted.values()) or 1
    for name, count in counted.items():
        eighths = max(round(count / largest * room * 8), 1 if count else 0)
        bar = "█" * (eighths // 8) + _PARTS[eighths % 8].rstrip()
        yield f"  {names[name]:<{wide}}  {count:>{digits},} {bar}".rstrip()
