"""strafzaken: offences are reported, assessed and investigated, under the OM."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from schemas.case import CasePart, PersonPart
from schemas.identifiers import Line, Text
from schemas.vocabulary import Nature, SubjectCategory


class OffenceReported(PersonPart):
    """An offence is reported to the OM."""

    description: Annotated[Text, Field(alias="omschrijving")]


class Investigation(CasePart):
    """A criminal investigation started or ended; only on suspicion, and maybe under embargo."""

    data_subject_category: Annotated[
        Literal[SubjectCategory.SUSPECT], Field(alias="categorieBetrokkene")
    ]
    effect_on_pga: Annotated[Literal["pauzeren", "afstemmen", "geen"], Field(alias="effectOpPga")]
    embargo_until: Annotated[date | None, Field(alias="embargoTot")] = None


class AssessmentRequested(PersonPart):
    """The police ask the OM for a criminal assessment of behaviour."""

    description: Annotated[Text, Field(alias="omschrijving")]


class AssessmentGiven(CasePart):
    """The OM's assessment: strafbaar, niet strafbaar, or more is needed."""

    nature: Annotated[Literal[Nature.OPINION], Field(alias="soortInformatie")] = Nature.OPINION
    assessment: Annotated[
        Literal["strafbaar", "niet-strafbaar", "nader-onderzoek"], Field(alias="beoordeling")
    ]
    reasoning: Annotated[Line | None, Field(alias="motivering")] = None
