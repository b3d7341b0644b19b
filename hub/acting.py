"""What a recipient does with its copy: from an act event to a transition in the sender's shard.

The act lives where its message lives: in the shard of the message's sender. The act's own entry
waits in the shard of who acted, and is finished only after the act is done; the act is idempotent
on its own event, so a crash between the two repeats it without effect.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from handlers.calendar_day import dutch_day
from handlers.deliveries import TRANSITIONS
from handlers.minimise import minimise_copy
from handlers.passing_on import HeldCopy, decide_passing_on
from handlers.rulebook import Party, Rulebook
from hub import notices, recording
from hub.ports import Act, ActOutcome, Copy, Store
from schemas.decisions import Withhold
from schemas.envelope import Envelope
from schemas.identifiers import message_ref, oin_of
from schemas.messages.berichten import CODES_OF_THE_HUB
from schemas.problems import Problem, nearest
from schemas.records import RecordEvent
from schemas.vocabulary import Urgency

_WHY = {
    ActOutcome.NOT_ALLOWED: (
        "the state of this delivery does not allow it: it is {state}",
        "look at the state first: seinhuis inbox PARTY show MESSAGE",
    ),
    ActOutcome.UNKNOWN: (
        "this party did not receive that message",
        "give the (source, id) of the copy as it stands in the inbox",
    ),
    ActOutcome.WITHDRAWN: (
        "the sender withdrew this message; it may not be passed on",
        "read the withdrawal in the inbox",
    ),
    ActOutcome.CORRECTED: (
        "the sender corrected this message; it may not be passed on as it was",
        "read the correction in the inbox, and pass on what replaces it",
    ),
    ActOutcome.FULL: (
        "the inbox of that party is full",
        "reach that party in another way, or publish this act again later under a new id",
    ),
}


_CODE_OF_THE_HUB = Problem(
    "data.redencode",
    "only the hub refuses for this reason",
    "take one of: niet-bevoegd, onjuiste-geadresseerde, onvolledig, dubbel",
)


@dataclass(frozen=True, slots=True)
class Target:
    """Where an act goes: the shard and the name of the message that it is about."""

    shard: str
    message: str
    sender: Party


async def perform(
    store: Store, book: Rulebook, by: Party, event: Envelope, at: datetime
) -> tuple[Problem, ...]:
    """Apply an admitted act; return why it could not be, or nothing. Safe to repeat.

    Raises:
        Unavailable: nothing was done, or we cannot know; repeat the whole.

    """
    target = _target(book, event)
    if isinstance(target, Problem):
        return (target,)
    name = event.type.removeprefix(f"{book.prefix}.")
    if getattr(event.data, "code", None) in CODES_OF_THE_HUB:
        return (_CODE_OF_THE_HUB,)
    transition = TRANSITIONS[name]
    copy: Copy | None = None
    if name == "berichten.doorgezonden":
        passed = await _passed_on(store, book, by, event, target, at)
        if isinstance(passed, Problem):
            return (passed,)
        copy = passed
    (known,) = await store.known(target.shard, [target.message])
    told = known.sender if known is not None and known.sender else target.sender.id
    thing = ("delivery", f"{by.id}:{target.message}")
    actor = ("partner", by.id)

    def record(what: RecordEvent, result: str) -> bytes:
        return recording.plain(
            target.shard,
            at,
            what,
            thing,
            result,
            actor=actor,
            event=event,
            message_type=name,
            sender=target.sender.id,
            party=copy.party if copy is not None else by.id,
            config=book.digest,
        )

    result = await store.act(
        target.shard,
        Act(
            message=target.message,
            party=by.id,
            name=name,
            act=message_ref(event.source, event.id),
            allowed_from=tuple(state.value for state in transition.allowed_from),
            no_op_from=tuple(state.value for state in transition.no_op_from),
            to_state=transition.to.value if transition.to is not None else "",
            at=at,
            record=record(transition.record, "ok"),
            refused_record=record(RecordEvent.ACT_REFUSED, "refused"),
            notice=notices.of_act(book, told, by.id, at, event),
            copy=copy,
        ),
    )
    if result.outcome in {ActOutcome.DONE, ActOutcome.ALREADY}:
        return ()
    rule, way_out = _WHY[result.outcome]
    return (Problem("data.betreft", rule.format(state=result.state), way_out),)


def _target(book: Rulebook, event: Envelope) -> Target | Problem:
    about = event.data.about
    if about is None:
        return Problem("data.betreft", "an act says which message it is about", "add data.betreft")
    sender = book.by_oin.get(oin_of(about.source))
    if sender is None:
        return Problem(
            "data.betreft.bron",
            "the OIN is not that of a party in the role config",
            "give the source of the copy as it stands in the inbox",
        )
    return Target(sender.shard, message_ref(about.source, about.id), sender)


async def _passed_on(
    store: Store, book: Rulebook, by: Party, event: Envelope, target: Target, at: datetime
) -> Copy | Problem:
    to = book.reachable(event.data.to, dutch_day(at))
    if to is None:
        hint = nearest(event.data.to, book.parties) or "see seinhuis check"
        return Problem("data.aan", "not a party with an inbox", f"perhaps: {hint}")
    held = await store.find_delivery(target.shard, by.id, target.message)
    if held is None:
        rule, way_out = _WHY[ActOutcome.UNKNOWN]
        return Problem("data.betreft", rule, way_out)
    data: dict[str, Any] = json.loads(held.content).get("data", {})
    copy = HeldCopy(
        type=held.type,
        urgency=Urgency(held.urgency),
        third_party_ban=data.get("derdenverbod", True),
        gemeente=data.get("gemeentecode"),
    )
    verdict = decide_passing_on(book, by, to, copy, at)
    if isinstance(verdict, Withhold):
        return Problem(
            "data.aan",
            f"may not be passed on to this party: {verdict.reason.value}",
            "see `doorzenden` in the file of your organisation in the role config",
        )
    return Copy(
        party=to.id,
        message=target.message,
        type=held.type,
        rule=verdict.rule,
        urgency=held.urgency,
        deadline=verdict.deadline,
        retain_until=min(verdict.retain_until.isoformat(), held.retain_until),
        sender=held.sender,
        content=minimise_copy(held.content, verdict.fields),
    )
