"""A group of commands that imports the module of a command only when that command is called.

`seinhuis --help` and the choice of a command must be quick, and the broker client, the models and
the role config together are not. The help line of each command therefore stands in the table.
"""

import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup
from typer.main import get_command

from hub.cli import failing
from hub.cli.exits import Exit


@dataclass(frozen=True, slots=True)
class Entry:
    """One command: `module:name` of a Typer app or of a function, and its help line."""

    place: str
    help: str


class LazyGroup(TyperGroup):
    """A group whose commands are named in `entries`, and whose errors end in an exit code."""

    entries: ClassVar[Mapping[str, Entry]] = {}

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names, in the order of the table."""
        _ = ctx
        return list(self.entries)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import the command and return it; None when there is none."""
        _ = ctx
        if cmd_name not in self.entries:
            return None
        if cmd_name not in self.commands:
            self.commands[cmd_name] = load(cmd_name, self.entries[cmd_name].place)
        return self.commands[cmd_name]

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command; a name that is not known gets the nearest that is."""
        if args and args[0] not in self.entries and not args[0].startswith("-"):
            import difflib  # noqa: PLC0415 - only after a typing mistake

            near = difflib.get_close_matches(args[0], self.entries, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else "See --help for the commands."
            ctx.fail(f"No such command {args[0]!r}. {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list from the table, without importing anything."""
        _ = ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in self.entries.items()])

    def invoke(self, ctx: Any) -> Any:
        """Run the command; whoever reads its output may go away before the end."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            # What is still to be written has no reader: let the end of the process not try.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(Exit.NOBODY_READS) from None
        return result

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT001, FBT002 - the signature of Typer
        windows_expand_args: bool = True,  # noqa: FBT001, FBT002
        **extra: Any,
    ) -> Any:
        """Run, say what went wrong, and exit with the code of `hub.cli.exits`."""
        _ = complete_var, standalone_mode, windows_expand_args
        arguments = list(sys.argv[1:] if args is None else args) or ["--help"]
        try:
            result = super().main(
                args=arguments,
                prog_name=prog_name or "seinhuis",
                standalone_mode=False,  # errors come here, and not to Typer
                **extra,
            )
        except Exception as error:  # noqa: BLE001 - the last stop: anything else is a traceback
            sys.exit(failing.report(error, as_json="--json" in arguments))
        sys.exit(result if isinstance(result, int) else 0)


def load(name: str, place: str) -> Any:
    """Import the command at `module:attribute`: a Typer app, or a function that is one command."""
    module, _, attribute = place.partition(":")
    found = getattr(importlib.import_module(module), attribute)
    if not isinstance(found, typer.Typer):
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        single.command(name)(found)
        found = single
    command = get_command(found)
    command.name = name
    return command
