"""signalen: an observation that may point at radicalisation, passed on by who saw it."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.case import PersonPart
from schemas.identifiers import Confirmed, Line, Reference, Text
from schemas.vocabulary import Residence, Urgency


class SignalReported(PersonPart):
    """A partner met a signal in its own work (table: IND, RvdK, RN, politie, gemeente)."""

    description: Annotated[Text, Field(alias="omschrijving")]
    behaviour: Annotated[Line | None, Field(alias="gedrag")] = None
    department: Annotated[
        Line | None, Field(alias="afdeling", description="Department that saw it, as burgerzaken.")
    ] = None
    observed_by: Annotated[Line | None, Field(alias="bron", description="Kind of source.")] = None
    procedure_phase: Annotated[
        Line | None, Field(alias="procedurefase", description="Phase of the asylum procedure.")
    ] = None
    residence: Annotated[Residence | None, Field(alias="statussoort")] = None
    explanation_ref: Annotated[Reference | None, Field(alias="toelichtingRef")] = None


class SafetyReport(PersonPart):
    """LIV to the gemeente van inschrijving: ideology found and a direct security risk.

    Both booleans must be true, and the urgency is always spoed: without them it is a signal.
    """

    ideology_found: Annotated[Confirmed, Field(alias="ideologieAangetroffen")]
    direct_security_risk: Annotated[Confirmed, Field(alias="directVeiligheidsrisico")]
    urgency: Annotated[Literal[Urgency.EMERGENCY], Field(alias="urgentie")] = Urgency.EMERGENCY
    description: Annotated[Text, Field(alias="omschrijving")]
    explanation_ref: Annotated[Reference | None, Field(alias="toelichtingRef")] = None
    already_reported_to: Annotated[tuple[Line, ...], Field(alias="alGemeldAan", max_length=16)] = ()
    residence: Annotated[Residence | None, Field(alias="statussoort")] = None


class DetentionSignal(PersonPart):
    """DJI's Meldpunt Radicalisering: from the Terroristenafdeling or a regular institution."""

    institution: Annotated[Line, Field(alias="inrichting")]
    ward: Annotated[Literal["TA", "regulier"], Field(alias="afdeling")]
    character: Annotated[Line, Field(alias="aard")]
    signal_status: Annotated[Literal["mogelijk", "bevestigd"], Field(alias="statusSignaal")]
    description: Annotated[Text, Field(alias="omschrijving")]


class ArmedForcesSignal(PersonPart):
    """A signal from the armed forces, reported to the KMar."""

    service: Annotated[Line, Field(alias="krijgsmachtonderdeel")]
    description: Annotated[Text, Field(alias="omschrijving")]
