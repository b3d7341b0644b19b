"""`seinhuis audit trace`: the life of one message, and the case that it belongs to."""

import json
from typing import Annotated, Any, Final

import typer
from sqlalchemy import Connection

from hub.bootstrap import attach
from hub.cli import audit_log, audit_timeline, output, waiting
from hub.cli.exits import Exit
from hub.cli.failing import Stop
from hub.cli.mailbox import unique_beginnings
from hub.cli.options import AsJson, Broker, Config, Data, settings_from
from hub.cli.running import run
from hub.config import Settings
from hub.errors import HubError, NotFound
from hub.ledger import tracing
from hub.ledger.cases import MOST, Member, case_of
from hub.ledger.tracing import Story
from hub.steps import Queue

_HEX: Final = frozenset("0123456789abcdef")


def trace(
    *,
    message: Annotated[
        str,
        typer.Argument(
            metavar="MESSAGE", help="Its name, or enough of its beginning; or SHARD/ENTRY."
        ),
    ],
    only: Annotated[
        bool, typer.Option("--only", help="This message alone, without the rest of its case.")
    ] = False,
    data: Data = None,
    config: Config = None,
    broker: Broker = None,
    as_json: AsJson = False,
) -> None:
    """Tell the whole life of one message, and of its case.

    What came and what was decided, with a verdict for every rule and party; what each recipient
    did; what was held, released, refused or sent twice; its corrections and withdrawals, and who
    got them; what was erased; who read the log about it. Then each copy as it is now, and the
    messages that hang together with it: the same case or report, what it answers and what answers
    it, the same trace. SHARD/ENTRY is for what was refused because it could not be read.

    That you asked is on record before the first line is shown, under the name of the message.
    What waits for a person is shown when the hub runs. With --json one document.

    Exits with 0, 2 when several messages begin so or the question cannot be put on record, 4 when
    the database does not answer, 5 when there is no such message or no ledger.
    """
    settings = settings_from(data=data, config=config, broker=broker)
    with audit_log.opened(settings) as log:
        with log.look() as connection:
            names = _names(connection, message)
        name = names[0] if len(names) == 1 else message
        about = name if "/" not in name and len(names) == 1 else None
        log.on_record("audit trace", {"of": name}, about=about)
        if len(names) > 1:
            shown = ", ".join(names if "/" in names[0] else unique_beginnings(names)[:20])
            raise Stop(Exit.NOT_USABLE, f"several begin so, type more of it: {shown}")
        with log.look() as connection:
            if about is not None:
                story = tracing.story(connection, about)
            else:
                story = tracing.story_of_entry(connection, *name.split("/"))
            case = [] if only or about is None else case_of(connection, about)
        waits = run(_waits(settings, story))
        if as_json:
            _document(story, case, waits)
            return
        audit_timeline.tell(story)
        audit_timeline.tell_copies(story)
        _waiting(waits)
        audit_timeline.tell_case(case, story.message)
        if len(case) == MOST:
            output.line(f"the case has more than {MOST} messages; the others are not shown")
        if behind := audit_log.not_sealed_yet(settings, log):
            output.note(behind)


def _names(connection: Connection, name: str) -> list[str]:
    """Return the messages that begin so, or the SHARD/ENTRY of what is no message; never none."""
    listing = output.command("audit", "show")
    if name and set(name) <= _HEX:
        if found := tracing.candidates(connection, name):
            return found
        raise NotFound(f"no record is about a message {name}…; see: {listing}")
    entries = tracing.entries(connection, name) if "-" in name else []
    if not entries:
        raise NotFound(
            "that is no message and no refused entry that the log knows: a message is digits and"
            f" a to f, an entry is SHARD/ENTRY; see: {listing}"
        )
    return ["/".join(each) for each in entries]


async def _waits(settings: Settings, story: Story) -> dict[str, list[str]] | None:
    """Return queue -> the entries of the message that wait in it; None: no hub runs."""
    found: dict[str, list[str]] = {}
    try:
        async with attach(settings) as hub:
            for queue in (Queue.HELD, Queue.DEAD):
                async for each in waiting.entries(hub, queue, None):
                    place = f"{each.shard}/{each.id}"
                    if story.message in {each.parked.message, each.id}:
                        found.setdefault(queue.value, []).append(place)
    except HubError:
        return None
    return found


def _waiting(waits: dict[str, list[str]] | None) -> None:
    for queue, places in (waits or {}).items():
        for place in places:
            output.line(f"  ! waits in {queue}: {output.command(queue, 'show', place)}")


def _document(story: Story, case: list[Member], waits: dict[str, list[str]] | None) -> None:
    """Write one document; the records in it byte for byte as they were sealed."""
    rest: dict[str, Any] = {
        "copies": [audit_timeline.copy_document(story, c) for c in story.deliveries().values()],
        "corrections": story.corrections,
        "waits": waits,
        "case": [audit_timeline.member_document(each) for each in case],
    }
    records = ",".join(line.as_json() for line in story.lines)
    tail = json.dumps(rest, ensure_ascii=False, separators=(",", ":"))
    output.line(f'{{"message":{json.dumps(story.message)},"records":[{records}],{tail[1:]}')
