"""Settings of a process, from the environment; a flag of the command goes before them.

Nobody else reads the environment. `docs/reference/settings.md` is made from this table.
"""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from hub import broker_url
from hub.errors import NotUsable


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its variable, its default as text, and what it means."""

    variable: str
    default: str
    meaning: str


SETTINGS: Final = (
    Setting("SEINHUIS_DATA", "data", "Folder of the embedded broker: its data, its passwords."),
    Setting("SEINHUIS_CONFIG", "", "Folder of the role config; empty: the one that came with it."),
    Setting("SEINHUIS_BROKER", "", "URL of a broker of your own; empty: the embedded one."),
    Setting(
        "SEINHUIS_REPLICAS",
        "0",
        "Servers beside the primary that must have what is accepted, before it is accepted.",
    ),
    Setting("SEINHUIS_BROKER_USER", "hub", "User at that broker."),
    Setting("SEINHUIS_BROKER_PASSWORD", "", "Password at that broker."),
    Setting("SEINHUIS_BROKER_PASSWORD_FILE", "", "File that holds it (a mounted secret)."),
    Setting("SEINHUIS_PORT", "", "Loopback port of the embedded broker; empty: socket only."),
    Setting("SEINHUIS_LOG", "console", "Log format: console or json."),
    Setting("SEINHUIS_LOG_LEVEL", "info", "Log level: debug, info, warning or error."),
    Setting("SEINHUIS_OPERATOR", "operator", "Who acts, in the records: a role, never a name."),
    Setting(
        "SEINHUIS_WORKER",
        "",
        "Name of this worker, of no other process; empty: the host name. Keep it the same.",
    ),
    Setting("SEINHUIS_BATCH", "100", "Entries in one read of an intake."),
    Setting(
        "SEINHUIS_LEASE_MS",
        "10000",
        "A worker that is gone for so long is followed up by another (ms); the same for all.",
    ),
    Setting(
        "SEINHUIS_WAIT_S", "30", "How long a start waits for a broker of your own to answer (s)."
    ),
    Setting("SEINHUIS_IDLE_MS", "10000", "An entry unfinished for so long is taken over (ms)."),
    Setting(
        "SEINHUIS_INBOX_CAP",
        "100000",
        "Unfinished copies in one inbox before further ones are held.",
    ),
    Setting(
        "SEINHUIS_KEYS",
        "",
        "Folder of the keyring; empty: beside the data, `<data>.keys` (a demo has its own inside).",
    ),
    Setting(
        "SEINHUIS_LEDGER",
        "",
        "Database of the ledger: sqlite:///PATH or postgresql+pg8000://…; empty: in the data.",
    ),
    Setting(
        "SEINHUIS_LEDGER_PASSWORD_FILE", "", "File that holds its password (a mounted secret)."
    ),
    Setting(
        "SEINHUIS_LOG_FOLDER", "", "Where checkpoints and tiles are published; empty: `<data>/log`."
    ),
    Setting(
        "SEINHUIS_LOG_ORIGIN",
        "seinhuis.example/lokale-aanpak",
        "Name of the log in its checkpoints: a URL without scheme. Never changed later.",
    ),
    Setting("SEINHUIS_SEAL", "1", "1: `up` also seals records; 0: another process does."),
    Setting("SEINHUIS_SEALER_PASSWORD", "", "Password of user `sealer` at a broker of your own."),
    Setting("SEINHUIS_SEALER_PASSWORD_FILE", "", "File that holds it (a mounted secret)."),
    Setting("SEINHUIS_TSA", "", "URL of an RFC 3161 time stamp authority; empty: no time stamps."),
    Setting(
        "SEINHUIS_UNSEALED_MAX",
        "100000",
        "Records of one shard that may wait to be sealed; beyond it nothing new is handled.",
    ),
    Setting(
        "SEINHUIS_UNSEALED_MS",
        "900000",
        "How long the sealer may be away while records wait (ms); then nothing new is handled.",
    ),
    Setting(
        "SEINHUIS_ALARMS",
        "",
        "Bounds of alarms, `dead-letters=100,clock-skew=off`; empty: those of docs/howto/alarms.",
    ),
    Setting(
        "SEINHUIS_METRICS",
        "",
        "HOST:PORT of /metrics and /health (port 0: a free one); empty: none. Not for outsiders.",
    ),
    Setting(
        "SEINHUIS_OTLP",
        "",
        "URL for traces, OTLP over HTTP: http://HOST:4318/v1/traces; empty: no traces.",
    ),
    Setting(
        "SEINHUIS_DEBUG",
        "",
        "1: show the traceback of what we did not foresee; it may hold data of an event.",
    ),
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address to listen on."""

    host: str
    port: int

    def __str__(self) -> str:
        """Return it as it was written."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings, read and checked."""

    data: Path
    config: Path | None
    broker: str | None
    replicas: int
    broker_user: str
    broker_password: str
    port: int | None
    log_json: bool
    log_level: str
    operator: str
    worker: str
    batch: int
    lease_ms: int
    wait_s: int
    idle_ms: int
    inbox_cap: int
    keys: Path
    ledger: str  #: URL for SQLAlchemy, without a password
    ledger_password: str = field(repr=False)
    log_folder: Path
    log_origin: str
    seal: bool
    sealer_password: str = field(repr=False)
    tsa: str | None
    unsealed_max: int
    unsealed_ms: int
    metrics: Endpoint | None
    otlp: str | None
    alarms: str  #: as `hub.supervision.alarms.bounds` reads it


