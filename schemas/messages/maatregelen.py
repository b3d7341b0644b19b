"""maatregelen: mandatory care is asked for and decided. The disorder itself has no field."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from schemas.case import CasePart


class MandatoryCareRequested(CasePart):
    """The officier van justitie asked the court for verplichte zorg: the status only."""

    requested_on: Annotated[date, Field(alias="verzochtOp")]


class MandatoryCareDecided(CasePart):
    """The court decided."""

    decided_on: Annotated[date, Field(alias="beslotenOp")]
    decision: Annotated[Literal["toegewezen", "afgewezen"], Field(alias="besluit")]
