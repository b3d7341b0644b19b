"""plannen: goals and the plan van aanpak, drafted by the house, carried out by the partners."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from schemas.case import CasePart
from schemas.identifiers import Confirmed, Line, Oin, Reference, Text
from schemas.payload import Payload
from schemas.vocabulary import Domain


class Action(Payload):
    """One action, held by one organisation."""

    holder_oin: Annotated[Oin, Field(alias="actiehouderOin")]
    description: Annotated[Line, Field(alias="omschrijving")]
    condition: Annotated[Line | None, Field(alias="conditie")] = None
    due: Annotated[date | None, Field(alias="termijn")] = None


class GoalSet(CasePart):
    """The gemeente, as casusregisseur, sets a goal in one domain."""

    domain: Annotated[Domain, Field(alias="domein")]
    goal: Annotated[Line, Field(alias="doelstelling")]
    holder: Annotated[Line, Field(alias="actiehouder")]
    due: Annotated[date | None, Field(alias="termijn")] = None


class Plan(CasePart):
    """The plan van aanpak, first or changed; the gemeente agrees to it."""

    version: Annotated[int, Field(alias="versie", ge=1)]
    agreed_by_gemeente: Annotated[Confirmed, Field(alias="akkoordGemeente")]
    actions: Annotated[tuple[Action, ...], Field(alias="acties", min_length=1, max_length=64)]


class Progress(CasePart):
    """How far an action of the plan is."""

    action_ref: Annotated[Reference, Field(alias="actieRef")]
    status: Literal["niet-gestart", "loopt", "afgerond", "vastgelopen"]
    remark: Annotated[Text | None, Field(alias="toelichting")] = None
