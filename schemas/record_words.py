"""What each event of the audit log means: who writes it, about what, with which results.

docs/audit-log.md shows this table; a test holds the two together, and the tests of the pipeline
hold every record that they see against it.
"""
# ruff: noqa: E501  (one row of the table is one line)

import re
from dataclasses import dataclass
from typing import Any, Final

from schemas.records import RecordEvent as E


@dataclass(frozen=True, slots=True)
class Meaning:
    """One event of the vocabulary."""

    says: str  #: one line, for an auditor
    actors: tuple[str, ...]  #: kinds of who did it
    kinds: tuple[str, ...]  #: kinds of what it was done to
    results: tuple[str, ...]  #: stable words; one in capitals stands for `PLACEHOLDERS`


PLACEHOLDERS: Final = {
    "NUMBER": re.compile(r"[0-9]+"),
    "FIRST-LAST": re.compile(r"[0-9]+-[0-9]+"),
    "VERSION": re.compile(r"[0-9][0-9A-Za-z.+!-]*"),
}
"""A result that is no word: a count, a range of numbers, the version of the hub."""

IDS: Final = {
    "message": "the hub's own name of an event: 32 hexadecimal digits",
    "delivery": "party, `:`, and the message whose copy it is",
    "entry": "the entry of a stream: of what could not be read, or waits for a person",
    "config": "the digest of a role config",
    "hub": "always `hub`",
    "shard": "a shard",
    "checkpoint": "how many records it covers",
    "records": "first and last position, with `-` between them",
    "hold": "the number of a legal hold",
    "log": "which command read or exported",
    "key": "the id of a key, as `gm0363.1`; never the key",
    "broker": "what was refused: auth, command, key, channel or other",
}
"""Kind of an object -> what its id is."""

_DECIDED: Final = ("delivered", "delivered+held", "held", "withheld")
_PARTNER, _HUB, _OPERATOR = ("partner",), ("hub",), ("operator",)
_MESSAGE, _DELIVERY, _OK = ("message",), ("delivery",), ("ok",)
_EITHER: Final = ("message", "entry")

