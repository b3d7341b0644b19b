"""Which role config was in force when, from the records; and the configs, from the ledger."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from hub.errors import NotFound, NotUsable
from hub.ledger.documents import document, octets
from hub.ledger.read_model import microseconds
from hub.ledger.tables import acts, configs, records
from hub.stores.config_documents import read
from schemas.records import RecordEvent
from schemas.roles import RoleConfig

SHORT = 12
"""As many digits of a digest are enough to name it."""


@dataclass(frozen=True, slots=True)
class Version:
    """A stretch of time in which one role config was in force."""

    digest: str
    since: datetime  #: aware, UTC
    until: datetime | None  #: None: still, as far as is sealed
    before: str | None  #: the digest that it took the place of, where the record says so
    difference: dict[str, Any] | None  #: `schemas.records.Difference`; None: nothing is known of it
    kept: bool  #: the ledger has the config itself


def history(connection: Connection) -> list[Version]:
    """Return every stretch, oldest first. A restart with the same config is no new stretch."""
    kept = set(connection.scalars(select(configs.c.digest)))
    found: list[Version] = []
    for record in _loadings(connection):
        digest, at = record["config"], datetime.fromisoformat(record["time"])
        if found and found[-1].digest == digest:
            continue
        if found:
            found[-1] = replace(found[-1], until=at)
        found.append(
            Version(
                digest,
                at,
                None,
                record.get("config_before"),
                record.get("difference"),
                digest in kept,
            )
        )
    return found


def digest_at(connection: Connection, at: datetime) -> str:
    """Return the digest that was in force at an aware moment.

    Raises:
        NotFound: none was, as far as the records say.

    """
    query = (
        select(acts.c.config)
        .where(acts.c.event == RecordEvent.CONFIG_LOADED.value, acts.c.at <= microseconds(at))
        .order_by(acts.c.at.desc(), acts.c.position.desc())
        .limit(1)
    )
    found = connection.scalar(query)
    if found is None:
        raise NotFound(
            "no role config was in force then, as far as the log says: see `seinhuis audit report"
            " processing --history` for which were, and since when"
        )
    return str(found)


def config_of(connection: Connection, digest: str) -> RoleConfig:
    """Return the role config whose digest begins so.

    Raises:
        NotFound: the ledger has none.
        NotUsable: several begin so, or this version of Seinhuis cannot read it.

    """
    query = select(configs.c.digest, configs.c.document).where(
        configs.c.digest.startswith(digest, autoescape=True)
    )
    rows = connection.execute(query.limit(2)).all()
    if not rows:
        raise NotFound(
            "the ledger keeps no role config with that digest: see `seinhuis audit report"
            " processing --history`"
        )
    if len(rows) > 1:
        raise NotUsable("several role configs begin so: give more of the digest")
    config = read(rows[0].document)
    if config is not None and digest_of(config) != rows[0].digest:
        raise NotUsable(
            f"the role config {rows[0].digest[:SHORT]} of the ledger is not the one that records"
            " name: it was changed afterwards. Report it as an incident, and put it back from a"
            " backup"
        )
    if config is None:
        raise NotUsable(
            f"the role config {rows[0].digest[:SHORT]} is in a form that this version of Seinhuis"
            " cannot read: use the version that wrote it"
        )
    return config


def digest_of(config: RoleConfig) -> str:
    """Return the digest that follows from what `config` says: SHA-256 of its canonical JSON."""
    content = config.model_dump(mode="json", by_alias=True, exclude={"digest"})
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _loadings(connection: Connection) -> Iterator[dict[str, Any]]:
    query = (
        select(records.c.record)
        .join(acts, acts.c.position == records.c.position)
        .where(acts.c.event == RecordEvent.CONFIG_LOADED.value)
        .order_by(acts.c.at, acts.c.position)
    )
    for raw in connection.scalars(query):
        record = document(octets(raw))
        if record.get("config"):
            yield record
