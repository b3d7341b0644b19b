"""What a recipient does with its copy, from the command line: publish the act, await its result."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from handlers.deliveries import TRANSITIONS
from handlers.rulebook import Party
from hub.bootstrap import Hub
from hub.cli import output
from hub.cli.exits import Exit
from hub.cli.failing import Stop
from hub.cli.following import Published, last_records, outcomes, refusal
from hub.cli.mailbox import NOTICE, Mail
from hub.client import Client, Delivery, Receipt
from hub.errors import OpeningRefused
from hub.opening import is_sealed
from hub.ports import InboxEntry
from schemas.records import Record, RecordEvent

Act = Callable[[Delivery], Awaitable[Receipt | None]]


@dataclass(frozen=True, slots=True)
class Performed:
    """What the hub made of an act."""

    state: str  #: in which the delivery is now
    changed: bool = True  #: False: the hub had it already, and nothing was done


PATIENCE_S: Final = 30.0


def delivery_of(entry: InboxEntry, client: Client) -> Delivery:
    """Return an inbox entry as the client knows it, so that it can be acted on."""
    return Delivery(
        shard=entry.shard,
        entry=entry.id,
        message=entry.message,
        type=entry.type,
        sender=entry.sender,
        rule=entry.rule,
        urgency=entry.urgency,
        deadline=entry.deadline,
        retain_until=entry.retain_until,
        notice=entry.notice,
        copy=entry.content,
        _client=client,
    )


async def perform(
    hub: Hub, mail: Mail, act: Act, *, notices: bool = False, patience_s: float = PATIENCE_S
) -> Performed:
    """Publish the act as the party of the inbox, and return what the hub made of it.

    `notices`: whether this act may be done on a notice of the hub.

    Raises:
        Stop: the hub refused it (with why), did not do it in time, or the party cannot act.

    """
    entry = mail.entry
    if entry.notice and not notices:
        raise Stop(
            Exit.NOT_USABLE, "this is a notice of the hub: read it with show, tick it off with ack"
        )
    party = _who_acts(hub, entry)
    shards = hub.book.shards_of(party.partner)
    last = await last_records(hub.store, shards)
    async with await hub.client(entry.party) as client:
        receipt = await act(delivery_of(entry, client))
    if receipt is None:
        return Performed(NOTICE)
    published = Published(1, party.id, shards, receipt)
    async for each, record in outcomes(hub.store, [published], last, patience_s):
        if record.event is RecordEvent.DEAD_LETTERED:
            problems = await refusal(hub.store, hub.book, each)
            raise Stop(Exit.REFUSED, "the hub did not do this:", problems)
        (state,) = await hub.store.states(entry.shard, entry.party, [entry.message])
        return Performed(state, changed=not _done_before(record, mail.state))
    raise Stop(
        Exit.NO_HUB,
        "the act is on the intake and not done in time: is a worker running"
        f" ({output.command('up')})? Nothing is lost; asking again is safe",
    )


async def open_copy(hub: Hub, mail: Mail, *, patience_s: float = PATIENCE_S) -> Mail:
    """Open a copy or a notice as the party of the inbox, and return it with its event and state.

    Each call is an opening of its own, and on record. What is not sealed comes back as it is.

    Raises:
        Stop: the hub refused it (with why), or the party cannot act.
        Unavailable: the hub did not answer in time.

    """
    entry = mail.entry
    if not is_sealed(entry.content):
        return mail
    _who_acts(hub, entry)
    async with await hub.client(entry.party) as client:
        try:
            event = await delivery_of(entry, client).open(patience_s)
        except OpeningRefused as refused:
            raise Stop(
                Exit.REFUSED, "the hub did not hand over its key:", refused.problems
            ) from refused
    (state,) = await hub.store.states(entry.shard, entry.party, [entry.message])
    return Mail(entry, NOTICE if entry.notice else state, event)


def _who_acts(hub: Hub, entry: InboxEntry) -> Party:
    party = hub.book.parties[entry.party]
    if party.oin is None:
        raise Stop(
            Exit.NOT_USABLE,
            f"{entry.party} has an inbox but no OIN in the role config, so it cannot publish an"
            " act: the record must name the organisation that acted",
        )
    return party


def _done_before(record: Record, state_before: str) -> bool:
    """Whether nothing was done: the same act came before, or its state was reached already."""
    transition = TRANSITIONS.get(record.type or "")
    return record.event is RecordEvent.DUPLICATE or (
        transition is not None and state_before in transition.no_op_from
    )
