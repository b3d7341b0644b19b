"""Rules that send the same message to the same role twice: the first by id would win, silently."""

from collections.abc import Iterator
from itertools import combinations

from handlers.checks.conditions import contradiction
from handlers.checks.finding import Finding, Path
from handlers.checks.known import Known
from handlers.checks.matching import common_days, laws_of
from schemas.roles import Partner, Recipient, Rule


def overlap_findings(partner: Partner, path: Path, known: Known) -> Iterator[Finding]:
    """Yield each recipient that another rule, or the same, reaches with the same message."""
    rules = [(index, rule) for index, rule in enumerate(partner.rules) if not rule.switched_off]
    for index, rule in rules:
        at = (*path, "rules", index, "recipients")
        for (_, one), (position, other) in combinations(enumerate(rule.recipients), 2):
            if _same_recipient(one, other, rule, rule):
                text = f"`{other.to}` stands twice in this rule, for the same messages"
                yield Finding((*at, position), text, "make it one recipient")
    for (_, first), (index, second) in combinations(rules, 2):
        if not _same_messages(first, second, known):
            continue
        at = (*path, "rules", index, "recipients")
        for position, other in enumerate(second.recipients):
            if any(_same_recipient(one, other, first, second) for one in first.recipients):
                text = f"rule `{first.id}` sends the same messages to `{other.to}`"
                way_out = "make them exclude each other by `soort`, `fase`, days or conditions"
                yield Finding((*at, position), text, way_out)


def _same_messages(first: Rule, second: Rule, known: Known) -> bool:
    return (
        first.message == second.message
        and bool(set(first.phases) & set(second.phases))
        and (not first.kinds or not second.kinds or bool(set(first.kinds) & set(second.kinds)))
        and (first.unit is None or second.unit is None or first.unit == second.unit)
        and common_days(
            [
                *laws_of(first, first.conditions, known),
                *laws_of(second, second.conditions, known),
            ]
        )
        is not None
    )


def _same_recipient(one: Recipient, other: Recipient, first: Rule, second: Rule) -> bool:
    if one.to != other.to or one.code_from != other.code_from:
        return False
    if one.basis and other.basis and not set(one.basis) & set(other.basis):
        return False
    if one.only and other.only and not set(one.only) & set(other.only):
        return False
    conditions = (*first.conditions, *second.conditions, *one.conditions, *other.conditions)
    return contradiction(conditions) is None
