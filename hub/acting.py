"""What a recipient does with its copy: from an act event to a transition in the sender's shard.

The act lives where its message lives: in the shard of the message's sender. The act's own entry
waits in the shard of who acted, and is finished only after the act is done; the act is idempotent
on its own event, so a crash between the two repeats it without effect.
"""

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from handlers.calendar_day import dutch_day
from handlers.deliveries import TRANSITIONS
from handlers.minimise import minimise_copy
from handlers.partitions import partner_of
from handlers.passing_on import HeldCopy, decide_passing_on
from handlers.rulebook import Party, Rulebook
from hub import notices, recording
from hub.homing import where_known
from hub.ports import Store
from hub.steps import Act, ActOutcome, Copy
from hub.vault.envelope import CannotOpen, is_public_key
from schemas.decisions import Withhold
from schemas.envelope import Envelope
from schemas.identifiers import message_ref, oin_of
from schemas.messages.berichten import CODES_OF_THE_HUB, MessageLink
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
        "name it as it stands in the inbox, by shard and bericht",
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


_ERASED = Problem(
    "data.betreft",
    "the content of this copy was erased at the end of its term",
    "ask the sender, if it is still needed; what was done with the copy stays on record",
)

_LOST = Problem(
    "data.betreft",
    "the key of this copy does not open: the keyring has no key of this party that fits",
    "ask the operator to compare the keyring with its backup, then do this again under a new id",
)
_NO_PUBLIC_KEY = Problem(
    "data.sleutel",
    "nothing can be sealed to this public key",
    "make a new X25519 key pair for each opening, and send its public key",
)
_FORGOTTEN = Problem(
    "data.betreft",
    "this message is too old to be passed on: no correction would follow it",
    "ask its sender to send it to that party",
)
_NOTICE = Problem(
    "data.betreft",
    "this is a notice of the hub: it is opened, and nothing else is done with it",
    "act on the message that the notice is about",
)

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
    owner: Party | None  #: whose shard it is, or who sent it; None: a shared shard, anyone of it


async def perform(
    store: Store, book: Rulebook, by: Party, event: Envelope, at: datetime, person: bytes = b""
) -> tuple[Problem, ...]:
    """Apply an admitted act; return why it could not be, or nothing. Safe to repeat.

    An opening that gives a public key is answered with the key of the copy, after the act is on
    record: a crash between the two repeats both, and only the answer is made anew.

    Raises:
        Unavailable: nothing was done, or we cannot know; repeat the whole.

    """
    target = await _target(store, book, event)
    if isinstance(target, Problem):
        return (target,)
    name = event.type.removeprefix(f"{book.prefix}.")
    ref = message_ref(event.source, event.id)
    opens = name == "berichten.ingezien"
    sent = event.data.public_key if opens else None
    public_key = base64.b64decode(sent) if sent is not None else None
    if (wrong := await _wrong(store, by, event, target, public_key)) is not None:
        return (wrong,)
    transition = TRANSITIONS[name]
    copy: Copy | None = None
    if name == "berichten.doorgezonden":
        passed = await _passed_on(store, book, by, event, target, at)
        if isinstance(passed, Problem):
            return (passed,)
        copy = passed
    (known,) = await store.known(target.shard, [target.message])
    is_notice = known is None and await _is_notice(store, by, target)
    if is_notice and not opens:
        return (_NOTICE,)
    owner = target.owner.id if target.owner is not None else None
    told = known.sender if known is not None and known.sender else owner
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
            sender=owner or told,
            party=copy.party if copy is not None else by.id,
            config=book.digest,
            about=target.message,
        )

    result = await store.act(
        target.shard,
        Act(
            message=target.message,
            party=by.id,
            name=name,
            # Who takes the id of an act that was done, and another key, opens it anew: on record.
            act=ref if sent is None else message_ref(event.source, f"{event.id}\n{sent}"),
            allowed_from=tuple(state.value for state in transition.allowed_from),
            no_op_from=tuple(state.value for state in transition.no_op_from),
            to_state=transition.to.value if transition.to is not None else "",
            at=at,
            record=record(transition.record, "ok"),
            refused_record=record(RecordEvent.ACT_REFUSED, "refused"),
            # who told it first is not told that its notice was read
            notice=_told(book, told, by, at, event, target) if told and not is_notice else None,
            copy=copy,
            person=person,
            again_record=record(transition.record, "again") if opens else b"",
        ),
    )
    if result.outcome in {ActOutcome.DONE, ActOutcome.ALREADY}:
        return () if public_key is None else await _hand_over(store, by, target, ref, public_key)
    rule, way_out = _WHY[result.outcome]
    return (Problem("data.betreft", rule.format(state=result.state), way_out),)


