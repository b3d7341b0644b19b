"""casussen: a case is registered, led, scaled, handed over and closed."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from schemas.case import CasePart, PersonPart
from schemas.identifiers import Confirmed, GemeenteCode, Line, PartyId, Reference, Text
from schemas.payload import Payload


class CaseRegistered(PersonPart):
    """A gemeente hands a case to its Zorg- en Veiligheidshuis, under a mandate."""

    crosses_domains: Annotated[Confirmed, Field(alias="domeinoverstijgend")]
    assignment_ref: Annotated[Reference, Field(alias="opdrachtRef")]
    description: Annotated[Text, Field(alias="omschrijving")]


class LeadAssigned(CasePart):
    """Who leads: the gemeente on content (casusregie), the Zorg- en Veiligheidshuis on process."""

    lead_role: Annotated[Literal["casusregie", "procesregie"], Field(alias="regierol")]
    leader: Annotated[PartyId, Field(alias="regisseur")]


class Consents(Payload):
    """The three consents of the driehoek. All three, or there is no decision."""

    burgemeester: Confirmed
    om: Confirmed
    politie: Confirmed


class CaseScaled(CasePart):
    """The driehoek decided to scale a case up or down."""

    decided_on: Annotated[date, Field(alias="besluitdatum")]
    consents: Annotated[Consents, Field(alias="akkoorden")]
    reasoning: Annotated[Text, Field(alias="motivering")]


class CaseHandedOver(PersonPart):
    """The case moves to another gemeente, as its person did."""

    to_gemeente: Annotated[GemeenteCode, Field(alias="naarGemeente")]
    reason: Annotated[Line, Field(alias="reden")]


class CaseClosed(CasePart):
    """The case is closed."""

    closed_on: Annotated[date, Field(alias="afgeslotenOp")]
    reason: Annotated[Line, Field(alias="reden")]
