"""Debian's Redis as a broker of one's own, with a given access list: on a unix socket."""

import contextlib
import subprocess
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import redis

from hub.access import SINCE_7_2, AclUser


@contextlib.contextmanager
def other_broker(binary: str, folder: Path, users: Iterable[AclUser]) -> Iterator[str]:
    """Run it in `folder` and yield its URL; the password of every user is `test`."""
    lines = [user.line("test").replace(f" {SINCE_7_2}", "") for user in users]
    (folder / "users.acl").write_text("\n".join(["user default off", *lines, ""]))
    server = subprocess.Popen(
        [
            *(binary, "--port", "0", "--unixsocket", folder / "s", "--dir", folder, "--save", ""),
            *("--appendonly", "yes", "--appendfsync", "always"),
            *("--aclfile", folder / "users.acl", "--logfile", folder / "log"),
        ]
    )
    try:
        deadline = time.monotonic() + 20
        with redis.Redis(unix_socket_path=str(folder / "s"), retry=None) as client:
            while True:
                try:
                    client.ping()
                except redis.AuthenticationError:
                    break
                except redis.ConnectionError:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.02)
        yield f"unix://{folder / 's'}"
    finally:
        server.terminate()
        server.wait(20)
