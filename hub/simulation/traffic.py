"""Days of traffic: threads of cases, loose messages by every rule, and what follows from them."""

import heapq
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from handlers.calendar_day import dutch_day
from handlers.rulebook import PreparedRule, Rulebook
from hub.simulation import mishaps, threads
from hub.simulation.aftermath import Aftermath
from hub.simulation.calendar import arrivals
from hub.simulation.cases import a_case
from hub.simulation.chance import Dice
from hub.simulation.mishaps import Mishaps
from hub.simulation.places import Places
from hub.simulation.writing import Draft, Writer
from schemas.vocabulary import Phase

PER_DAY: Final = 1_200
"""Events on a working day. CORV, the nearest relative, moved some 500,000 messages a year."""

_LOOSE: Final = 0.5  # of the beginnings: one message by one rule, without a thread
_EVENTS_OF_A_BEGINNING: Final = 7.0  # about, acts included


def generate(
    book: Rulebook, seed: int, events: int, start: datetime, *, per_day: float = PER_DAY
) -> Iterator[tuple[datetime, str, dict[str, Any]]]:
    """Yield `events` times (moment, sending party, event), in order of time from aware `start`.

    The same book, seed, start and `per_day` give the same events to the last byte, ids included.
    Each event is valid and allowed, but for the share of `hub.simulation.mishaps`; those are JSON
    objects too. An act comes after the event it is about.
    """
    for draft in itertools.islice(_drafts(book, seed, start, per_day), events):
        yield draft.moment, draft.party, draft.event


@dataclass(order=True, slots=True)
class _Next:
    """The next event of a thread, with the rest of the thread behind it."""

    draft: Draft
    rest: Iterator[Draft] = field(compare=False)
    is_new: bool = field(compare=False)  #: what follows from it is still to be made


def _drafts(book: Rulebook, seed: int, start: datetime, per_day: float) -> Iterator[Draft]:
    writer = Writer(book)
    places = Places(book, dutch_day(start))
    aftermath, trouble = Aftermath(writer), Mishaps(writer, places)
    starts = arrivals(Dice(seed, "arrivals"), start, per_day / _EVENTS_OF_A_BEGINNING)
    deck = _deck(book, Dice(seed, "deck"))
    waiting: list[_Next] = []
    count = 0
    arrival = next(starts)
    while True:
        while not waiting or arrival <= waiting[0].draft.moment:
            count += 1
            dice = Dice(seed, "thread", count)
            _push(waiting, _beginning(writer, places, deck, dice, arrival), is_new=True)
            arrival = next(starts)
        current = heapq.heappop(waiting)
        draft = current.draft
        _push(waiting, current.rest, is_new=current.is_new)
        if not current.is_new:
            yield draft
            continue
        dice = Dice(seed, "after", draft.event["id"])
        happens = trouble.of(draft, dice) if dice.maybe(mishaps.SHARE) else None
        if happens is None or happens.event == draft.event:
            yield draft
            for follower in aftermath.of(draft, dice):
                _push(waiting, iter((follower,)), is_new=False)
        if happens is not None:
            yield happens


def _push(waiting: list[_Next], drafts: Iterator[Draft], *, is_new: bool) -> None:
    first = next(drafts, None)
    if first is not None:
        heapq.heappush(waiting, _Next(first, drafts, is_new))


def _beginning(
    writer: Writer,
    places: Places,
    deck: Iterator[PreparedRule],
    dice: Dice,
    arrival: datetime,
) -> Iterator[Draft]:
    day = dutch_day(arrival)
    if dice.maybe(_LOOSE):
        prepared = next(deck)
        phase = dice.one_of(prepared.rule.phases)
        minor = any(c.field == "minderjarig" for c in prepared.rule.conditions)
        case = a_case(dice, places, day, phase, minor=minor)
        draft = writer.by_rule(prepared, case, dice, arrival)
        return iter(() if draft is None else (draft,))
    thread = dice.weighted(threads.THREADS, [each.weight for each in threads.THREADS])
    case = a_case(dice, places, day, Phase(thread.phase), minor=thread.minor)
    return threads.run(thread, writer, case, dice, arrival)


def _deck(book: Rulebook, dice: Dice) -> Iterator[PreparedRule]:
    """Yield every rule of the book, each once before any comes again: none is left out."""
    rules = [
        prepared
        for partner in sorted(book.config.partners, key=lambda partner: partner.id)
        for name in book.types_of(partner.id)
        for prepared in book.rules_for(partner.id, name)
    ]
    while True:
        yield from dice.shuffled(rules)
