"""`seinhuis status`: what waits where, and what a person should look at now."""

import asyncio
import shutil
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Final

import typer

from hub.bootstrap import attach
from hub.cli import output, status_text
from hub.cli.exits import Exit
from hub.cli.options import AsJson, Broker, Config, Data, settings_from
from hub.cli.running import run
from hub.supervision.alarms import beyond, bounds
from hub.supervision.gauges import INBOXES, Gauges

_EVERY_S: Final = 2.0


def status(
    *,
    once: Annotated[bool, typer.Option("--once", help="Look once, and exit.")] = False,
    every: Annotated[
        float | None,
        typer.Option(
            "--every",
            metavar="SECONDS",
            min=0.2,
            help="Look again so often; also in a pipe. On a terminal it is 2.",
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also shards and parties with nothing in them.")
    ] = False,
    data: Data = None,
    config: Config = None,
    broker: Broker = None,
    as_json: AsJson = False,
) -> None:
    """Show what waits in every shard and inbox, who reads, and what is wrong.

    On a terminal it is drawn anew every two seconds, until Ctrl-C; elsewhere, with --json or with
    --once it looks once. An alarm is shown as soon as its bound is passed; the hub tells it in its
    log when that lasts, and also tells what only it can know: that erasing failed. What to do is in
    docs/howto/alarms. Other bounds: SEINHUIS_ALARMS. Changes nothing, and shows no content.

    --json: one document for each look.

    Exits with 0 when all is well at the last look, 3 when something is beyond its bound, 4 when no
    hub runs, 130 with Ctrl-C.
    """  # fmt: skip
    settings = settings_from(data=data, config=config, broker=broker)
    begins = bounds(settings.alarms)
    live = sys.stdout.isatty() and not as_json
    pause = None if once else every or (_EVERY_S if live else None)
    screen = Screen() if live and pause is not None else None

    async def follow() -> bool:
        async with attach(settings) as hub:
            gauges = Gauges(hub)
            inboxes = None  # the first look is at all of them, however long that takes
            while True:
                readings = await gauges.look(inboxes)
                found = list(beyond(readings, begins))
                if as_json:
                    output.document(status_text.document(readings, found, everything=everything))
                else:
                    text = list(status_text.lines(readings, found, everything=everything))
                    (screen.draw if screen else _write)(text)
                if pause is None:
                    return not found
                inboxes = INBOXES
                await asyncio.sleep(pause)

    if not run(follow()):
        raise typer.Exit(Exit.REFUSED)


def _write(text: Sequence[str]) -> None:
    for each in text:
        output.line(each)
    output.flush()


class Screen:
    """Draws text over the text that it drew before; what does not fit is counted."""

    def __init__(self, height: Callable[[], int] | None = None) -> None:
        """`height`: how many lines the terminal has; asked each time, a window may change."""
        self._height = height or (lambda: shutil.get_terminal_size((80, 24)).lines)
        self._drawn = 0

    def draw(self, text: Sequence[str]) -> None:
        """Draw these lines in the place of the last ones."""
        room = max(2, self._height() - 1)  # the cursor stands on a line of its own
        shown = list(text)
        if len(shown) > room:
            hidden = len(shown) - room + 1
            shown = [*shown[: room - 1], f"… {hidden} more lines: --once shows all"]
        back = f"\x1b[{self._drawn}F" if self._drawn else ""
        sys.stdout.write(f"{back}\x1b[J" + "".join(f"{each}\n" for each in shown))
        output.flush()
        self._drawn = len(shown)
