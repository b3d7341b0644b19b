"""`seinhuis audit report partner`: what one party sent and received in a period."""

import dataclasses
import json
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from sqlalchemy import Connection, select

from hub.bootstrap import now
from hub.cli import audit_log, output
from hub.cli.exits import Exit
from hub.cli.failing import Stop
from hub.cli.moments import moment_of
from hub.cli.options import AsJson, Broker, Config, Data, settings_from
from hub.cli.report_names import Names, book_of, deliver
from hub.cli.tables import Column, Layout
from hub.ledger.reports.partner import Counts, PartnerReport, report_of
from hub.ledger.tables import acts, verdicts
from schemas.problems import nearest

_DAYS: Final = 30


def partner(
    *,
    party: Annotated[
        str, typer.Argument(metavar="PARTY", help="As in the role config: ind, gm0363.")
    ],
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="DATE", help="From this day or moment on; else 30 days."),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="DATE", help="Up to and with it; else now.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="To a file, for you only (0600).")
    ] = None,
    data: Data = None,
    config: Config = None,
    broker: Broker = None,
    as_json: AsJson = False,
) -> None:
    """Say what one party sent and received in a period.

    What it sent: by type, recipient and legal basis, what came of it, why others did not get it,
    what was held, refused or sent twice. What it received: by sender, type and legal basis, what it
    did with it, how long it took to answer (from delivered to acknowledged, taken up or refused:
    the median, and within which time nine of ten were), what is open and what was late.

    Counts messages and copies, never persons. That you asked is on record first.

    Exits with 0, also when there is nothing; 2 when there is no such party or an option cannot be
    used, 4 when the database does not answer, 5 when there is no ledger.
    """
    settings = settings_from(data=data, config=config, broker=broker)
    to = moment_of(until, "--until", time.max) if until is not None else now()
    start = moment_of(since, "--since", time()) if since is not None else to - timedelta(days=_DAYS)
    if start > to:
        raise Stop(Exit.NOT_USABLE, "--since is later than --until: exchange the two")
    names = Names.of(book_of(settings))
    with audit_log.opened(settings) as log:
        with log.look() as connection:
            _known(connection, party, names)
        asked = {"party": party, "since": output.rfc3339(start), "until": output.rfc3339(to)}
        log.on_record("audit report partner", asked)
        with log.look() as connection:
            report = report_of(connection, party, start, to)
        behind = audit_log.not_sealed_yet(settings, log)
    if as_json:
        said = _plain(dataclasses.asdict(report))
        deliver(json.dumps(said, ensure_ascii=False, separators=(",", ":")) + "\n", out)
    else:
        deliver("\n".join(_lines(report, names)) + "\n", out)
    if behind:
        output.note(behind)


def _known(connection: Connection, party: str, names: Names) -> None:
    """Refuse a party that neither the role config nor the log knows, with the nearest."""
    columns = (acts.c.sender, acts.c.party, verdicts.c.party)
    if party in names.parties or any(
        connection.scalar(select(column).where(column == party).limit(1)) for column in columns
    ):
        return
    hint = nearest(party, names.parties)
    raise Stop(
        Exit.NOT_USABLE,
        "neither the role config nor the log knows this party; "
        + (f"perhaps: {hint}" if hint else f"see {output.command('check', '--matrix')}"),
    )


def _lines(report: PartnerReport, names: Names) -> list[str]:
    sent, received = report.sent, report.received
    made = [
        names.party(report.party),
        f"from {output.moment(report.since)} to {output.moment(report.until)}",
        "",
        (
            f"Sent: {output.plural(sent.messages, 'message')},"
            f" {output.plural(sent.copies, 'copy', 'copies')} provided,"
            f" {sum(sent.refused.values()):,} refused, {sent.duplicates:,} sent twice"
        ),
        *_table("type", sent.by_type),
        *_table("what came of it", sent.results),
        *_table("recipient", sent.by_recipient),
        *_table("legal basis", sent.by_legal_basis),
        *_table("not provided, because", sent.withheld),
        *_table("held, because", sent.held),
        *_table("refused, because", sent.refused),
        "",
        (
            f"Received: {output.plural(received.copies, 'copy', 'copies')},"
            f" {received.passed_on:,} of them passed on by another recipient"
        ),
    ]
    if received.copies:
        made.append(
            f"Answered: {received.answered:,}; open: {received.open:,}; late: {received.overdue:,}"
        )
    if received.median is not None and received.p90 is not None:
        made.append(
            f"Time to answer: median {_span(received.median)}, nine of ten within"
            f" {_span(received.p90)}"
        )
    made += [
        *_table("sender", received.by_sender),
        *_table("type", received.by_type),
        *_table("legal basis", received.by_legal_basis),
        *_table("what it did", received.acts),
    ]
    return made


def _table(name: str, counts: Counts) -> list[str]:
    if not counts:
        return []
    rows = [(each, f"{count:,}") for each, count in counts.items()]
    return ["", *Layout((name, Column("count", whole=True)), rows).lines()]


def _span(span: timedelta) -> str:
    """Return a span as people say it.

    >>> _span(timedelta(minutes=5)), _span(timedelta(hours=30)), _span(timedelta(days=9))
    ('5 min', '30.0 h', '9.0 d')
    """
    minutes = span.total_seconds() / 60
    if minutes < 120:
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.1f} h" if minutes < 72 * 60 else f"{minutes / 1_440:.1f} d"


def _plain(value: Any) -> Any:
    """Return a value as programs read it: moments RFC 3339, spans in seconds."""
    if isinstance(value, datetime):
        return output.rfc3339(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return value
