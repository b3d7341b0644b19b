"""The common part of every message: who sends, about what, on which basis, how sensitive.

Three bases, from little to much: `CommonPart` has no field for a person (sensitivity L0),
`CasePart` refers to one by pseudonym (L1), `PersonPart` may name one (L2, L3).
"""

from datetime import date
from typing import Annotated

from pydantic import Field

from schemas.identifiers import Bsn, Code, GemeenteCode, Line, Oin, PartyId, Reference
from schemas.payload import Payload
from schemas.vocabulary import (
    AddressStatus,
    Confidentiality,
    GemeenteBasis,
    Nature,
    Phase,
    Reliability,
    SubjectCategory,
    Urgency,
)


class Sender(Payload):
    """The organisation that speaks, and for a unit of it with its own place in the rules, that."""

    oin: Annotated[Oin, Field(description="OIN; equal to the OIN in `source`.")]
    unit: Annotated[
        PartyId | None,
        Field(alias="onderdeel", description="Unit with rules of its own, such as meldpunt."),
    ] = None
    role: Annotated[Line | None, Field(alias="rol", description="Function, never a name.")] = None


class CommonPart(Payload):
    """What every message carries; no person fits in it (sensitivity L0)."""

    report_id: Annotated[
        Reference,
        Field(alias="meldingId", description="The sender's own key; the same in all that follows."),
    ]
    sender: Annotated[Sender, Field(alias="verzender", description="Who speaks.")]
    on_behalf_of: Annotated[
        PartyId | None, Field(alias="namens", description="For whom the sender speaks (COA, DT&V).")
    ] = None
    phase: Annotated[
        Phase,
        Field(
            alias="fase", description="Phase of the lokale aanpak; always stated, never derived."
        ),
    ]
    gemeente: Annotated[
        GemeenteCode | None, Field(alias="gemeentecode", description="CBS code, four digits.")
    ] = None
    legal_basis: Annotated[
        Code | None, Field(alias="grondslag", description="From the list of the role config.")
    ] = None
    purpose: Annotated[
        Code | None, Field(alias="doel", description="From the list of the role config.")
    ] = None
    confidentiality: Annotated[
        Confidentiality,
        Field(
            alias="vertrouwelijkheid", description="ZGW vertrouwelijkheidaanduiding, lowest first."
        ),
    ] = Confidentiality.INTERNAL
    urgency: Annotated[
        Urgency,
        Field(
            alias="urgentie", description="Sets the term within which the reader must acknowledge."
        ),
    ] = Urgency.NORMAL
    feedback_wanted: Annotated[
        bool,
        Field(
            alias="terugkoppelingGewenst",
            description="Whether the sender wants to hear what came of it.",
        ),
    ] = False
    retain_until: Annotated[
        date | None,
        Field(alias="bewarenTot", description="Last day the content may be kept (Dutch date)."),
    ] = None
    provide_to: Annotated[
        tuple[PartyId, ...],
        Field(
            alias="verstrekkenAan",
            max_length=32,
            description="Parties the sender chose, where a rule leaves the choice to the sender.",
        ),
    ] = ()


class CasePart(CommonPart):
    """A message about a case: the person only as the sender's pseudonym (L1 and up)."""

    legal_basis: Annotated[Code, Field(alias="grondslag")]
    purpose: Annotated[Code, Field(alias="doel")]
    gemeente_basis: Annotated[
        GemeenteBasis | None,
        Field(
            alias="gemeentegrondslag",
            description="Why this gemeente: where the person is registered, stays, or returns to.",
        ),
    ] = None
    address_status: Annotated[
        AddressStatus,
        Field(
            alias="adresstatus",
            description="What the gemeente code rests on; only a home address routes by itself.",
        ),
    ] = AddressStatus.HOME
    case_ref: Annotated[
        Reference | None, Field(alias="zaakRef", description="The case at the sender.")
    ] = None
    data_subject_ref: Annotated[
        Reference,
        Field(alias="betrokkeneRef", min_length=8, description="Pseudonym; never a BSN."),
    ]
    data_subject_category: Annotated[
        SubjectCategory,
        Field(alias="categorieBetrokkene", description="Kind of data subject (Wpg art. 6b)."),
    ]
    minor: Annotated[
        bool | None, Field(alias="minderjarig", description="Whether the person is a minor.")
    ] = None
    third_party_ban: Annotated[
        bool, Field(alias="derdenverbod", description="May not be passed on (Wiv 2017 art. 65).")
    ] = False
    nature: Annotated[
        Nature,
        Field(
            alias="soortInformatie",
            description="Fact, opinion or advice, kept apart (Wpg art. 4 lid 3).",
        ),
    ]
    reliability: Annotated[
        Reliability | None,
        Field(
            alias="betrouwbaarheid",
            description="How reliable the sender holds it (Wpg art. 4 lid 1).",
        ),
    ] = None
    provenance: Annotated[
        Line | None, Field(alias="herkomst", description="Where it came from (Wpg art. 3 lid 5).")
    ] = None
    reference_date: Annotated[
        date | None, Field(alias="peildatum", description="The day the information describes.")
    ] = None
    participants: Annotated[
        tuple[PartyId, ...],
        Field(alias="deelnemers", max_length=64, description="Who sits at the table of this case."),
    ] = ()


class Person(Payload):
    """The data subject by name. Only in types that name it; each rule says who may see what."""

    bsn: Bsn | None = None
    name: Annotated[Line | None, Field(alias="naam")] = None
    date_of_birth: Annotated[date | None, Field(alias="geboortedatum")] = None
    gender: Annotated[
        str | None, Field(alias="geslacht", pattern=r"^[0129]$", description="ISO 5218.")
    ] = None


class PersonPart(CasePart):
    """A message that may name the person (L2, L3)."""

    data_subject: Annotated[Person | None, Field(alias="betrokkene")] = None
