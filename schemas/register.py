"""The registers of the role config: laws, purposes, places, mandates, recorded competences.

Dutch in the file, English in the code; everything is dated, and says how certain it is.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.identifiers import GemeenteCode, Oin, PartyId
from schemas.vocabulary import Competence


class ConfigPart(BaseModel):
    """The base of whatever stands in a file of the role config: frozen, closed, Dutch keys only."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_by_name=False, validate_by_alias=True
    )


class Dated(ConfigPart):
    """Valid from the first day up to and including the last; open where a day is absent."""

    from_day: Annotated[date | None, Field(alias="vanaf")] = None
    to_day: Annotated[date | None, Field(alias="tot")] = None

    def in_force(self, day: date) -> bool:
        """Whether `day` (a Dutch calendar day) lies within; both ends count."""
        return (self.from_day is None or self.from_day <= day) and (
            self.to_day is None or day <= self.to_day
        )


class LegalBasis(Dated):
    """A ground on which personal data may be provided, and since when it is in force."""

    id: str
    title: Annotated[str, Field(alias="titel")]
    source: Annotated[str, Field(alias="bron")]
    certainty: Annotated[
        Literal["gelezen", "secundair", "niet-geverifieerd"], Field(alias="zekerheid")
    ]
    remark: Annotated[str | None, Field(alias="opmerking")] = None


class Purpose(ConfigPart):
    """A purpose, from a closed list (doelbinding)."""

    id: str
    text: Annotated[str, Field(alias="omschrijving")]


class Gemeente(Dated):
    """A gemeente. `tot` is the last day it exists; one successor routes on, several hold."""

    code: GemeenteCode
    name: Annotated[str, Field(alias="naam")]
    oin: Oin | None = None
    region: Annotated[str | None, Field(alias="veiligheidsregio")] = None
    police_unit: Annotated[str | None, Field(alias="politie_eenheid")] = None
    province: Annotated[str | None, Field(alias="provincie")] = None
    successors: Annotated[tuple[GemeenteCode, ...], Field(alias="opvolgers")] = ()
    remark: Annotated[str | None, Field(alias="opmerking")] = None


class ZvhMember(ConfigPart):
    """That a gemeente belongs to a house, and how certain that is."""

    code: GemeenteCode
    certainty: Annotated[
        Literal["bron", "secundair", "afgeleid", "benadering"], Field(alias="zekerheid")
    ]


class Zvh(ConfigPart):
    """A Zorg- en Veiligheidshuis and its gemeenten."""

    id: PartyId
    name: Annotated[str, Field(alias="naam")]
    oin: Oin
    region: Annotated[str, Field(alias="veiligheidsregio")]
    certainty: Annotated[Literal["bron", "secundair", "geheugen"], Field(alias="zekerheid")]
    areas: Annotated[tuple[ZvhMember, ...], Field(alias="gemeenten", min_length=1)]
    remark: Annotated[str | None, Field(alias="opmerking")] = None


class Region(ConfigPart):
    """A veiligheidsregio."""

    code: str
    name: Annotated[str, Field(alias="naam")]
    province: Annotated[str, Field(alias="provincie")]
    police_unit: Annotated[str, Field(alias="politie_eenheid")]


class PoliceUnit(ConfigPart):
    """A regional unit of the politie, and the regional ID that sits with it (AIVD, cell 3)."""

    id: str
    name: Annotated[str, Field(alias="naam")]


class Mandate(Dated):
    """What a gemeente charged its Zorg- en Veiligheidshuis with."""

    gemeente: GemeenteCode
    zvh: PartyId
    kind: Annotated[str, Field(alias="soort")]
    reference: Annotated[str, Field(alias="opdracht")]


class RecordedCompetence(Dated):
    """That a party may act on an ambtsbericht, and where that is recorded."""

    party: Annotated[PartyId, Field(alias="partij")]
    competence: Annotated[Competence, Field(alias="bevoegdheid")]
    reference: Annotated[str, Field(alias="vastgelegd_in")]


class TableRow(ConfigPart):
    """How many statements the source table has for one partner, by column."""

    row: Annotated[int, Field(alias="rij")]
    partner: PartyId
    cells: Annotated[dict[str, int], Field(alias="cellen")]
