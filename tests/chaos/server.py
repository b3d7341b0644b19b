"""The broker of a chaos world: a process of its own, that can be hurt in every way."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import redis

from hub.embedded import server_binary
from tests.chaos.processes import Supervisor, Watched
from tests.conftest import ADMIN

SEINHUIS = Path(sys.executable).with_name("seinhuis")
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
_CONFIG = """\
port {port}
bind 127.0.0.1
dir "{folder}"
aclfile "{accounts}/broker.acl"
databases 1
save ""
appendonly yes
appendfsync always
aof-load-truncated yes
maxmemory-policy noeviction
stream-node-max-entries 1
stream-node-max-bytes 1024
hash-max-listpack-value 128
"""
_READY_S = 60.0


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(**more: str) -> dict[str, str]:
    """Return the environment without settings of whoever runs this, and with `more`."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("SEINHUIS_")}
    return {**kept, **more}


class Server:
    """A Valkey with the access list of `seinhuis accounts`, and a user of ours that may all."""

    name = "broker"

    def __init__(self, folder: Path, supervisor: Supervisor, config: Path | None = None) -> None:
        self.data = folder / "broker"
        self.accounts = folder / "accounts"
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self._supervisor = supervisor
        self.data.mkdir(parents=True)
        make_accounts(self.accounts, config)
        configured = folder / "broker.conf"
        configured.write_text(
            _CONFIG.format(port=self.port, folder=self.data, accounts=self.accounts)
        )
        self.watched = supervisor.add(
            Watched(
                self.name,
                [server_binary(), configured],
                environment(),
                folder / "broker.log",
            )
        )

    def move_clock(self, by: str) -> bool:
        """From its next start on its clock runs so far ahead (`+3600s`) or behind; `` undoes it.

        False: this machine has no libfaketime.
        """
        self.watched.environment = environment(
            **({"LD_PRELOAD": str(FAKETIME), "FAKETIME": by} if by else {})
        )
        return FAKETIME.exists()

    def start(self) -> None:
        """Start it, keep it running, and wait until it answers."""
        self._supervisor.want(self.name)
        self.wait()

    def wait(self) -> None:
        """Wait until it answers; a long file takes a while to load."""
        deadline = time.monotonic() + _READY_S
        with self.admin() as client:
            while True:
                try:
                    client.ping()
                except redis.RedisError:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.02)
                else:
                    return

    def kill(self, *, for_good: bool = False) -> bool:
        """Kill -9. With `for_good` it is not started again before `start`."""
        if for_good:
            self._supervisor.unwant(self.name)
        return self.watched.kill()

    @contextlib.contextmanager
    def admin(self) -> Iterator[redis.Redis]:
        """A client that may do everything."""
        with self.login(ADMIN.name, "test") as client:
            yield client

    @contextlib.contextmanager
    def login(self, user: str, password: str) -> Iterator[redis.Redis]:
        """A plain client without retries; replies are bytes."""
        with contextlib.closing(
            redis.Redis(
                host="127.0.0.1",
                port=self.port,
                username=user,
                password=password,
                retry=None,
                socket_timeout=10,
            )
        ) as client:
            yield client

    def passwords(self) -> dict[str, str]:
        """Return user -> password."""
        found: dict[str, str] = json.loads((self.accounts / "credentials.json").read_bytes())
        return found

    def patiently(self, ask: Any, patience_s: float = _READY_S) -> Any:
        """Return what `ask(admin client)` returns, as soon as the broker answers at all."""
        deadline = time.monotonic() + patience_s
        while True:
            try:
                with self.admin() as client:
                    return ask(client)
            except redis.RedisError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)


def make_accounts(folder: Path, config: Path | None = None) -> None:
    """Let `seinhuis accounts` write the access list, and add the user of the tests."""
    chosen = ["--config", config] if config else []
    subprocess.run(
        [SEINHUIS, "accounts", folder, *chosen],
        check=True,
        env=environment(),
        stdout=subprocess.DEVNULL,
        timeout=60,
    )
    with (folder / "broker.acl").open("a") as accounts:
        accounts.write(ADMIN.line("test") + "\n")
