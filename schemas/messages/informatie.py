"""informatie: information is asked for and provided, with what the Wpg wants said about it."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from schemas.case import PersonPart
from schemas.identifiers import Line, PartyId, Text
from schemas.vocabulary import Reliability


class InformationRequested(PersonPart):
    """A partner asks whether another knows the person, and what may be shared."""

    question: Annotated[Text, Field(alias="vraag")]


class _Provided(PersonPart):
    reliability: Annotated[Reliability, Field(alias="betrouwbaarheid")]
    provenance: Annotated[Line, Field(alias="herkomst")]
    reference_date: Annotated[date, Field(alias="peildatum")]
    requested_by: Annotated[PartyId | None, Field(alias="aanvrager")] = None


class TravelProvided(_Provided):
    """KMar: a travel movement completes the picture of a case."""

    kind: Annotated[Literal["reisbeweging"], Field(alias="soort")]
    travelled_on: Annotated[date, Field(alias="datum")]
    direction: Annotated[Literal["uitreis", "inreis", "doorreis"], Field(alias="richting")]


class PersonInformationProvided(_Provided):
    """Police: information about persons with worrying or allegedly extremist behaviour."""

    kind: Annotated[Literal["persoonsinformatie"], Field(alias="soort")]
    information: Annotated[Text, Field(alias="informatie")]


class IntelligenceProvided(_Provided):
    """Police: so that a partner can take a measure, which must be named."""

    kind: Annotated[Literal["intelligence"], Field(alias="soort")]
    intended_measure: Annotated[Line, Field(alias="beoogdeMaatregel")]
    information: Annotated[Text, Field(alias="informatie")]


class DepartureProvided(_Provided):
    """DT&V: departure or return; off by default, the table names no message for it."""

    kind: Annotated[Literal["vertrek", "terugkeer"], Field(alias="soort")]
    expected_on: Annotated[date | None, Field(alias="verwachtOp")] = None


InformationProvided = Annotated[
    TravelProvided | PersonInformationProvided | IntelligenceProvided | DepartureProvided,
    Field(discriminator="kind"),
]
