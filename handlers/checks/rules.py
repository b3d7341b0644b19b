"""Rules: does the message exist, can it be like this, and can every recipient be reached."""

from collections.abc import Iterator

from handlers.checks.conditions import condition_findings
from handlers.checks.fields import field_findings
from handlers.checks.finding import Finding, Path, hint
from handlers.checks.known import DOMAIN_ROLES, Known
from handlers.checks.matching import matching_findings
from handlers.checks.messages import Model, data_field_names, is_gemeente_code, kinds_of, variants
from handlers.checks.roles import role_findings
from handlers.fields import attributes
from schemas.catalogue import CATALOGUE
from schemas.roles import Partner, PassingOn, Recipient, Rule

_TO_CHOOSE = ("keuze", "aanvrager")


def rule_findings(partner: Partner, path: Path, known: Known) -> Iterator[Finding]:
    """Yield what is wrong with each rule of a partner, whatever the other rules say."""
    units = {unit.id for unit in partner.units}
    for index, rule in enumerate(partner.rules):
        at = (*path, "rules", index)
        if rule.unit is not None and rule.unit not in units:
            rule_text = f"`{rule.unit}` is not an `onderdeel` of {partner.id}"
            yield Finding((*at, "unit"), rule_text, hint(rule.unit, units))
        if rule.switched_off and not (rule.because or "").strip():
            rule_text = "the rule is switched off, and nobody can read why"
            yield Finding((*at, "switched_off"), rule_text, "add a line toelichting: …")
        yield from _basis(rule, at, known)
        if (wrong := _message(rule.message, (*at, "message"))) is not None:
            yield wrong
            continue
        yield from _kinds_and_phases(rule, at)
        models = variants(rule.message, rule.kinds) or variants(rule.message)
        others = tuple(model for model in variants(rule.message) if model not in models)
        yield from condition_findings(rule.conditions, models, at, known)
        for position, recipient in enumerate(rule.recipients):
            yield from _recipient(recipient, models, others, (*at, "recipients", position), known)
        yield from matching_findings(rule, at, known)


def passing_on_findings(partner: Partner, path: Path, known: Known) -> Iterator[Finding]:
    """Yield what is wrong with each rule of passing on (doorzenden)."""
    for index, rule in enumerate(partner.passing_on):
        at = (*path, "passing_on", index)
        yield from _basis(rule, at, known)
        models: list[Model] = []
        for position, message in enumerate(rule.messages):
            wrong = _message(message, (*at, "messages", position))
            if wrong is not None:
                yield wrong
            else:
                models += variants(message)
        if models:
            yield from field_findings(rule.fields, tuple(models), at, known)
        for position, role in enumerate(rule.to):
            to = (*at, "to", position)
            yield from role_findings(role, to, known)
            group = known.groups.get(role.removeprefix("groep:"))
            if role.startswith("groep:") and group is not None and not group.has_inbox:
                text = f"`{group.id}` has no inbox of its own, so nothing can be passed on to it"
                yield Finding(to, text, "name its members")
        if rule.mandate is not None:
            if set(rule.to) != {"zvh"}:
                text = "`mandaat` is between a gemeente and its `zvh`, and others stand in `naar`"
                yield Finding((*at, "mandate"), text, "make a rule of its own for `zvh`")
            yield from _mandate(rule.mandate, at, known)
        yield from matching_findings(rule, at, known)


def _basis(rule: Rule | PassingOn, at: Path, known: Known) -> Iterator[Finding]:
    if rule.legal_basis not in known.laws:
        text = f"`{rule.legal_basis}` is not in grondslagen.yaml"
        yield Finding((*at, "legal_basis"), text, hint(rule.legal_basis, known.laws))
    if rule.purpose not in known.purposes:
        text = f"`{rule.purpose}` is not in doelen.yaml"
        yield Finding((*at, "purpose"), text, hint(rule.purpose, known.purposes))


def _message(name: str, at: Path) -> Finding | None:
    own = [row.name for row in CATALOGUE.values() if not row.is_hub]
    if name in own:
        return None
    if name in CATALOGUE:
        text = f"`{name}` is about a message, and needs no rule: the hub brings it where it belongs"
        return Finding(at, text, "leave the rule out")
    return Finding(at, f"`{name}` is not a message type", hint(name, own))


