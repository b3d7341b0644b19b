"""The role config made ready to decide: indexed by sender and type, fields and conditions prepared.

Built once for each config; deciding looks rules up and never scans them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from pydantic import BaseModel

from handlers.addressing import Register, gemeente_party
from handlers.conditions import Test, prepare
from handlers.fields import attributes, expand
from handlers.partitions import partition_of, partner_of, shard_name
from schemas.register import Dated, LegalBasis
from schemas.roles import Group, Member, PassingOn, Recipient, RoleConfig, Rule, Terms


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody who can send, receive, or both."""

    id: str  #: `ind`, `gm0363`, `zvh-haaglanden`, `lro`, `meldpunt`
    name: str
    partner: str  #: whose rules hold for it: `ind`, `gemeente`, `zvh`
    has_inbox: bool
    oin: str | None = None  #: a unit or a group speaks with the OIN of its partner

    @property
    def shard(self) -> str:
        """The shard in which what this party sends lives; the first, if there are partitions."""
        return self.partner

    @property
    def intake(self) -> str:
        """Its intake within the shard; empty for the partner whose shard it is."""
        return "" if self.id == self.partner else self.id

    @property
    def is_partner(self) -> bool:
        """Whether it is a partner of the table itself, instead of a part of one."""
        return self.id == self.partner

    @property
    def may_act(self) -> bool:
        """Whether it publishes: a partner, or who has an inbox to act on."""
        return self.is_partner or self.has_inbox


SHARED_SHARDS = frozenset({"gemeente", "zvh"})


@dataclass(frozen=True, slots=True)
class PreparedMember:
    """A member of a group."""

    role: str
    invited: bool  #: only when the event names it in `deelnemers`
    tests: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class PreparedRecipient:
    """A recipient of a rule, ready to be resolved."""

    recipient: Recipient
    role: str
    fields: tuple[str, ...]
    tests: tuple[Test, ...]
    members: tuple[PreparedMember, ...]  #: of a group without an inbox of its own

    def code_attribute(self, model: type[BaseModel]) -> str | None:
        """Return the attribute that holds the gemeente code, where the rule names another field."""
        return attributes(model).get(self.recipient.code_from or "")


@dataclass(frozen=True, slots=True)
class PreparedRule:
    """A rule, ready to be asked."""

    rule: Rule
    basis: Dated
    tests: tuple[Test, ...]
    recipients: tuple[PreparedRecipient, ...]
    terms: Terms
    retention_days: int


@dataclass(frozen=True, slots=True)
class PreparedPassingOn:
    """A rule of passing on."""

    rule: PassingOn
    basis: Dated
    fields: tuple[str, ...]


