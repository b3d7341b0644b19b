"""terugkeerplannen: the RvdK, with the LAT, prepares the return of minors from conflict areas."""

from typing import Annotated

from pydantic import Field

from schemas.case import CasePart
from schemas.identifiers import Confirmed, Text


class _Return(CasePart):
    minor: Annotated[Confirmed, Field(alias="minderjarig")]
    returning: Annotated[Confirmed, Field(alias="terugkeer")]
    interned: Annotated[Confirmed, Field(alias="internering")]
    lat_involved: Annotated[bool, Field(alias="latBetrokken")]


class PreliminaryStudy(_Return):
    """The RvdK finished its pre-study."""

    findings: Annotated[Text, Field(alias="bevindingen")]


class PlanContribution(_Return):
    """The RvdK contributed to the return plan."""

    contribution: Annotated[Text, Field(alias="bijdrage")]
