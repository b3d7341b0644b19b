"""casusoverleggen: the case table is planned, joined, and its outcome made available."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from schemas.case import CasePart
from schemas.identifiers import Line, PartyId, Reference, Text

FormerlyDetained = Annotated[
    bool | None,
    Field(alias="eerderGedetineerd", description="Needed for RN's TER-team to take part."),
]
Supervision = Annotated[
    Literal["huidig", "eerder", "geen"] | None,
    Field(alias="toezicht", description="Probation supervision now, before, or never."),
]


class MeetingPlanned(CasePart):
    """A casusoverleg is planned; `deelnemers` names who is invited beside the standing members."""

    meeting_ref: Annotated[Reference, Field(alias="overlegRef")]
    starts_at: Annotated[AwareDatetime, Field(alias="aanvang")]
    formerly_detained: FormerlyDetained = None
    supervision: Supervision = None
    necessity: Annotated[Text | None, Field(alias="noodzaak")] = None


class Participation(CasePart):
    """Taking part is asked for, confirmed or refused.

    `noodzaak` is the stated necessity that the NCTV needs; the two supervision facts are what
    RN's TER-team needs. Which partner needs what stands in the role config, not here.
    """

    meeting_ref: Annotated[Reference, Field(alias="overlegRef")]
    participant: Annotated[PartyId, Field(alias="deelnemer")]
    necessity: Annotated[Text | None, Field(alias="noodzaak")] = None
    task: Annotated[Line | None, Field(alias="taak")] = None
    formerly_detained: FormerlyDetained = None
    supervision: Supervision = None


class OutcomeAvailable(CasePart):
    """The outcome can be read at its source; the hub carries the version, not the minutes."""

    meeting_ref: Annotated[Reference, Field(alias="overlegRef")]
    published_on: Annotated[date, Field(alias="datumPublicatie")]
    version: Annotated[int, Field(alias="versie", ge=1)]
    decisions: Annotated[tuple[Line, ...], Field(alias="besluiten", max_length=32)] = ()
