"""preventies: initiatives of a gemeente, without any person (L0)."""

from typing import Annotated

from pydantic import Field

from schemas.case import CommonPart
from schemas.identifiers import Line, Text


class InitiativeStarted(CommonPart):
    """A preventive initiative started in a neighbourhood."""

    neighbourhood: Annotated[Line, Field(alias="wijk")]
    audience: Annotated[Line, Field(alias="doelgroep")]
    description: Annotated[Text, Field(alias="omschrijving")]
