"""berichten: about a message instead of about a case. Acts of recipients, notices of the hub.

A recipient publishes an act (`ingezien`, `opgepakt`, ...) on its own intake; the hub checks that
the transition is allowed, records it, and tells the sender with a notice of the same type in
which `door` names who acted. A sender corrects or withdraws what it sent (Wpg art. 4 lid 4).
"""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.identifiers import (
    EventId,
    Line,
    PartyId,
    Reference,
    SourceUrn,
    Text,
    message_ref,
    without_bsn,
)
from schemas.payload import Payload

Prose = Annotated[str, Field(max_length=1_000), AfterValidator(without_bsn)]
"""A sentence of the hub."""


ShardName = Annotated[
    str,
    Field(pattern=r"^[a-z](?:[0-9]{0,8}[a-z.-])*[0-9]{0,8}$", min_length=2, max_length=52),
]
"""Where everything about the events of one sender is: `ind`, `politie.3`."""

MessageRef = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
"""The hub's own name of an event; see `schemas.identifiers.message_ref`."""

PublicKey = Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$", max_length=44)]
"""An X25519 public key: 32 bytes in standard base64 (RFC 4648 section 4; RFC 7748)."""


class EventLink(Payload):
    """An event that the sender published itself, by its own (source, id)."""

    source: Annotated[SourceUrn, Field(alias="bron")]
    id: EventId

    @property
    def message(self) -> str:
        """The hub's own name of it."""
        return message_ref(self.source, self.id)


def _one_pair(schema: dict[str, Any]) -> None:
    schema["oneOf"] = [{"required": ["bron", "id"]}, {"required": ["shard", "bericht"]}]


class MessageLink(Payload):
    """The message that this is about: (bron, id) as it was sent, or (shard, bericht).

    Who did not open a copy does not know its id; shard and bericht stand beside every copy, in the
    clear. Exactly one of the two pairs, and whole.
    """

    model_config = ConfigDict(json_schema_extra=_one_pair)

    source: Annotated[SourceUrn | None, Field(alias="bron")] = None
    id: EventId | None = None
    shard: Annotated[
        ShardName | None, Field(description="With bericht: where the copy lies, as the inbox says.")
    ] = None
    ref: Annotated[
        MessageRef | None,
        Field(alias="bericht", description="The hub's name of the message, as the inbox says."),
    ] = None

    @model_validator(mode="after")
    def _one_of_two_pairs(self) -> Self:
        sent, kept = (self.source, self.id), (self.shard, self.ref)
        if (sent.count(None), kept.count(None)) not in {(0, 2), (2, 0)}:
            raise PydanticCustomError("one_pair", "one of two pairs, and whole")
        return self

    @property
    def message(self) -> str:
        """The hub's own name of it, whichever pair was given."""
        return self.ref or message_ref(self.source or "", self.id or "")


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
    """Somebody opened it (SoH: melding-ingezien), or asks for the key to do so.

    With `sleutel`, the hub answers with the key of the copy, which only the owner of that key pair
    can read. Without it, nothing is handed over: it was read elsewhere.
    """

    public_key: Annotated[
        PublicKey | None,
        Field(alias="sleutel", description="X25519 public key of the reader, made for this once."),
    ] = None


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


class CorrectionPart(Payload):
    """What a sender says of an event of its own; the hub fills in `door` and `tijdstip`."""

    about: Annotated[EventLink, Field(alias="betreft")]
    by: Annotated[PartyId | None, Field(alias="door")] = None
    at: Annotated[AwareDatetime | None, Field(alias="tijdstip")] = None


class Corrected(CorrectionPart):
    """The sender sent something wrong; what replaces it is an event of its own."""

    reason: Annotated[Line, Field(alias="reden")]
    replaced_by: Annotated[EventId | None, Field(alias="vervangenDoor")] = None


class Withdrawn(CorrectionPart):
    """The sender takes an event back."""

    reason: Annotated[Line, Field(alias="reden")]
