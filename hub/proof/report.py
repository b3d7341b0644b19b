"""What the verifier found: faults, limits, and what was checked. For people, and as JSON."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any, Final

INCIDENT: Final = (
    "Report it as an incident now (BIO2 8.15.05). Keep this folder as it is, and note its checksum"
)


SHOWN: Final = 100
"""How many faults of one code are told one by one."""


class Outcome(IntEnum):
    """How it ended: the exit code. Scripts rely on it: one may be added, none is ever changed."""

    SOUND = 0
    UNUSABLE = 2
    FAULT = 3
    AS_FAR_AS_IT_GOES = 4


class Fault(StrEnum):
    """What is wrong with the log. The words are stable: programs may rely on them."""

    CHANGED = "changed"
    MOVED = "moved"
    MISSING = "missing"
    TAIL = "tail"
    BEYOND = "beyond"
    ORDER = "order"
    FORM = "form"
    GAP = "gap"
    SEQ = "seq"
    PERSON = "person"
    TILE = "tile"
    ROOT = "root"
    SIGNATURE = "signature"
    KEY = "key"
    CHECKPOINT = "checkpoint"
    ROLLED_BACK = "rolled-back"
    FORKED = "forked"
    TIMESTAMP = "timestamp"
    RECEIPT = "receipt"


class Limit(StrEnum):
    """Why it is sound only as far as it goes."""

    PARTIAL = "partial"
    NO_RECORDS = "no-records"
    DECLARED_GAP = "declared-gap"
    KEY_NEEDED = "key-needed"
    NO_EVIDENCE = "no-evidence"
    NO_WITNESS = "no-witness"
    NO_TIMESTAMP = "no-timestamp"


#: What each fault means, and what to do beside reporting it.
MEANING: Final[dict[Fault, tuple[str, str]]] = {
    Fault.CHANGED: (
        "The record is not the one that was sealed: its text, shard, seq or commitment was changed",
        "Ask for a fresh export; if that has the same fault, the ledger itself was changed",
    ),
    Fault.MOVED: (
        "The record was sealed at another place: records were swapped, put in or taken out",
        "Compare with an earlier export of the same log",
    ),
    Fault.MISSING: (
        "Records that were sealed are not there",
        "Ask for a fresh export; if they are missing there too, they were removed",
    ),
    Fault.TAIL: (
        "The last records that a signed checkpoint promises are not there: the end was cut off",
        "Ask for a fresh export; if they are missing there too, they were removed",
    ),
    Fault.BEYOND: (
        "No checkpoint covers these records: they were added behind the last one",
        "Do not use them. Ask for a fresh export: the hub signs what it has within a second",
    ),
    Fault.ORDER: (
        "The line does not stand where its position says: lines were put in or moved",
        "Ask for a fresh export",
    ),
    Fault.FORM: (
        "The line cannot be a record, so that record counts as missing",
        "Ask for a fresh export, if another program opened and saved this file",
    ),
    Fault.GAP: (
        "The numbers of this shard skip some, undeclared: acts never got into the log, or went out",
        "Ask what happened in the hub at that moment; its own log says `ledger.gap`",
    ),
    Fault.SEQ: (
        "The numbers of this shard do not go up: a record stands twice, or the shard was set back",
        "Ask what happened in the hub at that moment; was a backup put back?",
    ),
    Fault.PERSON: (
        "The person that stands with the record is not the one it was sealed about",
        "Do not use who it is about. The record itself may well be right",
    ),
    Fault.TILE: (
        "A file of the published tree was changed or damaged; it is not what the checkpoint says",
        "Copy the published folder again; if it is wrong at the source, it was changed there",
    ),
    Fault.ROOT: (
        "What the checkpoint promised is not what is here: history was written anew",
        "Compare with a copy of the log that another organisation has (--seen)",
    ),
    Fault.SIGNATURE: (
        "The checkpoint names a key that you trust, and that key did not sign it",
        "Compare with a copy of the checkpoint that another organisation has (--seen)",
    ),
    Fault.KEY: (
        "No checkpoint is signed by a key that you gave: it is not proven whose log this is",
        "Check the key with its owner, not with this folder. If it is right, this log is not his",
    ),
    Fault.CHECKPOINT: (
        "This cannot be a checkpoint of this log",
        "Ask for a fresh export",
    ),
    Fault.ROLLED_BACK: (
        "The log once promised more than it has now: it was set back, or this is an older copy",
        "If you did not take an older copy on purpose, the end of the log was removed",
    ),
    Fault.FORKED: (
        "The same log signed two histories that cannot both be true",
        "Keep both notes: together they prove it, to anybody who has the key",
    ),
    Fault.TIMESTAMP: (
        "The time stamp does not belong to this checkpoint, or its authority is not one you trust",
        "Compare the certificate of the authority with its owner",
    ),
    Fault.RECEIPT: (
        "The receipt does not prove its record",
        "Ask for a fresh receipt, and compare with an export",
    ),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault or a limit, and where."""

    code: Fault | Limit
    what: str  #: one sentence with the place in it
    position: int | None = None  #: of the first record concerned
    shard: str | None = None
    seq: int | None = None
    checkpoint: int | None = None  #: its size

    def document(self) -> dict[str, Any]:
        """Return it for JSON, with what it means and what to do."""
        named = {name: getattr(self, name) for name in ("position", "shard", "seq", "checkpoint")}
        document: dict[str, Any] = {"code": self.code.value, "what": self.what}
        document |= {name: value for name, value in named.items() if value is not None}
        if isinstance(self.code, Fault):
            document["means"], document["do"] = MEANING[self.code]
        return document


