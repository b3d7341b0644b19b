"""The rules of the models as sentences: what pydantic found, without what it found it in."""

import re
from typing import Any, Final

from pydantic_core import ErrorDetails

_TEXT = ("is text", "write it between quotes")
_FLAG = ("is true or false", "write it without quotes")
_NUMBER = ("is a whole number", "write it without quotes and without a fraction")
_DAY = ("is a date", "write it as 2026-11-23")
_MOMENT = ("is a moment with its offset (RFC 3339)", "write it as 2026-11-23T09:12:40+01:00")
_LIST = ("is a list", "write it between [ and ]")
_OBJECT = ("is an object", "write it between { and }")

_BY_TYPE: Final = {
    "missing": ("is required", "add it"),
    "union_tag_not_found": ("is required", "add it"),
    "none_required": ("may not stand in this message type", "leave it out"),
    "string_type": _TEXT,
    "bool_type": _FLAG,
    "int_type": _NUMBER,
    "int_from_float": _NUMBER,
    "date_type": _DAY,
    "date_parsing": _DAY,
    "date_from_datetime_parsing": _DAY,
    "date_from_datetime_inexact": _DAY,
    "datetime_type": _MOMENT,
    "datetime_parsing": _MOMENT,
    "datetime_from_date_parsing": _MOMENT,
    "timezone_aware": _MOMENT,
    "tuple_type": _LIST,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "dict_type": _OBJECT,
    "one_pair": (
        "names the message by bron and id, or by shard and bericht: one pair, and whole",
        "take shard and bericht as they stand in the inbox, and nothing beside them",
    ),
}

_BY_LIMIT: Final = {
    "greater_than_equal": ("is {ge} or more", "mend the number"),
    "less_than_equal": ("is {le} or less", "mend the number"),
}
_BY_LENGTH: Final = {
    "string_too_short": ("at least", "min_length", "character", "write it in full"),
    "string_too_long": ("at most", "max_length", "character", "shorten it"),
    "too_short": ("at least", "min_length", "entry", "add what is missing"),
    "too_long": ("at most", "max_length", "entry", "split it over several events"),
}
_QUOTED: Final = re.compile(r"'([^']*)'")

_BY_LETTER: Final = (
    ("^[0-9]{20}$", "is an OIN: 20 digits", "take it from the OIN register, zeros included"),
    ("^[0-9]{9}$", "is a burgerservicenummer: nine digits", "write leading zeros"),
    ("^[0-9]{4}$", "is a gemeente code: four digits", "write leading zeros, without GM"),
    ("^urn:nld:oin:", "names organisation and system (NL GOV profile)",
     "write urn:nld:oin:(20 digits):systeem:(name), with no number of nine digits in the name"),
    ("^[!-~]", "has 1 to 128 visible ASCII characters", "leave out spaces and accents"),
    ("^[A-Za-z0-9._:/-]", "is a kenmerk: 1 to 64 letters, digits and . _ : / -",
     "leave out spaces and accents"),
    ("^[a-z](?:", "is a word of small letters, digits and hyphens, with no number of nine digits",
     "take it from the role config"),
    ("^[a-z0-9]{1,20}$", "has an attribute name of 1 to 20 characters a-z and 0-9 (CloudEvents)",
     "rename it or leave it out"),
    ("^[0-9a-f]{2}-", "is a W3C trace context", "leave it out, or send what your tracer gives"),
    ("^[0129]$", "is a code of ISO 5218: 0, 1, 2 or 9", "leave it out when it is not known"),
    ("^[0-9a-f]{64}$", "is a SHA-256 digest: 64 hexadecimal digits", "write it in small letters"),
    ("^[0-9a-f]{32}$", "is the hub's name of a message: 32 hexadecimal digits",
     "take it from the inbox"),
    ("^[A-Za-z0-9+/]{42}", "is an X25519 public key: 32 bytes in base64, 44 characters",
     "make a key pair for this opening, and send its public key"),
    ("^[0-9]+-[0-9]+$", "is the id of a stream entry", "write it as 1700000000000-0"),
    ("^[0-9]{1,8}$", "is a number of at most eight digits, as text", "leave it out"),
    (r"\S", "is more than blanks", "write it in full, or leave the field out"),
    ("^https://", "is an address that begins with https://", "write it in full, without spaces"),
)  # fmt: skip
"""How the pattern of an identifier begins -> what it says."""


def in_words(details: ErrorDetails) -> tuple[str, str]:
    """Return the rule that was broken and the way out; never a value that was sent."""
    kind, context = details["type"], details.get("ctx", {})
    if kind in _BY_TYPE:
        return _BY_TYPE[kind]
    if kind in _BY_LIMIT or kind in _BY_LENGTH:
        return _limit_in_words(kind, context)
    if kind == "string_pattern_mismatch":
        return pattern_in_words(str(context["pattern"]))
    if kind in {"literal_error", "enum", "union_tag_invalid"}:
        return _allowed_in_words(allowed_words(details))
    if kind == "value_error":
        return str(context["error"]), "mend it at the source"
    return "is not what this field needs", "see docs/reference/messages.md"


def allowed_words(details: ErrorDetails) -> list[str]:
    """Return the words of ours that may stand there; none for true, or for another finding."""
    context = details.get("ctx", {})
    listed = str(context.get("expected") or context.get("expected_tags") or "")
    return _QUOTED.findall(listed)


def _allowed_in_words(words: list[str]) -> tuple[str, str]:
    if not words:
        return "is true in this message type", "send another type if it is not so"
    if len(words) == 1:
        return f"may only be {words[0]} here", f"write {words[0]}"
    return f"is one of: {', '.join(words)}", "take one of these"


def _limit_in_words(kind: str, context: dict[str, Any]) -> tuple[str, str]:
    if kind in _BY_LIMIT:
        rule, way_out = _BY_LIMIT[kind]
        return rule.format(**context), way_out
    limit, key, thing, way_out = _BY_LENGTH[kind]
    if context.get("field_type") == "Value":  # a text that another check made: not a list
        _, _, thing, way_out = _BY_LENGTH[f"string_{kind}"]
    count = context[key]
    if kind.endswith("short") and count == 1:
        return "is empty", "fill it in"
    things = thing if count == 1 else thing.replace("entry", "entrie") + "s"
    return f"has {limit} {count} {things}", way_out


def pattern_in_words(pattern: str) -> tuple[str, str]:
    """Return what a pattern of `schemas.identifiers` says, and the way out."""
    for beginning, rule, way_out in _BY_LETTER:
        if pattern.startswith(beginning):
            return rule, way_out
    return "does not have the right shape", "see docs/reference/messages.md"
