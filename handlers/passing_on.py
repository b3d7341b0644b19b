"""Doorzenden: what a recipient may pass on itself, to whom, with which fields.

A derdenverbod stops it, always. A passed-on copy holds at most what the copy itself held.
"""

from datetime import date, datetime

from handlers.calendar_day import dutch_day
from handlers.deadlines import deadline, retain_until
from handlers.rulebook import Party, PreparedPassingOn, Rulebook
from schemas.decisions import Forward, Withhold, WithholdReason
from schemas.vocabulary import Urgency


def decide_passing_on(
    book: Rulebook,
    by: Party,
    to: Party,
    message_type: str,
    *,
    third_party_ban: bool,
    urgency: Urgency,
    at: datetime,
) -> Forward | Withhold:
    """Return whether `by` may pass a copy of this type on to `to`, at the aware moment `at`.

    Without a rule the answer is no: `rule-not-in-force` with rule `-`.
    """
    day = dutch_day(at)
    no: Withhold | None = None
    for prepared in book.passing_on_of(by.partner):
        rule = prepared.rule
        role = _role(prepared, to)
        if message_type not in rule.messages or role is None:
            continue
        if third_party_ban:
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
                deadline=deadline(urgency, settings.terms, at),
                retain_until=retain_until(day, settings.retention_days, None),
            )
    return no or Withhold(to.id, "-", "-", WithholdReason.RULE_NOT_IN_FORCE)


def _role(prepared: PreparedPassingOn, to: Party) -> str | None:
    for role in prepared.rule.to:
        if role in {to.partner, f"partij:{to.id}", f"groep:{to.id}"}:
            return role
    return None


def _mandated(book: Rulebook, by: Party, to: Party, kind: str, day: date) -> bool:
    return book.register.has_mandate(by.id.removeprefix("gm"), to.id, kind, day)
