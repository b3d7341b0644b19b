"""Events from a file or from stdin: one event, a JSON array of them, or one on each line."""

import json
import sys
from pathlib import Path

from hub.cli.exits import Exit
from hub.cli.failing import Stop
from schemas.catalogue import CATALOGUE

_BLANK = " \t\r\n"


def events_in(file: str) -> list[bytes]:
    """Return the bytes of each event in `file` (`-`: stdin), untouched.

    What cannot be taken apart comes back as one, so that reading it says what is wrong with it.

    Raises:
        Stop: there is no such file, it cannot be read, or it is empty.

    """
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except FileNotFoundError:
        raise Stop(Exit.NOT_FOUND, f"there is no file {file}") from None
    except OSError as error:
        raise Stop(Exit.NOT_USABLE, f"{file} cannot be read: {error.strerror}") from None
    found = split(raw)
    if not found:
        raise Stop(Exit.NOT_USABLE, f"{'stdin' if file == '-' else file} is empty")
    return found


def described(raw: bytes) -> str:
    """Return the type of what is not a valid event, when it is a word of ours; else what it is.

    Never another word of the event: it could be anything.

    >>> described(b'{"type": "nl.x.signalen.signaal-gemeld"}'), described(b'{"type": "Sami"}')
    ('signalen.signaal-gemeld (invalid)', '(no type that is known)')
    """
    try:
        event = json.loads(raw)
    except (ValueError, RecursionError):
        event = None
    if not isinstance(event, dict):
        return "(not an event)"
    name = ".".join(str(event.get("type", "")).split(".")[-2:])
    return f"{name} (invalid)" if name in CATALOGUE else "(no type that is known)"


def split(raw: bytes) -> list[bytes]:
    r"""Take bytes apart into events, without changing any of them.

    >>> split(b'[{"a":1}, {"a":2}]'), split(b'{"a":1}\n\n{"a":2}\n'), split(b'{\n"a":1\n}')
    ([b'{"a":1}', b'{"a":2}'], [b'{"a":1}', b'{"a":2}'], [b'{\n"a":1\n}'])
    """
    whole = raw.strip()
    if whole.startswith(b"["):
        return _of_array(whole) or [whole]
    lines = [line for each in whole.split(b"\n") if (line := each.strip())]
    if len(lines) > 1 and lines[0].startswith(b"{") and lines[0].endswith(b"}"):
        return lines
    return [whole] if whole else []


def _of_array(raw: bytes) -> list[bytes]:
    """Return the pieces of an array as they stand there; empty when it is not one."""
    decoder = json.JSONDecoder()
    found: list[bytes] = []
    try:
        text = raw.decode()
        at = 1
        while True:
            at = _after_blanks(text, at)
            if text[at] == "]" and (not found or text[at - 1] != ","):
                return found if not text[at + 1 :].strip() else []
            _, end = decoder.raw_decode(text, at)
            found.append(text[at:end].encode())
            at = _after_blanks(text, end)
            if text[at] == ",":
                at += 1
            elif text[at] != "]":
                return []
    except (ValueError, IndexError, RecursionError):
        return []


def _after_blanks(text: str, at: int) -> int:
    while text[at] in _BLANK:
        at += 1
    return at