@dataclass(slots=True)
class Report:
    """Everything that was found. `outcome` follows from it."""

    is_receipt: bool = False  #: it is about one record, not about a log
    origin: str = ""
    size: int = 0  #: of the largest checkpoint
    root: str = ""  #: base64
    proven: int = 0  #: how many records a key that was given vouches for
    checked: dict[str, int] = field(default_factory=dict)  #: what -> how many
    keys: list[str] = field(default_factory=list)  #: which key signed which checkpoints
    remarks: list[str] = field(default_factory=list)  #: good news: copies that agree, witnesses
    faults: list[Finding] = field(default_factory=list)
    limits: list[Finding] = field(default_factory=list)
    more: dict[str, int] = field(default_factory=dict)  #: faults beyond `SHOWN` of a code

    @property
    def outcome(self) -> Outcome:
        """The verdict, which is the exit code."""
        if self.faults:
            return Outcome.FAULT
        return Outcome.AS_FAR_AS_IT_GOES if self.limits else Outcome.SOUND

    def fault(self, code: Fault, what: str, **place: Any) -> None:
        """Add a fault; `place` are the fields of `Finding` that say where.

        Only counted in `more` once there are `SHOWN` of its code: one cause can have a million.
        """
        if sum(finding.code is code for finding in self.faults) >= SHOWN:
            self.more[code.value] = self.more.get(code.value, 0) + 1
            return
        self.faults.append(Finding(code, what, **place))

    def limit(self, code: Limit, what: str, **place: Any) -> None:
        """Add a limit."""
        self.limits.append(Finding(code, what, **place))

    def count(self, what: str, many: int = 1) -> None:
        """Add to what was checked."""
        self.checked[what] = self.checked.get(what, 0) + many

    def codes(self) -> set[str]:
        """Return which faults there are."""
        return {finding.code.value for finding in self.faults}

    def document(self) -> dict[str, Any]:
        """Return it for `--json`. The names are stable."""
        return {
            "result": self.outcome.name.lower().replace("_", "-"),
            "exit": int(self.outcome),
            "origin": self.origin,
            "size": self.size,
            "root": self.root,
            "proven": self.proven,
            "checked": self.checked,
            "keys": self.keys,
            "remarks": self.remarks,
            "faults": _documents(self.faults),
            "more": self.more,
            "limits": _documents(self.limits),
        }


def _documents(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    return [finding.document() for finding in findings]
