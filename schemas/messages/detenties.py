"""detenties: release is announced; detention information goes round the criminal chain."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from schemas.case import PersonPart
from schemas.identifiers import Line, Text


class ReleaseAnnounced(PersonPart):
    """DJI announces leave or release, so that gemeente and RN can prepare."""

    kind: Annotated[Literal["verlof", "uitstroom"], Field(alias="soort")]
    expected_on: Annotated[date, Field(alias="verwachteDatum")]
    institution: Annotated[Line, Field(alias="inrichting")]


class DetentionInformation(PersonPart):
    """Between DJI, GRIP, politie and OM. Never to a gemeente."""

    institution: Annotated[Line, Field(alias="inrichting")]
    information: Annotated[Text, Field(alias="informatie")]
