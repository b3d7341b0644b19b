"""Who is who: sixteen partners, and no name, rule or OIN that means two things."""

from collections.abc import Iterable, Iterator

from handlers.addressing import gemeente_party
from handlers.checks.finding import Finding, Path, hint
from handlers.checks.known import DOMAIN_ROLES, Known
from schemas.roles import RoleConfig

_Named = tuple[str, Path]

_TAKEN = frozenset({"default", "hub", "ledger", "log", "pseudonym", "sealer"})
"""Names of users of the broker, of owners of keys and of shards that are no party."""


def party_findings(config: RoleConfig, known: Known) -> Iterator[Finding]:
    """Yield names that stand twice, partners that cannot send, and wrong kinds of partner."""
    yield from _twice(
        _rows(config), "row `{}` of the table has two partners", "number them 1 to 16"
    )
    yield from _twice(_parties(config), "`{}` is the name of two parties", "rename one of them")
    yield from _twice(_rules(config), "rule `{}` stands twice", "give each rule an id of its own")
    yield from _twice(_groups(config), "group `{}` stands twice", "keep one of the two")
    yield from _twice(_laws(config), "{} stands twice", "keep one of the two")
    yield from _twice(_oins(config), "OIN `{}` belongs to two parties", "give each its own OIN")
    for name, path in _parties(config):
        if name in _TAKEN:
            text = f"`{name}` cannot be a party: the hub has accounts, keys or records of that name"
            yield Finding(path, text, "give it another id")
    for index, partner in enumerate(config.partners):
        path = ("partners", index)
        stands_for_all = partner.id if partner.id in DOMAIN_ROLES else "partner"
        if partner.kind != stands_for_all:
            text = f"`{partner.id}` is of `soort` `{stands_for_all}`"
            yield Finding((*path, "kind"), text, f"write `soort: {stands_for_all}`")
        elif partner.kind == "partner" and partner.rules and partner.oin is None:
            text = f"`{partner.id}` has rules for what it sends, and no `oin` to know it by"
            yield Finding((*path, "id"), text, "add its `oin`")
        if partner.partitions > 1 and partner.kind != "partner":
            text = f"`{partner.id}` stands for many parties, which share one shard"
            yield Finding((*path, "partitions"), text, "leave `partities` out")
    for index, recorded in enumerate(config.competences):
        if recorded.party not in known.all_parties:
            text = f"there is no party `{recorded.party}`"
            way_out = hint(recorded.party, known.all_parties)
            yield Finding(("competences", index, "party"), text, way_out)


def _twice(named: Iterable[_Named], text: str, way_out: str) -> Iterator[Finding]:
    seen: set[str] = set()
    for name, path in named:
        if name in seen:
            yield Finding(path, text.format(name), way_out)
        seen.add(name)


def _rows(config: RoleConfig) -> Iterator[_Named]:
    for index, partner in enumerate(config.partners):
        yield str(partner.row), ("partners", index, "row")


def _parties(config: RoleConfig) -> Iterator[_Named]:
    for index, partner in enumerate(config.partners):
        yield partner.id, ("partners", index, "id")
        for position, unit in enumerate(partner.units):
            yield unit.id, ("partners", index, "units", position, "id")
    # A group without an inbox is a list of parties, and may be called after a unit of one.
    first = {group.id: index for index, group in reversed(list(enumerate(config.groups)))}
    for index in sorted(first.values()):
        if config.groups[index].has_inbox:
            yield config.groups[index].id, ("groups", index, "id")
    for index, gemeente in enumerate(config.gemeente_register):
        yield gemeente_party(gemeente.code), ("gemeente_register", index, "code")
    for index, house in enumerate(config.houses):
        yield house.id, ("houses", index, "id")


def _rules(config: RoleConfig) -> Iterator[_Named]:
    for index, partner in enumerate(config.partners):
        for position, rule in enumerate(partner.rules):
            yield rule.id, ("partners", index, "rules", position, "id")
        for position, passing_on in enumerate(partner.passing_on):
            yield passing_on.id, ("partners", index, "passing_on", position, "id")


def _groups(config: RoleConfig) -> Iterator[_Named]:
    for index, group in enumerate(config.groups):
        yield group.id, ("groups", index, "id")


def _laws(config: RoleConfig) -> Iterator[_Named]:
    for index, basis in enumerate(config.legal_bases):
        yield f"grondslag `{basis.id}`", ("legal_bases", index, "id")
    for index, purpose in enumerate(config.purposes):
        yield f"doel `{purpose.id}`", ("purposes", index, "id")


def _oins(config: RoleConfig) -> Iterator[_Named]:
    yield config.settings.hub_oin, ("settings", "hub_oin")
    for index, partner in enumerate(config.partners):
        if partner.oin is not None:
            yield partner.oin, ("partners", index, "oin")
    for index, gemeente in enumerate(config.gemeente_register):
        if gemeente.oin is not None:
            yield gemeente.oin, ("gemeente_register", index, "oin")
    for index, house in enumerate(config.houses):
        yield house.oin, ("houses", index, "oin")
