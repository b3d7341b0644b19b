"""Verdicts for people and programs: from a decision of now, or from the record of one."""

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from hub.cli import output
from schemas.decisions import HoldReason, Verdict, WithholdReason
from schemas.records import VerdictLine, verdict_line

_WORDS: Final = {"forward": "yes", "withhold": "no", "hold": "! held"}
_ORDER: Final = ("forward", "hold", "withhold")

MEANINGS: Final[Mapping[str, str]] = {
    WithholdReason.OTHER_PHASE: "the rule is for another phase",
    WithholdReason.OTHER_KIND: "the rule is for another `soort` of this message",
    WithholdReason.OTHER_UNIT: "the rule is for another unit of the sender",
    WithholdReason.RULE_NOT_IN_FORCE: "the rule is not in force on this day, or is switched off",
    WithholdReason.LEGAL_BASIS_NOT_IN_FORCE: "the law is not in force on this day",
    WithholdReason.CONDITION_NOT_MET: "a condition of the rule is not met; the detail says which",
    WithholdReason.COMPETENCE_NOT_ASKED: "meant for a party with another competence",
    WithholdReason.NO_MANDATE: "no mandate of the gemeente is on record for this day",
    WithholdReason.THIRD_PARTY_BAN: "a derdenverbod: nothing may be passed on",
    WithholdReason.NOT_CHOSEN: "the rule lets the sender choose, and it chose others",
    WithholdReason.NOT_INVITED: "may take part, but does not sit at this table",
    WithholdReason.NOT_THE_REQUESTER: "the answer goes to who asked, and this party did not",
    WithholdReason.IS_SENDER: "nobody gets its own event",
    WithholdReason.ALREADY_FORWARDED: "gets it already under another rule; one copy each",
    HoldReason.GEMEENTE_MISSING: "a gemeente is needed and the event names none",
    HoldReason.GEMEENTE_UNKNOWN: "the register has no such gemeente",
    HoldReason.GEMEENTE_SPLIT: "the gemeente ended and went to several others",
    HoldReason.GEMEENTE_NOT_YET: "the gemeente does not exist yet on this day",
    HoldReason.NO_HOME_ADDRESS: "briefadres, unknown or RNI: no gemeente follows from it",
    HoldReason.OTHER_BASIS: "the rule needs a gemeente on another ground (gemeentegrondslag)",
    HoldReason.ZVH_UNKNOWN: "no Zorg- en Veiligheidshuis on record for this gemeente",
    HoldReason.COMPETENCE_NOT_RECORDED: "the competence is asked for, and not on record",
    HoldReason.CONDITION_UNCLEAR: "the event lacks the field that a condition looks at",
    HoldReason.REQUESTER_NOT_ALLOWED: "who asked is not among the recipients of the rule",
    HoldReason.CHOICE_NOT_ALLOWED: "the sender chose a party that the rule does not have",
    HoldReason.ORIGINAL_UNKNOWN: "a correction of an event that is not known here, or not yet",
    HoldReason.NOBODY_RECEIVES: "no rule forwards it, and nothing is dropped in silence",
    HoldReason.INBOX_FULL: "the inbox of the party is full",
}
"""Every reason word in a sentence; the words themselves are stable (`schemas.decisions`)."""


def as_documents(verdicts: Iterable[Verdict | VerdictLine]) -> list[dict[str, Any]]:
    """Return verdicts as programs read them: the same form as in an audit record."""
    lines = (v if isinstance(v, VerdictLine) else verdict_line(v) for v in verdicts)
    return [line.model_dump(mode="json", exclude_none=True) for line in lines]


def show(verdicts: Iterable[Mapping[str, Any]]) -> None:
    """Write who gets it and who not, on which basis or why not; then the fields of each copy.

    Where `in_copy` says what is really in a copy, that; else what its rule lets the party see.
    """
    listed = sorted(verdicts, key=lambda v: _ORDER.index(v["outcome"]))
    rows = [
        (
            v.get("party") or f"({v['role']})",
            _WORDS[v["outcome"]],
            v["legal_basis"]
            if v["outcome"] == "forward"
            else reason(v["reason"], v.get("detail") or ""),
            v["rule"],
        )
        for v in listed
    ]
    output.table(("party", "copy", "legal basis, or why not", "rule"), rows)
    forwards = [v for v in listed if v["outcome"] == "forward"]
    known = bool(forwards) and all("in_copy" in v for v in forwards)
    fields = {v["party"]: v["in_copy"] if known else v.get("fields", ()) for v in forwards}
    for text in field_lines(fields, known=known):
        output.line(text)


def in_copy(copy: Mapping[str, Any], fields: Iterable[str]) -> list[str]:
    """Return the fields that are in a minimised copy, of those that its rule allows.

    >>> in_copy({"data": {"a": {"x": 1}, "c": [{"y": 1}, {}]}}, ["a.x", "a.z", "b", "c.y", "c.z"])
    ['a.x', 'c.y']
    """
    return [
        name for name in fields if name in copy or _holds(copy.get("data", {}), name.split("."))
    ]


def _holds(value: Any, path: Sequence[str]) -> bool:
    if not path:
        return True
    if isinstance(value, list):
        return any(_holds(each, path) for each in value)
    return isinstance(value, dict) and path[0] in value and _holds(value[path[0]], path[1:])


def field_lines(fields: Mapping[str, Iterable[str]], *, known: bool) -> Iterator[str]:
    r"""Yield the fields of each copy in words: first what all have, then what each has more.

    `known`: that these are in the copies; else they are what the rules allow.

    >>> print(*field_lines({"om": ["a.x", "a.y", "b"], "lro": ["a.x"]}, known=True), sep="\n")
    in every copy: a (x)
    in the copy of om also: a (y), b
    >>> print(*field_lines({"om": ["a.x", "b"]}, known=False), sep="\n")
    om may see: a (x), b
    """
    common = set.intersection(*(set(each) for each in fields.values())) if fields else set()
    if len(fields) > 1:
        yield from _wrapped("in every copy" if known else "all of them may see", common)
    for party, own in fields.items():
        label = f"in the copy of {party}" if known else f"{party} may see"
        if len(fields) == 1:
            yield from _wrapped(label, own)
        elif more := set(own) - common:
            yield from _wrapped(f"{label} also", more)


def _wrapped(label: str, fields: Iterable[str]) -> list[str]:
    inside: dict[str, list[str]] = {}
    for name in sorted(fields):
        top, _, rest = name.partition(".")
        inside.setdefault(top, []).extend([rest] if rest else [])
    words = [f"{top} ({', '.join(rest)})" if rest else top for top, rest in inside.items()]
    text = f"{label}: {', '.join(words) or 'nothing of the data'}"
    return textwrap.wrap(text, 78, subsequent_indent="  ", break_on_hyphens=False)


def reason(word: str, detail: str = "") -> str:
    """Return a reason as a person reads it: the stable word, its meaning, and the detail."""
    meaning = MEANINGS.get(word, "")
    return f"{word}: {meaning}" + (f" [{detail}]" if detail else "")
