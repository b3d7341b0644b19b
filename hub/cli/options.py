"""Options that several commands share, and the settings that come of them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli import output

if TYPE_CHECKING:
    from hub.config import Settings

Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="FOLDER", help="Data of the embedded broker [SEINHUIS_DATA]."),
]
Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="FOLDER", help="Role config to use [SEINHUIS_CONFIG]."),
]
Broker = Annotated[
    str | None,
    typer.Option("--broker", metavar="URL", help="A broker of your own [SEINHUIS_BROKER]."),
]
AsJson = Annotated[
    bool,
    typer.Option("--json", help="For programs: JSON on stdout, and errors as JSON on stderr."),
]


def settings_from(**flags: Any) -> "Settings":
    """Return the settings with `flags` before the environment.

    Raises:
        NotUsable: a setting cannot be used.

    """
    output.remember(**flags)
    from hub.config import settings  # noqa: PLC0415 - not needed to say --help

    return settings(**flags)
