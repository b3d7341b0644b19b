"""The operator's desk: what waits for a person, and what a person may do with it.

*Deliver again* repeats a delivery to the same party under the same rule. *Decide again* takes the
config of today. *Release* sends what was held to a party that a person names. *Discard* throws it
away, with a reason, and the sender is told. Each leaves its entry in the same atomic step, so two
operators cannot both do it; each is on record with who did it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from handlers.calendar_day import dutch_day
from handlers.corrections import decide_correction, original_of
from handlers.fitting import fits
from handlers.routing import decide
from handlers.rulebook import Party, Rulebook
from hub import notices, planning, recording
from hub.errors import HubError, NotFound, NotSealed
from hub.held import HeldRules, holds_of
from hub.pipeline import Clock
from hub.plans import UNSEALED
from hub.ports import ParkedEntry, Store
from hub.pseudonyms import Pseudonyms
from hub.steps import Correction, Entry, Outcome, Queue, Step
from schemas.decisions import Decision, Forward, Hold, HoldReason
from schemas.envelope import Envelope
from schemas.messages.berichten import MessageLink
from schemas.problems import InvalidEvent, Problem
from schemas.reading import parse
from schemas.records import RecordEvent

_WHY = {
    word: f"the sender {what} this message since: nobody gets it any more; discard what is held"
    for word, what in (("withdrawn", "withdrew"), ("corrected", "corrected"))
}


@dataclass(frozen=True, slots=True)
class Done:
    """What an action brought about."""

    delivered: tuple[str, ...] = ()  #: parties that got a copy by this; not who had one already
    still_held: int = 0
    entry: str = ""  #: of the held stream: where what is still held waits now; "" when nothing is
    offered: str = ""  #: the entry on the intake, when it was put back there


class Desk:
    """Acts on held and dead entries in the name of `operator` (a role, never a person's name)."""

    def __init__(
        self,
        store: Store,
        book: Rulebook,
        clock: Clock,
        operator: str,
        pseudonyms: Pseudonyms | None = None,
    ) -> None:
        self._store = store
        self._book = book
        self._clock = clock
        self._pseudonyms = pseudonyms
        self._actor = ("operator", operator)
        self._rules = HeldRules(book, clock)

    async def find(self, shard: str, queue: Queue, entry: str) -> ParkedEntry:
        """Return one entry.

        Raises:
            NotFound: it is not there (any more); list the queue to see what is.

        """
        after = "-"
        while page := await self._store.parked(shard, queue, after):
            for found in page:
                if found.id == entry:
                    return found
            after = page[-1].id
        raise NotFound(f"no entry {entry} in the {queue.value} stream of {shard}")

    async def look(self, found: ParkedEntry) -> None:
        """Put on record that the operator sees the event of an entry. Only then show it.

        Each look has a record of its own, in the shard of the hub.

        Raises:
            Unavailable: it is not on record, or we cannot know; show nothing.

        """
        record = recording.plain(
            recording.HUB_SHARD,
            self._clock(),
            RecordEvent.OPENED,
            ("entry", f"{found.shard}/{found.id}"),
            "ok",
            actor=self._actor,
            message_type=found.parked.type or None,
            sender=found.parked.sender or None,
            about=found.parked.message or None,
        )
        person = self._person(self._event(found))
        await self._store.note(recording.HUB_SHARD, record, person)

    async def release(self, shard: str, entry: str, party: str, rule: str, reason: str) -> Done:
        """Deliver one thing that was held to `party`, with the fields of the rule that held it.

        `party` must fit the role: a gemeente for what was held for the gemeente. `rule` "" takes
        the only one that fits. Everything else that the entry holds stays held.
        """
        found = await self.find(shard, Queue.HELD, entry)
        target = self._book.reachable(party, dutch_day(self._clock()))
        if target is None:
            raise HubError(f"{party} is not a party with an inbox; see: seinhuis check")
        event = parse(_opened(found), self._book.prefix)
        holds = holds_of(found)
        fitting = [
            hold
            for hold in holds
            if rule in {"", hold.rule}
            and (recipient := self._rules.recipient(event, hold)) is not None
            and fits(self._book, recipient, hold, target)
        ]
        if len({(hold.rule, hold.role) for hold in fitting}) != 1:
            names = ", ".join(sorted({f"{hold.rule} ({hold.role})" for hold in holds}))
            raise HubError(
                f"name a party that fits what is held, and with --rule which rule; held are {names}"
            )
        # The one for this very party first; else any of several alike (two unplaced members).
        hold = next((each for each in fitting if each.party == target.id), fitting[0])
        forward = self._rules.forward(event, hold.rule, hold.role, target.id)
        rest = [other for other in holds if other is not hold]
        return await self._apply(
            found, Queue.HELD, event, [forward], rest, RecordEvent.RELEASED, reason
        )

    async def deliver_again(self, shard: str, entry: str, reason: str) -> Done:
        """Deliver to the parties that the decision named, under the same rules.

        For what could not be delivered then (a full inbox); anything else was never decided.
        """
        found = await self.find(shard, Queue.HELD, entry)
        holds = holds_of(found)
        again = [h for h in holds if h.reason is HoldReason.INBOX_FULL and h.party is not None]
        if not again:
            raise HubError(
                "nothing in this entry was decided and not delivered;"
                " use: seinhuis held release, or decide-again"
            )
        event = parse(_opened(found), self._book.prefix)
        forwards = [self._rules.forward(event, h.rule, h.role, h.party or "") for h in again]
        rest = [hold for hold in holds if hold not in again]
        return await self._apply(
            found, Queue.HELD, event, forwards, rest, RecordEvent.REDELIVERED, reason
        )

    async def decide_again(self, shard: str, queue: Queue, entry: str, reason: str) -> Done:
        """Decide with the config of today. Who has a copy already gets no second one.

        Raises:
            InvalidEvent: the event is still not valid; it stays where it is.

        """
        return await self._decide_again(await self.find(shard, queue, entry), queue, reason)

    async def offer_again(self, shard: str, entry: str, reason: str) -> Done:
        """Put a dead entry back on the intake that it came in on, as it came.

        For what was given up because handling it failed, and for an act that came too early. First
        it is offered, then taken out of the dead stream: if this dies in between, it is offered
        twice, which the duplicate check makes harmless.
        """
        found = await self.find(shard, Queue.DEAD, entry)
        intake = self._sender(found).intake
        offered = await self._store.submit(shard, _opened(found), intake)
        step = Step(
            queue=Queue.DEAD,
            entry=entry,
            record=self._record(found, RecordEvent.REDELIVERED, "offered", self._clock(), reason),
            person=self._person(self._event(found)),
        )
        await self._route(shard, step)
        return Done(offered=offered)

    async def move(self, found: ParkedEntry, to: str, reason: str) -> None:
        """Offer what is held to another partition of its sender, where it can be decided.

        First it is offered, then taken out; see `offer_again`.
        """
        await self._store.submit(to, _opened(found), self._sender(found).intake)
        step = Step(
            queue=Queue.HELD,
            entry=found.id,
            record=self._record(found, RecordEvent.REDELIVERED, "offered", self._clock(), reason),
            person=self._person(self._event(found)),
        )
        await self._route(found.shard, step)

    async def discard(self, shard: str, queue: Queue, entry: str, reason: str) -> None:
        """Throw an entry away for good. The sender gets a notice; the reason is on record."""
        found = await self.find(shard, queue, entry)
        at = self._clock()
        problem = Problem(
            "the event",
            f"the operator discarded it: {reason}",
            "send it anew, under a new id, if it is still needed",
        )
        event = self._event(found)
        about = MessageLink(source=event.source, id=event.id) if event is not None else None
        party = found.parked.sender
        notice = notices.refusal(self._book, party, at, entry, [problem], about, "vervallen")
        step = Step(
            queue=queue,
            entry=entry,
            record=self._record(found, RecordEvent.DISCARDED, "discarded", at, reason),
            notices=(notice,) if party in self._book.parties else (),
            person=self._person(event),
        )
        await self._route(shard, step)

    def _sender(self, found: ParkedEntry) -> Party:
        sender = self._book.parties.get(found.parked.sender)
        if sender is None:
            raise HubError(
                f"{found.parked.sender} is no party of the role config any more;"
                " discard it, or put the party back"
            )
        return sender

    def _event(self, found: ParkedEntry) -> Envelope | None:
        """Return what is parked as an event; None when it cannot be read as one."""
        try:
            return parse(found.parked.event, self._book.prefix)
        except InvalidEvent:
            return None

    def _person(self, event: Envelope | None) -> bytes:
        if event is None or self._pseudonyms is None:
            return b""
        return self._pseudonyms.of(event)

    def _record(
        self, found: ParkedEntry, what: RecordEvent, result: str, at: datetime, reason: str
    ) -> bytes:
        parked = found.parked
        return recording.plain(
            found.shard,
            at,
            what,
            ("message", parked.message) if parked.message else ("entry", found.id),
            result,
            actor=self._actor,
            message_type=parked.type or None,
            sender=parked.sender,
            reason=reason,
        )

    async def _decide_again(self, found: ParkedEntry, queue: Queue, reason: str) -> Done:
        shard, at = found.shard, self._clock()
        entry = Entry(found.id, self._sender(found).intake, _opened(found))
        read = planning.read(entry, self._book, shard)
        if read.what is planning.What.REFUSED:
            raise InvalidEvent(read.problems)
        event = planning.event_of(read)
        corrects: Correction | None = None
        if read.what is planning.What.CORRECTION:
            original = original_of(event)
            (known,) = await self._store.known(shard, [original])
            received_by = known.received_by if known is not None else None
            decision = decide_correction(event, self._book, at, received_by)
            if received_by is not None:
                corrects = Correction(original, received_by, event.type.endswith("ingetrokken"))
        elif read.what is planning.What.ACT:
            raise HubError("an act is not decided again: let its party publish it anew")
        else:
            decision = decide(event, self._book, at)
        publisher = planning.publisher_of(read, self._book, shard)
        return await self._apply_decision(
            found, queue, event, decision, RecordEvent.RE_DECIDED, reason, corrects, publisher
        )

    async def _apply(
        self,
        found: ParkedEntry,
        queue: Queue,
        event: Envelope,
        forwards: Sequence[Forward],
        rest: Sequence[Hold],
        what: RecordEvent,
        reason: str,
    ) -> Done:
        decision = Decision(
            message=found.parked.message,
            sender=found.parked.sender,
            type=found.parked.type,
            at=self._clock(),
            config_digest=self._book.digest,
            verdicts=(*forwards, *rest),
        )
        return await self._apply_decision(found, queue, event, decision, what, reason)

    async def _apply_decision(
        self,
        found: ParkedEntry,
        queue: Queue,
        event: Envelope,
        decision: Decision,
        what: RecordEvent,
        reason: str,
        corrects: Correction | None = None,
        publisher: str = "",
    ) -> Done:
        holds = decision.holds
        (before,) = await self._store.known(found.shard, [decision.message])
        step = Step(
            queue=queue,
            entry=found.id,
            message=decision.message,
            sender=publisher,
            record=recording.decided(found.shard, event, decision, what, self._actor, reason),
            copies=planning.copies(event, decision),
            held=planning.parked(found.parked.event, decision, holds) if holds else None,
            corrects=corrects,
            person=self._person(event),
        )
        await self._route(found.shard, step)
        had = before.received_by if before is not None else ()
        delivered = tuple(f.party for f in decision.forwards if f.party not in had)
        if not holds:
            return Done(delivered)
        after = found.id if queue is Queue.HELD else "-"
        return Done(delivered, len(holds), await self._held_anew(found, decision.message, after))

    async def _held_anew(self, found: ParkedEntry, message: str, after: str) -> str:
        """Return the newest held entry of a message; "" when somebody did it in the meantime."""
        newest = ""
        while page := await self._store.parked(found.shard, Queue.HELD, after):
            after = page[-1].id
            newest = next((p.id for p in reversed(page) if p.parked.message == message), newest)
        return newest

    async def _route(self, shard: str, step: Step) -> None:
        (result,) = await self._store.route(shard, [step])
        if result.outcome is Outcome.GONE:
            raise NotFound("somebody else did this entry meanwhile; list the queue again")
        if result.detail == UNSEALED:
            raise NotSealed(shard)
        if result.outcome is not Outcome.DONE:
            raise HubError(
                _WHY.get(result.detail)
                or (
                    f"nothing was done: {result.outcome.value} {result.detail}; try again, and if"
                    " it stays so, look at the log of the hub"
                )
            )


def _opened(found: ParkedEntry) -> bytes:
    """Return the event of an entry; never its sealed bytes, whose key goes with the entry.

    Raises:
        HubError: the keyring does not open it.

    """
    if found.parked.key:
        raise HubError(
            "this entry does not open with the keys of this keyring, and was left as it is: put"
            " back the backup of the keyring that belongs to this broker, or discard the entry"
        )
    return found.parked.event
