"""The envelope: CloudEvents 1.0 by the NL GOV profile 1.1, in structured JSON.

The recipient is not in it: who gets an event is decided by the role config (the profile has no
recipient attribute). Attributes that we do not know travel along untouched (CloudEvents 1.0,
extension context attributes), to every recipient, whatever its rule says. Anybody on the way may
log attributes, so no BSN stands in one; a name in one cannot be recognised (docs/trust.md).
"""

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, Strict

from schemas.identifiers import EventId, Reference, SourceUrn, holds_bsn, without_bsn

MAX_EVENT_BYTES: Final = 64 * 1024
"""Intermediaries must forward events up to 64 KiB (NL GOV profile); larger ones use `dataref`."""


def _no_bsn_as_number(number: int) -> int:
    if holds_bsn(f"{number:09d}"):
        raise ValueError("is a burgerservicenummer, which may never stand in the envelope")
    return number


Attribute = Annotated[str, Field(min_length=1, max_length=512), AfterValidator(without_bsn)]
ExtensionName = Annotated[str, Field(pattern=r"^[a-z0-9]{1,20}$"), AfterValidator(without_bsn)]
ExtensionValue = (
    Annotated[str, Strict(), Field(max_length=512), AfterValidator(without_bsn)]
    | Annotated[int, Strict(), Field(ge=-(2**31), le=2**31 - 1), AfterValidator(_no_bsn_as_number)]
    | Annotated[bool, Strict()]
)


class Envelope(BaseModel):
    """The context attributes. Names are those of CloudEvents, in Python as on the wire."""

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)
    __pydantic_extra__: dict[ExtensionName, ExtensionValue] = Field(init=False)

    specversion: Literal["1.0"]
    id: EventId
    source: SourceUrn
    type: str
    # Known gap: pydantic reads a moment or a day of digits only ("1763888000") as Unix time.
    time: Annotated[
        AwareDatetime | None,
        Field(description="When the event was logged at the source (NL GOV profile)."),
    ] = None
    datacontenttype: Literal["application/json"] | None = None
    dataschema: Attribute | None = None
    subject: Attribute | None = None
    dataref: Annotated[
        Attribute | None, Field(description="Claim check: where the content can be had.")
    ] = None
    sequence: Attribute | None = None
    sequencetype: Literal["Integer"] | None = None
    traceparent: Annotated[
        str | None, Field(pattern=r"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")
    ] = None
    tracestate: Attribute | None = None
    correlationid: Annotated[Attribute | None, Field(description="The thread of a case.")] = None
    causationid: Annotated[Attribute | None, Field(description="The event this answers.")] = None
    recordedtime: AwareDatetime | None = None
    expirytime: AwareDatetime | None = None
    dataclassification: Attribute | None = None
    data: Any

    #: Attributes that a copy always carries; `subject` and `dataref` only where a rule names them.
    ALWAYS: ClassVar[frozenset[str]] = frozenset({
        "specversion", "id", "source", "type", "time", "datacontenttype", "dataschema",
        "sequence", "sequencetype", "traceparent", "tracestate", "correlationid", "causationid",
        "recordedtime", "expirytime", "dataclassification",
    })  # fmt: skip

    @property
    def extensions(self) -> dict[str, str | int | bool]:
        """The attributes that the profile does not name, as they came."""
        return dict(self.__pydantic_extra__ or {})  # absent where they are forbidden


class ClosedEnvelope(Envelope):
    """The envelope of a message without a person: no attribute that the profile does not name.

    The model of its data has no field for a person; an extension could be one.
    """

    model_config = ConfigDict(extra="forbid")


class BareEnvelope(ClosedEnvelope):
    """The envelope of a message that may not carry content in any way: no attribute of free text.

    What is left is what routing and accounting need.
    """

    dataschema: None = None
    subject: None = None
    dataref: None = None
    sequence: Annotated[str | None, Field(pattern=r"^[0-9]{1,8}$")] = None
    tracestate: None = None
    correlationid: Reference | None = None
    causationid: Reference | None = None
    dataclassification: None = None
