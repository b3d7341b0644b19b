"""The forms of an export that are one file: CSV, Parquet, and one JSON document a line.

Each writer takes records one at a time, in the order of the log, and keeps at most one row group
(50,000 rows) of them in memory.
"""

import csv
import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

from hub.ledger.columns import COLUMNS, PERSON_COLUMNS, Cell, Column, Kind, row
from hub.ledger.projections.sealed import Sealed

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]  # it has no types

ROW_GROUP: Final = 50_000
_BATCH: Final = 1_000
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is a formula to a spreadsheet; it gets an apostrophe in front."""


class Writer(Protocol):
    """Writes one file; whole once it was left without an error."""

    def write(self, sealed: Sealed) -> None:
        """Add one record."""

    def __enter__(self) -> Self:
        """Begin the file."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it."""


class _File:
    """Opens and closes the file of a writer."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Self:
        self._file = self._path.open("w", encoding="utf-8", newline="")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()


class CsvWriter(_File):
    """CSV by RFC 4180: comma, double quotes, CRLF, UTF-8, with a head. Bytes in hexadecimal.

    The record is in its column as its exact text, unless a spreadsheet would take it for a formula,
    which no record that the hub writes begins like.
    """

    def __init__(self, path: Path, *, persons: bool) -> None:
        super().__init__(path)
        self._columns = _columns(persons=persons)

    def __enter__(self) -> Self:
        super().__enter__()
        self._csv = csv.writer(self._file, lineterminator="\r\n")
        self._csv.writerow(column.name for column in self._columns)
        return self

    def write(self, sealed: Sealed) -> None:
        """Add one row."""
        cells = row(self._columns, sealed)
        self._csv.writerow(guarded(as_text(name, value)) for name, value in cells.items())


class LinesWriter(_File):
    """One JSON document a line: what a projection makes of each record."""

    def __init__(self, path: Path, made: Callable[[Sealed], Iterable[dict[str, Any]]]) -> None:
        super().__init__(path)
        self._made = made

    def write(self, sealed: Sealed) -> None:
        """Add the lines of one record; a projection may make none of it."""
        for document in self._made(sealed):
            text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
            self._file.write(f"{text}\n")


class ParquetWriter:
    """Parquet, zstd, row groups of 50,000. Moments in microseconds UTC, bytes as they are."""

    def __init__(self, path: Path, *, persons: bool) -> None:
        self._path = path
        self._columns = _columns(persons=persons)
        self._rows: list[dict[str, Cell]] = []
        self._batches: list[pa.RecordBatch] = []  #: of this row group: a tenth of the rows' memory

    def __enter__(self) -> Self:
        # It takes longer to import than most exports take, and has no types.
        import pyarrow.parquet as pq  # type: ignore[import-untyped]  # noqa: PLC0415

        self._schema = _schema(self._columns)
        self._writer = pq.ParquetWriter(self._path, self._schema, compression="zstd")
        return self

    def write(self, sealed: Sealed) -> None:
        """Add one row."""
        self._rows.append(row(self._columns, sealed))
        if len(self._rows) == _BATCH:
            self._pack()
            if len(self._batches) * _BATCH == ROW_GROUP:
                self._flush()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self._pack()
            self._flush()
        self._writer.close()

    def _pack(self) -> None:
        import pyarrow as pa  # noqa: PLC0415

        if self._rows:
            self._batches.append(pa.RecordBatch.from_pylist(self._rows, schema=self._schema))
            self._rows.clear()

    def _flush(self) -> None:
        import pyarrow as pa  # noqa: PLC0415

        if self._batches:
            self._writer.write_table(pa.Table.from_batches(self._batches))
            self._batches.clear()


def as_text(name: str, value: Cell) -> str:
    r"""Return a cell of a CSV file: bytes in hexadecimal, but a record and a person as their text.

    >>> as_text("commitment", b"\x01\xff"), as_text("seq", 3), as_text("reason", None)
    ('01ff', '3', '')
    """
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace") if name in {"record", "person"} else value.hex()
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(value)


def guarded(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula.

    >>> guarded("=1+1"), guarded("ind")
    ("'=1+1", 'ind')
    """
    return f"'{text}" if text.startswith(FORMULA) else text


def _columns(*, persons: bool) -> tuple[Column, ...]:
    return (*COLUMNS, *PERSON_COLUMNS) if persons else COLUMNS


def _schema(columns: Iterable[Column]) -> "pa.Schema":
    import pyarrow as pa  # noqa: PLC0415

    types = {
        Kind.NUMBER: pa.int64(),
        Kind.TEXT: pa.string(),
        Kind.MOMENT: pa.timestamp("us", tz="UTC"),
        Kind.BYTES: pa.binary(),
    }
    return pa.schema([(column.name, types[column.kind]) for column in columns])
