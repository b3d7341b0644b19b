"""Every error as one clear message and an exit code; a traceback only when asked for.

Nothing here shows a value of an event: our own errors never hold one, and of an unexpected error
only its kind and place are told.
"""

import json
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from typer import Abort, TyperException

from hub.cli.exits import Exit

_ROOT: Final = Path(__file__).parents[2]

if TYPE_CHECKING:
    from schemas.problems import Problem


class Stop(Exception):  # noqa: N818 - it ends a command; it need not be an error of ours
    """End the command with this message and code. The message holds nothing of an event."""

    def __init__(self, code: Exit, message: str, problems: Sequence["Problem"] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.problems = tuple(problems)


def report(error: Exception, *, as_json: bool) -> int:
    """Write `error` to stderr, for a person or as JSON, and return the exit code."""
    code, message, problems = _explained(error)
    if as_json:
        listed = [{"place": p.place, "rule": p.rule, "way_out": p.way_out} for p in problems]
        print(
            json.dumps({"error": message.rstrip(":"), "problems": listed}, ensure_ascii=False),
            file=_err(),
        )
    else:
        usage = getattr(error, "ctx", None)
        if usage is not None:
            print(usage.get_usage(), file=_err())
        print(f"seinhuis: {message}", file=_err())
        for problem in problems:
            print(f"  {problem}", file=_err())
    return code


def _explained(error: Exception) -> tuple[int, str, Sequence["Problem"]]:
    if isinstance(error, Stop):
        return error.code, error.message, error.problems
    if isinstance(error, TyperException):
        return error.exit_code, error.format_message().replace("Value error, ", ""), ()
    if isinstance(error, Abort):
        return Exit.INTERRUPTED, "stopped", ()
    return _of_the_hub(error) or (Exit.UNEXPECTED, _unexpected(error), ())


def _of_the_hub(error: Exception) -> tuple[int, str, Sequence["Problem"]] | None:
    from hub.errors import (  # noqa: PLC0415 - not needed to say --help
        BrokerError,
        ConfigError,
        HubError,
        NotAllowed,
        NotFound,
        Unavailable,
    )
    from schemas.problems import InvalidEvent  # noqa: PLC0415

    if isinstance(error, ConfigError):
        count = len(error.problems)
        return Exit.NOT_USABLE, f"the role config has {count} problems:", error.problems
    if isinstance(error, InvalidEvent):
        return Exit.REFUSED, "this is not a valid event:", error.problems
    if isinstance(error, NotFound):
        return Exit.NOT_FOUND, str(error), ()
    if isinstance(error, BrokerError | Unavailable | NotAllowed):
        return Exit.NO_HUB, str(error), ()
    if isinstance(error, HubError):
        return Exit.UNEXPECTED, str(error), ()
    return None


def _unexpected(error: Exception) -> str:
    from hub.config import debug  # noqa: PLC0415 - not needed to say --help

    if debug():
        traceback.print_exception(error, file=_err())
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(_ROOT)]
    where = (ours or list(frames))[-1:]  # the innermost of ours
    place = "".join(f" in {Path(f.filename).name}:{f.lineno}" for f in where)
    return (
        f"something went wrong that we did not foresee: {type(error).__name__}{place}."
        " With SEINHUIS_DEBUG=1 you see the traceback; it may hold data of an event"
    )


def _err() -> Any:
    return sys.stderr
