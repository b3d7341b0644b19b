"""The order of the story, and its end: the summary and the books."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from rich.console import Console

from hub.bootstrap import Hub
from hub.simulation import generate
from hub.simulation.progress import progress
from hub.simulation.sending import Sending
from hub.story import books as bookkeeping
from hub.story import exceptions, four_signals
from hub.story.showing import Show
from hub.story.signals import Signals
from hub.story.stage import Stage
from hub.story.summary import rows, summary
from hub.story.watching import Watching

_SHOWN: Final = 10


async def tell(
    hub: Hub, console: Console, *, events: int, seed: int, pause_s: float
) -> dict[str, Any]:
    """Tell the whole story on a hub that works, and return the summary.

    `pause_s` is how long to wait between two scenes. In the summary, `checks` says of each check of
    the books whether it holds.

    Raises:
        HubError: what should have happened did not, in time; the message says what.

    """
    async with Watching.open(hub) as watching:
        stage = Stage(watching, Show(console), Signals(hub.book), [])
        signal = await four_signals.ind(stage)
        for scene in (four_signals.liv, four_signals.rvdk, four_signals.dji):
            await asyncio.sleep(pause_s)
            await scene(stage)
        await asyncio.sleep(pause_s)
        await exceptions.duplicate(stage, signal)
        await exceptions.invalid(stage)
        await asyncio.sleep(pause_s)
        await exceptions.held(stage)
        await exceptions.corrected(stage, signal)
        await asyncio.sleep(pause_s)
        return await _day(stage, events, seed)


def start_of_day(moment: datetime) -> datetime:
    """Return the beginning of the last working day before `moment`, at midnight UTC."""
    day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    day -= timedelta(days=1)
    while day.weekday() >= 5:
        day -= timedelta(days=1)
    return day


async def _day(stage: Stage, events: int, seed: int) -> dict[str, Any]:
    show, hub = stage.show, stage.watching.hub
    show.title(
        "A simulated day",
        "Een dag verkeer van alle partners en gemeenten, met verzonnen mensen.",
    )
    start = start_of_day(datetime.now(UTC))
    show.say(f"   {events:,} events from {start:%A %d %B %Y}, seed {seed}, as fast as they go")
    day: list[Any] = []
    if events:
        with progress(events, "publishing") as advance:
            sending = Sending(hub, told=advance)
            await sending.run(generate(hub.book, seed, events, start, per_day=events))
        day = sending.sent
        stage.sent += day
    await stage.watching.drained()
    stage.note_openings()
    books = await bookkeeping.read(hub)
    counts = summary(books, hub.book, day)
    _show(show, counts)
    show.say("The books", "bold")
    checks = books.checks(stage.sent)
    for check in checks:
        show.check(check.what, holds=check.holds)
        for wrong in check.wrong[:_SHOWN]:
            show.say(f"      {wrong}", "red")
    return {**counts, "checks": {check.what: check.holds for check in checks}}


def _show(show: Show, counts: dict[str, Any]) -> None:
    show.table("What became of it all", ("", "count"), rows(counts))
    show.table(
        "By sender",
        ("sender", "events", "copies", "held", "refused", "acts"),
        ((name, *each.values()) for name, each in counts["by_sender"].items()),
    )
    show.table(
        "By kind of recipient",
        ("kind", "parties", "copies"),
        ((kind, each["parties"], each["copies"]) for kind, each in counts["by_recipient"].items()),
    )
    if (latency := counts["latency_ms"]) is not None:
        show.say(
            f"From intake to inbox under this load: p50 {latency['p50']} ms,"
            f" p99 {latency['p99']} ms (clock of the broker)"
        )
