"""What an entry of the held stream holds, and the rules of today that it was held under."""

import json
from typing import Any

from handlers.calendar_day import dutch_day
from handlers.deadlines import deadline, retain_until
from handlers.rulebook import PreparedRecipient, PreparedRule, Rulebook
from hub.errors import NotFound
from hub.pipeline import Clock
from hub.ports import ParkedEntry
from schemas.decisions import Forward, Hold, HoldReason
from schemas.envelope import Envelope
from schemas.identifiers import oin_of
from schemas.vocabulary import Urgency


def holds_of(entry: ParkedEntry) -> list[Hold]:
    """Return what is held in an entry of the held stream."""
    reasons: list[dict[str, Any]] = json.loads(entry.parked.reasons or b"[]")
    return [
        Hold(r["party"], r["rule"], r["role"], HoldReason(r["reason"]), r.get("detail", ""))
        for r in reasons
    ]


class HeldRules:
    """Finds the rule of a hold in the role config of today."""

    def __init__(self, book: Rulebook, clock: Clock) -> None:
        self._book = book
        self._clock = clock

    def recipient(self, event: Envelope, hold: Hold) -> PreparedRecipient | None:
        """Return the recipient of the rule that held it; None: the rule is no more."""
        try:
            prepared = self._rule(event, hold.rule)
        except NotFound:
            return None
        return next((each for each in prepared.recipients if each.role == hold.role), None)

    def forward(self, event: Envelope, rule: str, role: str, party: str) -> Forward:
        """Return the forward to `party` under this rule, with deadline and retention from now.

        Raises:
            NotFound: the rule, or its recipient, is no more.

        """
        at = self._clock()
        prepared = self._rule(event, rule)
        for recipient in prepared.recipients:
            if recipient.role == role:
                urgency = getattr(event.data, "urgency", Urgency.NORMAL)
                return Forward(
                    party=party,
                    rule=rule,
                    role=role,
                    legal_basis=prepared.rule.legal_basis,
                    purpose=prepared.rule.purpose,
                    fields=recipient.fields,
                    deadline=deadline(urgency, prepared.terms, at),
                    retain_until=retain_until(
                        dutch_day(at), prepared.retention_days, event.data.retain_until
                    ),
                )
        raise NotFound(f"rule {rule} has no recipient {role} any more; use decide-again")

    def _rule(self, event: Envelope, rule: str) -> PreparedRule:
        sender = self._book.by_oin[oin_of(event.source)]
        name = event.type.removeprefix(f"{self._book.prefix}.")
        for prepared in self._book.rules_for(sender.partner, name):
            if prepared.rule.id == rule:
                return prepared
        raise NotFound(
            f"rule {rule} is not in the role config of today; use decide-again, or discard"
        )
