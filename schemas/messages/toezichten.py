"""toezichten: probation supervision starts, a condition is broken, supervision ends."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from schemas.case import CasePart
from schemas.identifiers import Line


class Supervision(CasePart):
    """Supervision started or ended."""

    on: Annotated[date, Field(alias="datum")]
    conditions: Annotated[tuple[Line, ...], Field(alias="voorwaarden", max_length=32)] = ()


class ConditionBroken(CasePart):
    """A condition was broken, and how serious that is."""

    on: Annotated[date, Field(alias="datum")]
    condition: Annotated[Line, Field(alias="voorwaarde")]
    severity: Annotated[Literal["licht", "middel", "ernstig"], Field(alias="ernst")]
