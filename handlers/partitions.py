"""Partitions of a sender: shards that several workers read, with everything of one case in one.

The first partition has the name of the sender (`politie`), the others a number (`politie.3`): so a
sender that gets more of them keeps all that it has. Pure.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

_MASK: Final = 2**64 - 1


def shard_name(partner: str, number: int) -> str:
    """Return the shard of partition `number` of a partner.

    >>> shard_name("politie", 0), shard_name("politie", 3)
    ('politie', 'politie.3')
    """
    return f"{partner}.{number}" if number else partner


def partner_of(shard: str) -> str:
    """Return whose shard this is.

    >>> partner_of("politie.3"), partner_of("gemeente")
    ('politie', 'gemeente')
    """
    return shard.partition(".")[0]


def partition_of(case: str, count: int) -> int:
    """Return the partition of a case, from 0 up to `count`: the same one in every process.

    Jump consistent hash (Lamping and Veach, 2014), over the first eight bytes of SHA-256: when the
    n-th partition is added, one case in n moves, and only to the new one.

    >>> [partition_of("Z-2026-1", count) for count in (1, 2, 3, 8)]
    [0, 0, 2, 7]
    """
    key = int.from_bytes(hashlib.sha256(case.encode()).digest()[:8], "big")
    found, jump = 0, 0
    while jump < count:
        found = jump
        key = (key * 2862933555777941757 + 1) & _MASK
        jump = int((found + 1) * (2**31 / ((key >> 33) + 1)))
    return found


def case_in(data: Mapping[str, Any]) -> str:
    """Return the same as `case_of`, of the `data` of an event as it is on the wire.

    >>> case_in({"meldingId": "m-1", "zaakRef": "Z-1"}), case_in({"betreft": {"bericht": "3b58"}})
    ('Z-1', '3b58')
    """
    for name in ("zaakRef", "betrokkeneRef", "meldingId"):
        if found := data.get(name):
            return str(found)
    return str(data.get("betreft", {}).get("bericht", ""))


def case_of(data: Any) -> str:
    """Return what keeps events together: the case at the sender, else the person, else the report.

    `data` is that of an event of the catalogue. Who gives `zaakRef` gives it in every event of a
    case. An act goes with the message that it is about.
    """
    for name in ("case_ref", "data_subject_ref", "report_id"):
        if found := getattr(data, name, None):
            return str(found)
    about = getattr(data, "about", None)
    return str(about.message) if about is not None else ""
