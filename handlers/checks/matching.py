"""Rules that nobody can ever match: their days or their conditions exclude each other."""

from collections.abc import Iterable, Iterator
from datetime import date

from handlers.checks.conditions import contradiction
from handlers.checks.finding import Finding, Path
from handlers.checks.known import Known
from schemas.register import Dated
from schemas.roles import Condition, PassingOn, Rule


def common_days(periods: Iterable[Dated]) -> tuple[date, date] | None:
    """Return the first and the last day on which all are in force; None: there is no such day."""
    first, last = date.min, date.max
    for period in periods:
        first = max(first, period.from_day or date.min)
        last = min(last, period.to_day or date.max)
    return (first, last) if first <= last else None


def laws_of(rule: Rule | PassingOn, conditions: Iterable[Condition], known: Known) -> list[Dated]:
    """Return the rule and every known law that must be in force for it."""
    names = [rule.legal_basis, *(condition.law for condition in conditions if condition.law)]
    return [rule, *(known.laws[name] for name in names if name in known.laws)]


def matching_findings(rule: Rule | PassingOn, at: Path, known: Known) -> Iterator[Finding]:
    """Yield why no message can ever match this rule."""
    conditions = rule.conditions if isinstance(rule, Rule) else ()
    if common_days([rule]) is None:
        yield Finding((*at, "to_day"), "`tot` is before `vanaf`: it is never in force", "swap them")
    elif common_days(laws_of(rule, (), known)) is None:
        text = f"`{rule.legal_basis}` is in force on none of the days of this rule"
        yield Finding((*at, "legal_basis"), text, "change `vanaf` or `tot`, or the grondslag")
    elif common_days(laws_of(rule, conditions, known)) is None:
        text = "the law of `wet_in_werking` is in force on none of the days of this rule"
        yield Finding((*at, "conditions"), text, "change `vanaf` or `tot`, or the condition")
    if not isinstance(rule, Rule):
        return
    if (wire := contradiction(rule.conditions)) is not None:
        text = f"the conditions on `{wire}` exclude each other: nothing can match"
        yield Finding((*at, "conditions"), text, "keep one of them, or use `een_van`")
        return
    for position, recipient in enumerate(rule.recipients):
        wire = contradiction((*rule.conditions, *recipient.conditions))
        if wire is not None:
            text = f"the conditions on `{wire}` exclude each other: this recipient gets nothing"
            way_out = "keep one of them, or use `een_van`"
            yield Finding((*at, "recipients", position, "conditions"), text, way_out)
