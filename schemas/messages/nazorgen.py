"""nazorgen: the gemeente is responsible for the time after detention."""

from datetime import date
from typing import Annotated

from pydantic import Field

from schemas.case import CasePart
from schemas.identifiers import Line


class Aftercare(CasePart):
    """Aftercare started or was closed."""

    on: Annotated[date, Field(alias="datum")]
    activity: Annotated[Line | None, Field(alias="activiteit")] = None
