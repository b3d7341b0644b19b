"""A whole hub in a process of its own, as an operator starts it: what a partner's system meets."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis

from hub.vault import envelope
from hub.vault.keyring import FileKeyring

SEINHUIS = Path(sys.executable).with_name("seinhuis")
_PATIENCE_S = 30.0


@dataclass(frozen=True)
class HubProcess:
    """A hub that runs: where it listens, and the password of each party."""

    data: Path
    url: str  #: redis://127.0.0.1:…
    passwords: dict[str, str]

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    @contextlib.contextmanager
    def login(self, party: str) -> Iterator[redis.Redis]:
        """A plain redis client, logged in as a party with its own password; no code of ours."""
        with redis.Redis(
            host=self.host, port=self.port, username=party, password=self.passwords[party]
        ) as client:
            yield client

    def opened(self, party: str, sender: str) -> list[dict[str, Any]]:
        """Every copy and notice in an inbox, opened with the hub's own keyring: for counting."""
        with self.login("hub") as client:
            entries = client.xrange(f"hub:{{{sender}}}:inbox:{party}")
            names = [fields[b"message"].decode() for _, fields in entries]
            wrapped = [client.hget(f"hub:{{{sender}}}:key:{name}", party) for name in names]
        asked = [(party, key) for key in wrapped if key is not None]
        keys = iter(asyncio.run(FileKeyring(Path(f"{self.data}.keys")).unwrap(asked)))
        found = []
        for (_, fields), name, key in zip(entries, names, wrapped, strict=True):
            content = fields[b"copy"]
            if key is not None:
                content = envelope.open_sealed(content, next(keys), (sender, party, name))
            found.append(json.loads(content))
        return found

    def command(self, *words: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run `seinhuis` on this hub."""
        return subprocess.run(
            [SEINHUIS, *words, "--data", self.data],
            capture_output=True,
            text=True,
            check=False,
            timeout=_PATIENCE_S,
            env=environment(),
            **options,
        )


def environment() -> dict[str, str]:
    """The environment without settings of whoever runs the tests."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SEINHUIS_")}


@contextlib.contextmanager
def hub_process(data: Path) -> Iterator[HubProcess]:
    """Start a hub with a port, wait until it works, and end it in good order."""
    with (data.parent / f"{data.name}.log").open("wb") as log:
        process = subprocess.Popen(
            [SEINHUIS, "up", "--data", data, "--port", "0", "--json"],
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment(),
        )
        try:
            with process.stdout:
                first = process.stdout.readline()
            if not first:
                raise RuntimeError(f"the hub did not start:\n{Path(log.name).read_text()}")
            where = json.loads(first)
            passwords = json.loads(Path(where["credentials"]).read_bytes())
            yield HubProcess(data, where["tcp"], passwords)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(_PATIENCE_S)


def redis_cli() -> str:
    """Return the command redis-cli: skips on a machine without it, fails where CI is set."""
    found = shutil.which("redis-cli") or shutil.which("valkey-cli")
    if found is None:
        why = "no redis-cli on PATH (apt-get install redis-tools)"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    return found


def until(look: Callable[[], Any]) -> Any:
    """Return what `look` finds as soon as it finds something."""
    deadline = time.monotonic() + _PATIENCE_S
    while not (found := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"nothing came in {_PATIENCE_S:g} s")
        time.sleep(0.02)
    return found
