"""`seinhuis watch`: publish what a partner's system puts in a folder."""

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from handlers.rulebook import Rulebook
from hub import log
from hub.adapters.drop_folder import DropFolder, Totals
from hub.adapters.mapping import Mapping
from hub.adapters.mapping_admission import not_admitted
from hub.adapters.mapping_file import load_mapping
from hub.bootstrap import attach, rulebook
from hub.cli import output
from hub.cli.exits import Exit
from hub.cli.failing import Stop
from hub.cli.options import AsJson, Broker, Config, Data, settings_from
from hub.cli.running import run
from hub.config import Settings
from hub.errors import ConfigError, HubError, NotFound

_SETTLE_S: Final = 2.0


def watch(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the exports come in.")],
    party: Annotated[str, typer.Option("--party", help="Whose exports they are, such as ind.")],
    mapping: Annotated[
        Path | None,
        typer.Option(
            "--mapping", metavar="FILE", help="What the columns are; not for CloudEvents."
        ),
    ] = None,
    interval: Annotated[
        float,
        typer.Option("--interval", metavar="SECONDS", min=0.05, help="Pause between two looks."),
    ] = 5.0,
    settle: Annotated[
        float,
        typer.Option("--settle", metavar="SECONDS", min=0.0, help="So long unchanged is finished."),
    ] = _SETTLE_S,
    once: Annotated[  # noqa: FBT002 - a flag of the command line
        bool, typer.Option("--once", help="Take what is there, and end.")
    ] = False,
    check: Annotated[  # noqa: FBT002
        bool, typer.Option("--check", help="Only look whether the mapping can be used.")
    ] = False,
    data: Data = None,
    config: Config = None,
    broker: Broker = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Publish the export files that come into a folder: JSON, NDJSON or CSV.

    A finished file moves to FOLDER/done. When rows were refused it moves to FOLDER/refused, with a
    file beside it that says which and why; the good rows were published all the same. Stop it at
    any moment: a file moves only after all its rows, and the next run delivers nothing twice.
    Files that are being written, and names as .part or .tmp, are left alone.

    Exits with 0 with --once when all is published, 2 when the mapping or the folder cannot be used,
    3 with --once when rows were refused or a file could not be read, 4 when no hub runs, 5 when
    there is no such folder or party, 130 when stopped with Ctrl-C.
    """
    settings = settings_from(data=data, config=config, broker=broker)
    _look_at(folder)
    log.configure(json=as_json or settings.log_json, level=settings.log_level)
    book = rulebook(settings)
    found = _mapping(mapping, party, book)
    if check:
        output.note("the mapping can be used" if mapping else "there is no mapping to look at")
        return
    totals = run(_watch(settings, book, folder, party, found, (interval, settle), once=once))
    _end(totals, as_json=as_json)


def _look_at(folder: Path) -> None:
    if not folder.exists():
        raise NotFound(f"there is no folder {folder}: make it first, or name another")
    if not folder.is_dir():
        raise Stop(Exit.NOT_USABLE, f"{folder} is not a folder: name the one of the exports")


def _mapping(path: Path | None, party: str, book: Rulebook) -> Mapping | None:
    known = book.parties.get(party)
    if known is None:
        raise NotFound(
            f"no party {party} in the role config; see: {output.program()} check --matrix"
        )
    if path is None:
        return None
    try:
        return load_mapping(path, lambda mapping: not_admitted(mapping, known, book))
    except ConfigError as error:
        message = f"the mapping has {output.plural(len(error.problems), 'problem')}:"
        raise Stop(Exit.NOT_USABLE, message, error.problems) from None


async def _watch(
    settings: Settings,
    book: Rulebook,
    folder: Path,
    party: str,
    mapping: Mapping | None,
    pace: tuple[float, float],
    *,
    once: bool,
) -> Totals:
    async with attach(settings, book) as hub, await hub.client(party) as client:
        drop = DropFolder(
            folder, client.publish, mapping=mapping, prefix=book.prefix, settle_s=pace[1]
        )
        try:
            with drop.locked():
                return await drop.run(pace[0], once=once)
        except HubError as error:
            if type(error) is HubError:  # the folder: taken, gone, or not ours to write in
                raise Stop(Exit.NOT_USABLE, str(error)) from error
            raise


def _end(totals: Totals, *, as_json: bool) -> None:
    told: dict[str, Any] = {
        "files": totals.files,
        "events": totals.events,
        "skipped": totals.skipped,
        "refused": totals.refused,
        "stuck": totals.stuck,
    }
    if as_json:
        output.document(told)
    else:
        files, events = output.plural(totals.files, "file"), output.plural(totals.events, "event")
        output.line(f"{files} taken, {events} published")
    if totals.stuck:
        raise Stop(
            Exit.REFUSED,
            f"{output.plural(totals.stuck, 'file')} could not be read or moved: mend the rights",
        )
    if totals.refused:
        rows = output.plural(totals.refused, "row")
        raise Stop(Exit.REFUSED, f"{rows} refused: see the .problems.json files in refused/")
