"""mar-overleggen: DJI's Multidisciplinair Afstemmingsoverleg Resocialisatie."""

from typing import Annotated

from pydantic import AwareDatetime, Field

from schemas.case import CasePart
from schemas.identifiers import Line, Reference
from schemas.messages.plannen import Action


class MarPlanned(CasePart):
    """A MAR is planned; the standing members are invited by it."""

    meeting_ref: Annotated[Reference, Field(alias="overlegRef")]
    starts_at: Annotated[AwareDatetime, Field(alias="aanvang")]
    institution: Annotated[Line, Field(alias="inrichting")]
    agenda: Annotated[tuple[Line, ...], Field(max_length=32)] = ()


class MarOutcome(CasePart):
    """What the MAR decided, and who does what."""

    meeting_ref: Annotated[Reference, Field(alias="overlegRef")]
    decisions: Annotated[tuple[Line, ...], Field(alias="besluiten", max_length=32)]
    actions: Annotated[tuple[Action, ...], Field(alias="acties", max_length=64)] = ()
