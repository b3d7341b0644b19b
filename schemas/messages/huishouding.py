"""gegevens, routeringen, toegangen, configuraties, logboeken: what the hub says about itself."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from schemas.identifiers import Line, PartyId
from schemas.messages.berichten import MessageLink
from schemas.payload import Payload

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class RetentionPassed(Payload):
    """The retention term of a copy has passed."""

    about: Annotated[MessageLink, Field(alias="betreft")]
    party: Annotated[PartyId, Field(alias="partij")]
    retain_until: Annotated[date, Field(alias="bewarenTot")]


class ContentErased(Payload):
    """The content of a copy was erased."""

    about: Annotated[MessageLink, Field(alias="betreft")]
    party: Annotated[PartyId, Field(alias="partij")]
    erased_at: Annotated[AwareDatetime, Field(alias="vernietigdOp")]


class VerdictPart(Payload):
    """One verdict of a decision."""

    rule: Annotated[Line, Field(alias="regel")]
    party: Annotated[PartyId | None, Field(alias="partij")] = None
    outcome: Annotated[Literal["forward", "withhold", "hold"], Field(alias="oordeel")]
    reason: Annotated[Line | None, Field(alias="reden")] = None


class RoutingDecided(Payload):
    """A routing decision, for who follows decisions as events (shape of Logius' ADL)."""

    about: Annotated[MessageLink, Field(alias="betreft")]
    config_digest: Annotated[Digest, Field(alias="configuratie")]
    verdicts: Annotated[tuple[VerdictPart, ...], Field(alias="oordelen", max_length=2_000)]


class AccessDenied(Payload):
    """Somebody tried what it may not."""

    party: Annotated[PartyId, Field(alias="partij")]
    action: Annotated[Line, Field(alias="handeling")]
    at: Annotated[AwareDatetime, Field(alias="tijdstip")]


class RolesChanged(Payload):
    """Another role config is in force."""

    before: Annotated[Digest | None, Field(alias="van")] = None
    after: Annotated[Digest, Field(alias="naar")]
    changed_rules: Annotated[
        tuple[Line, ...], Field(alias="gewijzigdeRegels", max_length=2_000)
    ] = ()


class SealPlaced(Payload):
    """A checkpoint of the audit log was signed."""

    size: Annotated[int, Field(alias="omvang", ge=0)]
    root: Annotated[Digest, Field(alias="wortel")]
    at: Annotated[AwareDatetime, Field(alias="tijdstip")]
