"""Conditions: does the message have the field, can the field have the value, can all be met."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from handlers.checks.finding import Finding, Path, hint
from handlers.checks.known import Known
from handlers.checks.messages import Model, data_field_names, type_words, values_of
from handlers.fields import ENVELOPE_FIELDS, is_list
from schemas.roles import Condition

_YES_NO: Final = {"ja": True, "nee": False}
_TESTS: Final = "`is`, `een_van` or `ingevuld`"


def condition_findings(
    conditions: Sequence[Condition],
    models: tuple[Model, ...],
    path: Path,
    known: Known,
    *,
    some: bool = False,
) -> Iterator[Finding]:
    """Yield what is wrong with each condition, against every model it can be asked of.

    `some`: a group receives many messages, and a condition on a member need fit only some of them.
    """
    for index, condition in enumerate(conditions):
        at = (*path, "conditions", index)
        if condition.law is not None:
            yield from _law(condition, at, known)
        elif condition.field is None:
            yield Finding(
                at, "a condition asks about a field or a law", "add `veld` or `wet_in_werking`"
            )
        else:
            yield from _field(condition, condition.field, models, at, some=some)


def wanted(condition: Condition) -> frozenset[Any] | None:
    """Return the values that meet a condition; None: it does not ask for values."""
    if condition.one_of is not None:
        values: Iterable[Any] = condition.one_of
    elif condition.is_value is not None:
        values = (condition.is_value,)
    else:
        return None
    return frozenset(
        _YES_NO.get(value, value) if isinstance(value, str) else value
        for value in values
        if not isinstance(value, list | dict)
    )


def contradiction(conditions: Iterable[Condition]) -> str | None:
    """Return a field of which these conditions ask what cannot be true at once; None: they can."""
    allowed: dict[str, frozenset[Any]] = {}
    filled: dict[str, set[bool]] = {}
    for condition in conditions:
        if condition.field is None:
            continue
        values = wanted(condition)
        if values:
            allowed[condition.field] = allowed.get(condition.field, values) & values
            filled.setdefault(condition.field, set()).add(True)
        elif condition.filled is not None:
            filled.setdefault(condition.field, set()).add(condition.filled)
    impossible = [field for field, values in allowed.items() if not values]
    impossible += [field for field, asked in filled.items() if len(asked) > 1]
    return min(impossible, default=None)


def _law(condition: Condition, at: Path, known: Known) -> Iterator[Finding]:
    law = condition.law or ""
    if law not in known.laws:
        yield Finding((*at, "law"), f"`{law}` is not in grondslagen.yaml", hint(law, known.laws))
    if condition.field is not None or _count(condition):
        yield Finding(
            at,
            "`wet_in_werking` stands alone in a condition",
            "write two conditions instead of one",
        )


def _count(condition: Condition) -> int:
    tests = (condition.is_value, condition.one_of, condition.filled)
    return sum(test is not None for test in tests)


def _field(
    condition: Condition, wire: str, models: tuple[Model, ...], at: Path, *, some: bool
) -> Iterator[Finding]:
    if _count(condition) != 1:
        much = "no test" if _count(condition) == 0 else "two tests"
        yield Finding(at, f"the condition on `{wire}` has {much}", f"give exactly one of {_TESTS}")
    top, _, rest = wire.partition(".")
    if rest and any(is_list(model, top) for model in models):
        text = f"`{top}` is a list, and a condition asks about one value"
        yield Finding((*at, "field"), text, f"ask `ingevuld` of `{top}`")
        return
    lacking = [model for model in models if wire not in data_field_names(model)]
    if lacking and not (some and len(lacking) < len(models)):
        everywhere = "" if len(lacking) == len(models) else " in every `soort` of this rule"
        names = frozenset().union(*map(data_field_names, models))
        if everywhere:
            way_out = "name the `soort` that has it"
        elif wire in ENVELOPE_FIELDS:
            way_out = "a condition asks about `data`, not about the envelope"
        else:
            way_out = hint(wire, names)
        yield Finding((*at, "field"), f"the message has no field `{wire}`{everywhere}", way_out)
    having = [model for model in models if model not in lacking]
    if having:
        yield from _values(condition, wire, having, at)


def _values(condition: Condition, wire: str, models: list[Model], at: Path) -> Iterator[Finding]:
    attribute = "one_of" if condition.one_of is not None else "is_value"
    if attribute == "is_value" and condition.is_value is None:
        return
    values = condition.one_of if condition.one_of is not None else (condition.is_value,)
    if not values:
        yield Finding((*at, attribute), "`een_van` is empty: nothing meets it", "give at least one")
    types, words = type_words(models[0], wire)
    for value in values:
        meant = _YES_NO.get(value, value) if isinstance(value, str) else value
        if not types:
            yield Finding(
                (*at, attribute), f"`{wire}` is {words}: no value can meet this", "ask `ingevuld`"
            )
        elif isinstance(value, list | dict):
            yield Finding((*at, attribute), "`is` asks for one value", "use `een_van` for more")
        else:
            yield from _value(value, meant, wire, models, types, words, (*at, attribute))


def _value(
    value: Any,
    meant: Any,
    wire: str,
    models: list[Model],
    types: tuple[type, ...],
    words: str,
    at: Path,
) -> Iterator[Finding]:
    closed = [values_of(model, wire) for model in models]
    choices = [choice for values in closed if values is not None for choice in values]
    if choices and None not in closed:
        if meant not in choices:
            spoken = ["ja" if c is True else "nee" if c is False else str(c) for c in choices]
            yield Finding(at, f"`{wire}` can never be `{value}`", hint(str(value), spoken))
    elif not isinstance(meant, types) or (isinstance(meant, bool) and bool not in types):
        yield Finding(at, f"`{wire}` is {words}, and `{value}` is not", f"write {words}")
