"""An event that a rule of the role config asks for: sender, basis, purpose, table and all.

Written from the rules themselves, so that other rules give other traffic and no list of messages
stands here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pydantic import BaseModel

from handlers.calendar_day import dutch_day
from handlers.fields import attributes
from handlers.rulebook import Party, PreparedRule, Rulebook
from hub.simulation.cases import Case
from hub.simulation.chance import Dice
from hub.simulation.filling import fill
from schemas.catalogue import CATALOGUE, MessageType
from schemas.vocabulary import Phase
from schemas.wire import words_of

_SYSTEM: Final = "zaaksysteem"


@dataclass(frozen=True, slots=True, order=True)
class Draft:
    """One event on its way: when, by whom, and what."""

    moment: datetime  #: aware, UTC, whole seconds
    serial: int  #: order of drafts of the same moment
    party: str = field(compare=False)
    event: dict[str, Any] = field(compare=False)
    case: Case | None = field(compare=False, default=None)


class Writer:
    """Writes events by the rules of one role config."""

    def __init__(self, book: Rulebook) -> None:
        self.book = book
        self._serial = 0
        self._partner_of = {
            rule.id: partner.id for partner in book.config.partners for rule in partner.rules
        }

    def by_rule(
        self,
        prepared: PreparedRule,
        case: Case,
        dice: Dice,
        moment: datetime,
        cause: Draft | None = None,
    ) -> Draft | None:
        """Return an event that this rule forwards, or None when nobody can send it here.

        `cause` is the event that it answers or follows.
        """
        rule = prepared.rule
        row = CATALOGUE[rule.message]
        sender = self._sender(prepared, case)
        if sender is None or sender.oin is None:
            return None
        model = _variant(row, rule.kinds, dice)
        given = self._given(prepared, sender, case, dice, set(attributes(model)), cause)
        given = {wire: value for wire, value in given.items() if wire in attributes(model)}
        if "soort" not in given and "soort" in attributes(model):
            own = words_of(model.model_fields[attributes(model)["soort"]].annotation)
            words = [word for word in own if isinstance(word, str)]
            given["soort"] = dice.one_of([w for w in words if w in rule.kinds] or words)
        data = fill(model, case, dice, dutch_day(moment), given)
        return self.draft(sender, rule.message, data, dice, moment, case, cause)

    def draft(
        self,
        sender: Party,
        name: str,
        data: dict[str, Any],
        dice: Dice,
        moment: datetime,
        case: Case | None,
        cause: Draft | None = None,
        system: str = _SYSTEM,
    ) -> Draft:
        """Put `data` in an envelope of `sender`."""
        self._serial += 1
        at = moment.astimezone(UTC).replace(microsecond=0)
        event: dict[str, Any] = {
            "specversion": "1.0",
            "id": dice.id(),
            "source": f"urn:nld:oin:{sender.oin}:systeem:{system}",
            "type": f"{self.book.prefix}.{name}",
            "time": at.isoformat().replace("+00:00", "Z"),
            "datacontenttype": "application/json",
        }
        if case is not None and case.thread:
            event["correlationid"] = case.thread
        if cause is not None:
            event["causationid"] = cause.event["id"]
        return Draft(at, self._serial, sender.id, {**event, "data": data}, case)

    def _sender(self, prepared: PreparedRule, case: Case) -> Party | None:
        partner = self._partner_of[prepared.rule.id]
        if partner == "gemeente":
            # A gemeente writes to another about somebody who lives there, not to itself.
            to_gemeente = any(
                p.role == "gemeente" and p.recipient.code_from is None for p in prepared.recipients
            )
            return self.book.parties.get(f"gm{case.elsewhere if to_gemeente else case.gemeente}")
        if partner == "zvh":
            return self.book.parties.get(case.house or "")
        return self.book.parties.get(partner)

    def _given(
        self,
        prepared: PreparedRule,
        sender: Party,
        case: Case,
        dice: Dice,
        wires: set[str],
        cause: Draft | None,
    ) -> dict[str, Any]:
        rule = prepared.rule
        phase = case.phase if case.phase in rule.phases else dice.one_of(rule.phases)
        unit = {"onderdeel": rule.unit} if rule.unit else {}
        given: dict[str, Any] = {
            "meldingId": case.report(sender.id),
            "verzender": {"oin": sender.oin, **unit},
            "fase": phase.value,
            "gemeentecode": case.gemeente,
            "grondslag": rule.legal_basis,
            "doel": rule.purpose,
            "vertrouwelijkheid": "vertrouwelijk" if "betrokkeneRef" in wires else "intern",
            "urgentie": "spoed" if "directVeiligheidsrisico" in wires else case.urgency,
            "gemeentegrondslag": self._basis(prepared, case),
            "betrokkeneRef": case.pseudonym(sender.id),
            "categorieBetrokkene": case.category,
            "minderjarig": case.minor,
            "herkomst": dice.one_of(("eigen dossier", "gesprek met een professional")),
        }
        if cause is not None or phase is not Phase.PREVENTION:
            given["zaakRef"] = case.reference
        if "betrokkene" in wires:
            given["betrokkene"] = {
                "bsn": case.person.bsn,
                "naam": case.person.name,
                "geboortedatum": case.person.born.isoformat(),
                "geslacht": case.person.gender,
            }
        if "herkomst" in wires and CATALOGUE[rule.message].family == "ambtsberichten":
            del given["herkomst"]  # an ambtsbericht says nothing about where it came from
            given["derdenverbod"] = True
        self._choose(prepared, given, case, dice, cause)
        self._meet(prepared, given, case, dice)
        return given

    def _basis(self, prepared: PreparedRule, case: Case) -> str:
        wanted = [basis for p in prepared.recipients for basis in p.recipient.basis]
        return (case.basis if not wanted or case.basis in wanted else wanted[0]).value

    def _choose(
        self,
        prepared: PreparedRule,
        given: dict[str, Any],
        case: Case,
        dice: Dice,
        cause: Draft | None,
    ) -> None:
        """Name the parties that a rule leaves to the event: chosen, asking, at the table."""
        for recipient in prepared.recipients:
            named = [p for p in self._parties(recipient.recipient.only, case) if p]
            if recipient.role == "keuze" and named:
                given["verstrekkenAan"] = dice.some(named, 3)
            elif recipient.role == "aanvrager" and named:
                asked = cause.party if cause is not None else ""
                given["aanvrager"] = asked if asked in named else dice.one_of(named)
            invited = [m.role.rpartition(":")[2] for m in recipient.members if m.invited]
            if invited and dice.maybe(0.6):
                given["deelnemers"] = dice.some(sorted(invited), 3)

    def _parties(self, roles: Iterable[str], case: Case) -> list[str | None]:
        place = {"gemeente": f"gm{case.gemeente}", "zvh": case.house}
        return [place.get(role, role.rpartition(":")[2]) for role in roles]

    def _meet(self, prepared: PreparedRule, given: dict[str, Any], case: Case, dice: Dice) -> None:
        """Set what the conditions of the rule ask for, as a sender does who knows the rule."""
        for condition in prepared.rule.conditions:
            wire = condition.field
            if wire is None or "." in wire:
                continue
            if condition.one_of is not None:
                known = case.residence if wire == "statussoort" else None
                fits = known in condition.one_of
                given[wire] = known if fits else dice.one_of(condition.one_of)
            elif condition.filled:
                given.setdefault(wire, _TEXT_THAT_IS_THERE)
            elif condition.filled is None:
                given[wire] = _YES_NO.get(condition.is_value, condition.is_value)


_YES_NO: Final = {"ja": True, "nee": False}
_TEXT_THAT_IS_THERE: Final = "Deze zaak raakt meer regio's en vraagt om afstemming."


def _variant(row: MessageType, kinds: Sequence[str], dice: Dice) -> type[BaseModel]:
    variants: Sequence[type[BaseModel]] = row.variants
    fitting = [
        model
        for model in variants
        if not kinds
        or "soort" not in attributes(model)
        or set(kinds) & set(words_of(model.model_fields[attributes(model)["soort"]].annotation))
    ]
    return dice.one_of(fitting or variants)


def in_minutes(moment: datetime, minutes: float) -> datetime:
    """Return the moment so many minutes later, in whole seconds."""
    return (moment + timedelta(minutes=minutes)).replace(microsecond=0)
