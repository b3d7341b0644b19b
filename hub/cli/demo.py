"""`seinhuis demo`: a hub of its own, the four signals step by step, and a simulated day."""

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from hub.cli import output
from hub.cli.exits import Exit
from hub.cli.failing import Stop
from hub.cli.options import AsJson, Config, settings_from
from hub.cli.running import run

if TYPE_CHECKING:
    from rich.console import Console

    from hub.config import Settings

_FOLDER: Final = Path("data/demo")
_MARK: Final = "seinhuis-demo.txt"
_LOG: Final = "hub.log"
_PAUSE_S: Final = 1.5
_CORRECTED: Final = "e3d34efc"
"""The hub's name of the story's `ind-0002`: sent twice, acted upon and corrected."""


def demo(
    *,
    once: Annotated[bool, typer.Option("--once", help="Exit at the end; else stay up.")] = False,
    events: Annotated[
        int, typer.Option("--events", min=0, help="Events of the simulated day.")
    ] = 300,
    seed: Annotated[int, typer.Option("--seed", help="Another seed is another day.")] = 7,
    fast: Annotated[bool, typer.Option("--fast", help="No pauses between the scenes.")] = False,
    data: Annotated[
        Path, typer.Option("--data", metavar="FOLDER", help="Folder of the demo; renewed.")
    ] = _FOLDER,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """See the hub at work: the four signals, then a day.

    Starts a hub with a broker of its own, publishes the four signals of the lokale aanpak, shows
    who received which fields and why others did not, what happens to duplicates, mistakes and
    corrections, and then a simulated day. It ends with a summary and a check of the books. All
    people are made up. The folder of the demo is emptied at each start; no other folder is.

    With --json the story goes to stderr and the summary to stdout. The log of the hub is in
    hub.log in the folder of the demo.

    Exit codes: 0 done and the books are right; 1 the books are not right; 2 the folder or the role
    config cannot be used; 4 the broker did not start, or a demo runs in this folder; 130 stopped
    with Ctrl-C during the story.
    """
    write = output.note if as_json else output.line
    write(f"Seinhuis demo: a hub of its own in {data}")
    renewed = _renew(data)
    if renewed:
        write("(what an earlier demo left there is removed)")
    output.flush()
    settings = settings_from(data=data, config=config, keys=data / "keys", log="json")
    result = run(_demo(settings, events, seed, once=once, fast=fast, as_json=as_json))
    if as_json:
        output.document(result)
    if not all(result["checks"].values()):
        raise Stop(Exit.UNEXPECTED, "the books are not right: see above; please report this")


def _renew(folder: Path) -> bool:
    """Empty the folder of an earlier demo; whether there was one. Never any other folder."""
    from hub.data_folder import make_private_folder, take_lock  # noqa: PLC0415 - not for --help

    mark = folder / _MARK
    make_private_folder(folder)
    there = any(folder.iterdir())
    if there and not mark.exists():
        raise Stop(
            Exit.NOT_USABLE,
            f"{folder} is not empty and not of a demo, so it is left alone: name another folder"
            " with --data",
        )
    if there:
        lock = take_lock(folder)  # or say that a demo runs here
        try:
            for each in folder.iterdir():
                if each.is_dir():
                    shutil.rmtree(each)
                elif each.name != "broker.lock":
                    each.unlink()
        finally:
            os.close(lock)
    mark.write_text("The folder of `seinhuis demo`: emptied at each start.\n", encoding="utf-8")
    return there


async def _demo(
    settings: "Settings", events: int, seed: int, *, once: bool, fast: bool, as_json: bool
) -> dict[str, Any]:
    from hub import log  # noqa: PLC0415 - not needed to say --help
    from hub.bootstrap import start  # noqa: PLC0415
    from hub.story import tell  # noqa: PLC0415
    from hub.tasks import cancelled, ended  # noqa: PLC0415
    from hub.working import work  # noqa: PLC0415

    console = _console(as_json=as_json)
    pause_s = _PAUSE_S if console.is_terminal and not fast else 0.0
    stop = asyncio.Event()
    with (settings.data / _LOG).open("w", encoding="utf-8") as file:
        log.configure(json=True, level=settings.log_level, stream=file)
        async with start(settings) as hub:
            worker = asyncio.create_task(work(hub, stop), name="worker")
            story = asyncio.create_task(
                tell(hub, console, events=events, seed=seed, pause_s=pause_s), name="story"
            )
            try:
                await asyncio.wait({worker, story}, return_when=asyncio.FIRST_COMPLETED)
                if worker.done():
                    story.cancel()
                    await worker  # says why it stopped
                result = await story
                if not once:
                    _look_around(console)
                    with _until_asked(stop):
                        await worker
                        output.note("stopped; the data stays until the next demo")
                return result
            finally:
                stop.set()
                await cancelled(story)
                await ended(worker)


def _console(*, as_json: bool) -> "Console":
    from rich.console import Console  # noqa: PLC0415 - takes long to import

    class Plain(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # as everywhere else, and not the exit of Rich

    made = Plain(stderr=as_json, highlight=False, markup=False, emoji=False)
    return (
        made
        if made.is_terminal
        else Plain(stderr=as_json, highlight=False, markup=False, emoji=False, width=80)
    )


@contextlib.contextmanager
def _until_asked(stop: asyncio.Event) -> Iterator[None]:
    """Take Ctrl-C and SIGTERM as the wish to stop in good order."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _look_around(console: "Console") -> None:
    hints = (
        ("what Amsterdam received", ("inbox", "gm0363")),
        ("the notices to the IND", ("inbox", "ind")),
        ("what waits for a person", ("held",)),
        ("what was refused, and why", ("dead",)),
        ("what was decided, and why", ("audit", "show", "--event", "decided")),
        ("the life of one message", ("audit", "trace", _CORRECTED)),
        ("that nothing was changed", ("audit", "verify")),
        ("more traffic", ("simulate", "--events", "500", "--seed", "8")),
    )
    console.print("\nThe hub stays up. In another terminal:")
    for what, words in hints:
        console.print(f"  {what:<27} {output.command(*words)}", soft_wrap=True)
    console.print("Ctrl-C stops it.")