def _kinds_and_phases(rule: Rule, at: Path) -> Iterator[Finding]:
    known_kinds = frozenset[str]().union(*map(kinds_of, variants(rule.message)))
    for position, kind in enumerate(rule.kinds):
        if not known_kinds:
            yield Finding((*at, "kinds"), f"{rule.message} has no `soort`", "leave it out")
            break
        if kind not in known_kinds:
            text = f"{rule.message} has no `soort` called `{kind}`"
            yield Finding((*at, "kinds", position), text, hint(kind, known_kinds))
    possible = CATALOGUE[rule.message].phases
    for position, phase in enumerate(rule.phases):
        if phase not in possible:
            text = f"{rule.message} does not occur in phase `{phase}`"
            yield Finding((*at, "phases", position), text, hint(phase, possible))


def _recipient(
    recipient: Recipient,
    models: tuple[Model, ...],
    others: tuple[Model, ...],
    at: Path,
    known: Known,
) -> Iterator[Finding]:
    yield from field_findings(recipient.fields, models, at, known, others)
    yield from condition_findings(recipient.conditions, models, at, known)
    yield from role_findings(recipient.to, (*at, "to"), known, also=_TO_CHOOSE)
    yield from _only(recipient, models, at, known)
    if recipient.basis:
        if recipient.to not in DOMAIN_ROLES:
            text = f"`grond` is about a gemeente, and `{recipient.to}` is not found through one"
            yield Finding((*at, "basis"), text, "leave it out")
        elif not _some_have("gemeentegrondslag", models):
            text = "the message has no `gemeentegrondslag`, so `grond` is never met"
            yield Finding((*at, "basis"), text, "leave it out")
    yield from _code_from(recipient, models, at)
    if recipient.mandate is not None:
        if recipient.to != "zvh" and recipient.only != ("zvh",):
            text = f"`mandaat` is between a gemeente and its `zvh`, not for `{recipient.to}`"
            yield Finding((*at, "mandate"), text, "leave it out")
        yield from _mandate(recipient.mandate, at, known)
    if recipient.competence is not None and not _some_have(_ASKED_FOR, models):
        text = f"the message has no `{_ASKED_FOR}`, so `bevoegdheid` is never met"
        yield Finding((*at, "competence"), text, "leave it out")


_ASKED_FOR = "handelingsperspectiefBevoegdheid"


def _only(
    recipient: Recipient, models: tuple[Model, ...], at: Path, known: Known
) -> Iterator[Finding]:
    if recipient.to not in _TO_CHOOSE:
        if recipient.only:
            text = f"`uit` says from whom to choose, and `{recipient.to}` leaves no choice"
            yield Finding((*at, "only"), text, "leave it out")
        return
    if not recipient.only:
        text = f"`{recipient.to}` without `uit` can never be anybody"
        yield Finding(at, text, "name in `uit` who it may be")
    if recipient.to == "aanvrager" and not _some_have("aanvrager", models):
        text = "the message has no field `aanvrager`"
        yield Finding((*at, "to"), text, "use `keuze`, or name who receives it")
    for position, role in enumerate(recipient.only):
        yield from role_findings(role, (*at, "only", position), known)


def _code_from(recipient: Recipient, models: tuple[Model, ...], at: Path) -> Iterator[Finding]:
    wire = recipient.code_from
    if wire is None:
        return
    codes = {
        name for model in models for name in attributes(model) if is_gemeente_code(model, name)
    }
    if recipient.to not in DOMAIN_ROLES:
        text = f"`code_uit` finds a gemeente, and `{recipient.to}` is not found through one"
        yield Finding((*at, "code_from"), text, "leave it out")
    elif wire not in codes:
        text = f"the message has no gemeente code in `{wire}`"
        yield Finding((*at, "code_from"), text, hint(wire, codes))


def _mandate(kind: str, at: Path, known: Known) -> Iterator[Finding]:
    if known.mandate_kinds and kind not in known.mandate_kinds:
        text = f"no mandate in mandaten.yaml is of `soort` `{kind}`"
        yield Finding((*at, "mandate"), text, hint(kind, known.mandate_kinds))


def _some_have(wire: str, models: tuple[Model, ...]) -> bool:
    return any(wire in data_field_names(model) for model in models)
