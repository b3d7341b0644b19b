"""The envelope: CloudEvents 1.0 by the NL GOV profile 1.1, in structured JSON.

The recipient is not in it: who gets an event is decided by the role config (the profile has no
recipient attribute). Attributes that we do not know travel along untouched (CloudEvents 1.0,
extension context attributes). Anybody on the way may log attributes, so no BSN stands in one.
"""

import re
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from schemas.identifiers import EventId, SourceUrn, holds_bsn

MAX_EVENT_BYTES: Final = 64 * 1024
"""Intermediaries must forward events up to 64 KiB (NL GOV profile); larger ones use `dataref`."""

_EXTENSION_NAME: Final = re.compile(r"^[a-z0-9]{1,20}$")

Attribute = Annotated[str, Field(min_length=1, max_length=512)]


class Envelope(BaseModel):
    """The context attributes. Names are those of CloudEvents, in Python as on the wire."""

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)

    specversion: Literal["1.0"]
    id: EventId
    source: SourceUrn
    type: str
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

    @model_validator(mode="after")
    def _attributes_are_safe(self) -> Self:
        texts = [self.subject, self.dataref, self.dataschema, self.correlationid]
        texts += [self.causationid, self.tracestate, self.dataclassification, self.sequence]
        texts += [self.source]
        for name, value in (self.__pydantic_extra__ or {}).items():
            if not _EXTENSION_NAME.match(name):
                raise ValueError(
                    "an extension attribute has 1 to 20 characters a-z and 0-9 (CloudEvents 1.0)"
                )
            if not isinstance(value, str | int | bool):
                raise ValueError(  # noqa: TRY004  (pydantic reports ValueError only)
                    "an extension attribute is a string, an integer or a boolean (CloudEvents 1.0)"
                )
            texts.append(str(value))
        if any(holds_bsn(text) for text in texts if text):
            raise ValueError(
                "a burgerservicenummer may never stand in the envelope: anybody may log it"
            )
        return self

    @property
    def extensions(self) -> dict[str, str | int | bool]:
        """The attributes that the profile does not name, as they came."""
        return dict(self.__pydantic_extra__ or {})
