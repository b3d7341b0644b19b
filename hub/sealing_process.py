"""The sealer of `seinhuis up` in a process of its own, so that it takes no time from routing.

Two processes use two cores; two threads of one would share one. The hub gives the settings and the
passwords through the pipe that is the child's stdin, and holds that open: when it closes, also
because the hub was killed, the child seals what is there and ends. A child that is killed is
started again. What it refuses on purpose it says on its stdout, and then `failed` says so here.
"""

import contextlib
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Final

from hub import errors, log
from hub.bootstrap import now
from hub.config import Settings
from hub.data_folder import BrokerAddress
from hub.errors import HubError
from hub.failed_access import FailedAccess
from hub.ledger.process import ledger, sealer
from hub.vault.keyring import FileKeyring

_FIRST_PAUSE_S: Final = 0.2
_LONGEST_PAUSE_S: Final = 10.0
_LIVED_S: Final = 60.0  # one that lived so long begins with the first pause again
_KINDER: Final = 5  # niceness: with too few cores what came in goes first, and is sealed after


@dataclass(frozen=True, slots=True)
class Work:
    """What a sealer needs to know."""

    settings: Settings
    address: BrokerAddress  #: of the broker, as user `sealer`
    shards: tuple[str, ...]  #: every shard of the hub, its own too
    accounts: frozenset[str]  #: the users of the broker, for its refusals


class SealerProcess:
    """Seals in a child process until it is stopped. `failed`: why it ended for good, by itself."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._child: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._keep, name="sealer", daemon=True)
        self.failed: HubError | None = None

    @property
    def pid(self) -> int | None:
        """The process id of the child; None while there is none."""
        child = self._child
        return child.pid if child is not None and child.poll() is None else None

    def start(self) -> None:
        """Begin to seal; does not wait for it."""
        self._thread.start()

    def stop(self) -> None:
        """Let it seal what is there, and end; waits for it. Idempotent."""
        with self._lock:
            self._stopping.set()
            if self._child is not None and self._child.stdin is not None:
                with contextlib.suppress(OSError):
                    self._child.stdin.close()
        if self._thread.ident is not None:
            self._thread.join()

    def _keep(self) -> None:
        pause = _FIRST_PAUSE_S
        while not self._stopping.is_set():
            started = time.monotonic()
            try:
                code = self._one()
            except OSError as error:  # no room for a further process: it may come
                code = -1
                log.get().error("ledger.not_started", error=type(error).__name__)
            if self._stopping.is_set() or self.failed is not None:
                return
            if time.monotonic() - started > _LIVED_S:
                pause = _FIRST_PAUSE_S
            log.get().error("ledger.restarted", exit=code, wait_s=pause)
            self._stopping.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)

    def _one(self) -> int:
        """Run one child to its end; return its exit code."""
        with self._lock:
            if self._stopping.is_set():
                return 0
            self._child = child = subprocess.Popen(
                [sys.executable, "-P", "-m", "hub.sealing_process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is for the hub, which tells when to end
            )
        log.get().info("ledger.process", pid=child.pid)
        stdin, stdout = child.stdin, child.stdout
        if stdin is None or stdout is None:
            return child.wait()
        with contextlib.suppress(OSError, ValueError):  # ended, or stopped meanwhile
            pickle.dump(self._work, stdin)
            stdin.flush()
        for line in stdout:
            self.failed = _error(line)
        with contextlib.suppress(OSError):
            stdin.close()
        stdout.close()
        return child.wait()


def _error(line: bytes) -> HubError:
    """Return what the child raised, by its name and text."""
    try:
        said = json.loads(line)
        name, reason = said["error"], said["reason"]
    except (ValueError, TypeError, KeyError):
        return HubError("the sealer stopped, and what it said about it cannot be read")
    kind = getattr(errors, name, HubError)
    return kind(reason) if issubclass(kind, HubError) else HubError(reason)


def main(orders: IO[bytes] = sys.stdin.buffer, answers: IO[bytes] = sys.stdout.buffer) -> int:
    """Be the child: seal until `orders` ends. Returns the exit code."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    os.nice(_KINDER)
    try:
        work: Work = pickle.load(orders)  # noqa: S301 - from our own parent, by its pipe
    except (EOFError, pickle.UnpicklingError):
        return 0  # who started us stopped before it had said what to do
    log.configure(json=work.settings.log_json, level=work.settings.log_level)
    stop = threading.Event()
    threading.Thread(target=_wait_for_end, args=(orders, stop), daemon=True).start()
    try:
        keyring = FileKeyring(work.settings.keys, now)
        sealing = sealer(work.settings, work.address, work.shards, keyring, now)
        with _refusals(work, stop):
            sealing.run(stop)
    except Exception as error:  # noqa: BLE001 - the parent raises it
        reason = str(error) if isinstance(error, HubError) else "the sealer stopped by itself"
        said = {"error": type(error).__name__, "reason": reason}
        answers.write(json.dumps(said).encode() + b"\n")
        answers.flush()
        return 1
    return 0


def _wait_for_end(orders: IO[bytes], stop: threading.Event) -> None:
    orders.read()
    stop.set()


@contextlib.contextmanager
def _refusals(work: Work, stop: threading.Event) -> Iterator[None]:
    """Take over beside the work what the broker refuses."""
    engine = ledger(work.settings)
    watch = FailedAccess(work.address, engine, work.accounts, now)
    thread = threading.Thread(target=watch.run, args=(stop,), name="refusals", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        engine.dispose()


if __name__ == "__main__":
    sys.exit(main())
