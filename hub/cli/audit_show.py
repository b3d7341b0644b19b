"""`seinhuis audit show`: the records, in order, with every filter."""

import json
import time
from collections.abc import Iterable, Mapping
from typing import Annotated, Final

import typer

from hub.cli import audit_filters, audit_log, audit_words, output
from hub.cli.options import AsJson, Broker, Config, Data, settings_from
from hub.cli.tables import Layout, whole
from hub.ledger import asking
from hub.ledger.asking import Line
from hub.ledger.filters import Filters
from hub.ledger.reading import Log, tokens_asked

_LOOK_S: Final = 0.5
_ON_RECORD_AGAIN_S: Final = 3_600.0
_FIRST: Final = 200  # rows that decide how wide the columns are
_ROOM: Final = (
    *("2026-11-23 14:37:09", "gemeente/100000", "dead-lettered"),
    *("audit export", "operator"),
)
"""So wide are most cells, also of the records that come later."""


@audit_filters.filtered
def show(
    *,
    filters: Filters,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=0, help="The newest N only; 0 is all.")
    ] = 50,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on with what is sealed next, until Ctrl-C.")
    ] = False,
    data: Data = None,
    config: Config = None,
    broker: Broker = None,
    as_json: AsJson = False,
) -> None:
    """Show records: filter them, or follow what comes.

    In the order of their own time, newest last. Filters can be combined; all must hold. A name that
    nobody bears is refused, with the nearest one. That you asked, and for what, is on record before
    the first line is shown; with --follow again each hour.

    A decision has one record, with a verdict for every rule and party: `audit trace` shows them.
    With --json one record a line, byte for byte as it was sealed, beside its position in the log,
    its shard and its number there; the count is then on stderr.

    Works without a hub. Says when the hub has newer records that are not sealed yet.

    Exits with 0, also when nothing matches; 2 when a filter can match nothing or the question
    cannot be put on record; 4 when the database does not answer, 5 when there is no ledger, 130
    when stopped with Ctrl-C.
    """
    settings = settings_from(data=data, config=config, broker=broker)
    with audit_log.opened(settings) as log:
        with log.look() as connection:
            audit_filters.check(connection, filters, settings)
        asked = {**filters.said(), "limit": str(limit), **({"follow": "yes"} if follow else {})}
        _on_record(log, filters, asked)
        listing = _Listing(as_json=as_json)
        with log.look() as connection:
            last = asking.size(connection) - 1
            listing.write(asking.newest(connection, filters, limit))
        listing.end(last + 1, audit_log.not_sealed_yet(settings, log))
        if follow:
            _follow(log, filters, listing, last, asked)


def _on_record(log: Log, filters: Filters, asked: Mapping[str, str]) -> None:
    tokens = [filters.person] if filters.person else []
    log.on_record("audit show", asked, person=tokens_asked(tokens))


def _follow(
    log: Log, filters: Filters, listing: "_Listing", last: int, asked: Mapping[str, str]
) -> None:
    said_at = time.monotonic()
    while True:
        output.flush()
        time.sleep(_LOOK_S)
        if time.monotonic() - said_at > _ON_RECORD_AGAIN_S:
            _on_record(log, filters, asked)
            said_at = time.monotonic()
        with log.look() as connection:
            until = asking.size(connection) - 1
            if until > last:
                listing.write(asking.after(connection, filters, last))
                last = until


class _Listing:
    """One listing: what is there, and then what comes."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._layout: Layout | None = None
        self._shown = 0

    def write(self, found: Iterable[Line]) -> None:
        """Write records as they are read; the first ones decide how wide the columns are."""
        if self._as_json:
            for line in found:
                self._shown += 1
                output.line(line.as_json())
            return
        waiting: list[Line] = []
        for line in found:
            self._shown += 1
            waiting.append(line)
            if len(waiting) == _FIRST:
                self._rows(waiting)
                waiting = []
        self._rows(waiting)

    def end(self, size: int, behind: str) -> None:
        """Say how many were shown, and what is not there yet."""
        if self._as_json:
            output.note(json.dumps({"shown": self._shown, "records": size, "behind": behind}))
            return
        output.line(f"{self._shown:,} of {output.plural(size, 'record')} shown")
        if behind:
            output.note(behind)

    def _rows(self, lines: list[Line]) -> None:
        if self._layout is None:
            columns = (*whole("time", "record", "what"), "about", "by")
            self._layout = Layout(columns, [_ROOM, *map(_cells, lines)])
            for text in self._layout.head():
                output.line(text)
        for line in lines:
            for text in self._layout.row(_cells(line), _below(line)):
                output.line(text)


def _cells(line: Line) -> tuple[str, ...]:
    record = line.record
    kind = record["object"]["kind"] if record else ""
    about = audit_words.subject(record)
    short = kind in {"message", "delivery", "config"}
    return (
        output.second(line.at),
        line.place,
        line.event,
        about[: output.SHORT] if short else about,
        line.actor,
    )


def _below(line: Line) -> str:
    record = line.record
    name, sender = record.get("type"), record.get("sender")
    what = f"{name or 'an event'} of {sender}: " if sender else ""
    return f"{what}{audit_words.described(record)}"
