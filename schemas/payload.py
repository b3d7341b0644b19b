"""The base of every payload: frozen, closed, English inside and Dutch on the wire."""

from pydantic import BaseModel, ConfigDict


class Payload(BaseModel):
    """`data` of an event, or a part of it.

    Python names are English, the wire is Dutch camelCase (NL API Design Rules,
    /core/interface-language); the alias is the only place where the two meet.
    """

    model_config = ConfigDict(
        frozen=True,  # an event is a fact: nobody edits it on its way through
        extra="forbid",  # a field we do not know is a field we cannot protect
        validate_by_name=True,
        validate_by_alias=True,
        hide_input_in_errors=True,
    )
