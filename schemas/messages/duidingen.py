"""duidingen: partners interpret signals together, and somebody follows up."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.case import CasePart, PersonPart
from schemas.identifiers import Line, PartyId, Reference, Text
from schemas.vocabulary import Nature, Residence

Signals = Annotated[tuple[Reference, ...], Field(alias="gebundeldeSignalen", max_length=64)]


class SignalContributed(PersonPart):
    """A member brings a signal to the LRO, for itself or for COA or DT&V."""

    description: Annotated[Text, Field(alias="omschrijving")]
    bundled_signals: Signals = ()
    procedure_phase: Annotated[Line | None, Field(alias="procedurefase")] = None
    residence: Annotated[Residence | None, Field(alias="statussoort")] = None


class InterpretationRequested(CasePart):
    """Somebody asks the LSE, or another partner, what a signal means."""

    question: Annotated[Text, Field(alias="vraag")]


class InterpretationSettled(CasePart):
    """The interpretation: an opinion, with how certain it is."""

    nature: Annotated[Literal[Nature.OPINION], Field(alias="soortInformatie")] = Nature.OPINION
    opinion: Annotated[Text, Field(alias="oordeel")]
    certainty: Annotated[Literal["laag", "midden", "hoog"], Field(alias="zekerheid")]
    bundled_signals: Signals = ()
    requested_by: Annotated[PartyId | None, Field(alias="aanvrager")] = None


class FollowUpAssigned(PersonPart):
    """The LRO hands the follow-up to CTER, TIM or LIV."""

    follower: Annotated[Literal["cter", "tim", "liv"], Field(alias="opvolger")]
    bundled_signals: Signals = ()
    assignment: Annotated[Text, Field(alias="opdracht")]
