"""From a role to a party at a date: the gemeente, its Zorg- en Veiligheidshuis, mandates.

A gemeente ends and another takes over; a law of last year is asked about last year. So every
question has a day, and none has a default.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from schemas.decisions import HoldReason
from schemas.register import Dated, Gemeente
from schemas.roles import RoleConfig

_MOST_PLACES: Final = 10_000  # remembered: a code that a sender makes up is one as well
UNKNOWN_CODE: Final = "0000"
NON_RESIDENT_CODE: Final = "1999"
"""BRP table 33: 0000 is unknown, 1999 the Registratie Niet-Ingezetenen; neither is a gemeente."""


def gemeente_party(code: str) -> str:
    """Return the party id of the gemeente with this CBS code.

    >>> gemeente_party("0363")
    'gm0363'
    """
    return f"gm{code}"


@dataclass(frozen=True, slots=True)
class Place:
    """A gemeente that exists on the day, or why a person must look."""

    code: str | None
    hold: HoldReason | None = None


class Register:
    """The places of the role config, indexed."""

    def __init__(self, config: RoleConfig) -> None:
        self._by_code = {gemeente.code: gemeente for gemeente in config.gemeente_register}
        self._house_of = {
            member.code: house.id for house in config.houses for member in house.areas
        }
        self._places: dict[tuple[str | None, date], Place] = {}
        self._mandates: dict[tuple[str, str, str], list[Dated]] = {}
        for mandate in config.mandates:
            key = (mandate.gemeente, mandate.zvh, mandate.kind)
            self._mandates.setdefault(key, []).append(mandate)
        self._competences: dict[tuple[str, str], list[Dated]] = {}
        for recorded in config.competences:
            key_of_party = (recorded.party, recorded.competence.value)
            self._competences.setdefault(key_of_party, []).append(recorded)

    def place(self, code: str | None, day: date) -> Place:
        """Resolve a CBS code on `day`: follow successors, hold where a person must choose.

        One successor is followed, however often; several, none, or a code that is not valid yet
        are held. A row that ends gives up its code the day after its `tot`.
        """
        found = self._places.get((code, day))
        if found is None:
            if len(self._places) >= _MOST_PLACES:
                self._places = {}
            found = self._places[code, day] = self._looked_up(code, day)
        return found

    def _looked_up(self, code: str | None, day: date) -> Place:
        if code is None:
            return Place(None, HoldReason.GEMEENTE_MISSING)
        if code in {UNKNOWN_CODE, NON_RESIDENT_CODE}:
            return Place(None, HoldReason.NO_HOME_ADDRESS)
        seen: set[str] = set()
        while True:
            gemeente = self._by_code.get(code)
            if gemeente is None or code in seen:
                return Place(None, HoldReason.GEMEENTE_UNKNOWN)
            if gemeente.from_day is not None and day < gemeente.from_day:
                return Place(None, HoldReason.GEMEENTE_NOT_YET)
            if gemeente.in_force(day):
                return Place(code)
            if len(gemeente.successors) != 1:
                reason = (
                    HoldReason.GEMEENTE_SPLIT
                    if gemeente.successors
                    else HoldReason.GEMEENTE_UNKNOWN
                )
                return Place(None, reason)
            seen.add(code)
            code = gemeente.successors[0]

    def gemeente(self, code: str) -> Gemeente | None:
        """Return the row of this code, current or ended."""
        return self._by_code.get(code)

    def house(self, code: str) -> str | None:
        """Return the party id of the Zorg- en Veiligheidshuis of a gemeente, or None."""
        return self._house_of.get(code)

    def has_mandate(self, code: str, house: str, kind: str, day: date) -> bool:
        """Whether the gemeente charged this house with `kind` on `day`."""
        return _any_in_force(self._mandates.get((code, house, kind), ()), day)

    def has_competence(self, party: str, competence: str, day: date) -> bool:
        """Whether it is on record that `party` may act on this competence on `day`."""
        return _any_in_force(self._competences.get((party, competence), ()), day)


def _any_in_force(entries: Iterable[Dated], day: date) -> bool:
    return any(entry.in_force(day) for entry in entries)
