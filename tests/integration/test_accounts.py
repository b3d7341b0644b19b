"""`seinhuis accounts` on a broker of one's own: Debian's Redis 7.0 takes the list as it is."""

import json
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis

from tests.conftest import redis_server

SEINHUIS = Path(sys.executable).parent / "seinhuis"

pytestmark = pytest.mark.broker


@pytest.fixture(scope="module")
def accounts(tmp_path_factory):
    """The files of the command, as an operator makes them."""
    folder = tmp_path_factory.mktemp("own") / "secrets"
    done = subprocess.run(
        [SEINHUIS, "accounts", folder, "--json"], capture_output=True, text=True, check=True
    )
    return folder, json.loads(done.stdout)


def test_the_files_are_for_this_user_only_and_passwords_are_kept(accounts):
    """Doing it again adds who is new and leaves everybody's password as it was."""
    folder, told = accounts
    before = json.loads((folder / "credentials.json").read_text())
    ledger = (folder / "ledger.password").read_text()

    subprocess.run([SEINHUIS, "accounts", folder], check=True, capture_output=True)

    assert before == json.loads((folder / "credentials.json").read_text())
    assert told["accounts"] == len(before)
    for user in ("hub", "sealer"):
        assert before[user] == (folder / f"{user}.password").read_text().strip()
    assert ledger == (folder / "ledger.password").read_text()
    assert len(ledger) > 24
    modes = {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
    assert {0o600} == modes
    assert not any(password in (folder / "broker.acl").read_text() for password in before.values())


def test_a_redis_of_ones_own_takes_the_list_and_keeps_parties_apart(accounts, tmp_path):
    folder, _ = accounts
    socket = tmp_path / "r.sock"
    server = subprocess.Popen(
        [
            redis_server(), "--port", "0", "--unixsocket", socket, "--dir", tmp_path,
            "--aclfile", folder / "broker.acl", "--save", "",
        ],
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        passwords = json.loads((folder / "credentials.json").read_text())

        def as_user(name):
            return redis.Redis(
                unix_socket_path=str(socket),
                username=name,
                password=passwords[name],
                driver_info=None,
            )

        deadline = time.monotonic() + 20
        while not socket.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        with as_user("ind") as ind:
            assert ind.xadd("hub:{ind}:in", {"event": "{}"})
            with pytest.raises(redis.exceptions.NoPermissionError):
                ind.xadd("hub:{liv}:in", {"event": "{}"})
        with as_user("hub") as hub:
            assert 1 == hub.xlen("hub:{ind}:in")
    finally:
        server.terminate()
        server.wait(20)
