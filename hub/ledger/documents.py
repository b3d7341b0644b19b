"""What is stored in the ledger, read so that nothing stored there can stop a reader.

A record is sealed whatever it is, and somebody with the password of the database can put anything
in any column. What is no record is told as such; the verifier says what it means.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from schemas.records import RecordEvent

_TEXTS: Final = (
    *("result", "about", "config", "config_before", "type", "sender", "party", "trace_id"),
    *("processing_activity", "reason"),
)
_OF_VERDICTS: Final = ("party", "reason", "detail")
_MANY: Final = 2**31


def octets(value: Any) -> bytes:
    """Return a binary column as bytes; SQLite has there whatever type somebody wrote."""
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    return str("" if value is None else value).encode("utf-8", "surrogatepass")


def document(record: bytes) -> dict[str, Any]:
    """Return what a record says, by `schemas.records.Record`; empty when the bytes are no record.

    Checks only what readers rely on, so that a record of an older or a newer version is one too.
    """
    try:
        said = json.loads(record.decode())
        _check(said)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}
    found: dict[str, Any] = said
    return found


def _check(said: Mapping[str, Any]) -> None:
    """Raise any of what `document` expects when it is no record."""
    RecordEvent(said["event"])
    if datetime.fromisoformat(said["time"]).utcoffset() is None:
        raise ValueError
    thing, actor = said["object"], said["actor"]
    _need_texts(thing["kind"], thing["id"], actor["kind"], actor["id"], said["result"])
    _need_texts(*(said[name] for name in _TEXTS if said.get(name) is not None))
    _need_texts(*(value for value in said["origin"].values() if value is not None))
    if not 0 <= said.get("problems", 0) < _MANY:
        raise ValueError
    for line in said.get("verdicts") or ():
        _need_texts(line["rule"], line["role"], line["outcome"])
        _need_texts(*(line[name] for name in _OF_VERDICTS if line.get(name) is not None))
        if line["outcome"] == "forward":
            _need_texts(line["party"], line["legal_basis"], line["purpose"])
        _need_texts(*(line.get("fields") or ()))


def _need_texts(*values: object) -> None:
    if not all(value.__class__ is str for value in values):
        raise TypeError
