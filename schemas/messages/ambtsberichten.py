"""ambtsberichten: that one exists, never what it says.

An ambtsbericht goes from the AIVD to its reader outside the hub (Wiv 2017 art. 66-70). Here pass
the announcement and its kenmerk; there is no field for content, and none may be added.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from schemas.case import CasePart, Sender
from schemas.identifiers import PartyId, Reference
from schemas.vocabulary import Competence, Nature, Reliability


class OrganisationOnly(Sender):
    """The sender without a description of who in it: that would be text."""

    role: Annotated[None, Field(alias="rol")] = None


class _WithoutContent(CasePart):
    sender: Annotated[OrganisationOnly, Field(alias="verzender")]
    third_party_ban: Annotated[bool, Field(alias="derdenverbod")] = True
    nature: Annotated[Literal[Nature.FACT], Field(alias="soortInformatie")] = Nature.FACT
    provenance: Annotated[None, Field(alias="herkomst")] = None
    reference: Annotated[Reference, Field(alias="kenmerk")]
    competences: Annotated[
        tuple[Competence, ...],
        Field(
            alias="handelingsperspectiefBevoegdheid",
            min_length=1,
            max_length=3,
            description="A reader must have one of these on record (Wiv 2017 art. 68 lid 1).",
        ),
    ]


class OfficialReportIssued(_WithoutContent):
    """The AIVD issued an ambtsbericht to a gemeente, the OM or the politie."""

    form: Annotated[Literal["schriftelijk", "mondeling-vooraf"], Field(alias="vorm")]
    marking: Annotated[
        Literal["ongerubriceerd", "departementaal-vertrouwelijk"],
        Field(alias="rubriceringIndicatie"),
    ]
    reliability: Annotated[Reliability, Field(alias="betrouwbaarheid")]
    information_from: Annotated[
        date, Field(alias="ouderdom", description="Day of the oldest information (art. 69).")
    ]
    conditions: Annotated[
        tuple[Literal["niet-verder-verstrekken", "overleg-voor-gebruik", "retour-na-gebruik"], ...],
        Field(alias="voorwaarden", max_length=3),
    ] = ()
    delivered_by: Annotated[
        PartyId | None, Field(alias="bezorgdVia", description="Regional ID that brings it.")
    ] = None


class WrittenConfirmation(_WithoutContent):
    """The written form that follows an oral ambtsbericht (Wiv 2017 art. 68 lid 2)."""

    first_reference: Annotated[Reference, Field(alias="eersteKenmerk")]


class OfficialReportInHand(_WithoutContent):
    """The reader took the ambtsbericht up, on which competence, and until when."""

    competence: Annotated[Competence, Field(alias="bevoegdheid")]
    term: Annotated[date | None, Field(alias="termijn")] = None
