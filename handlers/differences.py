"""What one role config says otherwise than another: names only, for the record of a new config."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, Final

from schemas.records import Difference
from schemas.roles import PassingOn, RoleConfig, Rule

MOST: Final = 200
"""Names in each list of a difference; more are counted."""

_Indexed = dict[str, list[Hashable]]

_REGISTERS: Final[Mapping[str, tuple[str, Callable[[Any], str]]]] = {
    "groups": ("groepen", lambda each: each.id),
    "legal_bases": ("grondslagen", lambda each: each.id),
    "purposes": ("doelen", lambda each: each.id),
    "gemeente_register": ("gemeenten", lambda each: each.code),
    "houses": ("huizen", lambda each: each.id),
    "regions": ("veiligheidsregios", lambda each: each.code),
    "police_units": ("politie_eenheden", lambda each: each.id),
    "mandates": ("mandaten", lambda each: f"{each.gemeente}-{each.zvh}"),
    "competences": ("bevoegdheden", lambda each: f"{each.party}-{each.competence.value}"),
    "table": ("tabel", lambda each: each.partner),
}
"""Part of RoleConfig -> its key in the file, and what one row of it is called."""


def difference(before: RoleConfig, after: RoleConfig) -> Difference:
    """Return what `after` says otherwise than `before`; sorted, and empty when they are the same.

    Rules (and rules of passing on) are told apart by id; one that went to another partner has
    changed. All else is named by where it stands: `gemeenten/0363`, `partners/ind`,
    `instellingen/termijnen`. Order within a file means nothing. Pure.
    """
    old, new = _rules(before), _rules(after)
    lists = {
        "added": sorted(new.keys() - old.keys()),
        "removed": sorted(old.keys() - new.keys()),
        "changed": sorted(name for name in old.keys() & new.keys() if old[name] != new[name]),
        "registers": _other_parts(before, after),
    }
    left_out = sum(max(len(names) - MOST, 0) for names in lists.values())
    cut = {name: tuple(names[:MOST]) for name, names in lists.items()}
    return Difference(**cut, left_out=left_out)


def _rules(config: RoleConfig) -> _Indexed:
    found: list[tuple[str, Hashable]] = []
    for partner in config.partners:
        rules: list[Rule | PassingOn] = [*partner.rules, *partner.passing_on]
        found += [(rule.id, (partner.id, rule.model_dump_json())) for rule in rules]
    return _by_name(found)


def _other_parts(before: RoleConfig, after: RoleConfig) -> list[str]:
    old, new = _parts(before), _parts(after)
    return sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))


def _parts(config: RoleConfig) -> _Indexed:
    """Return everything but the rules, by its name in the files."""
    found = _by_name(
        (f"{file}/{name_of(row)}", row.model_dump_json())
        for part, (file, name_of) in _REGISTERS.items()
        for row in getattr(config, part)
    )
    for partner in config.partners:
        found[f"partners/{partner.id}"] = [partner.model_dump_json(exclude={"rules", "passing_on"})]
    settings = config.settings
    for name, field in type(settings).model_fields.items():
        found[f"instellingen/{field.alias or name}"] = [settings.model_dump_json(include={name})]
    return found


def _by_name(pairs: Iterable[tuple[str, Hashable]]) -> _Indexed:
    found: _Indexed = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    for values in found.values():
        values.sort(key=str)
    return found
