"""adviezen: advice is asked for and given. The `soort` decides whether a person may be in it."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.case import CasePart, CommonPart
from schemas.identifiers import Line, PartyId, Reference, Text
from schemas.vocabulary import Nature, Residence

PublicAdviceKind = Literal[
    "maatschappelijke-spanningen", "inrichting-lokale-aanpak", "handelingsperspectief"
]
LegalAdviceKind = Literal["vreemdelingrechtelijk", "nationaliteitsrechtelijk"]
CaseAdviceKind = Literal[
    "vreemdelingenketen",
    "jeugd",
    "hulpverlening",
    "strafadvies",
    "reclassering",
    "uitstroomvoorwaarden",
]
SealedAdviceKind = Literal["ggz", "dreigingsmanagement"]

RequestedBy = Annotated[
    PartyId | None, Field(alias="aanvrager", description="Who asked; the answer goes there.")
]
YouthVariant = Annotated[
    Literal["jongere-zelf", "beinvloed-door-omgeving", "beinvloed-door-ouders"] | None,
    Field(alias="variant"),
]


class PublicAdviceRequested(CommonPart):
    """A question without a person in it (L0)."""

    kind: Annotated[PublicAdviceKind, Field(alias="soort")]
    theme: Annotated[Line, Field(alias="thema")]
    audience: Annotated[Line | None, Field(alias="doelgroep")] = None
    question: Annotated[Text, Field(alias="vraag")]


class CaseAdviceRequested(CasePart):
    """A question about a person."""

    kind: Annotated[CaseAdviceKind | LegalAdviceKind | SealedAdviceKind, Field(alias="soort")]
    question: Annotated[Text, Field(alias="vraag")]
    residence: Annotated[Residence | None, Field(alias="statussoort")] = None
    variant: YouthVariant = None


class PublicAdviceGiven(CommonPart):
    """Advice without a person in it (L0)."""

    kind: Annotated[PublicAdviceKind, Field(alias="soort")]
    nature: Annotated[Literal[Nature.ADVICE], Field(alias="soortInformatie")] = Nature.ADVICE
    theme: Annotated[Line, Field(alias="thema")]
    audience: Annotated[Line | None, Field(alias="doelgroep")] = None
    advice: Annotated[Text | None, Field(alias="advies")] = None
    answer_ref: Annotated[Reference | None, Field(alias="antwoordRef")] = None
    requested_by: RequestedBy = None


class _CaseAdvice(CasePart):
    nature: Annotated[Literal[Nature.ADVICE], Field(alias="soortInformatie")] = Nature.ADVICE
    requested_by: RequestedBy = None
    answer_ref: Annotated[Reference | None, Field(alias="antwoordRef")] = None


class CaseAdviceGiven(_CaseAdvice):
    """Advice about a person."""

    kind: Annotated[CaseAdviceKind, Field(alias="soort")]
    advice: Annotated[Text, Field(alias="advies")]
    residence: Annotated[Residence | None, Field(alias="statussoort")] = None
    variant: YouthVariant = None
    conditions: Annotated[tuple[Line, ...], Field(alias="voorwaarden", max_length=32)] = ()


class LegalAdviceGiven(_CaseAdvice):
    """The IND explains what the law allows. It is not a decision about residence."""

    kind: Annotated[LegalAdviceKind, Field(alias="soort")]
    possible: Annotated[bool, Field(alias="mogelijk")]
    measure: Annotated[Line, Field(alias="maatregel")]
    condition: Annotated[Line | None, Field(alias="voorwaarde")] = None


class SealedAdviceGiven(_CaseAdvice):
    """That advice was given, not what it says: medical secrecy (LSE's GGZ team, TDM)."""

    kind: Annotated[SealedAdviceKind, Field(alias="soort")]


AdviceRequested = Annotated[
    PublicAdviceRequested | CaseAdviceRequested, Field(discriminator="kind")
]
AdviceGiven = Annotated[
    PublicAdviceGiven | CaseAdviceGiven | LegalAdviceGiven | SealedAdviceGiven,
    Field(discriminator="kind"),
]
