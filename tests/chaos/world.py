"""A hub as it runs at an organisation: a broker, two workers, a sealer, senders and recipients.

Each is a process of its own that a supervisor starts again. `Embedded` is the other way to run it:
one `seinhuis up` with the broker and the sealer inside.
"""

import contextlib
import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import redis

from hub.client import SHARDS, shard_of
from hub.roles import default_folder, load
from tests.builders import as_bytes
from tests.chaos.journal import Journal, name_of
from tests.chaos.liveness import Liveness
from tests.chaos.load import SENDERS
from tests.chaos.processes import Supervisor, Watched
from tests.chaos.proxy import Proxy
from tests.chaos.recipients import DEAD, QUICK, SLOW
from tests.chaos.server import Server, environment, free_port

WORKERS = ("worker-1", "worker-2")
SEALER = "sealer"
IDLE_MS = 1_000
LEASE_MS = 2_000
_PATIENCE_S = 120.0
_UP = "Seinhuis is up"
_INTAKES = [
    *(f"hub:{{{shard}}}:in" for shard in SHARDS),
    *(f"hub:{{{shard_of(party)}}}:in:{party}" for party in (*QUICK, SLOW)),
]


class World:
    """All processes of one hub, in one folder."""

    workers: tuple[str, ...] = WORKERS
    sealer = SEALER

    def __init__(self, folder: Path, seed: int, *, rate: float = 60.0, inbox_cap: int = 100_000):
        self.folder = folder
        self.run = f"chaos-{seed}-{folder.name}"
        self.config = folder / "config"
        self._seed, self._rate, self._inbox_cap = seed, rate, inbox_cap
        self.supervisor = Supervisor()
        folder.mkdir(parents=True, exist_ok=True)
        self.clock = folder / "clock"
        self.clock.write_text("0")
        shutil.copytree(default_folder(), self.config, ignore=shutil.ignore_patterns("__pycache__"))
        self._probes = 0
        self.kills = 0
        self.poisons = 0  #: events that may be given up
        self.complaints: list[str] = []
        self._lives: list[Liveness] = []
        self._make_broker()
        self.proxy = Proxy(lambda: self.port, seed)
        self._make_hub()
        self.journal = Journal(folder / "probe.journal")

    def _make_broker(self) -> None:
        self.server = Server(self.folder, self.supervisor, self.config)

    @property
    def port(self) -> int:
        """Where the broker listens."""
        return self.server.port

    def _settings(self, **more: str) -> dict[str, str]:
        accounts = self.server.accounts
        given = {
            "SEINHUIS_DATA": str(self.folder / "data"),
            "SEINHUIS_CONFIG": str(self.config),
            "SEINHUIS_KEYS": str(self.folder / "keys"),
            "SEINHUIS_LEDGER": f"sqlite:///{self.ledger}",
            "SEINHUIS_LOG_FOLDER": str(self.log_folder),
            "SEINHUIS_BROKER": f"redis://127.0.0.1:{self.proxy.port}",
            "SEINHUIS_BROKER_PASSWORD_FILE": str(accounts / "hub.password"),
            "SEINHUIS_SEALER_PASSWORD_FILE": str(accounts / "sealer.password"),
            "SEINHUIS_IDLE_MS": str(IDLE_MS),
            "SEINHUIS_LEASE_MS": str(LEASE_MS),
            "SEINHUIS_BATCH": "20",
            "SEINHUIS_INBOX_CAP": str(self._inbox_cap),
            "SEINHUIS_LOG": "json",
            "SEINHUIS_LOG_LEVEL": "warning",
            "CHAOS_CLOCK": str(self.clock),
        }
        return environment(**{**given, **more})

    def _make_hub(self) -> None:
        for name in self.workers:
            port = free_port()
            watched = self._add(
                name,
                "up",
                SEINHUIS_SEAL="0",
                SEINHUIS_WORKER=name,
                SEINHUIS_METRICS=f"127.0.0.1:{port}",
            )
            self._lives.append(Liveness(port))
            watched.alive = self._lives[-1].ok
        self._add(SEALER, "seal", SEINHUIS_WORKER=SEALER)

    def _add(self, name: str, *words: str, **settings: str) -> Watched:
        argv = [sys.executable, "-m", "tests.chaos.altered", *words]
        log = self.folder / f"{name}.log"
        return self.supervisor.add(Watched(name, argv, self._settings(**settings), log))

    def _make_load(self) -> None:
        journals = self.folder / "journals"
        journals.mkdir()
        passwords = self.passwords()
        told: dict[str, Any] = {
            "port": self.proxy.port,
            "passwords": {shard: passwords[shard] for shard in SENDERS},
            "folder": str(journals),
            "run": self.run,
            "seed": self._seed,
            "rate": self._rate,
        }
        argv = [sys.executable, "-m", "tests.chaos.load", self._told("load", told)]
        self.supervisor.add(Watched("load", argv, environment(), self.folder / "load.log"))
        readers = (*QUICK, SLOW)
        told = {
            "url": f"redis://127.0.0.1:{self.port}",
            "passwords": {party: passwords[party] for party in readers},
            "folder": str(journals),
            "sources": self._sources(readers),
        }
        argv = [sys.executable, "-m", "tests.chaos.recipients", self._told("recipients", told)]
        log = self.folder / "recipients.log"
        self.supervisor.add(Watched("recipients", argv, environment(), log))

    def _told(self, name: str, what: dict[str, Any]) -> Path:
        """Write down what a process is told: passwords have no place on a command line."""
        file = self.folder / f"{name}.json"
        file.touch(0o600)
        file.write_text(json.dumps(what), encoding="utf-8")
        return file

    def _sources(self, parties: tuple[str, ...]) -> dict[str, str]:
        from handlers.rulebook import Rulebook

        book = Rulebook(load(self.config))
        return {party: f"urn:nld:oin:{book.parties[party].oin}:systeem:chaos" for party in parties}

    @property
    def ledger(self) -> Path:
        """The database of the ledger."""
        return self.folder / "ledger" / "ledger.db"

    @property
    def log_folder(self) -> Path:
        """Where checkpoints and tiles are published."""
        return self.folder / "log"

    @property
    def hub(self) -> tuple[str, ...]:
        """The names of all processes of the hub."""
        return (*self.workers, self.sealer)

    def passwords(self) -> dict[str, str]:
        """Return user -> password."""
        return self.server.passwords()

    def watched(self, name: str) -> Watched:
        """Return a process by its name."""
        return self.supervisor.all[name]

    def kill(self, *names: str) -> None:
        """Kill -9 each of these at once; they are started again."""
        for name in names:
            self.kills += self.watched(name).kill()

    def stop(self, name: str) -> None:
        """Ask a worker that works to stop: it must end well. It is not started again."""
        watched = self.watched(name)
        self.wait_for(f"{name} works", lambda: _UP in watched.said())
        code = self.supervisor.stop(name)
        if code != 0:
            self.complain(f"{name} ended with {code} when it was asked to stop")

    def begin(self) -> None:
        """Start everything, and wait until events flow."""
        self.server.start()
        self.supervisor.want(*self.hub)
        self.server.patiently(lambda client: client.ping())
        self._make_load()
        self.recovery()
        self.supervisor.want("load", "recipients")

    def end(self) -> None:
        """Let senders and recipients finish, everything be routed and sealed, and stop the hub."""
        self.supervisor.stop("load")
        self.supervisor.stop("recipients")
        self.wait_for("everything is routed", self._routed)
        if self.sealer in self.workers:
            self.wait_for("everything is sealed", self._sealed)
        for name in self.workers:
            self.stop(name)
        if self.sealer not in self.workers:
            self.wait_for("everything is sealed", self._sealed)
        code = self.supervisor.stop(self.sealer)  # 0 when it went with its worker
        if code != 0:
            self.complain(f"{self.sealer} ended with {code} when it was asked to stop")

    def close(self) -> None:
        """Kill what still runs."""
        for each in self._lives:
            each.close()
        self.supervisor.close()
        self.proxy.close()
        self.journal.close()

    def recovery(self) -> float:
        """Return the seconds until an event of each sender that is sent now has been decided.

        It stands behind all that was waiting, so then the hub has caught up as well.
        """
        started = time.monotonic()
        waiting = {shard: self.probe(shard) for shard in SENDERS}

        def decided() -> bool:
            def ask(client: redis.Redis) -> bool:
                return all(
                    client.exists(f"hub:{{{shard}}}:seen:{message}")
                    for shard, message in waiting.items()
                )

            return bool(self.server.patiently(ask))

        self.wait_for("an event of each sender is decided", decided)
        return time.monotonic() - started

    def probe(self, shard: str) -> str:
        """Send one event, past the proxy, and return the hub's name of it."""
        self._probes += 1
        event = SENDERS[shard](id=f"{self.run}-probe-{self._probes}")
        self.publish(shard, event)
        return name_of(event)

    def publish(self, shard: str, event: dict[str, Any]) -> str:
        """Put an event on its intake, past the proxy, and return its entry."""
        message = name_of(event)

        def add(client: redis.Redis) -> Any:
            self.journal.attempt(message, shard)
            return client.xadd(f"hub:{{{shard}}}:in", {"event": as_bytes(event)})

        entry: str = self.server.patiently(add).decode()
        self.journal.accepted(message, shard, entry)
        return entry

    def complain(self, what: str) -> None:
        """Remember that something went otherwise than promised: the run is not sound."""
        self.complaints.append(what)

    @contextlib.contextmanager
    def senders_wait(self) -> Iterator[None]:
        """Nobody sends or reads meanwhile; what was under way is finished first."""
        journals = self.folder / "journals"
        flags = [journals / f"{shard}.paused" for shard in SENDERS]
        for flag in flags:
            flag.unlink(missing_ok=True)
        (journals / "pause").touch()
        self.wait_for("the senders pause", lambda: all(flag.exists() for flag in flags))
        self.supervisor.stop("recipients")
        try:
            yield
        finally:
            (journals / "pause").unlink()
            self.supervisor.want("recipients")

    def wait_for(self, what: str, look: Callable[[], Any], patience_s: float = _PATIENCE_S) -> None:
        """Wait until `look` finds something.

        Raises:
            TimeoutError: it did not; with what was waited for, and how the processes are.

        """
        deadline = time.monotonic() + patience_s
        while not look():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what}: not within {patience_s:g} s\n{self.state()}")
            time.sleep(0.05)

    def state(self) -> str:
        """Return how each process is, with the last words of its log: for a person."""
        lines = []
        for name, watched in self.supervisor.all.items():
            last = watched.text().splitlines()[-3:]
            lines += [f"{name}: pid {watched.pid}", *(f"    {line}" for line in last)]
        with contextlib.suppress(redis.RedisError), self.server.admin() as client:
            for shard in SENDERS:
                intake = f"hub:{{{shard}}}:in"
                pending = client.xpending(intake, "hub")["pending"]
                lines.append(f"{intake}: {client.xlen(intake)} entries, {pending} pending")
        return "\n".join(lines)

    def _routed(self) -> bool:
        def ask(client: redis.Redis) -> bool:
            return all(client.xlen(intake) == 0 for intake in _INTAKES)

        return bool(self.server.patiently(ask))

    def _sealed(self) -> bool:
        def ask(client: redis.Redis) -> bool:
            return all(
                int(client.hget(f"hub:{{{shard}}}:head", "seq") or 0)
                == int(client.hget(f"hub:{{{shard}}}:sealed", "seq") or 0)
                for shard in (*SHARDS, "hub")
            )

        return bool(self.server.patiently(ask))


__all__ = ["DEAD", "IDLE_MS", "LEASE_MS", "World"]
