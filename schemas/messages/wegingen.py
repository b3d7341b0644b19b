"""wegingen: the weegploeg decides whether a report becomes a case."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from schemas.case import CasePart, PersonPart
from schemas.identifiers import Text
from schemas.vocabulary import Nature


class WeighingStarted(PersonPart):
    """The weegploeg is asked to weigh a report."""

    description: Annotated[Text, Field(alias="omschrijving")]
    due: Annotated[date, Field(alias="termijn")]


class ContributionMade(CasePart):
    """What one member of the weegploeg brings in."""

    contribution: Annotated[Text, Field(alias="inbreng")]


class OutcomeSettled(CasePart):
    """The outcome of the weighing: one of four."""

    nature: Annotated[Literal[Nature.OPINION], Field(alias="soortInformatie")] = Nature.OPINION
    outcome: Annotated[
        Literal[
            "geen-actie", "meer-informatie-nodig", "aanpak-via-zvh", "strafrechtelijk-onderzoek"
        ],
        Field(alias="uitkomst"),
    ]
    reasoning: Annotated[Text, Field(alias="motivering")]
