"""Identifiers: checked where they are made, so that nothing further on has to doubt them.

None of them may carry a person: a BSN stands in `data`, in a field made for it, or nowhere.
"""

import hashlib
import re
from typing import Annotated, Final, Literal
from urllib.parse import unquote

from pydantic import AfterValidator, BeforeValidator, StringConstraints

_BETWEEN: Final = r"[ .\u00a0\u202f]"  # space, dot, and the spaces that do not break
_NINE_DIGITS: Final = re.compile(
    # Begins with a digit and then looks back: so the search skips to digits. A letter beside the
    # digits makes them part of a digest or a UUID.
    r"[0-9](?<![0-9A-Za-z][0-9])[0-9]{2}(?:[0-9]{6}"
    rf"|({_BETWEEN})[0-9]{{3}}\1[0-9]{{3}}"  # 123.456.782, 123 456 782
    rf"|[0-9]({_BETWEEN})[0-9]{{2}}\2[0-9]{{3}}"  # 1234.56.782, as a sofinummer was written
    r")(?![0-9A-Za-z])"
)
_NINE_DIGITS_AFTER_BSN: Final = re.compile(
    r"bsn[^0-9A-Za-z]{0,4}([0-9](?:[ .\-\u00a0\u202f]?[0-9]){8})(?![0-9A-Za-z])"
)
_OF_SOMETHING_ELSE: Final = re.compile(
    r"(?<=[0-9]\.)[0-9]{3}\.|[0-9]{3}\.[0-9]{3}\.[0-9]{3}\.[0-9]"  # an IP address, a version
    r"|(?:(?<=\+31 )|(?<=0031 ))[0-9]{3} "  # a telephone number
    rf"|(?:19|20)[0-9]{{2}}{_BETWEEN}(?:0[1-9]|1[0-2]){_BETWEEN}"  # a kenmerk: year, month, number
)
_NO_DIGITS: Final = bytes(set(range(256)) - set(b"0123456789"))
_BSN_OF_ZEROS: Final = ord("0") * (9 + 8 + 7 + 6 + 5 + 4 + 3 + 2 - 1)


def is_bsn(text: str) -> bool:
    """Tell whether `text` is a burgerservicenummer: nine digits that pass the eleven-test.

    Leading zeros are significant. The weights are 9 to 2 and then -1; the sum is a multiple of 11
    (Wet algemene bepalingen burgerservicenummer; Logisch Ontwerp BSN).

    >>> is_bsn("123456782"), is_bsn("123456789"), is_bsn("000000000"), is_bsn("010000008")
    (True, False, False, True)
    """
    if len(text) != 9 or not (text.isascii() and text.isdigit()) or text == "000000000":
        return False
    a, b, c, d, e, f, g, h, i = text.encode()
    total = 9 * a + 8 * b + 7 * c + 6 * d + 5 * e + 4 * f + 3 * g + 2 * h - i
    return (total - _BSN_OF_ZEROS) % 11 == 0


def holds_bsn(text: str) -> bool:
    """Tell whether a BSN stands loose in `text`: in a word of its own, not inside a longer number.

    Also after the letters `bsn`, in groups (123.456.782, 1234.56.782, with dots or spaces), and
    behind a percent-escape of a URL. Digests, UUIDs and trace contexts do not hold one. About
    0.3 µs for a text with few digits, 1-2 µs for an identifier of many.

    >>> holds_bsn("zie 123456782."), holds_bsn("00000099123456782000"), holds_bsn("zaak/123456782")
    (True, False, True)
    >>> holds_bsn("BSN:123456782"), holds_bsn("123.456.782"), holds_bsn("btr-a123456782")
    (True, True, False)
    """
    # Most texts have fewer than nine digits in all: counting them is far cheaper than searching.
    if len(text.encode("utf-8", "replace").translate(None, _NO_DIGITS)) < 9:
        return False
    if "%" in text:
        text = unquote(text, errors="replace")
    small = text.lower()
    if "bsn" in small and any(map(_is_grouped_bsn, _NINE_DIGITS_AFTER_BSN.findall(small))):
        return True
    found = _NINE_DIGITS.search(text)
    while found is not None:
        start = found.start()
        if _is_grouped_bsn(found[0]) and not _OF_SOMETHING_ELSE.match(text, start):
            return True
        found = _NINE_DIGITS.search(text, start + 1)
    return False


def _is_grouped_bsn(text: str) -> bool:
    return is_bsn("".join(filter(str.isdecimal, text)))