def debug(environment: Mapping[str, str] | None = None) -> bool:
    """Return whether the traceback of an unexpected error may be shown."""
    given = os.environ if environment is None else environment
    return given.get("SEINHUIS_DEBUG", "") not in {"", "0"}


def settings(
    environment: Mapping[str, str] | None = None, **flags: str | Path | int | None
) -> Settings:
    """Return the settings; `flags` that are not None go before the environment.

    Raises:
        NotUsable: a value cannot be used; the message names the variable and what it may be.

    """
    given = os.environ if environment is None else environment

    def value(name: str) -> str:
        variable = f"SEINHUIS_{name}"
        default = next(s.default for s in SETTINGS if s.variable == variable)
        flag = flags.get(name.lower())
        return str(flag) if flag is not None else given.get(variable, default)

    def number(name: str, lowest: int) -> int:
        text = value(name)
        if not text.isdigit() or int(text) < lowest:
            raise NotUsable(f"SEINHUIS_{name} must be a whole number of at least {lowest}")
        return int(text)

    def one_of(name: str, *words: str) -> str:
        if value(name) not in words:
            raise NotUsable(f"SEINHUIS_{name} must be one of: {', '.join(words)}")
        return value(name)

    def secret(name: str) -> str:
        if not value(name):
            return ""
        try:
            return Path(value(name)).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise NotUsable(
                f"the file of SEINHUIS_{name} cannot be read: {error.strerror}"
            ) from error

    if not _is_broker_url(value("BROKER")):
        raise NotUsable(
            "the address of the broker (--broker, SEINHUIS_BROKER) is a URL: redis://HOST:PORT,"
            " rediss://HOST:PORT for TLS, or unix:///PATH/OF/SOCKET; of several servers"
            " redis+sentinel://HOST:PORT,HOST:PORT/NAME or redis+cluster://HOST:PORT,HOST:PORT"
        )
    password = value("BROKER_PASSWORD") or secret("BROKER_PASSWORD_FILE")
    data = Path(value("DATA"))
    return Settings(
        data=data,
        config=Path(value("CONFIG")) if value("CONFIG") else None,
        broker=value("BROKER") or None,
        replicas=number("REPLICAS", 0),
        broker_user=value("BROKER_USER"),
        broker_password=password,
        port=number("PORT", 0) if value("PORT") else None,
        log_json=one_of("LOG", "console", "json") == "json",
        log_level=one_of("LOG_LEVEL", "debug", "info", "warning", "error"),
        operator=value("OPERATOR"),
        worker=value("WORKER") or socket.gethostname(),
        batch=number("BATCH", 1),
        lease_ms=number("LEASE_MS", 500),
        wait_s=number("WAIT_S", 0),
        idle_ms=number("IDLE_MS", 50),
        inbox_cap=number("INBOX_CAP", 1),
        keys=Path(value("KEYS") or _keyring_of(data)),
        ledger=value("LEDGER") or f"sqlite:///{data.absolute() / 'ledger.db'}",
        ledger_password=secret("LEDGER_PASSWORD_FILE"),
        log_folder=Path(value("LOG_FOLDER") or data / "log"),
        log_origin=value("LOG_ORIGIN"),
        seal=one_of("SEAL", "0", "1") == "1",
        sealer_password=value("SEALER_PASSWORD") or secret("SEALER_PASSWORD_FILE"),
        tsa=value("TSA") or None,
        unsealed_max=number("UNSEALED_MAX", 1),
        unsealed_ms=number("UNSEALED_MS", 1_000),
        metrics=_endpoint(value("METRICS")),
        otlp=_traces(value("OTLP")),
        alarms=value("ALARMS"),
    )


def _keyring_of(data: Path) -> Path:
    """Return the folder inside the data when there is one, as in a demo; else the one beside it."""
    inside = data / "keys"
    return inside if inside.is_dir() else Path(f"{data.absolute()}.keys")


def _is_broker_url(text: str) -> bool:
    """Whether a broker may be found there; an empty text is none, and is right too."""
    try:
        return not text or bool(broker_url.parse(text))
    except ValueError:
        return False


def _endpoint(text: str) -> Endpoint | None:
    """Return where to listen; None: nowhere."""
    if not text:
        return None
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or port is None or parts.netloc != text or "@" in text:
        raise NotUsable("SEINHUIS_METRICS must be HOST:PORT, such as 127.0.0.1:9464, or empty")
    return Endpoint(host, port)


def _traces(text: str) -> str | None:
    """Return where traces go; None: nowhere."""
    if text and (urlsplit(text).scheme not in {"http", "https"} or not urlsplit(text).netloc):
        raise NotUsable("SEINHUIS_OTLP must be a URL, such as http://127.0.0.1:4318/v1/traces")
    return text or None
