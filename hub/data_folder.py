"""The data folder of an embedded broker: who has it, who may log in, and where the server listens.

`appendonlydir/`: the data. `broker.lock`: whoever holds it has the folder. `broker.json`: where the
server listens; there only while it runs. `credentials.json`: user -> password. Beside them, written
at each start: `broker.conf`, `broker.acl`, `broker.log`. Every file is for this user only (0600).
"""

import contextlib
import errno
import fcntl
import json
import os
import secrets
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hub.access import HUB_USER, SINCE_7_2, AclUser
from hub.errors import BrokerInUse, NotFound, NotUsable

_LEAVING_S: Final = 10.0  # how long the server of a hub that was killed may take to end


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where a broker listens, and as whom to log in."""

    url: str  #: `unix:///…/broker.sock` or `redis://127.0.0.1:6390`
    user: str
    password: str = field(repr=False)


def connection_file(folder: Path) -> Path:
    """Return the file that says where the broker of `folder` listens; there while it runs."""
    return folder / "broker.json"


def credentials_file(folder: Path) -> Path:
    """Return the file with the password of every user: JSON, user -> password. Keep it secret."""
    return folder / "credentials.json"


def make_private_folder(folder: Path) -> None:
    """Make `folder` and every folder above it that is missing, for this user only; idempotent.

    Raises:
        NotUsable: it cannot be made, or is not a folder.

    """
    try:
        for each in reversed([folder, *folder.parents]):
            if not each.exists():
                each.mkdir(mode=0o700, exist_ok=True)
        if not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    except OSError as error:
        raise NotUsable(unusable(folder, error)) from None


def unusable(folder: Path, error: OSError) -> str:
    """Return why a data folder cannot be used, with the way out."""
    why = (error.strerror or type(error).__name__).lower()
    return f"the data folder {folder} cannot be used ({why}): name another folder with --data"


def running(folder: Path, user: str = HUB_USER, *, tcp: bool = False) -> BrokerAddress | None:
    """Return how to reach the broker of `folder` as `user`, or None when none runs there.

    `tcp`: by loopback TCP instead of the unix socket; None when the broker was given no port. After
    a kill -9 the file may still be there: then nobody answers at the address.
    """
    try:
        where = json.loads(connection_file(folder).read_bytes())
        passwords = json.loads(credentials_file(folder).read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise NotUsable(unusable(folder, error)) from None
    if user not in passwords:
        raise NotFound(
            f"the broker of {folder} has no user {user!r}: users are made from the role config"
            " when the broker starts; name a party of the role config, or start it again"
        )
    url = where["tcp"] if tcp else where["unix"]
    return BrokerAddress(url, user, passwords[user]) if url else None


def write_accounts(
    folder: Path, users: Iterable[AclUser], *, portable: bool = False
) -> dict[str, str]:
    """Write `broker.acl` and `credentials.json` for these users; return user -> password.

    A password that stands in the folder already is kept, so that nobody has to be told anew; a new
    user gets a random one. `portable` leaves out what Redis 7.0 does not know. Idempotent.
    """
    known: dict[str, str] = {}
    with contextlib.suppress(FileNotFoundError):
        known = json.loads(credentials_file(folder).read_bytes())
    listed = list(users)
    passwords = {user.name: known.get(user.name) or secrets.token_urlsafe(24) for user in listed}
    lines = [user.line(passwords[user.name]) for user in listed]
    if portable:
        lines = [line.replace(f" {SINCE_7_2}", "") for line in lines]
    write_private(credentials_file(folder), json.dumps(passwords, indent=1))
    closed = "user default off resetpass resetkeys resetchannels -@all"
    write_private(folder / "broker.acl", "\n".join([closed, *lines, ""]))
    return passwords


def take_lock(folder: Path) -> int:
    """Lock the folder, or say who has it. Waits only for the server of a hub that is gone."""
    lock = os.open(folder / "broker.lock", os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + _LEAVING_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() < deadline and not _hub_alive(folder):
                time.sleep(0.02)
                continue
            os.close(lock)
            raise BrokerInUse(
                f"another hub uses the data folder {folder}: stop that one, or name another"
                " folder with --data"
            ) from None
        return lock


def _hub_alive(folder: Path) -> bool:
    """Whether the hub that wrote the run file lives. No file: it is just starting, so yes."""
    try:
        pid = json.loads(connection_file(folder).read_bytes())["hub"]
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, ValueError, KeyError):
        return True
    return True


def write_private(path: Path, text: str) -> None:
    """Replace a file in one go; nobody but this user may read it, at no moment."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # 0600
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    Path(name).replace(path)


def remove_socket(path: Path, folder: Path) -> None:
    """Remove a socket, and the folder it has of its own when it is not in `folder`."""
    path.unlink(missing_ok=True)
    if path.parent != folder:
        with contextlib.suppress(FileNotFoundError):
            path.parent.rmdir()


def remove_leftovers(folder: Path) -> None:
    """Remove the run file of a hub that was killed, and its socket."""
    with contextlib.suppress(FileNotFoundError, ValueError, KeyError):
        where = json.loads(connection_file(folder).read_bytes())
        remove_socket(Path(where["unix"].removeprefix("unix://")), folder)
    connection_file(folder).unlink(missing_ok=True)


def log_tail(folder: Path) -> str:
    """Return the last lines of the server's log; it holds nothing of a message."""
    try:
        lines = (folder / "broker.log").read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return "(no log)"
    return "\n".join(lines[-8:])
