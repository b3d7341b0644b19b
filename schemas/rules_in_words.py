"""The rules of the models as sentences: what pydantic found, without what it found it in."""

from typing import Final

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
}

_BY_LIMIT: Final = {
    "string_too_short": ("has at least {min_length} characters", "write it in full"),
    "string_too_long": ("has at most {max_length} characters", "shorten it"),
    "too_short": ("has at least {min_length} entries", "add what is missing"),
    "too_long": ("has at most {max_length} entries", "split it over several events"),
    "greater_than_equal": ("is {ge} or more", "mend the number"),
    "less_than_equal": ("is {le} or less", "mend the number"),
}

_BY_LETTER: Final = (
    ("^[0-9]{20}$", "is an OIN: 20 digits", "take it from the OIN register, zeros included"),
    ("^[0-9]{9}$", "is a burgerservicenummer: nine digits", "write leading zeros"),
    ("^[0-9]{4}$", "is a gemeente code: four digits", "write leading zeros, without GM"),
    ("^urn:nld:oin:", "names organisation and system (NL GOV profile)",
     "write urn:nld:oin:<20 digits>:systeem:<name>, with no number of nine digits in the name"),
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
    if kind in _BY_LIMIT:
        rule, way_out = _BY_LIMIT[kind]
        return rule.format(**context), way_out
    if kind == "string_pattern_mismatch":
        return pattern_in_words(str(context["pattern"]))
    if kind in {"literal_error", "enum", "union_tag_invalid"}:
        return _allowed_in_words(str(context.get("expected") or context.get("expected_tags")))
    if kind == "value_error":
        return str(context["error"]), "mend it at the source"
    return "is not what this field needs", "see docs/reference/messages.md"


def _allowed_in_words(allowed: str) -> tuple[str, str]:
    """Turn pydantic's list of allowed values, words of ours, into a sentence."""
    if "'" not in allowed:
        return f"is {allowed.lower()} in this message type", "send another type if it is not so"
    return f"is one of: {allowed.replace(chr(39), '').replace(' or ', ', ')}", "take one of these"


def pattern_in_words(pattern: str) -> tuple[str, str]:
    """Return what a pattern of `schemas.identifiers` says, and the way out."""
    for beginning, rule, way_out in _BY_LETTER:
        if pattern.startswith(beginning):
            return rule, way_out
    return "does not have the right shape", "see docs/reference/messages.md"
