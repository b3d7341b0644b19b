"""`seinhuis simulate`: believable traffic of all partners and gemeenten, at a running hub."""

import math
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli import output
from hub.cli.exits import Exit
from hub.cli.options import AsJson, Broker, Config, Data, settings_from
from hub.cli.running import run

if TYPE_CHECKING:
    from handlers.rulebook import Rulebook
    from hub.config import Settings
    from hub.simulation.sending import Sending


def simulate(
    *,
    events: Annotated[
        int, typer.Option("--events", min=1, help="How many; about 1,200 are a working day.")
    ] = 1_200,
    seed: Annotated[
        int, typer.Option("--seed", help="The same seed on the same day gives the same events.")
    ] = 1,
    rate: Annotated[
        float | None,
        typer.Option("--rate", min=0.1, help="Events per second at most; else as fast as it goes."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Send nothing: write the events to stdout, NDJSON.")
    ] = False,
    data: Data = None,
    config: Config = None,
    broker: Broker = None,
    as_json: AsJson = False,
) -> None:
    """Publish believable days of traffic.

    All sixteen partners and all gemeenten take part, with synthetic people only: cases from signal
    to plan, questions and answers, acts of recipients, corrections, and a small share of mistakes.
    Each party publishes with its own account. The same seed again publishes the same events, and a
    hub that has them delivers none of them twice: take another seed for other traffic.

    Exit codes: 0 all sent; 2 a setting or the role config cannot be used; 3 an event was refused
    before it was sent; 4 no hub runs, or it does not let us in; 130 stopped with Ctrl-C (what was
    sent by then is in the summary).
    """
    from hub.bootstrap import rulebook  # noqa: PLC0415 - not needed to say --help

    settings = settings_from(data=data, config=config, broker=broker)
    book = rulebook(settings)
    items = traffic(book, seed, events)
    if dry_run:
        for _, _, event in items:
            output.document(event)
        return
    report: dict[str, Any] = {"seed": seed, "asked": events}
    try:
        run(_send(settings, book, items, rate, report))
    except KeyboardInterrupt:
        report["interrupted"] = True
    _tell(report, as_json=as_json)
    if "interrupted" in report:
        raise typer.Exit(Exit.INTERRUPTED)


def traffic(book: "Rulebook", seed: int, events: int) -> Iterator[Any]:
    """Return that many events, from so many days ago that the last is of about now."""
    from hub.simulation import PER_DAY, generate  # noqa: PLC0415 - not needed to say --help

    days = math.ceil(events / PER_DAY * 7 / 5)
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return generate(book, seed, events, today - timedelta(days=days))


async def _send(
    settings: "Settings",
    book: "Rulebook",
    items: Iterator[Any],
    rate: float | None,
    report: dict[str, Any],
) -> None:
    from hub.bootstrap import attach  # noqa: PLC0415 - not needed to say --help
    from hub.simulation.progress import progress  # noqa: PLC0415
    from hub.simulation.sending import Sending  # noqa: PLC0415

    async with attach(settings, book) as hub:
        with progress(report["asked"], "publishing") as advance:
            sending = Sending(hub, rate=rate, told=advance)
            started = time.perf_counter()
            try:
                await sending.run(items)
            finally:
                _count(report, sending, time.perf_counter() - started)


def _count(report: dict[str, Any], sending: "Sending", seconds: float) -> None:
    report["sent"] = len(sending.sent)
    report["parties"] = len({each.party for each in sending.sent})
    report["types"] = len({each.name for each in sending.sent})
    report["seconds"] = round(seconds, 3)
    report["per_second"] = round(len(sending.sent) / seconds, 1) if seconds else 0.0


def _tell(report: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        output.document(report)
        return
    if report.get("interrupted"):
        output.note("stopped before the end")
    output.line(
        f"{output.plural(report.get('sent', 0), 'event')} of {report['asked']:,} published by"
        f" {output.plural(report.get('parties', 0), 'party', 'parties')}, of"
        f" {output.plural(report.get('types', 0), 'type')}, in {report.get('seconds', 0):.1f} s"
        f" ({report.get('per_second', 0):,.0f} a second)"
    )
    output.line("see what became of them:")
    for words in (("audit", "show"), ("held",), ("dead",), ("inbox", "gm0363")):
        output.line(f"  {output.command(*words)}")
