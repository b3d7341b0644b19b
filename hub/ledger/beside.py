"""What no proof covers, because it may be erased or is kept beside the log, against the records.

Persons may go, and their leaves stay right: so that they went must be on record. A role config is
not sealed, and its digest is. The faults are words for `seinhuis audit verify`.
"""

import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, Final

from sqlalchemy import Connection, func, or_, select

from hub.ledger.documents import document, octets
from hub.ledger.tables import acts, configs, notes, records
from schemas.records import RecordEvent

_TOLD: Final = 20
_DIGITS: Final = 12


def erased_unsaid(connection: Connection) -> Iterator[str]:
    """Say which persons are gone although no record says that they were erased.

    Who takes them out of the database makes somebody unfindable: `report person` would leave out
    what was sent about them.
    """
    ranges, said = _erased(connection)
    gone = records.c.salt.is_(None)
    inside = [records.c.position.between(first, last) for first, last in ranges]
    outside = select(records.c.position).where(gone, ~or_(*inside) if inside else gone)
    listed = list(connection.scalars(outside.order_by(records.c.position).limit(_TOLD)))
    count = connection.scalar(select(func.count()).select_from(records).where(gone)) or 0
    if count > said or listed:
        where = f", at positions {', '.join(map(str, listed))}" if listed else ""
        yield (
            f"salt and person of {count} records are gone, and the log says that {said} were erased"
            f"{where}: somebody removed whom records are about, and reports on a person lack them."
            " Put them back from a backup; what is put back is held against its commitment"
        )


def changed_configs(connection: Connection) -> Iterator[str]:
    """Say which role configs in the ledger are not those that the records name by their digest."""
    rows = connection.execute(select(configs.c.digest, configs.c.document))
    wrong = sorted(row.digest[:_DIGITS] for row in rows if _digest(row.document) != row.digest)
    if wrong:
        yield (
            f"the role configs {', '.join(wrong)} in the ledger are not those that records name:"
            " they were changed afterwards, and the register and reports made from them may be"
            " wrong. Put them back from a backup"
        )


def lost_configs(connection: Connection) -> list[str]:
    """Return the digests that records name and of which the ledger has no role config."""
    named = select(acts.c.config).where(
        acts.c.event == RecordEvent.CONFIG_LOADED.value, acts.c.config.is_not(None)
    )
    known = set(connection.scalars(select(configs.c.digest)))
    return sorted(digest[:_DIGITS] for digest in {*connection.scalars(named)} - known)


def _erased(connection: Connection) -> tuple[list[tuple[int, int]], int]:
    """Return the positions, first to last, in which persons were erased, and how many in all.

    From the records, also those that are not sealed yet: they were written with the erasure.
    """
    ranges, total = [], 0
    for said in _said(connection):
        first, _, last = said["object"]["id"].partition("-")
        if first.isdecimal() and last.isdecimal() and said["result"].isdecimal():
            ranges.append((int(first), int(last)))
            total += int(said["result"])
    return _joined(ranges), total


def _joined(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the same positions in as few ranges as can be: each night adds some."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = found[-1][0], max(last, found[-1][1])
        else:
            found.append((first, last))
    return found


def _said(connection: Connection) -> Iterator[dict[str, Any]]:
    sealed = (
        select(records.c.record)
        .join(acts, acts.c.position == records.c.position)
        .where(acts.c.event == RecordEvent.PERSON_ERASED.value)
    )
    for query in (sealed, select(notes.c.record)):
        for raw in connection.scalars(query):
            said = document(octets(raw))
            if said and said["event"] == RecordEvent.PERSON_ERASED.value:
                yield said


def _digest(kept: Any) -> str:
    """Return the digest that follows from what a stored role config says; as it was made."""
    try:
        said = json.loads(zlib.decompress(octets(kept)))
        said.pop("digest", None)
        canonical = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()
    except (ValueError, AttributeError, TypeError, RecursionError, zlib.error):
        return ""
