"""A mapping file: how the rows of one export of a partner become events. Dutch in the file.

`bron` and `id` make an event the same event each time it is read, so that a file that is read twice
is delivered once. `docs/howto/drop-folder.md` explains every key.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from schemas.identifiers import SourceUrn
from schemas.roles import Flag

Word = str | int | bool
"""A value as it stands in an event."""


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_by_name=False, validate_by_alias=True
    )


class Column(_Part):
    """Where a field of the event comes from. At most one way of reading the cell."""

    column: Annotated[str, Field(alias="kolom", min_length=1)]
    words: Annotated[dict[str, Word] | None, Field(alias="waarden", min_length=1)] = None
    otherwise: Annotated[Word | None, Field(alias="anders")] = None
    when_empty: Annotated[Word | None, Field(alias="leeg")] = None
    day: Annotated[str | None, Field(alias="datum")] = None
    moment: Annotated[str | None, Field(alias="tijdstip")] = None
    digits: Annotated[int | None, Field(alias="cijfers", ge=1, le=20)] = None
    separator: Annotated[str | None, Field(alias="scheiden_op", min_length=1)] = None
    number: Annotated[Flag, Field(alias="getal")] = False

    def readings(self) -> list[str]:
        """Return the keys that say how the cell is read; at most one of them makes sense."""
        given = {
            "waarden": self.words,
            "datum": self.day,
            "tijdstip": self.moment,
            "cijfers": self.digits,
            "scheiden_op": self.separator,
            "getal": self.number or None,
        }
        return [key for key, value in given.items() if value is not None]


def _short(key: str) -> BeforeValidator:
    """Let a bare text stand for an object with only `key`."""
    return BeforeValidator(lambda value: {key: value} if isinstance(value, str) else value)


Fields = dict[str, Annotated[Column, _short("kolom")]]
"""Wire path (`data.omschrijving`, `correlationid`) -> the column it comes from."""


class TypeChoice(_Part):
    """The message type of a row, without prefix: always the same, or chosen by a column."""

    constant: Annotated[str | None, Field(alias="vast")] = None
    column: Annotated[str | None, Field(alias="kolom")] = None
    words: Annotated[dict[str, str], Field(alias="waarden")] = {}
    skip: Annotated[tuple[str, ...], Field(alias="overslaan")] = ()

    @property
    def types(self) -> tuple[str, ...]:
        """Every type that a row may become."""
        return (self.constant,) if self.constant is not None else tuple(self.words.values())

    def place_of(self, message_type: str) -> tuple[str, ...]:
        """Return where in the file this type stands: `vast`, or one of the words."""
        cell = next((c for c, t in self.words.items() if t == message_type), None)
        return ("type", "vast") if cell is None else ("type", "waarden", cell)


class IdParts(_Part):
    """The columns that together name a row for ever, and what stands before them."""

    columns: Annotated[tuple[str, ...], Field(alias="kolommen", min_length=1)]
    prefix: Annotated[str, Field(alias="voorvoegsel", pattern=r"^[A-Za-z0-9._-]{0,40}$")] = ""


class FileForm(_Part):
    """How the file is written. The delimiter is found out when it is not given."""

    kind: Annotated[Literal["csv", "ndjson", "json"] | None, Field(alias="soort")] = None
    encoding: Annotated[Literal["utf-8", "cp1252", "iso-8859-15"], Field(alias="codering")] = (
        "utf-8"
    )
    delimiter: Annotated[
        Literal[";", ",", "\t", "|"] | None,
        Field(alias="scheidingsteken"),
        BeforeValidator(lambda value: "\t" if value == "tab" else value),
    ] = None


class PerType(_Part):
    """What holds for one message type only; goes before what holds for all."""

    constants: Annotated[dict[str, Word], Field(alias="vast")] = {}
    fields: Annotated[Fields, Field(alias="velden")] = {}


class Mapping(_Part):
    """One mapping file, checked."""

    name: Annotated[str, Field(alias="naam")]
    source: Annotated[SourceUrn, Field(alias="bron")]
    file: Annotated[FileForm, Field(alias="bestand")] = FileForm()
    id: IdParts
    type: Annotated[TypeChoice, _short("vast")]
    required: Annotated[tuple[str, ...], Field(alias="verplicht")] = ()
    constants: Annotated[dict[str, Word], Field(alias="vast")] = {}
    fields: Annotated[Fields, Field(alias="velden")]
    per_type: dict[str, PerType] = {}

    def constants_for(self, message_type: str) -> dict[str, Word]:
        """Return wire path -> value that an event of this type always has."""
        own = self.per_type.get(message_type, PerType())
        return {**{p: w for p, w in self.constants.items() if p not in own.fields}, **own.constants}

    def fields_for(self, message_type: str) -> dict[str, Column]:
        """Return wire path -> column for events of this type."""
        own = self.per_type.get(message_type, PerType())
        return {**{p: c for p, c in self.fields.items() if p not in own.constants}, **own.fields}

    def columns(self) -> frozenset[str]:
        """Return every column that the mapping reads; the header of a CSV file must have them."""
        parts: tuple[Mapping | PerType, ...] = (self, *self.per_type.values())
        named = {column.column for part in parts for column in part.fields.values()}
        chosen = {self.type.column} if self.type.column is not None else set()
        return frozenset(named | chosen | {*self.id.columns, *self.required})
