"""Processes that are started again when they end, as a supervisor such as systemd would do it."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_LOOK_S = 0.02
_AGAIN_S = 0.3  # before it is started again, as RestartSec of systemd
_END_S = 60.0
_LONG_S = 20.0  # then what it is doing is written down


@dataclass(frozen=True)
class Ending:
    """One end of a process that nobody asked for."""

    name: str
    code: int
    at: float  #: monotonic


@dataclass
class Watched:
    """One process that should run."""

    name: str
    argv: Sequence[str | Path]
    environment: Mapping[str, str]
    log: Path
    #: False as soon as it hangs: then it is killed, as WatchdogSec or a liveness check would do
    alive: Callable[[], bool] = lambda: True
    process: "subprocess.Popen[bytes] | None" = None
    wanted: bool = False
    file_limit: int | None = None  #: bytes to which a file of it may grow, as if the disk were full
    hurt: bool = False  #: a fault killed it: how it ended is no wonder
    said_from: int = 0
    start_at: float = 0.0
    endings: list[Ending] = field(default_factory=list)

    @property
    def pid(self) -> int:
        """Its process id; 0 when it does not run."""
        process = self.process
        return process.pid if process is not None and process.poll() is None else 0

    def send(self, number: signal.Signals) -> bool:
        """Send it a signal; False: it does not run."""
        pid = self.pid
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        return bool(pid)

    def kill(self) -> bool:
        """Kill -9; it is started again when it is wanted. False: it did not run."""
        self.hurt = True
        pid = self.pid
        if pid:
            self.send(signal.SIGKILL)
            _gone(self.process)
        return bool(pid)

    def said(self) -> str:
        """Return what it wrote since it was last started."""
        if not self.log.exists():
            return ""
        return self.log.read_bytes()[self.said_from :].decode(errors="replace")

    def text(self) -> str:
        """Return all that it ever wrote."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""


def _gone(process: "subprocess.Popen[bytes] | None") -> None:
    if process is not None:
        process.wait(_END_S)


class Supervisor:
    """Starts what is wanted and does not run, and writes down every end that was not asked for."""

    def __init__(self) -> None:
        self.all: dict[str, Watched] = {}
        self._lock = threading.RLock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="supervisor", daemon=True)
        self._thread.start()

    def add(self, watched: Watched) -> Watched:
        """Know it; nothing is started yet."""
        with self._lock:
            self.all[watched.name] = watched
        return watched

    def want(self, *names: str) -> None:
        """Start these, and start them again whenever they end."""
        with self._lock:
            for name in names:
                self.all[name].wanted, self.all[name].start_at = True, 0.0
            self._round()

    def stop(self, name: str, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end, wait for it, and return its exit code; it is not started again."""
        with self._lock:
            watched = self.all[name]
            watched.wanted = False
            process = watched.process
        if process is None:
            return 0
        watched.send(signal.SIGCONT)
        watched.send(number)
        try:
            code = process.wait(_LONG_S)
        except subprocess.TimeoutExpired:
            _write_stack(process.pid, watched.log.with_suffix(".stack"))
        else:
            watched.process = None
            return code
        try:
            return process.wait(_END_S - _LONG_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return -signal.SIGKILL
        finally:
            watched.process = None

    def unwant(self, *names: str) -> None:
        """Do not start these again; what runs goes on."""
        with self._lock:
            for name in names:
                self.all[name].wanted = False

    def close(self) -> None:
        """Kill what still runs."""
        self._over.set()
        self._thread.join()
        for watched in self.all.values():
            watched.wanted = False
            watched.kill()

    @property
    def endings(self) -> list[Ending]:
        """Every end that was neither asked for nor made by a fault."""
        with self._lock:
            return [end for watched in self.all.values() for end in watched.endings]

    def _look(self) -> None:
        while not self._over.wait(_LOOK_S):
            with self._lock:
                self._round()

    def _round(self) -> None:
        now = time.monotonic()
        for watched in self.all.values():
            if not watched.wanted:
                continue
            if watched.process is not None and watched.process.poll() is None:
                if not watched.alive():
                    watched.kill()
                continue
            if watched.process is not None:
                code = watched.process.returncode
                if not watched.hurt:
                    watched.endings.append(Ending(watched.name, code, now))
                watched.process, watched.start_at = None, now + _AGAIN_S
            if now >= watched.start_at:
                watched.hurt = False
                watched.said_from = watched.log.stat().st_size if watched.log.exists() else 0
                with watched.log.open("ab") as log:
                    watched.process = subprocess.Popen(
                        _limited(watched),
                        env=dict(watched.environment),
                        cwd=_ROOT,
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                        start_new_session=True,
                        restore_signals=False,  # SIGXFSZ stays ignored: a write fails instead
                    )


def _write_stack(pid: int, file: Path) -> None:
    """Write down where a process is, for who has to find out why it does not end."""
    tool = Path(sys.executable).with_name("py-spy")
    if tool.exists():
        with file.open("ab") as stack:
            subprocess.run([tool, "dump", "--pid", str(pid)], stdout=stack, check=False)


def _limited(watched: Watched) -> list[str | Path]:
    """Return its command, under its limit if it has one."""
    if watched.file_limit is None:
        return list(watched.argv)
    blocks = watched.file_limit // 512  # the unit of a POSIX shell
    return ["/bin/sh", "-c", f'ulimit -S -f {blocks}; exec "$0" "$@"', *watched.argv]
