"""What is in an export file, one row at a time: CSV and NDJSON as a stream, JSON as a whole.

The file stays as it is. What cannot be read from some line on stops the reading there: after a
broken quote nobody knows which row a cell belongs to.
"""

import codecs
import csv
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, Final, TextIO

from hub.adapters import nlgov
from hub.adapters.mapping import FileForm
from schemas.problems import Problem, nearest

SUFFIXES: Final = {".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson", ".json": "json"}
MAX_JSON_BYTES: Final = 32 * 1024 * 1024
"""A JSON array is read whole; more than this belongs in NDJSON."""
MAX_LINE_BYTES: Final = 1024 * 1024
"""One row of NDJSON may hold columns that the event does not get, but not without end."""

_DELIMITERS: Final = (";", ",", "\t", "|")
_BOM: Final = b"\xef\xbb\xbf"
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Item:
    """One row of a file: cells by column, the bytes of one JSON object, or why it is neither."""

    line: int  #: counted from 1; of a row over several lines the first
    content: Mapping[str, Any] | bytes | Problem


class Unreadable(Exception):  # noqa: N818  (it names what was found, not how it failed)
    """The file cannot be read from this line on."""

    def __init__(self, line: int, rule: str, way_out: str) -> None:
        self.line = line
        self.problem = Problem("the file", rule, way_out)
        super().__init__(str(self.problem))


def items(path: Path, form: FileForm, columns: frozenset[str] | None) -> Generator[Item]:
    """Yield the rows of a file in order.

    `columns`: those that a CSV header must have; None: there is no mapping, so no CSV.

    Raises:
        Unreadable: from some line on; what was yielded before stands.
        OSError: the file is not there, or may not be read.

    """
    kind = SUFFIXES.get(path.suffix.lower()) or form.kind
    if kind is None:
        raise Unreadable(
            1,
            f"is not one of {', '.join(SUFFIXES)}",
            "rename it, or say in the mapping what it is: bestand: {soort: csv}",
        )
    with path.open("rb") as file:
        start = file.read(3)
    if start.startswith(_UTF16):
        raise Unreadable(1, "is UTF-16", "save it as UTF-8 (in Excel: CSV UTF-8)")
    if kind == "ndjson":
        with path.open("rb") as file:
            yield from _ndjson(file)
    elif kind == "json":
        yield from _json(path)
    elif columns is None:
        raise Unreadable(1, "is CSV, and no mapping was given", "give a mapping with --mapping")
    else:
        _check_encoding(path, form.encoding)
        encoding = "utf-8-sig" if form.encoding == "utf-8" else form.encoding
        with path.open(encoding=encoding, newline="") as text:
            yield from _csv(text, form, columns)


def _ndjson(file: BinaryIO) -> Iterator[Item]:
    line = 0
    while raw := file.readline(MAX_LINE_BYTES + 1):
        line += 1
        if len(raw) > MAX_LINE_BYTES:
            while raw and not raw.endswith(b"\n"):
                raw = file.readline(MAX_LINE_BYTES)
            rule = f"is longer than {MAX_LINE_BYTES} bytes"
            yield Item(line, Problem("the row", rule, "an event has at most 65536 bytes"))
            continue
        raw = (raw.removeprefix(_BOM) if line == 1 else raw).strip()
        if raw:
            yield Item(line, raw)


def _json(path: Path) -> Iterator[Item]:
    if path.stat().st_size > MAX_JSON_BYTES:
        raise Unreadable(
            1, f"is larger than {MAX_JSON_BYTES} bytes", "write one object a line, as .ndjson"
        )
    raw = path.read_bytes().removeprefix(_BOM)
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise Unreadable(line, "is not UTF-8", "JSON is always UTF-8 (RFC 8259)") from None
    try:
        for line, content in nlgov.split(text):
            yield Item(line, content)
    except ValueError as error:
        raise Unreadable(
            error.args[0], "is not JSON from this line on", "write one object, or a list of them"
        ) from None


def _check_encoding(path: Path, encoding: str) -> None:
    """Look through the whole file first: half a file with broken letters helps nobody."""
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        for line, raw in enumerate(iter(lambda: file.readline(MAX_LINE_BYTES), b""), 1):
            try:
                decoder.decode(raw)
            except UnicodeDecodeError:
                if encoding == "utf-8":
                    way_out = "save it as CSV UTF-8, or say what it is: bestand: {codering: cp1252}"
                else:
                    way_out = "mend bestand: codering in the mapping, or save the file again"
                raise Unreadable(line, f"is not {encoding}", way_out) from None
            if b"\0" in raw:
                raise Unreadable(line, "holds a zero byte, so it is not text", "export it again")


def _csv(text: TextIO, form: FileForm, columns: frozenset[str]) -> Iterator[Item]:
    top = text.readline()
    skipped = 0
    delimiter: str | None = form.delimiter
    if top.lower().startswith("sep=") and len(top.rstrip("\r\n")) == 5:
        delimiter, skipped = delimiter or top[4], 1  # what Excel writes for itself
        top = text.readline()
    delimiter = delimiter or _delimiter(top, columns)
    rows = csv.reader(chain([top], text), delimiter=delimiter, strict=True)
    line = skipped + 1
    try:
        header = [name.strip() for name in next(rows, [])]
        _check_header(header, columns, line)
        line = skipped + rows.line_num + 1
        for cells in rows:
            if any(cell.strip() for cell in cells):
                yield Item(line, _row(header, cells))
            line = skipped + rows.line_num + 1
    except csv.Error:
        raise Unreadable(
            line,
            "has a quote here that is not closed, or not doubled",
            'within quotes write " as ""; what came after this line was not read',
        ) from None


def _delimiter(header: str, columns: frozenset[str]) -> str:
    """Return the delimiter that finds the most of the columns we need; `;` is Excel's in Dutch."""

    def found(delimiter: str) -> int:
        try:
            names = next(csv.reader([header], delimiter=delimiter), [])
        except csv.Error:
            return -1
        return len(columns.intersection(name.strip() for name in names))

    return max(_DELIMITERS, key=found)


def _check_header(header: list[str], columns: frozenset[str], line: int) -> None:
    missing = sorted(columns.difference(header))
    if missing:
        near = {name: nearest(name, header) for name in missing}
        renamed = sum(hint is not None for hint in near.values())
        raise Unreadable(
            line,
            f"has no column {', '.join(missing)}",
            f"{renamed} of them may have another name now: look at the header"
            if renamed
            else "export them, or mend the mapping",
        )
    double = sorted(name for name in columns if header.count(name) > 1)
    if double:
        raise Unreadable(line, f"has two columns {', '.join(double)}", "keep one of each")


def _row(header: list[str], cells: list[str]) -> dict[str, str] | Problem:
    if len(cells) != len(header):
        return Problem(
            "the row",
            f"has {len(cells)} cells, and the header has {len(header)}",
            "put text with a delimiter or a line end in it between quotes",
        )
    return dict(zip(header, cells, strict=True))
