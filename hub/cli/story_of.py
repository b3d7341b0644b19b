"""The story of one message, from the records: who got it, who not and why, and what they did."""

import json
import textwrap
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import Any

from hub.bootstrap import Hub
from hub.cli import output, verdicts, waiting
from hub.cli.exits import Exit
from hub.cli.failing import Stop
from hub.cli.mailbox import unique_beginnings
from hub.cli.trail import Line, Trail, in_order
from hub.errors import NotFound
from hub.ports import Queue
from schemas.catalogue import CATALOGUE, CORRECTIONS
from schemas.identifiers import message_ref

_ACTED = {
    "opened": "opened it",
    "acknowledged": "has it safe in its own system",
    "taken-up": "works on it",
    "refused": "refused it",
    "fed-back": "told the sender what became of it",
    "act-refused": "tried what is not allowed now; nothing changed",
}
_SAID = {
    "decided": "the hub decided",
    "duplicate": "came again, with the same (source, id): nothing was delivered",
    "dead-lettered": "refused by the hub; it lies in dead, and the sender has a notice",
    "corrected": "its sender corrected it",
    "withdrawn": "its sender withdrew it",
    "act-accepted": "the hub did this act; what it was about is in the record of that message",
    "released": "a person released what was held",
    "re-decided": "a person let it be decided again",
    "redelivered": "a person let it be delivered again",
    "discarded": "a person threw it away; the sender has a notice",
}


def described(line: Line) -> str:
    """Say in a few words what a record tells."""
    record, who = line.record, line.recipient
    event = record["event"]
    if event == "forwarded":
        text = f"{who} passed it on to {record.get('party')}"
    elif who:
        text = f"{who} {_ACTED.get(event, event)}"
    else:
        text = _SAID.get(event, f"{event}: {record['result']}")
    counts = _counts(record)
    why = f" ({record['reason']})" if record.get("reason") else ""
    return f"{text}{f': {counts}' if counts else ''}{why}"


def _counts(record: dict[str, Any]) -> str:
    outcomes = [v["outcome"] for v in record.get("verdicts") or ()]
    words = (("forward", "yes"), ("hold", "held"), ("withhold", "no"))
    return ", ".join(f"{word} {outcomes.count(each)}" for each, word in words if each in outcomes)


async def find(trail: Trail, hub: Hub, beginning: str) -> tuple[str, list[Line]]:
    """Return the message whose name begins so, with every record about it, in order.

    Raises:
        NotFound: no record is about such a message.
        Stop: several messages begin so.

    """
    about: dict[tuple[str, str], list[Line]] = {}  # entries of two shards may have the same id
    corrections: dict[tuple[str, str], list[Line]] = {}
    async for line in trail.read():
        if line.message.startswith(beginning) and line.record["object"]["kind"] != "hub":
            about.setdefault((line.message, line.shard), []).append(line)
        if line.record.get("type") in CORRECTIONS:
            corrections.setdefault((line.message, line.shard), []).append(line)
    about = {k: v for k, v in about.items() if k[0] == beginning} or about
    if not about:
        raise NotFound(
            f"no record is about a message {beginning}…; see: {output.command('records')}"
        )
    if len(about) > 1:
        names = unique_beginnings([message for message, _ in about])
        shown = ", ".join(
            f"{name} of {shard}" for name, (_, shard) in zip(names, about, strict=True)
        )
        raise Stop(Exit.NOT_USABLE, f"several begin so, type more of it or add --shard: {shown}")
    (((message, shard), lines),) = about.items()
    for name, about_it in corrections.items():
        if name[1] == shard and name != (message, shard):
            links = [await _corrects(hub, line) for line in about_it]
            lines += about_it if message in links else []
    return message, in_order(lines)


async def _corrects(hub: Hub, line: Line) -> str:
    """Return the message that a correction is about; a record does not say so, its copies do."""
    for verdict in line.record.get("verdicts") or ():
        if verdict["outcome"] == "forward":
            copy = await hub.store.find_delivery(line.shard, verdict["party"], line.message)
            if copy is not None:
                return _about(copy.content)
    async for held in waiting.entries(hub, Queue.HELD, line.shard):
        if held.parked.message == line.message:
            return _about(held.parked.event)
    return ""


def _about(event: bytes) -> str:
    link = json.loads(event).get("data", {}).get("betreft") or {}
    return message_ref(link["bron"], link["id"]) if link else ""


def tell(message: str, lines: list[Line]) -> None:
    """Write the story for a person."""
    first = next((line.record for line in lines if line.record["object"]["kind"] == "message"), {})
    name = first.get("type") or "not a valid event"
    title = f"{CATALOGUE[name].title} · " if name in CATALOGUE else ""
    output.line(f"{title}{name} of {first.get('sender') or lines[0].record.get('sender')}")
    output.line(f"  message {message}, {output.plural(len(lines), 'record')}")
    for line in lines:
        output.line()
        actor = line.record["actor"]
        by = f", by {actor['kind']} {actor['id']}" if actor["kind"] == "operator" else ""
        output.line(f"{output.second(time_of(line))}  {line.place}  {line.record['event']}")
        for text in textwrap.wrap(f"{described(line)}{by}", 78):
            output.line(f"  {text}")
        if line.record.get("verdicts") and line.message == message:
            output.line(f"  by role config {str(line.record.get('config'))[:12]}")
            verdicts.show(line.record["verdicts"])


def time_of(line: Line) -> datetime:
    """Return when it happened, by the clock of the hub."""
    return datetime.fromisoformat(line.record["time"])


async def now_is(hub: Hub, message: str, lines: list[Line]) -> AsyncIterator[str]:
    """Yield how it stands now: the state of each copy, and what waits for a person."""
    yield "now:"
    shard = lines[0].shard
    for party in dict.fromkeys(_receivers(message, lines)):
        (state,) = await hub.store.states(shard, party, [message])
        yield f"  {party}: {state}"
    for queue in (Queue.HELD, Queue.DEAD):
        async for each in waiting.entries(hub, queue, shard):
            if message in {each.parked.message, each.id}:
                yield f"  {queue.value}: {each.shard}/{each.id}"


def _receivers(message: str, lines: list[Line]) -> Iterator[str]:
    for line in lines:
        if line.message != message:
            continue
        if line.record["event"] == "forwarded":
            yield str(line.record["party"])
        for verdict in line.record.get("verdicts") or ():
            if verdict["outcome"] == "forward":
                yield verdict["party"]
