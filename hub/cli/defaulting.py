"""Groups in which `list` is what one gets without naming a subcommand."""

from typing import Any, Final

from typer.core import TyperGroup

_HELP: Final = frozenset({"--help", "-h"})


class ListByDefault(TyperGroup):
    """`held` means `held list`, and `held --json` means `held list --json`."""

    before = 0  #: arguments of the group itself

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `list` where no subcommand stands."""
        own, rest = args[: self.before], args[self.before :]
        named = bool(rest) and not rest[0].startswith("-")
        if rest and rest[0] in _HELP:
            args = [rest[0]]
        elif not named and len(own) == self.before and not _HELP & set(own):
            args = [*own, "list", *rest]
        return super().parse_args(ctx, args)


class ListOfOne(ListByDefault):
    """The same, after one argument: `inbox gm0363` means `inbox gm0363 list`."""

    before = 1