async def _hand_over(
    store: Store, by: Party, target: Target, act: str, public_key: bytes
) -> tuple[Problem, ...]:
    try:
        handed = await store.hand_over(target.shard, by.id, target.message, act, public_key)
    except CannotOpen:
        return (_LOST,)
    return () if handed else (_ERASED,)


async def _target(store: Store, book: Rulebook, event: Envelope) -> Target | Problem:
    about = event.data.about
    if about is None:
        return Problem("data.betreft", "an act says which message it is about", "add data.betreft")
    if about.shard is not None:
        partner = partner_of(about.shard)
        if about.shard not in book.shards_of(partner) or partner not in book.senders:
            return Problem(
                "data.betreft.shard",
                "not the shard of a partner in the role config",
                "name the message as it stands in the inbox, by shard and bericht",
            )
        return Target(about.shard, about.ref, book.parties.get(partner))
    sender = book.by_oin.get(oin_of(about.source))
    if sender is None:
        return Problem(
            "data.betreft.bron",
            "the OIN is not that of a party in the role config",
            "give the source of the copy as it stands in the inbox",
        )
    shard = await where_known(store, book, sender.shard, about.message)
    return Target(shard, about.message, sender)


async def _wrong(
    store: Store, by: Party, event: Envelope, target: Target, public_key: bytes | None
) -> Problem | None:
    """Return what no recipient may say in an act, and why no key can be handed over."""
    if getattr(event.data, "code", None) in CODES_OF_THE_HUB:
        return _CODE_OF_THE_HUB
    if public_key is not None and not is_public_key(public_key):
        return _NO_PUBLIC_KEY
    if public_key is not None:  # what is gone must not be on record as opened
        (progress,) = await store.progress(target.shard, by.id, [target.message])
        return _ERASED if progress.erased else None
    return None


def _told(
    book: Rulebook, to: str, by: Party, at: datetime, event: Envelope, target: Target
) -> Copy:
    link = MessageLink(shard=target.shard, ref=target.message)
    return notices.of_act(book, to, by.id, at, event, link)


async def _is_notice(store: Store, by: Party, target: Target) -> bool:
    """Whether nobody published the message: it is a notice to this party that is sealed."""
    if await store.copy_key(target.shard, by.id, target.message) is None:
        return False
    found = await store.find_delivery(target.shard, by.id, target.message)
    return found is not None and found.notice


async def _passed_on(
    store: Store, book: Rulebook, by: Party, event: Envelope, target: Target, at: datetime
) -> Copy | Problem:
    to = book.reachable(event.data.to, dutch_day(at))
    if to is None:
        hint = nearest(event.data.to, book.parties) or "see seinhuis check"
        return Problem("data.aan", "not a party with an inbox", f"perhaps: {hint}")
    try:
        held = await store.find_delivery(target.shard, by.id, target.message)
    except CannotOpen:
        return _LOST
    if held is None:
        _, way_out = _WHY[ActOutcome.UNKNOWN]
        return Problem("data.betreft", "this party has no copy of that message (any more)", way_out)
    if await store.known(target.shard, [target.message]) == [None]:
        return _NOTICE if held.notice else _FORGOTTEN
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
