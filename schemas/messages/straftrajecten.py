"""straftrajecten: the RvdK aligns everybody around a child in a criminal trajectory."""

from typing import Annotated

from pydantic import Field

from schemas.case import CasePart
from schemas.identifiers import Confirmed, Line, PartyId
from schemas.messages.plannen import Action


class Alignment(CasePart):
    """Alignment is asked for, or settled with its actions."""

    minor: Annotated[Confirmed, Field(alias="minderjarig")]
    involved: Annotated[tuple[PartyId, ...], Field(alias="betrokkenPartijen", max_length=16)]
    topic: Annotated[Line, Field(alias="onderwerp")]
    actions: Annotated[tuple[Action, ...], Field(alias="acties", max_length=32)] = ()
