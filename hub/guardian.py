"""A server that ends with the process that started it, also when that was killed with -9.

Its stdout is a pipe that only the starter holds open. A guardian beside it reads that: a line means
that all is well, the end of the pipe that the starter is gone. It says so to the server by a signal
(TERM to end in good order, KILL for who tries out failures), and wakes one that was stopped.
"""

import contextlib
import os
import subprocess
from pathlib import Path
from typing import Final, Literal

# `$$` stays the process that becomes the server.
_GUARD: Final = (
    "( { read -r _ || { kill -%s $$; kill -CONT $$; }; } <&1 >/dev/null 2>&1 & );"
    ' exec "$0" "$@" >&2'
)


def launch(
    binary: Path, config: Path, signal: Literal["TERM", "KILL"], *, stdin: int | None, stderr: int
) -> tuple[subprocess.Popen[bytes], int]:
    """Start the server in a session of its own; return it, and the pipe to give to `at_ease`.

    Ctrl-C is for the starter, which ends the server itself. `stdin`: a descriptor that the server
    is to hold open (a lock), or none.
    """
    read_end, pipe = os.pipe()
    try:
        server = subprocess.Popen(  # noqa: S603 - our own binary and file
            ["/bin/sh", "-c", _GUARD % signal, str(binary), str(config)],
            stdin=subprocess.DEVNULL if stdin is None else stdin,
            stdout=read_end,
            stderr=stderr,
            start_new_session=True,
        )
    except BaseException:
        os.close(pipe)
        raise
    finally:
        os.close(read_end)
    return server, pipe


def at_ease(pipe: int) -> None:
    """Tell the guardian that the server ended as it should; closes the pipe."""
    with contextlib.suppress(BrokenPipeError):
        os.write(pipe, b"\n")
    os.close(pipe)
