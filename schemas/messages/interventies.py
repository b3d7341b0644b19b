"""interventies: what is done for or about a person, in care, welfare and justice."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from schemas.case import CasePart
from schemas.identifiers import Line, PartyId
from schemas.vocabulary import Domain, Nature

InterventionKind = Literal[
    "werk", "scholing", "wmo", "individuele-begeleiding", "familieondersteuning"
]


class Intervention(CasePart):
    """An intervention is asked for, started or finished."""

    kind: Annotated[InterventionKind, Field(alias="soort")]
    domain: Annotated[Domain, Field(alias="domein")]
    provider: Annotated[Line | None, Field(alias="aanbieder")] = None
    goal: Annotated[Line | None, Field(alias="doelstelling")] = None
    due: Annotated[date | None, Field(alias="termijn")] = None
    requested_by: Annotated[PartyId | None, Field(alias="aanvrager")] = None
    result: Annotated[Line | None, Field(alias="resultaat")] = None


class WarningTalk(CasePart):
    """A stopgesprek: the police spoke with the person."""

    nature: Annotated[Literal[Nature.FACT], Field(alias="soortInformatie")] = Nature.FACT
    held_on: Annotated[date, Field(alias="datum")]
    result: Annotated[Line, Field(alias="resultaat")]


class Resocialisation(CasePart):
    """An activity towards return started or finished."""

    activity: Annotated[Line, Field(alias="activiteit")]
    result: Annotated[Line | None, Field(alias="resultaat")] = None


class RiskControl(CasePart):
    """Known risks in re-integration are contained, by the police alone or with others."""

    risk: Annotated[Line, Field(alias="risico")]
    with_parties: Annotated[tuple[PartyId, ...], Field(alias="medeUitvoerders", max_length=16)] = ()
