"""A reason that goes on record, and the question before what cannot be undone."""

import sys
from typing import Annotated, Final

import typer

from hub.cli.exits import Exit
from hub.cli.failing import Stop

_LONGEST: Final = 200

Reason = Annotated[
    str,
    typer.Option("--reason", metavar="TEXT", help="Why, for the record: a code, never a name."),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask; needed where nobody can answer.")]


def checked(reason: str) -> str:
    """Return the reason as it goes on record.

    Raises:
        Stop: it cannot be one.

    """
    from schemas.identifiers import holds_bsn  # noqa: PLC0415 - not needed to say --help

    if not reason.strip() or len(reason) > _LONGEST or holds_bsn(reason):
        raise Stop(
            Exit.NOT_USABLE,
            f"--reason is 1 to {_LONGEST} characters that stay on record for good:"
            " a code or a ticket number, no burgerservicenummer and no name",
        )
    return reason.strip()


def confirm(what: str, *, yes: bool) -> None:
    """Ask whether to go on, on a terminal; elsewhere `--yes` must have been given.

    Raises:
        Stop: it was not confirmed; nothing was done.

    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise Stop(Exit.NOT_USABLE, f"{what} Nothing was done: confirm it with --yes")
    typer.echo(f"{what} Type yes to go on: ", nl=False, err=True)
    if sys.stdin.readline().strip() != "yes":
        raise Stop(Exit.NOT_USABLE, "nothing was done")
