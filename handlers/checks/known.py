"""Every name that the role config defines: what the checks compare against."""

from collections.abc import Collection
from typing import Any, Final

from handlers.addressing import gemeente_party
from schemas.register import Dated
from schemas.roles import RoleConfig

DOMAIN_ROLES: Final = frozenset({"gemeente", "zvh"})


class _Unread(dict[str, Any]):
    """A register that could not be read: whatever is looked up may stand in it; it is empty."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self.answer = answer

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> Any:
        return self.answer


class Known:
    """The names of a config, indexed once for all checks.

    `unread`: parts of the config that could not be read, as RoleConfig names them. No finding says
    that a name is not in one of these.
    """

    def __init__(self, config: RoleConfig, unread: Collection[str] = ()) -> None:
        self.unread = frozenset(unread)
        self.laws = {basis.id: basis for basis in config.legal_bases}
        self.purposes: Collection[str] = {purpose.id for purpose in config.purposes}
        self.field_groups = config.settings.field_groups if "settings" not in unread else {}
        self.groups = {group.id: group for group in config.groups}
        self.gemeenten = {gemeente.code for gemeente in config.gemeente_register}
        self.houses = {house.id for house in config.houses}
        self.mandate_kinds = {mandate.kind for mandate in config.mandates}
        rules = {rule.id for partner in config.partners for rule in partner.rules}
        rules |= {rule.id for partner in config.partners for rule in partner.passing_on}
        self.rules: Collection[str] = rules
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
        self._open_what_is_unread()

    def _open_what_is_unread(self) -> None:
        if "legal_bases" in self.unread:
            self.laws = _Unread(Dated())
        if "purposes" in self.unread:
            self.purposes = _Unread(None)
        if "settings" in self.unread:
            self.field_groups = _Unread(())
        if "groups" in self.unread:
            self.groups = _Unread(None)
        if "partners" in self.unread:
            self.rules, self.parties = _Unread(None), _Unread(answer=True)
