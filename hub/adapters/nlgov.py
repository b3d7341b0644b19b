"""NL GOV CloudEvents that somebody else's system wrote: a batch taken apart, JSON data only.

An event goes on as the bytes that came in, so that what the sender signed or logged is what is
routed. What we read is the structured JSON mode and the JSON batch format of CloudEvents 1.0.
"""

import json
from collections.abc import Iterator
from typing import Any, Final

from schemas.problems import InvalidEvent, Problem
from schemas.reading import parse

_SPACE: Final = " \t\r\n"
_DECODER: Final = json.JSONDecoder()


def checked(raw: bytes, document: dict[str, Any], prefix: str) -> bytes:
    """Return `raw` when it is an event of the catalogue; `document` is what it says.

    Raises:
        InvalidEvent: with every problem, and never a value.

    """
    if "data_base64" in document:
        raise InvalidEvent(
            [
                Problem(
                    "data_base64",
                    "is binary content, and the hub reads JSON only: it cannot minimise what it"
                    " cannot read",
                    "send the object itself in data, with datacontenttype application/json",
                )
            ]
        )
    parse(raw, prefix)
    return raw


def split(text: str) -> Iterator[tuple[int, bytes]]:
    """Yield line number and bytes of each value: of a JSON array, or of the one value there is.

    The bytes are those of the file: numbers, escapes and the order of members stay as they came.

    Raises:
        ValueError: the text is not JSON from that line on; `args` is the line number.

    """
    position, line = _skip(text, 0), 1
    line += text.count("\n", 0, position)
    batch = text.startswith("[", position)
    position += batch
    first = True
    while True:
        start = _skip(text, position)
        line += text.count("\n", position, start)
        if batch and text.startswith("]", start) and first:
            end = start
        else:
            try:
                _, end = _DECODER.raw_decode(text, start)
            except (ValueError, RecursionError):
                raise ValueError(line) from None
            yield line, text[start:end].encode()
        line += text.count("\n", start, end)
        position = _skip(text, end)
        line += text.count("\n", end, position)
        if batch and text.startswith(",", position):
            position, first = position + 1, False
            continue
        tail = _skip(text, position + 1) if batch else position
        if (batch and not text.startswith("]", position)) or tail != len(text):
            raise ValueError(line)
        return


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in _SPACE:
        position += 1
    return position
