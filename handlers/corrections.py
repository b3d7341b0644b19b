"""A correction or a withdrawal reaches everyone who received the original (Wpg art. 4 lid 4).

No rule of the role config decides here: who had the original must have the correction.
"""

from datetime import datetime
from typing import Final

from handlers.calendar_day import dutch_day
from handlers.deadlines import deadline, retain_until
from handlers.rulebook import Party, Rulebook
from schemas.decisions import Decision, Forward, Hold, HoldReason, Verdict
from schemas.envelope import Envelope
from schemas.identifiers import message_ref, oin_of
from schemas.problems import Problem
from schemas.vocabulary import Urgency

RULE: Final = "hub-rectificatie"
LEGAL_BASIS: Final = "wpg-4-lid-4-avg-19"
PURPOSE: Final = "rectificatie"
FIELDS: Final = ("betreft", "reden", "tijdstip", "vervangenDoor")


NOT_ITS_SENDER: Final = Problem(
    "data.betreft.bron",
    "only the sender of an event may correct or withdraw it",
    "give feedback or refuse it instead (berichten.terugkoppeling-gegeven, .geweigerd)",
)


def original_of(event: Envelope) -> str:
    """Return the `message_ref` of the event that this one corrects or withdraws."""
    return message_ref(event.data.about.source, event.data.about.id)


def admit_correction(event: Envelope) -> list[Problem]:
    """Return why this correction may not come in: only who sent an event may correct it."""
    if oin_of(event.data.about.source) == oin_of(event.source):
        return []
    return [NOT_ITS_SENDER]


def may_correct(by: Party, sender: str) -> bool:
    """Whether `by` may correct what `sender` published: itself, or its partner in its name."""
    return by.id == sender or by.is_partner


def decide_correction(
    event: Envelope, book: Rulebook, at: datetime, received_by: tuple[str, ...] | None
) -> Decision:
    """Return a forward to each of `received_by`; None (original unknown) is held.

    An original that nobody received is held too: a person sees that both belong together.
    """
    sender = book.by_oin[oin_of(event.source)]
    day = dutch_day(at)
    verdicts: tuple[Verdict, ...]
    if received_by is None:
        verdicts = (Hold(None, RULE, "ontvangers", HoldReason.ORIGINAL_UNKNOWN),)
    elif not received_by:
        verdicts = (Hold(None, RULE, "ontvangers", HoldReason.NOBODY_RECEIVES),)
    else:
        settings = book.config.settings
        verdicts = tuple(
            Forward(
                party=party,
                rule=RULE,
                role="ontvangers",
                legal_basis=LEGAL_BASIS,
                purpose=PURPOSE,
                fields=FIELDS,
                deadline=deadline(Urgency.HIGH, settings.terms, at),
                retain_until=retain_until(day, settings.retention_days, None),
            )
            for party in sorted(received_by)
        )
    name = event.type.removeprefix(f"{book.prefix}.")
    ref = message_ref(event.source, event.id)
    return Decision(ref, sender.id, name, at, book.digest, verdicts)
