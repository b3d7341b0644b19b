"""decide: one event in, a verdict for every rule and party out. Read this first.

Pure: the same event, config and moment always give the same decision, so that a decision of last
year can be recomputed. Each party gets at most one copy; whoever gets none has a reason on record.
"""

from datetime import date, datetime
from typing import Any

from handlers.calendar_day import dutch_day
from handlers.conditions import Test
from handlers.deadlines import deadline, retain_until
from handlers.resolving import Resolver, Target
from handlers.rulebook import Party, PreparedRecipient, PreparedRule, Rulebook
from schemas.decisions import (
    Decision,
    Forward,
    Hold,
    HoldReason,
    Verdict,
    Withhold,
    WithholdReason,
)
from schemas.envelope import Envelope
from schemas.identifiers import message_ref, oin_of

No = tuple[WithholdReason | HoldReason, str]


def decide(event: Envelope, book: Rulebook, at: datetime) -> Decision:
    """Return a verdict on `event` for every rule and party that the config names for it.

    `at` (aware) is when the decision is taken; laws, mandates and gemeenten are looked up on that
    Dutch day. The event has been admitted (handlers.admission): its sender is known.
    """
    sender = book.by_oin[oin_of(event.source)]
    name = event.type.removeprefix(f"{book.prefix}.")
    day = dutch_day(at)
    data = event.data
    resolver = Resolver(data, sender, book, day)
    verdicts: list[Verdict] = []
    for prepared in book.rules_for(sender.partner, name):
        no = _rule_says_no(prepared, data, day)
        for recipient in prepared.recipients:
            verdicts += [
                _verdict(prepared, recipient, target, no, data, sender, book, at, day)
                for target in resolver.targets(recipient)
            ]
    return Decision(
        message=message_ref(event.source, event.id),
        sender=sender.id,
        type=name,
        at=at,
        config_digest=book.digest,
        verdicts=tuple(_one_copy_each(verdicts)),
    )


def _rule_says_no(prepared: PreparedRule, data: Any, day: date) -> No | None:
    rule = prepared.rule
    if rule.kinds and getattr(data, "kind", None) not in rule.kinds:
        return WithholdReason.OTHER_KIND, ""
    if data.phase not in rule.phases:
        return WithholdReason.OTHER_PHASE, ""
    if rule.unit is not None and data.sender.unit != rule.unit:
        return WithholdReason.OTHER_UNIT, ""
    if rule.switched_off or not rule.in_force(day):
        return WithholdReason.RULE_NOT_IN_FORCE, ""
    if not prepared.basis.in_force(day):
        return WithholdReason.LEGAL_BASIS_NOT_IN_FORCE, rule.legal_basis
    return _first_failing(prepared.tests, data, day)


def _first_failing(tests: tuple[Test, ...], data: Any, day: date) -> No | None:
    for test in tests:
        if not test.holds_for(data, day):
            reason = HoldReason.CONDITION_UNCLEAR if test.hold else WithholdReason.CONDITION_NOT_MET
            return reason, test.name
    return None


def _verdict(
    prepared: PreparedRule,
    recipient: PreparedRecipient,
    target: Target,
    no: No | None,
    data: Any,
    sender: Party,
    book: Rulebook,
    at: datetime,
    day: date,
) -> Verdict:
    rule, party = prepared.rule, target.party
    refusal = no or _target_says_no(recipient, target, data, sender, book, day)
    if refusal is not None:
        reason, detail = refusal
        # Which member of a group it is: two that cannot be found are two verdicts.
        detail = detail or ("" if party else target.within)
        if isinstance(reason, HoldReason):
            return Hold(party, rule.id, recipient.role, reason, detail)
        return Withhold(party, rule.id, recipient.role, reason, detail)
    return Forward(
        party or "",
        rule.id,
        recipient.role,
        rule.legal_basis,
        rule.purpose,
        recipient.fields,
        deadline(data.urgency, prepared.terms, at),
        retain_until(day, prepared.retention_days, data.retain_until),
    )


def _target_says_no(  # noqa: PLR0911  (one line for each reason, in order, is the readable form)
    prepared: PreparedRecipient,
    target: Target,
    data: Any,
    sender: Party,
    book: Rulebook,
    day: date,
) -> No | None:
    """Return the first reason that applies; a ban and a condition come before what is unclear."""
    recipient = prepared.recipient
    if target.party == sender.id and data.sender.unit is None:
        # A unit may report to its own organisation: burgerzaken to the meldpunt of its gemeente.
        return WithholdReason.IS_SENDER, ""
    if recipient.is_copy and getattr(data, "third_party_ban", False):
        return WithholdReason.THIRD_PARTY_BAN, ""
    if recipient.competence is not None and recipient.competence not in getattr(
        data, "competences", ()
    ):
        return WithholdReason.COMPETENCE_NOT_ASKED, recipient.competence.value
    failing = _first_failing(prepared.tests, data, day) or _first_failing(target.tests, data, day)
    if failing is not None:
        return failing
    if target.no is not None:
        return target.no, ""
    if target.party is None:
        return HoldReason.GEMEENTE_UNKNOWN, ""
    if recipient.mandate is not None and not book.register.has_mandate(
        _mandator(sender, target), target.party, recipient.mandate, day
    ):
        return WithholdReason.NO_MANDATE, recipient.mandate
    if recipient.competence is not None and not book.register.has_competence(
        target.party, recipient.competence.value, day
    ):
        return HoldReason.COMPETENCE_NOT_RECORDED, recipient.competence.value
    return None


def _mandator(sender: Party, target: Target) -> str:
    """Return the gemeente whose mandate counts: its own when it sends, else that of the event."""
    return sender.id.removeprefix("gm") if sender.partner == "gemeente" else target.code or ""


def _one_copy_each(verdicts: list[Verdict]) -> list[Verdict]:
    """Leave each party one forward, and say so where another rule forwards to it too.

    A decision without any forward or hold would be a silent drop: then a person looks.
    """
    forwards = {verdict.party for verdict in verdicts if type(verdict) is Forward}
    if verdicts and len(forwards) == len(verdicts):  # the common case: nothing to leave out
        return verdicts if len(verdicts) == 1 else sorted(verdicts, key=_place)
    served: set[str] = set()
    seen: set[tuple[str, str, str | None, str]] = set()
    kept: list[Verdict] = []
    for verdict in verdicts:
        if isinstance(verdict, Forward) and verdict.party not in served:
            served.add(verdict.party)
            seen.add((verdict.rule, verdict.role, verdict.party, ""))
            kept.append(verdict)
    for verdict in verdicts:
        unplaced = "" if verdict.party or isinstance(verdict, Forward) else verdict.detail
        key = (verdict.rule, verdict.role, verdict.party, unplaced)
        if key in seen:
            continue
        seen.add(key)
        if verdict.party in served and not isinstance(verdict, Withhold):
            reason = WithholdReason.ALREADY_FORWARDED
            kept.append(Withhold(verdict.party, verdict.rule, verdict.role, reason))
        else:
            kept.append(verdict)
    if not any(isinstance(verdict, Forward | Hold) for verdict in kept):
        kept.append(Hold(None, "-", "-", HoldReason.NOBODY_RECEIVES))
    kept.sort(key=_place)
    return kept


def _place(verdict: Verdict) -> tuple[str, str, str, str]:
    within = "" if isinstance(verdict, Forward) else verdict.detail
    return verdict.rule, verdict.role, verdict.party or "", within
