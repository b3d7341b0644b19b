"""Tables for people: ids and dates stay whole, words break between and not inside, 80 columns.

Without a terminal a table is plain text of 80 columns (or COLUMNS), so that a line of it can be
searched and copied. On a terminal it is as wide as that, and what begins with `! ` is red.
"""

import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

_GAP: Final = 2
_LEAST: Final = 8  # a column of text is at least so wide, or as wide as its text
_PIECE: Final = re.compile(
    r"\S+?[-./:,](?=\w)|\S+|\s+"
)  # where a line may end, in and out of words
_INDENT: Final = "    "
_RED: Final = ("\x1b[1;31m", "\x1b[0m")


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `whole`: its cells never break and are never cut off (ids, dates, counts)."""

    name: str
    whole: bool = False


def whole(*names: str) -> list["Column | str"]:
    """Return columns whose cells stay whole."""
    return [Column(name, whole=True) for name in names]


class Layout:
    """How wide each column is; made from the rows that are known, and kept for those that follow.

    Columns that stay whole get what they need; the others share the rest of the line, those with
    short words first.
    """

    def __init__(self, columns: Sequence[Column | str], rows: Iterable[Sequence[str]]) -> None:
        self._columns = [c if isinstance(c, Column) else Column(c) for c in columns]
        self._rows = [tuple(map(plain, row)) for row in rows]
        self._red = sys.stdout.isatty()
        self._width = shutil.get_terminal_size((80, 24)).columns
        self._widths = self._share()

    def lines(self, below: Sequence[str] = ()) -> Iterator[str]:
        """Yield the head and every row; `below`: a text under each row, over the full width."""
        yield from self.head()
        for number, row in enumerate(self._rows):
            yield from self.row(row, below[number] if below else "")

    def head(self) -> Iterator[str]:
        """Yield the names of the columns, and the line under them."""
        yield from self._line([column.name for column in self._columns])
        yield "─" * min(self._width, sum(self._widths) + _GAP * (len(self._widths) - 1))

    def row(self, cells: Sequence[str], below: str = "") -> Iterator[str]:
        """Yield the lines of one row; also of one that came later."""
        yield from self._line([plain(cell) for cell in cells])
        if below:
            for text in folded_at(plain(below), self._width - len(_INDENT)):
                yield f"{_INDENT}{text}"

    def _line(self, cells: Sequence[str]) -> Iterator[str]:
        folded = [
            list(cell.split("\n") if column.whole else folded_at(cell, width))
            for column, cell, width in zip(self._columns, cells, self._widths, strict=True)
        ]
        red = [self._red and cell.startswith("! ") for cell in cells]
        for number in range(max(map(len, folded))):
            parts = []
            for lines, width, is_red in zip(folded, self._widths, red, strict=True):
                text = lines[number] if number < len(lines) else ""
                padded = text.ljust(width)
                parts.append(padded.replace(text, text.join(_RED)) if is_red and text else padded)
            yield (" " * _GAP).join(parts).rstrip()

    def _share(self) -> list[int]:
        cells = [
            [column.name, *(line for row in self._rows for line in row[index].split("\n"))]
            for index, column in enumerate(self._columns)
        ]
        wanted = [max(map(len, lines)) for lines in cells]
        least = [
            want if column.whole else min(want, max(_LEAST, *map(_longest_piece, lines)))
            for column, want, lines in zip(self._columns, wanted, cells, strict=True)
        ]
        room = self._width - _GAP * (len(wanted) - 1) - sum(least)
        widths = list(least)
        while room > 0 and widths != wanted:  # a character in turn, to the narrowest that wants it
            narrow = min(
                (i for i, width in enumerate(widths) if width < wanted[i]), key=widths.__getitem__
            )
            widths[narrow] += 1
            room -= 1
        while room < 0:  # text gives way to what stays whole, the widest first
            wide = max(
                (i for i, column in enumerate(self._columns) if not column.whole),
                key=widths.__getitem__,
                default=None,
            )
            if wide is None or widths[wide] <= _LEAST:
                break
            widths[wide] -= 1
            room += 1
        return widths


def plain(text: str) -> str:
    r"""Return text without what would steer the terminal: a record may hold anything.

    >>> plain("a\x1b[2Jb")
    'a�[2Jb'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)


def folded_at(text: str, width: int) -> Iterator[str]:
    """Yield `text` in lines of at most `width`; a word breaks after - . / : or when it must.

    >>> list(folded_at("avg-publieke-taak geldt", 12))
    ['avg-', 'publieke-', 'taak geldt']
    >>> list(folded_at("Meldpunt", 5))
    ['Meldp', 'unt']
    """
    for given in text.split("\n"):
        line = ""
        for piece in _pieces(given, width):
            if len(line) + len(piece.rstrip()) > width and line.strip():
                yield line.rstrip()
                line = ""
            line += piece if line or not piece.isspace() else ""
        yield line.rstrip()


def _pieces(text: str, width: int) -> Iterator[str]:
    for piece in _PIECE.findall(text):
        for start in range(0, len(piece), width):
            yield piece[start : start + width]


def _longest_piece(line: str) -> int:
    return max((len(piece) for piece in _PIECE.findall(line)), default=0)
