"""Doorzenden: what a recipient may pass on itself, to whom, with which fields.

A derdenverbod stops it, always. `naar: gemeente` and `naar: zvh` mean those of the case, not any. A
passed-on copy holds at most what the copy itself held.
"""

from dataclasses import dataclass
from datetime import date, datetime

from handlers.calendar_day import dutch_day
from handlers.deadlines import deadline, retain_until
from handlers.rulebook import Party, Rulebook
from schemas.decisions import Forward, Withhold, WithholdReason
from schemas.vocabulary import Urgency


@dataclass(frozen=True, slots=True)
class HeldCopy:
    """What a recipient has in hand, as far as it decides about passing on."""

    type: str  #: message type without prefix
    urgency: Urgency
    third_party_ban: bool
    gemeente: str | None  #: the code in the copy; None: the copy has none


def decide_passing_on(
    book: Rulebook, by: Party, to: Party, copy: HeldCopy, at: datetime
) -> Forward | Withhold:
    """Return whether `by` may pass its copy on to `to`, at the aware moment `at`.

    Without a rule the answer is no: `rule-not-in-force` with rule `-`.
    """
    day = dutch_day(at)
    no: Withhold | None = None
    for prepared in book.passing_on_of(by.partner):
        rule = prepared.rule
        role = next((r for r in rule.to if _fits(r, book, by, to, copy.gemeente, day)), None)
        if copy.type not in rule.messages or role is None:
            continue
        if copy.third_party_ban:
            return Withhold(to.id, rule.id, role, WithholdReason.THIRD_PARTY_BAN)
        if not rule.in_force(day) or not prepared.basis.in_force(day):
            no = Withhold(to.id, rule.id, role, WithholdReason.RULE_NOT_IN_FORCE)
        elif rule.mandate is not None and not _mandated(book, by, to, rule.mandate, day):
            no = Withhold(to.id, rule.id, role, WithholdReason.NO_MANDATE, rule.mandate)
        else:
            settings = book.config.settings
            return Forward(
                party=to.id,
                rule=rule.id,
                role=role,
                legal_basis=rule.legal_basis,
                purpose=rule.purpose,
                fields=prepared.fields,
                deadline=deadline(copy.urgency, settings.terms, at),
                retain_until=retain_until(day, settings.retention_days, None),
            )
    return no or Withhold(to.id, "-", "-", WithholdReason.RULE_NOT_IN_FORCE)


def _fits(
    role: str, book: Rulebook, by: Party, to: Party, case_code: str | None, day: date
) -> bool:
    if role not in {"gemeente", "zvh"}:
        return role in {f"partij:{to.id}", f"groep:{to.id}"}
    if to.partner != role:
        return False
    code = book.register.place(case_code, day).code
    own = by.id.removeprefix("gm") if by.partner == "gemeente" else None
    if role == "zvh":
        return to.id in {book.register.house(place) for place in (code, own) if place}
    target = to.id.removeprefix("gm")
    return target == code if case_code else book.register.house(target) == by.id


def _mandated(book: Rulebook, by: Party, to: Party, kind: str, day: date) -> bool:
    return book.register.has_mandate(by.id.removeprefix("gm"), to.id, kind, day)
