"""berichten: about a message instead of about a case. Acts of recipients, notices of the hub.

A recipient publishes an act (`ingezien`, `opgepakt`, ...) on its own intake; the hub checks that
the transition is allowed, records it, and tells the sender with a notice of the same type in
which `door` names who acted. A sender corrects or withdraws what it sent (Wpg art. 4 lid 4).
"""

from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, AwareDatetime, Field, model_validator

from schemas.identifiers import EventId, Line, PartyId, Reference, SourceUrn, Text, without_bsn
from schemas.payload import Payload

Prose = Annotated[str, Field(max_length=1_000), AfterValidator(without_bsn)]
"""A sentence of the hub."""


class MessageLink(Payload):
    """The event that this is about, by its own (source, id)."""

    source: Annotated[SourceUrn, Field(alias="bron")]
    id: EventId


class ProblemPart(Payload):
    """One reason for a refusal: the place, the rule, the way out."""

    place: Annotated[Prose, Field(alias="plaats")]
    rule: Annotated[Prose, Field(alias="regel")]
    way_out: Annotated[Prose, Field(alias="uitweg")]


class ActPart(Payload):
    """Every act and every notice: about which message, by whom, when."""

    about: Annotated[MessageLink, Field(alias="betreft")]
    by: Annotated[
        PartyId | None, Field(alias="door", description="Filled in by the hub in a notice.")
    ] = None
    at: Annotated[AwareDatetime | None, Field(alias="tijdstip")] = None


class Acknowledged(ActPart):
    """Technical receipt: the copy is in the recipient's own system."""


class Opened(ActPart):
    """Somebody opened it (SoH: melding-ingezien)."""


class TakenUp(ActPart):
    """The recipient works on it (SoH: melding-opgepakt)."""

    case_ref: Annotated[Reference | None, Field(alias="zaakRef")] = None


class FeedbackGiven(ActPart):
    """Feedback to the sender, at one of four levels; text only at the last."""

    level: Annotated[
        Literal["ontvangen", "in-behandeling", "afgerond-zonder-inhoud", "inhoud"],
        Field(alias="niveau"),
    ]
    text: Annotated[Text | None, Field(alias="inhoud")] = None

    @model_validator(mode="after")
    def _text_only_at_its_level(self) -> Self:
        if (self.text is not None) != (self.level == "inhoud"):
            raise ValueError("inhoud is given at niveau 'inhoud', and only there")
        return self


class PassedOn(ActPart):
    """The recipient passed it on to the competent party (doorzenden)."""

    to: Annotated[PartyId, Field(alias="aan")]
    reason: Annotated[Line | None, Field(alias="reden")] = None


RefusalCode = Literal[
    "niet-bevoegd",
    "onjuiste-geadresseerde",
    "onvolledig",
    "dubbel",
    "ongeldig",
    "niet-toegestaan",
    "vervallen",
]


CODES_OF_THE_HUB: Final = frozenset({"ongeldig", "niet-toegestaan", "vervallen"})
"""What only the hub says when it refuses; a recipient uses the others."""


class Refused(Payload):
    """A recipient refused a copy, or the hub refused an event.

    The hub may not know what the event was: then `betreft` is absent and `ingang` names the
    stream entry it came in as.
    """

    about: Annotated[MessageLink | None, Field(alias="betreft")] = None
    entry: Annotated[str | None, Field(alias="ingang", pattern=r"^[0-9]+-[0-9]+$")] = None
    by: Annotated[PartyId | None, Field(alias="door")] = None
    at: Annotated[AwareDatetime | None, Field(alias="tijdstip")] = None
    code: Annotated[RefusalCode, Field(alias="redencode")]
    problems: Annotated[tuple[ProblemPart, ...], Field(alias="problemen", max_length=200)] = ()


class Undeliverable(ActPart):
    """The hub could not bring it to a party that should have it."""

    party: Annotated[PartyId, Field(alias="partij")]
    code: Annotated[Line, Field(alias="redencode")]


class Corrected(ActPart):
    """The sender sent something wrong; what replaces it is an event of its own."""

    reason: Annotated[Line, Field(alias="reden")]
    replaced_by: Annotated[EventId | None, Field(alias="vervangenDoor")] = None


class Withdrawn(ActPart):
    """The sender takes an event back."""

    reason: Annotated[Line, Field(alias="reden")]
