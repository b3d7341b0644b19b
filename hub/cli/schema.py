"""`seinhuis schema` and `seinhuis asyncapi`: the contracts, made from the code."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from hub import reference
from hub.bootstrap import rulebook
from hub.cli import output
from hub.cli.exits import Exit
from hub.cli.failing import Stop
from hub.cli.options import AsJson, Config, settings_from
from hub.cli.tables import whole
from hub.errors import NotFound
from schemas.catalogue import CATALOGUE
from schemas.problems import nearest


def schema(
    *,
    type_: Annotated[
        str | None,
        typer.Argument(metavar="TYPE", help="signalen.signaal-gemeld, …; without it: the list."),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option("--all", metavar="FOLDER", help="Write the schema of every type in here."),
    ] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Print the JSON Schema of a message type.

    JSON Schema 2020-12 of the whole event, envelope and data, with examples. Without TYPE it lists
    the types. With --all it writes a file for each type into FOLDER, which it makes when it is
    not there; files of that name are overwritten. Otherwise it changes nothing.

    Exits with 0, 2 when the folder cannot be written, 5 when there is no such type.
    """
    prefix = rulebook(settings_from(config=config)).prefix
    if folder is not None:
        _write_all(folder, prefix, as_json=as_json)
    elif type_ is None:
        _list(as_json=as_json)
    else:
        name = type_.removeprefix(f"{prefix}.")
        if name not in CATALOGUE:
            hint = nearest(name, CATALOGUE)
            way_out = f"; perhaps: {hint}" if hint else f"; see the list: {output.program()} schema"
            raise NotFound(f"there is no message type {name}{way_out}")
        _print(reference.schema(name, prefix), as_json=as_json)


def asyncapi(
    *,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write it here instead of stdout.")
    ] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Print the AsyncAPI description of the hub.

    AsyncAPI 3.0: who publishes what on which stream, and what stands in an inbox, by the role
    config. With --out it overwrites FILE, in a folder that is there; otherwise it changes nothing.

    Exits with 0, 2 when the role config cannot be used or the file cannot be written.
    """
    made = reference.document(rulebook(settings_from(config=config)))
    if out is None:
        _print(made, as_json=as_json)
        return
    _write(out, made)
    if as_json:
        output.document({"written": [str(out)]})
    else:
        output.line(f"written: {out}")


def _list(*, as_json: bool) -> None:
    if as_json:
        for row in CATALOGUE.values():
            output.document(
                {
                    "type": row.name,
                    "title": row.title,
                    "kind": row.kind.value,
                    "sensitivity": row.sensitivity.value,
                    "of_the_hub": row.is_hub,
                }
            )
        return
    listed = [(row.name, row.kind.value, row.sensitivity.value) for row in CATALOGUE.values()]
    titles = [row.title for row in CATALOGUE.values()]
    output.table(whole("type", "kind", "person"), listed, titles)


def _write_all(folder: Path, prefix: str, *, as_json: bool) -> None:
    written = []
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise Stop(Exit.NOT_USABLE, f"{folder} cannot be made: {error.strerror}") from None
    for name in CATALOGUE:
        path = folder / f"{name}.json"
        _write(path, reference.schema(name, prefix))
        written.append(str(path))
    if as_json:
        output.document({"written": written})
    else:
        output.line(f"{output.plural(len(written), 'schema')} written in {folder}")


def _write(path: Path, made: dict[str, Any]) -> None:
    try:
        path.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise Stop(Exit.NOT_USABLE, f"{path} cannot be written: {error.strerror}") from None


def _print(made: dict[str, Any], *, as_json: bool) -> None:
    """Write JSON either way: for a program on one line, for a person with indents."""
    if as_json:
        output.document(made)
    else:
        output.line(json.dumps(made, ensure_ascii=False, indent=2))
