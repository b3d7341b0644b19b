"""Every error as one clear message and an exit code; a traceback only when asked for.

Nothing here shows a value of an event: our own errors never hold one, and of an unexpected error
only its kind and place are told.
"""

import json
import re
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
    message = _as_typed_here(message)
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


def _as_typed_here(message: str) -> str:
    """Write the commands that a message names as they can be typed here."""
    from hub.cli import output  # noqa: PLC0415 - not needed to say --help

    def typed(found: re.Match[str]) -> str:
        return output.command("up") if found[1] == "up" else f"{output.program()} {found[1]}"

    return re.sub(r"(?<![\w/])seinhuis ([a-z]+)", typed, message)


def _explained(error: Exception) -> tuple[int, str, Sequence["Problem"]]:
    if isinstance(error, Stop):
        return error.code, error.message, error.problems
    if isinstance(error, TyperException):
        return error.exit_code, error.format_message().replace("Value error, ", ""), ()
    if isinstance(error, Abort):
        return Exit.INTERRUPTED, "stopped", ()
    return _of_the_hub(error) or (Exit.UNEXPECTED, _unexpected(error), ())


def _of_the_hub(error: Exception) -> tuple[int, str, Sequence["Problem"]] | None:
    from hub import errors  # noqa: PLC0415 - not needed to say --help
    from schemas.problems import InvalidEvent  # noqa: PLC0415

    if isinstance(error, errors.ConfigError):
        what = f"{len(error.problems)} problem" + ("" if len(error.problems) == 1 else "s")
        return Exit.NOT_USABLE, f"the role config has {what}:", error.problems
    if isinstance(error, InvalidEvent):
        return Exit.REFUSED, "this is not a valid event:", error.problems
    if isinstance(error, errors.NotAllowed):
        return Exit.NO_HUB, f"{error}: {way_in(error)}", ()
    codes = {
        errors.NotUsable: Exit.NOT_USABLE,
        errors.NotFound: Exit.NOT_FOUND,
        errors.BrokerError: Exit.NO_HUB,
        errors.Unavailable: Exit.NO_HUB,
        errors.HubError: Exit.UNEXPECTED,
    }
    for kind, code in codes.items():
        if isinstance(error, kind):
            return code, str(error), ()
    return None


def way_in(error: Exception) -> str:
    """Return what to do about an account that the broker does not let in, or not that far."""
    from redis.exceptions import (  # noqa: PLC0415 - not needed to say --help
        AuthenticationError,
        AuthorizationError,
    )

    cause: BaseException | None = error
    looked_at: set[int] = set()
    while cause is not None and id(cause) not in looked_at:  # an error may be its own cause
        looked_at.add(id(cause))
        if isinstance(cause, AuthenticationError | AuthorizationError):
            return (
                "the user is in SEINHUIS_BROKER_USER (else it is hub), the password in"
                " SEINHUIS_BROKER_PASSWORD, or in the file that SEINHUIS_BROKER_PASSWORD_FILE names"
            )
        cause = cause.__cause__
    return (
        "commands as send, inbox and held need the account of the hub (SEINHUIS_BROKER_USER=hub);"
        " with a party's own account one publishes with `seinhuis watch`, the Python client or a"
        " plain XADD, and reads with the client"
    )


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
