"""The conditions a rule may have, prepared for the models of its message type.

A condition asks one thing of one field of the event, or of the law on the day. What it names is
checked when the config is loaded; here it is only looked up.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from pydantic import BaseModel

from handlers.fields import attributes, submodel
from schemas.register import LegalBasis
from schemas.roles import Condition

_YES_NO: Final = {"ja": True, "nee": False}


@dataclass(frozen=True, slots=True)
class Test:
    """One prepared condition."""

    name: str  #: the field or the law: stands in the record as detail, never a value
    hold: bool  #: when it is not met: hold for a person instead of withhold
    holds_for: Callable[[BaseModel, date], bool]


def prepare(condition: Condition, laws: Mapping[str, LegalBasis]) -> Test:
    """Make a condition ready to be asked of any payload model.

    A field that a model does not have counts as absent, and an absent field meets nothing but
    `ingevuld: nee`. Text of spaces only counts as absent there.
    """
    hold = condition.otherwise == "aanhouden"
    if condition.law is not None:
        law = laws[condition.law]
        return Test(f"wet:{law.id}", hold, lambda _, day: law.in_force(day))
    wire = condition.field or ""
    if condition.filled is not None:
        wanted = condition.filled
        return Test(wire, hold, lambda data, _: _is_filled(value_of(data, wire)) is wanted)
    allowed = condition.one_of if condition.one_of is not None else (condition.is_value,)
    values = frozenset(_YES_NO.get(value, value) for value in allowed)
    return Test(wire, hold, lambda data, _: value_of(data, wire) in values)


def _is_filled(value: Any) -> bool:
    """Blank text says nothing, so it is not filled; `nee` and 0 are answers, so they are."""
    return bool(value.strip()) if isinstance(value, str) else value is not None and value != ()


def value_of(data: BaseModel, wire: str) -> Any:
    """Return the value of a wire field (at most one dot), or None when it is absent."""
    top, _, rest = wire.partition(".")
    attribute = attributes(type(data)).get(top)
    value = getattr(data, attribute) if attribute else None
    if not rest or value is None:
        return value
    inner = submodel(type(data), top)
    name = attributes(inner).get(rest) if inner else None
    return getattr(value, name, None) if name else None
