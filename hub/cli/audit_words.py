"""What a record tells, in a few words for a person."""

from collections.abc import Mapping
from typing import Any, Final

from schemas.record_words import MEANINGS
from schemas.records import RecordEvent

_ACTED: Final = {
    "opened": "opened its copy",
    "acknowledged": "has it safe in its own system",
    "taken-up": "works on it",
    "refused": "refused it",
    "fed-back": "told the sender what became of it",
    "act-refused": "tried what is not allowed now; nothing changed",
    "erased": "has no content of it any more",
    "retention-passed": "had not finished it when its term ended",
}
"""What a recipient did with its copy, or what became of that copy."""

_SAID: Final = {
    "decided": "the hub decided",
    "duplicate": "came again, with the same (source, id): nothing was delivered",
    "dead-lettered": "refused by the hub; the sender has a notice",
    "corrected": "its sender corrected it",
    "withdrawn": "its sender withdrew it",
    "act-accepted": "the hub did this act; the record of that message says what it was",
    "opened": "an operator saw what waits for a person",
    "released": "a person released what was held",
    "re-decided": "a person let it be decided again",
    "redelivered": "a person let it be delivered again",
    "discarded": "a person threw it away; the sender has a notice",
    "erased": "the content of what waited is gone",
    "retention-passed": "its term ended while it waited for a person",
    "log-read": "somebody read the log",
    "log-exported": "somebody exported from the log",
    "checkpoint": "the head of the log was signed",
    "started": "the hub started",
    "stopped": "the hub stopped",
    "config-loaded": "this role config is in force",
    "person-erased": "salt and pseudonyms of old records are gone",
    "hold-placed": "a case is kept whatever its term",
    "hold-lifted": "a case is not kept any longer than its term",
    "key-created": "a key was made",
    "key-retired": "a key was removed for good",
    "gap-found": "! records are missing: this shard is not sealed further",
    "gap-accepted": "a person said why records are missing; sealing goes on",
    "shard-set-back": "! other records came for numbers that were sealed",
    "access-failed": "the broker refused an account",
}
_NAMES: Final = 5  # of rules that differ; the record has them all
_RESULT_SAYS_IT: Final = frozenset({"ok", "refused", "duplicate", "discarded", "asked"})


def described(record: Mapping[str, Any], *, about: str = "") -> str:
    """Say in a few words what a record tells. `about`: the message whose story is told."""
    if not record:
        return "! what is sealed here is no record"
    event, who = record["event"], recipient(record)
    if event == "forwarded":
        text = f"{who} passed it on to {record.get('party')}"
    elif who:
        text = f"{who} {_ACTED.get(event, event)}"
        text += " once more" if record["result"] == "again" else ""
    else:
        text = _SAID.get(event, event)
    if counts := _counts(record):
        text += f": {counts}"
    elif record["result"] not in _RESULT_SAYS_IT | {"again"}:
        text += f": {record['result']}"
    if record["object"]["kind"] == "log":
        text += f": {record['object']['id']}"
    if record.get("difference"):
        text += (
            f" than {(record.get('config_before') or '')[:8]}: {_difference(record['difference'])}"
        )
    other = record.get("about")
    if other and other != about and not who:
        text += f"; about message {other[:8]}"
    if about and record["object"]["kind"] == "log":
        return text  # its reason is which message: this one
    return text + (f" ({record['reason']})" if record.get("reason") else "")


def meaning(event: str) -> str:
    """Return what an event word means; empty for one that is not in the vocabulary."""
    known = {each.value for each in RecordEvent}
    return MEANINGS[RecordEvent(event)].says if event in known else ""


def recipient(record: Mapping[str, Any]) -> str:
    """Return the party whose delivery it is about; empty when it is about another thing."""
    thing = record.get("object") or {"kind": "", "id": ""}
    return str(thing["id"]).partition(":")[0] if thing["kind"] == "delivery" else ""


def subject(record: Mapping[str, Any]) -> str:
    """Return what it is about, without the party: a message, an entry, a digest, a shard."""
    return str(record["object"]["id"]).rpartition(":")[2] if record else ""


def _difference(difference: Mapping[str, Any]) -> str:
    said = []
    for what in ("added", "removed", "changed", "registers"):
        names = difference.get(what) or ()
        more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
        if names:
            said.append(f"{what} {', '.join(names[:_NAMES])}{more}")
    if difference.get("left_out"):
        said.append(f"and {difference['left_out']} more")
    return "; ".join(said)


def _counts(record: Mapping[str, Any]) -> str:
    outcomes = [verdict["outcome"] for verdict in record.get("verdicts") or ()]
    words = (("forward", "yes"), ("hold", "held"), ("withhold", "no"))
    return ", ".join(f"{word} {outcomes.count(each)}" for each, word in words if each in outcomes)
