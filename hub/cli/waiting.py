"""The entries of the held and the dead streams, as a person or a program looks at them."""

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, Final

from handlers.corrections import RULE
from hub.bootstrap import Hub
from hub.cli import events, output, verdicts
from hub.cli.exits import Exit
from hub.cli.failing import Stop
from hub.cli.tables import whole
from hub.errors import NotFound
from hub.opening import is_sealed
from hub.ports import ParkedEntry
from hub.steps import Queue

_PAGE: Final = 500


async def entries(hub: Hub, queue: Queue, shard: str | None = None) -> AsyncIterator[ParkedEntry]:
    """Yield what waits, by shard and then oldest first.

    Raises:
        NotFound: there is no such shard.

    """
    shards = sorted(hub.book.shards())
    if shard is not None and shard not in shards:
        raise NotFound(f"there is no shard {shard}; there are: {', '.join(shards)}")
    for each in [shard] if shard is not None else shards:
        after = "-"
        while page := await hub.store.parked(each, queue, after, _PAGE):
            after = page[-1].id
            for found in page:
                yield found


async def find(hub: Hub, queue: Queue, name: str) -> ParkedEntry:
    """Return the entry `SHARD/ENTRY`; enough of the beginning of ENTRY will do, or ENTRY alone.

    Raises:
        NotFound: it is not there (any more).
        Stop: several entries begin so.

    """
    shard, slash, beginning = name.partition("/")
    if not slash:
        shard, beginning = "", name
    found = [
        each async for each in entries(hub, queue, shard or None) if each.id.startswith(beginning)
    ]
    listing = output.command(queue.value)
    exact = [each for each in found if each.id == beginning]
    if len(exact or found) > 1:
        raise Stop(Exit.NOT_USABLE, f"several entries begin so; see: {listing}")
    if not found:
        raise NotFound(f"no entry {name} is {queue.value}; see: {listing}")
    return (exact or found)[0]


def document(entry: ParkedEntry, queue: Queue, *, content: bool = False) -> dict[str, Any]:
    """Return an entry as programs read it; the event only where `content` asks for it."""
    parked = entry.parked
    reasons = "problems" if queue is Queue.DEAD else "held"
    found: dict[str, Any] = {
        "shard": entry.shard,
        "entry": entry.id,
        "since": output.rfc3339(output.entry_time(entry.id)),
        "sender": parked.sender,
        "type": parked.type or None,  # of a valid event only
        "message": parked.message or None,
        reasons: json.loads(parked.reasons or b"[]"),
    }
    if content:
        found["event"] = _event(parked.event)
    return found


def print_list(found: Sequence[ParkedEntry], queue: Queue) -> None:
    """Write the list: which, since when, what, of whom, and why."""
    if not found:
        output.line(f"nothing is {queue.value}")
        return
    rows = [
        (
            f"{each.shard}/{each.id}",
            output.moment(output.entry_time(each.id)),
            each.parked.sender,
            each.parked.type or events.described(each.parked.event),
        )
        for each in found
    ]
    reasons = [_short(each, queue) for each in found]
    output.table((*whole("entry", "since"), "from", "type"), rows, reasons)
    look = output.command(queue.value, "show", "ENTRY")
    output.line(f"{output.plural(len(found), 'entry', 'entries')}; look: {look}")


def _short(entry: ParkedEntry, queue: Queue) -> str:
    reasons = json.loads(entry.parked.reasons or b"[]")
    if queue is Queue.HELD:
        return ", ".join(sorted({reason["reason"] for reason in reasons}))
    first = "".join(f"{reason['place']}: {reason['rule']}" for reason in reasons[:1])
    return first + (f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else "")


def print_one(entry: ParkedEntry, queue: Queue, *, content: bool) -> None:
    """Write one entry with its reasons and what can be done with it."""
    for text in _lines(entry, queue):
        output.line(text)
    if content:
        output.line("! what follows holds personal data: look at it only for your task")
        event = _event(entry.parked.event)
        for text in [repr(event)] if isinstance(event, str) else output.tree(event, 1):
            output.line(text)


def _lines(entry: ParkedEntry, queue: Queue) -> Iterator[str]:
    parked = entry.parked
    yield f"{parked.type or events.described(parked.event)} of {parked.sender}"
    yield f"  entry    {entry.shard}/{entry.id}"
    if parked.message:
        yield f"  message  {parked.message}"
    yield f"  {queue.value}     since {output.moment(output.entry_time(entry.id))}"
    for reason in json.loads(parked.reasons or b"[]"):
        if queue is Queue.DEAD:
            yield f"  - {reason['place']}: {reason['rule']} ({reason['way_out']})"
        else:
            who = reason["party"] or reason["role"]
            why = verdicts.reason(reason["reason"], reason.get("detail") or "")
            yield f"  - {who}, by rule {reason['rule']}: {why}"
    words = (queue.value, "decide-again", f"{entry.shard}/{entry.id}", "--reason", "CODE")
    yield f"  after mending: {output.command(*words)}"
    if queue is Queue.HELD and _of_a_rule(entry):
        to_party = (*words[2:3], "--to", "PARTY", *words[3:])
        yield f"  to deliver:    {output.command('held', 'release', *to_party)}"
    yield f"  to drop it:    {output.command(queue.value, 'discard', *words[2:])}"


def _event(raw: bytes) -> Any:
    """Return the event as JSON, or as text when it is not JSON."""
    if is_sealed(raw):
        return "(sealed under a key that this keyring does not have)"
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode("utf-8", "replace")


def _of_a_rule(entry: ParkedEntry) -> bool:
    """Whether a rule of the role config held it, so that its fields can be released."""
    rules = {reason["rule"] for reason in json.loads(entry.parked.reasons or b"[]")}
    return not rules <= {"-", RULE}