def _check_bsn(text: str) -> str:
    if not is_bsn(text):
        raise ValueError("not a burgerservicenummer: nine digits that pass the eleven-test")
    return text


def without_bsn(text: str) -> str:
    """Return `text`, or refuse it when a burgerservicenummer stands in it."""
    if holds_bsn(text):
        raise ValueError(
            "holds a burgerservicenummer, which may only stand in the field betrokkene.bsn"
            " of a type that has it"
        )
    return text


Bsn = Annotated[str, StringConstraints(pattern=r"^[0-9]{9}$"), AfterValidator(_check_bsn)]
"""Burgerservicenummer, nine digits, leading zeros kept."""

Oin = Annotated[str, StringConstraints(pattern=r"^[0-9]{20}$")]
"""Organisatie-identificatienummer: 20 digits, issued by Logius (OIN-Stelsel). 00000099…: test."""

_SHORT_NUMBERS: Final = "(?:[0-9]{0,8}[%s])*[0-9]{0,8}"  # never nine digits in a row: no BSN fits

PartyId = Annotated[
    str,
    StringConstraints(pattern=f"^[a-z]{_SHORT_NUMBERS % 'a-z-'}$", min_length=2, max_length=49),
]
"""A party in the role config: `ind`, `lro`, `gm0363`, `zvh-haaglanden`."""

Code = Annotated[
    str,
    StringConstraints(pattern=f"^[a-z]{_SHORT_NUMBERS % 'a-z-'}$", min_length=2, max_length=61),
]
"""A word from a closed list of the role config: a legal basis or a purpose."""

GemeenteCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")]
"""CBS code of a gemeente, four digits: `0363`. BRP table 33 gives 0000 (unknown) and 1999 (RNI)."""


def source_without_bsn(urn: str) -> str:
    """Return the URN of a source, or refuse it when a BSN stands in the name of its system."""
    without_bsn(urn[41:])  # the pattern has seen to what stands before it
    return urn


SourceUrn = Annotated[
    str,
    StringConstraints(
        pattern=rf"^urn:nld:oin:[0-9]{{20}}:systeem:{_SHORT_NUMBERS % 'A-Za-z._-'}$",
        min_length=42,
        max_length=105,
    ),
    AfterValidator(source_without_bsn),
]
"""Organisation and source system as a URN (NL GOV profile for CloudEvents 1.1, `source`)."""

EventId = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,128}$"), AfterValidator(without_bsn)]
"""CloudEvents `id`: unique within a source; the same one again is the same event again."""

Reference = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9._:/-]{1,64}$"), AfterValidator(without_bsn)
]
"""A kenmerk of a partner: a report, a case, a document. Never a person's own number."""

NOT_BLANK: Final = r"\S"
"""Pattern of text that says something."""

Text = Annotated[
    str,
    StringConstraints(pattern=NOT_BLANK, min_length=1, max_length=4_000),
    AfterValidator(without_bsn),
]
"""Free text of at most 4,000 characters, not only blanks, without a BSN."""

Line = Annotated[
    str,
    StringConstraints(pattern=NOT_BLANK, min_length=1, max_length=200),
    AfterValidator(without_bsn),
]
"""One line of text of at most 200 characters, not only blanks, without a BSN."""


def _only_a_boolean(value: object) -> object:
    if not isinstance(value, bool):
        raise ValueError("is true, and 1 or a text is not")  # noqa: TRY004  (pydantic: ValueError)
    return value


Confirmed = Annotated[Literal[True], BeforeValidator(_only_a_boolean)]
"""What must be true, or the message is another message. Python holds 1 for equal to True."""


def message_ref(source: str, event_id: str) -> str:
    """Return the hub's own name of an event: 32 hexadecimal digits made from (source, id).

    A partner chooses its ids, so an id could hold anything; this stands in keys, records and logs
    instead. The same (source, id) always gives the same name: it is also the duplicate check.

    >>> message_ref("urn:nld:oin:00000099000000006000:systeem:indigo", "a-1")
    '3b5878002f6245a16681e26dc015c7e7'
    """
    return hashlib.sha256(f"{source}\n{event_id}".encode()).hexdigest()[:32]


def oin_of(source: str) -> str:
    """Return the OIN inside a `source` URN.

    >>> oin_of("urn:nld:oin:00000099000000006000:systeem:indigo")
    '00000099000000006000'
    """
    return source[12:32]
