"""Most events can be read in half the time, because what is costly to look for cannot be there.

Looking for a burgerservicenummer in every text of an event takes a third of reading it, and looking
for a member that stands twice another third. Both can be ruled out by a look at the bytes as a
whole. That look is never sure that something is wrong: where it is not sure that all is well, the
reader of `schemas.catalogue` looks at every text by itself.
"""

import re
from functools import cache
from typing import Any, Final

from pydantic import BaseModel
from pydantic_core import SchemaValidator

from schemas.catalogue import DEFAULT_PREFIX, event_adapter
from schemas.envelope import Envelope
from schemas.identifiers import source_without_bsn, without_bsn
from schemas.wire import holds_models

_LETTERS: Final = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_NOT_PLAIN: Final = b"\\%\xc2\xe2"
"""Escapes, and how spaces that do not break begin: a number may stand there in another way."""

_KINDS: Final = bytes(
    ord("0")
    if byte in b"0123456789"
    else ord(".")
    if byte in b" ."
    else ord("!")
    if byte in _NOT_PLAIN
    else ord("-")
    for byte in range(256)
)
"""Digits to 0, dots and spaces to dots, what is not plain to !, the rest to dashes."""

_BSN_MEMBER: Final = re.compile(rb'"bsn"\s*+:\s*+"[0-9]{9}"')
_ALL_BUT_QUOTES_AND_COLONS: Final = bytes(set(range(256)) - set(b'":'))
_LOOKING: Final = (without_bsn, source_without_bsn)


def surely_without_bsn(raw: bytes) -> bool:
    """Return whether no text of this JSON holds a burgerservicenummer, `betrokkene.bsn` left out.

    Numbers outside texts are not looked at.

    >>> surely_without_bsn(b'{"id":"a-1","bsn":"123456782"}')
    True
    >>> surely_without_bsn(b'{"id":"111222333"}')
    False
    """
    member = _BSN_MEMBER.search(raw)
    if member is not None:
        raw = raw[: member.start()] + raw[member.end() :]
    if b"bsn" in raw.lower():
        return False
    # Without the letters, because every search costs by the byte. What `holds_bsn` looks for has
    # none in it, so it is still there; and what was not there may be now: then that looks.
    kinds = raw.translate(_KINDS, _LETTERS)
    return not (
        b"!" in kinds
        or b"000.000.000" in kinds
        or b"0000.00.000" in kinds
        or b"-000000000-" in kinds.replace(b".", b"-")
    )


@cache
def swift_reader(prefix: str = DEFAULT_PREFIX) -> SchemaValidator:
    """Return the reader of all types that does not look for a BSN; made from the one that does."""
    schema = _without_looking(event_adapter(prefix).core_schema)
    return SchemaValidator(schema, None, _use_prebuilt=False)


def surely_once(raw: bytes, event: Envelope) -> bool:
    """Return whether every member of `raw`, of which `event` was read, stands there only once.

    `raw` has no escapes. A member that stands twice is one of the model: so it is enough to count.
    """
    # A name is what a colon stands behind. A text that begins with a colon may be counted as well,
    # in a list: then there is one too many, and who calls looks at each name.
    names = raw.translate(None, _ALL_BUT_QUOTES_AND_COLONS).count(b'"":')
    return names == _members(event)


def _members(model: BaseModel) -> int:
    count = len(model.__pydantic_fields_set__)
    for name in holds_models(type(model)):
        value = getattr(model, name)
        if isinstance(value, tuple):
            count += sum(map(_members, value))
        elif value is not None:
            count += _members(value)
    return count


def _without_looking(schema: Any) -> Any:
    """Return a copy of a core schema of pydantic in which no text is asked for a BSN."""
    if isinstance(schema, dict):
        function = schema.get("function")
        if isinstance(function, dict) and function.get("function") in _LOOKING:
            return _without_looking(schema["schema"])
        return {name: _without_looking(value) for name, value in schema.items()}
    if isinstance(schema, list | tuple):
        return type(schema)(map(_without_looking, schema))
    return schema
