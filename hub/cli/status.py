"""`seinhuis status`: what waits where, and what a person should look at now."""

import asyncio
import shutil
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Annotated, Final

import typer

from hub.bootstrap import attach
from hub.cli import output, status_text
from hub.cli.exits import Exit
from hub.cli.options import AsJson, Broker, Config, Data, settings_from
from hub.cli.running import run
from hub.supervision.alarms import beyond, bounds
from hub.supervision.gauges import INBOXES, Gauges
from hub.supervision.readings import Readings

_EVERY_S: Final = 2.0
_PATIENCE_S: Final = 3.0


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

    Exits with 0 when all is well, 3 when something is beyond its bound, 4 when no hub runs or its
    broker does not answer, 130 with Ctrl-C.
    """  # fmt: skip
    settings = settings_from(data=data, config=config, broker=broker)
    begins = bounds(settings.alarms)
    live = sys.stdout.isatty() and not as_json
    pause = None if once else every or (_EVERY_S if live else None)
    screen = Screen() if live and pause is not None else None

    def show(readings: Readings) -> Exit:
        found = list(beyond(readings, begins))
        if as_json:
            output.document(status_text.document(readings, found, everything=everything))
        else:
            text = list(status_text.lines(readings, found, everything=everything))
            (screen.draw if screen else _write)(text)
        if not readings.broker_answers:
            return Exit.NO_HUB
        return Exit.REFUSED if found else Exit.DONE

    async def follow() -> Exit:
        async with attach(settings) as hub:
            code = Exit.DONE
            async for readings in looks(Gauges(hub).look, pause):
                code = show(readings)
            return code

    code = run(follow())
    if code is not Exit.DONE:
        raise typer.Exit(code)


Look = Callable[[int | None], Awaitable[Readings]]
"""Looks once, at so many inboxes; None: at all."""


async def looks(
    look: Look, pause: float | None, patience: float = _PATIENCE_S
) -> AsyncIterator[Readings]:
    """Yield look after look, `pause` seconds apart; None: one only.

    A look that hangs for `patience` seconds shows the last one meanwhile, as of a silent broker: it
    may take half a minute before the broker is given up.
    """
    last: Readings | None = None
    inboxes = None  # the first look is at all of them, however long that takes
    while True:
        since = time.monotonic()
        looking = asyncio.ensure_future(look(inboxes))
        try:
            while not (await asyncio.wait({looking}, timeout=patience))[0]:
                if last is not None:
                    silent = last.silent_s + time.monotonic() - since
                    yield replace(last, broker_answers=False, silent_s=silent)
            last = looking.result()
        finally:
            looking.cancel()
        yield last
        if pause is None:
            return
        inboxes = INBOXES
        await asyncio.sleep(pause)


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