# fmt: off
MEANINGS: Final = {
    E.DECIDED: Meaning("an event was accepted and decided; every forward in it was delivered and every hold is held, in this same step", _PARTNER, _MESSAGE, _DECIDED),
    E.DUPLICATE: Meaning("the same (source, id) came again; nothing was delivered", _HUB, _MESSAGE, ("duplicate",)),
    E.DEAD_LETTERED: Meaning("an event was refused, or given up; its sender has a notice", _HUB, _EITHER, ("refused",)),
    E.CORRECTED: Meaning("the sender corrected the event in `about`; who received that has the correction", _PARTNER, _MESSAGE, _DECIDED),
    E.WITHDRAWN: Meaning("the sender took the event in `about` back; who received that knows", _PARTNER, _MESSAGE, _DECIDED),
    E.OPENED: Meaning("a recipient opened its copy; `again`: it had done so before. Of an entry: an operator saw what waits for a person", ("partner", "operator"), ("delivery", "entry"), ("ok", "again")),
    E.ACKNOWLEDGED: Meaning("a recipient has the copy in its own system", _PARTNER, _DELIVERY, _OK),
    E.TAKEN_UP: Meaning("a recipient works on it", _PARTNER, _DELIVERY, _OK),
    E.FORWARDED: Meaning("a recipient passed its copy on to `party` (doorzenden)", _PARTNER, _DELIVERY, _OK),
    E.REFUSED: Meaning("a recipient refused its copy", _PARTNER, _DELIVERY, _OK),
    E.FED_BACK: Meaning("a recipient gave its sender feedback", _PARTNER, _DELIVERY, _OK),
    E.ACT_REFUSED: Meaning("a recipient tried what the state of the delivery does not allow; nothing changed", _PARTNER, _DELIVERY, ("refused",)),
    E.ACT_ACCEPTED: Meaning("the act was done; in the shard of who acted, where `about` says which message", _PARTNER, _MESSAGE, _OK),
    E.RELEASED: Meaning("a person sent what was held to a party", _OPERATOR, _MESSAGE, _DECIDED),
    E.RE_DECIDED: Meaning("it was decided again with the config of that day; by operator `hub` when a held correction found its original", _OPERATOR, _MESSAGE, _DECIDED),
    E.REDELIVERED: Meaning("it was delivered again to the same parties; `offered`: a dead entry was put back on its intake", _OPERATOR, _EITHER, (*_DECIDED, "offered")),
    E.DISCARDED: Meaning("a person threw it away, with a reason; its sender has a notice", _OPERATOR, _EITHER, ("discarded",)),
    E.STARTED: Meaning("the hub started", _HUB, ("hub",), ("VERSION",)),
    E.STOPPED: Meaning("the hub stopped", _HUB, ("hub",), ("asked",)),
    E.CONFIG_LOADED: Meaning("a role config is in force, and what differs from the one before", _HUB, ("config",), ("first", "same", "other")),
    E.RETENTION_PASSED: Meaning("a term is over and nobody finished the copy, or it still waits for a person: an alarm, before anything is erased", _HUB, ("delivery", "entry"), ("unread", "unfinished", "waiting")),
    E.ERASED: Meaning("content is gone: `finished` so long ago, at the end of its `term`, or then although `unread`", _HUB, ("delivery", "entry"), ("finished", "term", "unread")),
    E.PERSON_ERASED: Meaning("salt and pseudonyms of so many records are gone; their proofs hold", _HUB, ("records",), ("NUMBER",)),
    E.HOLD_PLACED: Meaning("a case is kept whatever its term, for the reason given (legal hold)", _OPERATOR, ("hold",), _OK),
    E.HOLD_LIFTED: Meaning("it is not kept any longer than its term", _OPERATOR, ("hold",), _OK),
    E.LOG_READ: Meaning("somebody read the log; written before anything was shown", _OPERATOR, ("log",), _OK),
    E.LOG_EXPORTED: Meaning("somebody exported from the log: before, and when it was done", _OPERATOR, ("log",), ("begun", "done")),
    E.KEY_CREATED: Meaning("a key was made; `adopted`: it takes the place of keys that are lost, and what those sealed is lost too", ("hub", "operator"), ("key",), ("ok", "adopted")),
    E.KEY_RETIRED: Meaning("a key was removed for good", _OPERATOR, ("key",), _OK),
    E.CHECKPOINT: Meaning("the head of the log that was signed before this record; its root is in `reason`", _HUB, ("checkpoint",), _OK),
    E.GAP_FOUND: Meaning("numbers of a shard are missing: an alarm; the shard is not sealed further", _HUB, ("shard",), ("FIRST-LAST",)),
    E.GAP_ACCEPTED: Meaning("a person said why they are missing; sealing goes on", _OPERATOR, ("shard",), ("FIRST-LAST",)),
    E.SHARD_SET_BACK: Meaning("a shard gave other records for numbers that were sealed: an alarm", _HUB, ("shard",), ("FIRST-LAST",)),
    E.ACCESS_FAILED: Meaning("the broker refused an account so often", ("account",), ("broker",), ("NUMBER",)),
}
# fmt: on
"""Every event, in the order in which docs/audit-log.md tells them."""


def out_of_vocabulary(record: dict[str, Any]) -> list[str]:
    """Return which of actor, object and result of a record (as JSON) do not belong to its event.

    >>> actor, thing = {"kind": "hub", "id": "hub"}, {"kind": "checkpoint", "id": "500"}
    >>> out_of_vocabulary({"event": "checkpoint", "actor": actor, "object": thing, "result": "no"})
    ['result']
    """
    meaning = MEANINGS[E(record["event"])]
    right = {
        "actor": record["actor"]["kind"] in meaning.actors,
        "object": record["object"]["kind"] in meaning.kinds,
        "result": any(_is(record["result"], word) for word in meaning.results),
    }
    return [field for field, belongs in right.items() if not belongs]


def _is(result: str, word: str) -> bool:
    pattern = PLACEHOLDERS.get(word)
    return result == word if pattern is None else pattern.fullmatch(result) is not None
