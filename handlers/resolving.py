"""From the roles of a rule to parties: who that is for this event, on this day.

Every role gives at least one target, so that no rule is silently absent from a decision.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from handlers.addressing import Place, gemeente_party
from handlers.conditions import Test
from handlers.rulebook import Party, PreparedMember, PreparedRecipient, Rulebook
from schemas.case import CasePart
from schemas.decisions import HoldReason, WithholdReason
from schemas.made_often import made_often
from schemas.vocabulary import AddressStatus

UNLISTED: Final = "niet-genoemd"
"""Stands for whom the sender named and the rule does not have."""


@made_often
@dataclass(frozen=True, slots=True)
class Target:
    """A party that a role came to, or why it came to none."""

    party: str | None
    no: WithholdReason | HoldReason | None = None
    tests: tuple[Test, ...] = ()
    code: str | None = None  #: the gemeente through which it was found
    within: str = ""  #: the role inside a group or a list, where that is how it was named


class Resolver:
    """Resolves the roles of one event on one day."""

    def __init__(self, data: Any, sender: Party, book: Rulebook, day: date) -> None:
        self._data = data
        self._sender = sender
        self._book = book
        self._day = day
        self._places: dict[str, Place] = {}

    def targets(self, prepared: PreparedRecipient) -> Iterator[Target]:
        """Yield who this recipient is. Group members come with conditions of their own."""
        role = prepared.role
        if role in {"gemeente", "zvh"}:
            yield self._by_place(role, prepared)
        elif role.startswith("partij:"):
            yield Target(role.removeprefix("partij:"))
        elif role == "aanvrager":
            yield self._requester(prepared)
        elif role == "keuze":
            yield from self._chosen(prepared)
        elif prepared.members:
            yield from self._members(prepared)
        else:
            yield Target(role.removeprefix("groep:"))

    def place(self, field: str = "gemeente") -> Place:
        """Resolve the gemeente that the event names in attribute `field`."""
        found = self._places.get(field)
        if found is None:
            status = getattr(self._data, "address_status", AddressStatus.HOME)
            if field == "gemeente" and status is not AddressStatus.HOME:
                found = Place(None, HoldReason.NO_HOME_ADDRESS)
            else:
                found = self._book.register.place(getattr(self._data, field, None), self._day)
            self._places[field] = found
        return found

    def _by_place(self, role: str, prepared: PreparedRecipient | None = None) -> Target:
        field = "gemeente"
        if prepared is not None:
            recipient = prepared.recipient
            if recipient.code_from is not None:
                field = prepared.code_attribute(type(self._data)) or field
            if recipient.basis and self._basis() not in recipient.basis:
                return Target(self._party_at(role, self.place(field)).party, HoldReason.OTHER_BASIS)
        return self._party_at(role, self.place(field))

    def _basis(self) -> Any:
        return getattr(self._data, "gemeente_basis", None)

    def _party_at(self, role: str, place: Place) -> Target:
        if place.code is None:
            return Target(None, place.hold)
        if role == "gemeente":
            return Target(gemeente_party(place.code), code=place.code)
        house = self._book.register.house(place.code)
        if house is None:
            return Target(None, HoldReason.ZVH_UNKNOWN, code=place.code)
        return Target(house, code=place.code)

    def _requester(self, prepared: PreparedRecipient) -> Target:
        asked_by = getattr(self._data, "requested_by", None)
        if asked_by is None:
            return Target(None, WithholdReason.NOT_THE_REQUESTER)
        party = self._book.reachable(asked_by, self._day)
        if party is None or not any(self._covers(r, party) for r in prepared.recipient.only):
            return Target(None, HoldReason.REQUESTER_NOT_ALLOWED)
        return Target(party.id)

    def _covers(self, role: str, party: Party) -> bool:
        if role in {"gemeente", "zvh"}:
            return party.partner == role
        kind, _, name = role.partition(":")
        if kind == "partij":
            return party.id == name
        group = self._book.groups[name]
        return party.id == name or any(
            self._covers(member.to, party) for member in (*group.members, *group.invited)
        )

    def _chosen(self, prepared: PreparedRecipient) -> Iterator[Target]:
        chosen: tuple[str, ...] = self._data.provide_to
        left = set(chosen)
        if not isinstance(self._data, CasePart):
            yield from self._chosen_of_a_kind(prepared, left)
        for role in prepared.recipient.only:
            name = role.rpartition(":")[2]
            for target in self._plain(role):
                if name in chosen or (target.party is not None and target.party in chosen):
                    left -= {name, target.party or name}
                    yield replace(target, within=role)
                else:
                    yield replace(target, no=WithholdReason.NOT_CHOSEN, within=role)
        for name in sorted(left):
            known = name if name in self._book.parties else None
            yield Target(known, HoldReason.CHOICE_NOT_ALLOWED, within=UNLISTED)

    def _chosen_of_a_kind(self, prepared: PreparedRecipient, left: set[str]) -> Iterator[Target]:
        """Yield any chosen gemeente or house where no person is in it, so that no place binds."""
        kinds = {"gemeente", "zvh"}.intersection(prepared.recipient.only)
        for name in sorted(left):
            party = self._book.reachable(name, self._day)
            if party is not None and party.partner in kinds:
                left.discard(name)
                yield Target(party.id)

    def _plain(self, role: str) -> Iterable[Target]:
        """Resolve a role that stands in a list: without fields or conditions of its own."""
        if role in {"gemeente", "zvh"}:
            return [self._by_place(role)]
        name = role.rpartition(":")[2]
        group = self._book.groups.get(name) if role.startswith("groep:") else None
        if group is None or group.has_inbox:
            return [Target(name)]
        return [target for member in group.members for target in self._plain(member.to)]

    def _members(self, prepared: PreparedRecipient) -> Iterator[Target]:
        named: tuple[str, ...] = getattr(self._data, "participants", ())
        left = set(named)
        for member in prepared.members:
            target = self._member(member)
            if target.party is not None:
                left.discard(target.party)
            left.discard(member.role.rpartition(":")[2])
            if member.invited and target.party not in named:
                yield Target(target.party, WithholdReason.NOT_INVITED, within=member.role)
            else:
                yield replace(target, tests=member.tests, within=member.role)
        left.discard(self._sender.id)
        for name in sorted(left):
            known = name if name in self._book.parties else None
            yield Target(known, HoldReason.CHOICE_NOT_ALLOWED, within=UNLISTED)

    def _member(self, member: PreparedMember) -> Target:
        if member.role in {"gemeente", "zvh"}:
            return self._by_place(member.role)
        return Target(member.role.rpartition(":")[2])
