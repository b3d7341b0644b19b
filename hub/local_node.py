"""One server of a cluster on this machine, and the ports for several: see `local_cluster`."""

import contextlib
import os
import socket
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hub import guardian

HOST: Final = "127.0.0.1"
"""All of it is on this machine, and nobody else reaches it."""


@dataclass(slots=True)
class Node:
    """One server of the cluster."""

    number: int
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    _pipe: int | None = field(default=None, repr=False)

    @property
    def pid(self) -> int | None:
        """The process id; None when it does not run."""
        return self.process.pid if self.process and self.process.poll() is None else None

    def start(self, binary: Path) -> None:
        """Start the server; it answers a moment later."""
        if self.pid is not None:
            return
        self._close()
        log = os.open(self.folder / "broker.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self.process, self._pipe = guardian.launch(
                binary, self.folder / "broker.conf", "KILL", stdin=None, stderr=log
            )
        finally:
            os.close(log)

    def kill(self) -> None:
        """End it as a power cut of the process does: kill -9. Idempotent."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        """End it in good order; idempotent."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
        self._close()

    def _close(self) -> None:
        if self._pipe is not None:
            guardian.at_ease(self._pipe)
            self._pipe = None


def free_ports(count: int) -> list[int]:
    """Return ports of this machine that are free, and are so 10,000 higher, as a cluster needs."""
    found: list[int] = []
    with contextlib.ExitStack() as stack:
        while len(found) < count:
            one, other = (stack.enter_context(socket.socket()) for _ in range(2))
            one.bind((HOST, 0))
            port = int(one.getsockname()[1])
            if port > 55_535:
                port -= 30_000
                with contextlib.suppress(OSError):
                    again = stack.enter_context(socket.socket())
                    again.bind((HOST, port))
                    other.bind((HOST, port + 10_000))
                    found.append(port)
                continue
            with contextlib.suppress(OSError):
                other.bind((HOST, port + 10_000))
                found.append(port)
    return found