class Rulebook:
    """Everything that a decision needs, and nothing that changes."""

    def __init__(self, config: RoleConfig) -> None:
        self.config = config
        self.digest = config.digest
        self.prefix = config.settings.prefix
        self.register = Register(config)
        self.legal_bases: Mapping[str, LegalBasis] = {b.id: b for b in config.legal_bases}
        self.purposes = frozenset(purpose.id for purpose in config.purposes)
        self.groups: Mapping[str, Group] = {group.id: group for group in config.groups}
        self.parties: Mapping[str, Party] = {party.id: party for party in _parties(config)}
        self.by_oin: Mapping[str, Party] = {
            party.oin: party
            for party in self.parties.values()
            if party.oin is not None and (party.is_partner or party.partner in SHARED_SHARDS)
        }
        self.units: Mapping[str, frozenset[str]] = {
            partner.id: frozenset(
                {unit.id for unit in partner.units}
                | {group.id for group in config.groups if group.secretary == partner.id}
            )
            for partner in config.partners
        }
        self.senders = frozenset(partner.id for partner in config.partners)
        self.partitions: Mapping[str, int] = {
            partner.id: partner.partitions
            for partner in config.partners
            if partner.partitions > 1 and partner.id not in SHARED_SHARDS
        }
        self._rules = self._index(config)
        self._passing_on = {
            partner.id: tuple(
                PreparedPassingOn(
                    rule,
                    self.legal_bases[rule.legal_basis],
                    expand(rule.fields, config.settings.field_groups),
                )
                for rule in sorted(partner.passing_on, key=lambda rule: rule.id)
            )
            for partner in config.partners
        }

    def rules_for(self, partner: str, message_type: str) -> tuple[PreparedRule, ...]:
        """Return the rules of this sender for this type, by rule id; empty: it may not send it."""
        return self._rules.get((partner, message_type), ())

    def reachable(self, party: str, day: date) -> Party | None:
        """Return who reads the mail of `party` on `day`: itself, or the gemeente after it.

        None when that is nobody: unknown, without an inbox, or a gemeente that split or is not
        there yet.
        """
        found = self.parties.get(party)
        if found is not None and found.partner == "gemeente" and party.removeprefix("gm").isdigit():
            code = self.register.place(party.removeprefix("gm"), day).code
            found = self.parties.get(gemeente_party(code)) if code else None
        return found if found is not None and found.has_inbox else None

    def types_of(self, partner: str) -> list[str]:
        """Return the message types that this partner may send, sorted."""
        return sorted(name for sender, name in self._rules if sender == partner)

    def passing_on_of(self, partner: str) -> tuple[PreparedPassingOn, ...]:
        """Return what parties of this partner may pass on."""
        return self._passing_on.get(partner, ())

    def shards(self) -> dict[str, tuple[str, ...]]:
        """Return shard -> its intakes: that of the partner (""), and one for each other party.

        A unit or a group with an inbox has an intake too, because it acts on what it receives.
        Every partition has them all.
        """
        found: dict[str, tuple[str, ...]] = {}
        for partner in sorted(self.config.partners, key=lambda partner: partner.id):
            parties = (party for party in self.parties.values() if party.partner == partner.id)
            intakes = tuple(sorted(p.intake for p in parties if p.oin and p.may_act))
            found |= dict.fromkeys(self.shards_of(partner.id), intakes)
        return found

    def shards_of(self, partner: str) -> tuple[str, ...]:
        """Return the shards of a partner: one, or its partitions, in order of number."""
        return tuple(shard_name(partner, n) for n in range(self.partitions.get(partner, 1)))

    def home(self, partner: str, case: str) -> str:
        """Return the shard of this partner in which everything of this case is handled."""
        return shard_name(partner, partition_of(case, self.partitions.get(partner, 1)))

    def party_at(self, shard: str, intake: str) -> Party | None:
        """Return whose intake this is; None: of nobody in this config."""
        return self.parties.get(intake or partner_of(shard))

    def _index(self, config: RoleConfig) -> dict[tuple[str, str], tuple[PreparedRule, ...]]:
        found: dict[tuple[str, str], list[PreparedRule]] = {}
        for partner in config.partners:
            for rule in partner.rules:
                found.setdefault((partner.id, rule.message), []).append(self._prepare(rule))
        return {
            key: tuple(sorted(rules, key=lambda prepared: prepared.rule.id))
            for key, rules in found.items()
        }

    def _prepare(self, rule: Rule) -> PreparedRule:
        settings = self.config.settings
        return PreparedRule(
            rule=rule,
            basis=self.legal_bases[rule.legal_basis],
            tests=tuple(prepare(c, self.legal_bases) for c in rule.conditions),
            recipients=tuple(
                PreparedRecipient(
                    recipient=recipient,
                    role=recipient.to,
                    fields=expand(recipient.fields, settings.field_groups),
                    tests=tuple(prepare(c, self.legal_bases) for c in recipient.conditions),
                    members=self._members(recipient.to),
                )
                for recipient in rule.recipients
            ),
            terms=rule.terms or settings.terms,
            retention_days=rule.retention_days or settings.retention_days,
        )

    def _members(self, role: str) -> tuple[PreparedMember, ...]:
        group = self.groups.get(role.removeprefix("groep:")) if role.startswith("groep:") else None
        if group is None or group.has_inbox:
            return ()

        def ready(members: Iterable[Member], *, invited: bool) -> list[PreparedMember]:
            return [
                PreparedMember(
                    member.to,
                    invited,
                    tuple(prepare(c, self.legal_bases) for c in member.conditions),
                )
                for member in members
            ]

        return (*ready(group.members, invited=False), *ready(group.invited, invited=True))


def _parties(config: RoleConfig) -> Iterable[Party]:
    oins = {partner.id: partner.oin for partner in config.partners}
    for partner in config.partners:
        if partner.kind == "partner":
            yield Party(partner.id, partner.name, partner.id, partner.has_inbox, partner.oin)
        for unit in partner.units:
            yield Party(unit.id, unit.name, partner.id, unit.has_inbox, partner.oin)
    for group in config.groups:
        if group.has_inbox:
            acts_for = group.secretary or group.id
            yield Party(group.id, group.name, acts_for, has_inbox=True, oin=oins.get(acts_for))
    for gemeente in config.gemeente_register:
        party = gemeente_party(gemeente.code)
        yield Party(party, f"gemeente {gemeente.name}", "gemeente", True, gemeente.oin)
    for house in config.houses:
        yield Party(house.id, house.name, "zvh", has_inbox=True, oin=house.oin)
