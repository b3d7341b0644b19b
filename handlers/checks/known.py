"""Every name that the role config defines: what the checks compare against."""

from typing import Final

from handlers.addressing import gemeente_party
from schemas.roles import RoleConfig

DOMAIN_ROLES: Final = frozenset({"gemeente", "zvh"})


class Known:
    """The names of a config, indexed once for all checks."""

    def __init__(self, config: RoleConfig) -> None:
        self.laws = {basis.id: basis for basis in config.legal_bases}
        self.purposes = {purpose.id for purpose in config.purposes}
        self.field_groups = config.settings.field_groups
        self.groups = {group.id: group for group in config.groups}
        self.gemeenten = {gemeente.code for gemeente in config.gemeente_register}
        self.houses = {house.id for house in config.houses}
        self.mandate_kinds = {mandate.kind for mandate in config.mandates}
        self.rules = {rule.id for partner in config.partners for rule in partner.rules}
        self.rules |= {rule.id for partner in config.partners for rule in partner.passing_on}
        #: party that `partij:` may name -> whether it has an inbox
        self.parties: dict[str, bool] = {}
        for partner in config.partners:
            if partner.kind == "partner":
                self.parties[partner.id] = partner.has_inbox
            self.parties.update({unit.id: unit.has_inbox for unit in partner.units})
        self.all_parties = (
            set(self.parties)
            | {group.id for group in config.groups if group.has_inbox}
            | self.houses
            | {gemeente_party(code) for code in self.gemeenten}
        )
