"""`velden`: does the message have them, and may this message have them at all."""

from collections.abc import Iterable, Iterator

from handlers.checks.finding import Finding, Path, hint
from handlers.checks.known import Known
from handlers.checks.messages import PERSON_FIELDS, Model, field_names, is_about_a_person, kinds_of


def field_findings(
    fields: Iterable[str],
    models: tuple[Model, ...],
    path: Path,
    known: Known,
    others: tuple[Model, ...] = (),
) -> Iterator[Finding]:
    """Yield what is wrong with the fields a recipient may see.

    A field must exist in at least one of the models; a group, all its fields.
    `others` are the models of the same type that the rule is not about.
    """
    names = frozenset[str]().union(*map(field_names, models))
    for index, name in enumerate(fields):
        at = (*path, "fields", index)
        if not name.isupper() and name not in names and name.upper() in list(known.field_groups):
            text = f"`{name}` is not in capitals, as a field group is"
            yield Finding(at, text, f"write `{name.upper()}`")
        elif not name.isupper():
            yield from _missing(name, "", names, models, others, at)
        elif name not in known.field_groups:
            yield Finding(at, f"`{name}` is not a field group", hint(name, known.field_groups))
        else:
            for member in known.field_groups[name]:
                if not member.isupper():
                    yield from _missing(member, name, names, models, others, at)


def _missing(
    name: str,
    group: str,
    names: frozenset[str],
    models: tuple[Model, ...],
    others: tuple[Model, ...],
    at: Path,
) -> Iterator[Finding]:
    if name in names:
        return
    which = f"`{name}` (of `{group}`)" if group else f"`{name}`"
    if name.partition(".")[0] in PERSON_FIELDS and not any(map(is_about_a_person, models)):
        rule = f"a message without a person (L0) has no field {which}"
        yield Finding(at, rule, "leave it out")
    else:
        having = [kinds_of(model) for model in others if name in field_names(model)]
        if having:
            way_out = f"only for `soort` {', '.join(sorted(frozenset().union(*having)))}"
        else:
            way_out = hint(name, names) if not group else "name the fields instead of the group"
        yield Finding(at, f"the message has no field {which}", way_out)
