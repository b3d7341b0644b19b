"""One row of an export to one event: pure, so the same row is always the same event.

Nothing is guessed: a cell that the mapping cannot read is a problem, never an empty field. A
problem names the column and never what stood in it.
"""

import json
from collections.abc import Mapping as Row
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote

from hub.adapters import nlgov
from hub.adapters.dates import DateForm
from hub.adapters.mapping import Column, Mapping
from schemas.explaining import repeated_names
from schemas.identifiers import oin_of
from schemas.problems import InvalidEvent, Problem
from schemas.reading import parse

_SAFE_IN_ID: Final = "-._~:"


def to_event(content: bytes | Row[str, Any], mapping: Mapping | None, prefix: str) -> bytes | None:
    """Return the event in `content`, as JSON; None when the mapping says to skip this row.

    `content` is a row (column -> cell), or the bytes of one JSON object: an event as it stands, or
    a row when it has no `specversion`.

    Raises:
        InvalidEvent: with every problem, and never a value.

    """
    if isinstance(content, bytes):
        document = _object(content)
        if "specversion" in document:
            return nlgov.checked(content, document, prefix)
        if mapping is None:
            raise InvalidEvent(
                [
                    Problem(
                        "the row",
                        "is not a CloudEvent (it has no specversion), and no mapping was given",
                        "export CloudEvents, or give a mapping file with --mapping",
                    )
                ]
            )
        if problems := repeated_names(content):
            raise InvalidEvent(problems)
        content = document
    elif mapping is None:
        raise InvalidEvent(
            [Problem("the file", "has rows, and no mapping was given", "give one with --mapping")]
        )
    return _mapped(content, mapping, prefix)


def _object(raw: bytes) -> dict[str, Any]:
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        document = None
    if isinstance(document, dict):
        return document
    raise InvalidEvent(
        [Problem("the row", "is not a JSON object in UTF-8", "write one object, as RFC 8259 says")]
    )


def _mapped(row: Row[str, Any], mapping: Mapping, prefix: str) -> bytes | None:
    problems = [
        Problem(_called(column), "is empty, and the mapping says it may not be", "fill it in")
        for column in mapping.required
        if _cell(row, column) is None
    ]
    message_type = _type_of(row, mapping, problems)
    if message_type is None:
        if problems:
            raise InvalidEvent(problems)
        return None
    data: dict[str, Any] = {"verzender": {"oin": oin_of(mapping.source)}}
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": _id_of(row, mapping, problems),
        "source": mapping.source,
        "type": f"{prefix}.{message_type}",
        "datacontenttype": "application/json",
        "data": data,
    }
    for path, word in mapping.constants_for(message_type).items():
        _put(event, path, word)
    for path, column in mapping.fields_for(message_type).items():
        value = _value(row, column, problems)
        if value is not None:
            _put(event, path, value)
    if problems:
        raise InvalidEvent(dict.fromkeys(problems))
    raw = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
    try:
        parse(raw, prefix)
    except InvalidEvent as invalid:
        raise InvalidEvent(_blamed(p, mapping, message_type) for p in invalid.problems) from None
    return raw


def _type_of(row: Row[str, Any], mapping: Mapping, problems: list[Problem]) -> str | None:
    choice = mapping.type
    if choice.constant is not None:
        return choice.constant
    column = choice.column or ""
    cell = _cell(row, column)
    if cell is None:
        problems.append(Problem(_called(column), "is empty, and chooses the type", "fill it in"))
        return None
    if _text(cell) in choice.skip:
        return None
    found = choice.words.get(_text(cell))
    if found is None:
        problems.append(_not_a_word(column, [*choice.words, *choice.skip]))
    return found


def _id_of(row: Row[str, Any], mapping: Mapping, problems: list[Problem]) -> str:
    """Return the id: the cells joined by `/`, with everything else escaped.

    Two different rows never get the same id: what could be mistaken for the joint is escaped.
    """
    parts = []
    for column in mapping.id.columns:
        cell = _cell(row, column)
        if cell is None:
            problems.append(Problem(_called(column), "is empty, and is in the id", "fill it in"))
        else:
            parts.append(quote(_text(cell), safe=_SAFE_IN_ID))
    return mapping.id.prefix + "/".join(parts)


def _value(row: Row[str, Any], column: Column, problems: list[Problem]) -> Any:
    cell = _cell(row, column.column)
    if cell is None:
        return column.when_empty
    if not column.readings():
        # Text as in a CSV file, so that a number means the same in both; `getal` makes a number.
        return cell if isinstance(cell, bool | list) else _text(cell)
    try:
        return _read(_text(cell), column)
    except KeyError:
        problems.append(_not_a_word(column.column, column.words or {}))
    except ValueError as error:
        form = column.day or column.moment or ""
        way_out = f"write it as {form}" if form else "mend the cell"
        rule = "is not a date of the form in the mapping" if form else str(error)
        problems.append(Problem(_called(column.column), rule, way_out))
    return None


def _read(text: str, column: Column) -> Any:
    if column.words is not None:
        found = column.words.get(text, column.otherwise)
        if found is None:
            raise KeyError
        return found
    if column.day is not None:
        return DateForm(column.day).day(text).isoformat()
    if column.moment is not None:
        return DateForm(column.moment).moment(text).isoformat()
    if column.separator is not None:
        return [part.strip() for part in text.split(column.separator) if part.strip()]
    if not (text.isascii() and text.isdigit()):
        raise ValueError("is not a whole number")
    if column.digits is None:
        return int(text)
    if len(text) > column.digits:
        raise ValueError(f"has more than {column.digits} digits")
    return text.zfill(column.digits)  # a spreadsheet takes leading zeros off


def _cell(row: Row[str, Any], column: str) -> Any:
    """Return what stands in a column, by its name or its path in an object; None: nothing."""
    value: Any = row
    if column in row:
        value = row[column]
    else:
        for step in column.split("."):
            value = value.get(step) if isinstance(value, Row) else None
    if isinstance(value, str):
        value = value.strip()
    return None if value in ("", None) else value


def _text(cell: Any) -> str:
    return cell if isinstance(cell, str) else json.dumps(cell)


def _put(event: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    place = event
    for step in parents:
        place = place.setdefault(step, {})
    place[last] = value


def _called(column: str) -> str:
    return f"column {column}"


def _not_a_word(column: str, words: Any) -> Problem:
    return Problem(
        _called(column),
        "is not one of the words that the mapping knows",
        f"write one of: {', '.join(words)}; or add the word to the mapping",
    )


def _blamed(problem: Problem, mapping: Mapping, message_type: str) -> Problem:
    """Name the column, or the line of the mapping, that a problem of the event came from."""
    fields = mapping.fields_for(message_type)
    for path, column in fields.items():
        if f"{problem.place}.".startswith(f"{path}."):
            return replace(problem, place=f"{_called(column.column)} ({problem.place})")
    for path in mapping.constants_for(message_type):
        if f"{problem.place}.".startswith(f"{path}."):
            return replace(problem, place=f"vast in the mapping ({problem.place})")
    if problem.place == "id":
        return replace(problem, place=f"{_called(', '.join(mapping.id.columns))} (id)")
    return replace(problem, way_out=f"{problem.way_out}; the mapping has no column for it")
