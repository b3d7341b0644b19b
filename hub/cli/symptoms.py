"""The checks of `seinhuis doctor`, one function each: what is so, and what to do about it."""

import os
import re
import stat
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from handlers.rulebook import Rulebook
from hub.bootstrap import rulebook
from hub.cli import output
from hub.cli.failing import way_in
from hub.config import Settings
from hub.data_folder import BrokerAddress, credentials_file, running
from hub.embedded import server_binary
from hub.errors import ConfigError, HubError, NotAllowed, NotUsable
from hub.stores import keys, library
from hub.stores.connection import connect, translated, without_password
from hub.stores.looking import Looking
from hub.stores.valkey import ValkeyStore

OK: Final = "ok"
WARN: Final = "warn"
FAIL: Final = "fail"

_ANSWER_S: Final = 3.0
_READS_WITHIN_MS: Final = 15_000  # a worker asks for new entries every two seconds
_OLDEST_PYTHON: Final = (3, 11)
_OLDEST_VALKEY: Final = (8, 0)
_OLDEST_REDIS: Final = (7, 0)
_OTHERS: Final = 0o077


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: `ok`, `warn` or `fail`."""

    check: str
    status: str
    what: str
    way_out: str = ""

    def document(self) -> dict[str, str]:
        """Return it as programs read it."""
        return asdict(self)


def of_installation(settings: Settings) -> Iterator[Finding]:
    """Yield what can be said without a hub."""
    yield _python()
    yield _packages()
    yield _bundled(settings)
    yield from _data_folder(settings)
    yield _role_config(settings)


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < _OLDEST_PYTHON:
        return Finding("python", FAIL, version, "use Python 3.11 or later")
    return Finding("python", OK, version)


def _packages() -> Finding:
    try:
        needed = metadata.requires("seinhuis") or []
    except metadata.PackageNotFoundError:
        return Finding("packages", FAIL, "seinhuis is not installed", "install it with pip")
    names = [re.split(r"[^A-Za-z0-9._-]", each)[0] for each in needed if "extra ==" not in each]
    missing = [name for name in names if not _installed(name)]
    if missing:
        return Finding("packages", FAIL, f"missing: {', '.join(missing)}", "install them with pip")
    versions = [f"{name} {metadata.version(name)}" for name in ("faststream", "redis", "pydantic")]
    return Finding("packages", OK, f"all {len(names)}; {', '.join(versions)}")


def _installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _bundled(settings: Settings) -> Finding:
    try:
        server_binary()
    except HubError as error:
        needed = settings.broker is None
        return Finding("bundled", FAIL if needed else WARN, str(error), "use --broker")
    return Finding("bundled", OK, "the bundled valkey-server is here")


def _data_folder(settings: Settings) -> Iterator[Finding]:
    folder = settings.data
    if settings.broker is not None:
        return
    if not folder.exists():
        yield Finding("data", OK, f"{folder} is not there yet; `up` makes it")
        return
    if not folder.is_dir() or not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield Finding(
            "data", FAIL, f"{folder} cannot be used by this user", "mend its rights, or use --data"
        )
        return
    open_to_others = [path for path in (folder, credentials_file(folder)) if _open(path)]
    for path in open_to_others:
        yield Finding("data", FAIL, f"others can read {path}", f"chmod go= {path}")
    if not open_to_others:
        yield Finding("data", OK, f"{folder} is for this user only")


def _open(path: Path) -> bool:
    return path.exists() and bool(stat.S_IMODE(path.stat().st_mode) & _OTHERS)


def _role_config(settings: Settings) -> Finding:
    try:
        book = rulebook(settings)
    except ConfigError as error:
        count = output.plural(len(error.problems), "problem")
        return Finding("role config", FAIL, count, f"see all: {output.program()} check")
    return Finding("role config", OK, f"{book.digest[:12]}, {len(book.parties)} parties")


More = Callable[[Redis, Settings], Awaitable[Finding | None]]
"""One more check of the broker: None, all is well."""


async def of_hub(settings: Settings, tell: Callable[[Finding], None], more: More) -> None:
    """Tell what can be said of the hub that runs, if one does; `more` is asked too."""
    try:
        address = (
            BrokerAddress(settings.broker, settings.broker_user, settings.broker_password)
            if settings.broker
            else running(settings.data)
        )
        if address is None:
            what = "no hub runs on this data folder"
            tell(Finding("broker", WARN, what, output.command("up")))
            return
        redis = await connect(address.url, address.user, address.password, wait_s=_ANSWER_S)
    except NotUsable as error:
        tell(Finding("broker", FAIL, str(error), "see above"))
        return
    except NotAllowed as error:
        tell(Finding("broker", FAIL, str(error), way_in(error)))
        return
    except HubError as error:
        tell(Finding("broker", FAIL, str(error), "start it, or name another with --broker"))
        return
    try:
        await _broker(redis, settings, address, tell)
        found = await more(redis, settings)
        if found is not None:
            tell(found)
    except (RedisError, HubError) as error:
        problem = translated(error)
        denied = isinstance(problem, NotAllowed)
        tell(Finding("broker", FAIL, str(problem), way_in(error) if denied else "try again"))
    finally:
        await redis.aclose()


async def _broker(
    redis: Redis, settings: Settings, address: BrokerAddress, tell: Callable[[Finding], None]
) -> None:
    tell(_version(await redis.info("server"), without_password(address.url)))
    store = ValkeyStore(redis, duplicate_ms=1, inbox_cap=1, replicas=settings.replicas)
    problems = await store.setting_problems()
    for problem in problems:
        tell(Finding("settings", FAIL, problem, "mend it in the configuration of the broker"))
    if not problems:
        tell(Finding("settings", OK, "appendonly yes, maxmemory-policy keeps every message"))
    if settings.broker is not None and not await _sees_settings(redis):
        what = "appendfsync cannot be seen with this user"
        tell(Finding("settings", WARN, what, "make sure yourself that it is `always`"))
    for server in (await Looking(redis, settings.replicas).server()).short:
        what = f"the primary {server or address.url} has too few replicas: it takes no writes"
        tell(Finding("replicas", FAIL, what, "start its replica; see the alarm replica-missing"))
    loaded = await redis.function_list(library=library.LIBRARY)
    if loaded:
        tell(Finding("functions", OK, f"version {library.VERSION}"))
    else:
        what = f"version {library.VERSION} is not loaded"
        tell(
            Finding("functions", FAIL, what, f"start a hub of this version: {output.command('up')}")
        )
    try:
        book = rulebook(settings)
    except ConfigError:
        return  # told before
    tell(await _worker(redis, book))
    for shard, intakes in book.shards().items():
        tell(_depth(shard, dict(await store.depths(shard, intakes))) if loaded else _no(shard))


def _version(info: dict[str, Any], url: str) -> Finding:
    name = "Valkey" if "valkey_version" in info else "Redis"
    version = str(info.get("valkey_version") or info.get("redis_version"))
    oldest = _OLDEST_VALKEY if name == "Valkey" else _OLDEST_REDIS
    found = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    what = f"{name} {version} at {url}"
    if found < oldest:
        way_out = "use Valkey 8 or later, or Redis 7.0 or later"
        return Finding("broker", FAIL, what, way_out)
    return Finding("broker", OK, what)


async def _sees_settings(redis: Redis) -> bool:
    try:
        await redis.config_get("appendfsync")
    except RedisError:
        return False
    return True


async def _worker(redis: Redis, book: Rulebook) -> Finding:
    way_out = f"start one: {output.command('up')}"
    shard, intakes = next(iter(book.shards().items()))
    try:
        found = await redis.xinfo_consumers(keys.intake(shard, intakes[0]), keys.HUB_GROUP)
    except RedisError:
        return Finding("worker", FAIL, "the intakes have no reader group", way_out)
    reading = [each for each in found if each["idle"] < _READS_WITHIN_MS]
    if not reading:
        return Finding("worker", WARN, "nobody reads the intakes", way_out)
    return Finding("worker", OK, f"{output.plural(len(reading), 'worker')} at work")


def _depth(shard: str, depth: dict[str, int]) -> Finding:
    what = f"{shard}: " + ", ".join(f"{word} {count}" for word, count in depth.items())
    look = [word for word in ("held", "dead") if depth[word]]
    if look:
        show = output.command(look[0], "--shard", shard)
        return Finding("shard", WARN, what, f"look at it: {show}")
    return Finding("shard", OK, what)


def _no(shard: str) -> Finding:
    return Finding("shard", WARN, f"{shard}: cannot be counted without the functions", "see above")
