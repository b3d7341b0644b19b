"""publicaties: what the LSE publishes and the ROR trains, without any person (L0)."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from schemas.case import CommonPart
from schemas.identifiers import Line, without_bsn

Url = Annotated[str, Field(pattern=r"^https://[^\s]{1,500}$"), AfterValidator(without_bsn)]


class PublicationAvailable(CommonPart):
    """A publication for professionals."""

    kind: Annotated[
        Literal["advies", "handreiking", "factsheet", "wetenschappelijk"], Field(alias="soort")
    ]
    title: Annotated[Line, Field(alias="titel")]
    url: Url


class TrainingAvailable(CommonPart):
    """A training or masterclass."""

    title: Annotated[Line, Field(alias="titel")]
    starts_on: Annotated[date | None, Field(alias="begintOp")] = None
    url: Url
