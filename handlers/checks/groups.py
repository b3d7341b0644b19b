"""Groups and field groups: who belongs, and can a copy for the group arrive."""

from collections.abc import Iterator

from handlers.checks.conditions import condition_findings
from handlers.checks.finding import Finding, Path, hint
from handlers.checks.known import Known
from handlers.checks.messages import Model, field_names, variants
from handlers.checks.roles import role_findings
from schemas.catalogue import CATALOGUE
from schemas.roles import Group, Member, RoleConfig


def group_findings(config: RoleConfig, known: Known) -> Iterator[Finding]:
    """Yield what is wrong in groepen.yaml."""
    usage = _messages_to(config)
    all_models = tuple(model for name in CATALOGUE for model in variants(name))
    for index, group in enumerate(config.groups):
        path = ("groups", index)
        yield from _secretary(group, path, config)
        for attribute, members in (("members", group.members), ("invited", group.invited)):
            for position, member in enumerate(members):
                at = (*path, attribute, position)
                yield from _member(member, group, at, known)
                models = usage.get(group.id) or all_models
                conditions = condition_findings(member.conditions, models, at, known, some=True)
                yield from conditions


def _secretary(group: Group, path: Path, config: RoleConfig) -> Iterator[Finding]:
    """A group that receives must be able to say so: somebody acts in its name."""
    partners = {partner.id: partner for partner in config.partners}
    if group.has_inbox and group.secretary is None:
        rule = f"`{group.id}` has an inbox, and nobody who acts in its name"
        yield Finding((*path, "has_inbox"), rule, "name a partner as `secretariaat`")
    elif group.secretary is not None and (
        group.secretary not in partners or partners[group.secretary].kind != "partner"
    ):
        known = [partner.id for partner in config.partners if partner.kind == "partner"]
        rule = f"there is no partner `{group.secretary}` with an intake of its own"
        yield Finding((*path, "secretary"), rule, hint(group.secretary, known))


def _member(member: Member, group: Group, at: Path, known: Known) -> Iterator[Finding]:
    role = (*at, "to")
    yield from role_findings(member.to, role, known, receives=not group.has_inbox)
    name = member.to.removeprefix("groep:")
    if name == member.to or name not in known.groups:
        return
    if name == group.id:
        yield Finding(role, f"`{name}` is a member of itself", "name its members")
    elif not known.groups[name].has_inbox:
        rule = f"`{name}` has no inbox of its own, and its members are not looked up from here"
        yield Finding(role, rule, "name its members")


def _messages_to(config: RoleConfig) -> dict[str, tuple[Model, ...]]:
    """Return group -> the models of what is sent to it: its conditions are asked of those."""
    found: dict[str, dict[Model, None]] = {}
    for partner in config.partners:
        for rule in partner.rules:
            if rule.message not in CATALOGUE:
                continue
            for recipient in rule.recipients:
                if recipient.to.startswith("groep:"):
                    name = recipient.to.removeprefix("groep:")
                    models = variants(rule.message, rule.kinds)
                    found.setdefault(name, {}).update(dict.fromkeys(models))
    return {name: tuple(models) for name, models in found.items()}


def field_group_findings(config: RoleConfig) -> Iterator[Finding]:
    """Yield what is wrong in `veldgroepen`, whatever the other files say."""
    names = frozenset[str]().union(
        *(field_names(model) for name in CATALOGUE for model in variants(name))
    )
    for group, fields in config.settings.field_groups.items():
        path = ("settings", "field_groups", group)
        if not group.isupper():
            yield Finding(path, f"`{group}` is not in capitals", f"write `{group.upper()}`")
        for index, field in enumerate(fields):
            if field.isupper():
                rule = f"`{field}` is a field group, and a group holds fields only"
                yield Finding((*path, index), rule, "write out its fields")
            elif field not in names:
                yield Finding(
                    (*path, index), f"no message has a field `{field}`", hint(field, names)
                )
