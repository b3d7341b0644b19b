"""The job of every Python peer, with the hub's own reading, decision and minimisation.

So what is compared is what stands around it: who hands out the events, how the result is written. A
peer takes the duplicate check first and then writes all in one MULTI, in two round trips: killed in
between it loses the event, which the hub does not. It seals no copy and no record.
"""

import json
import os
from datetime import UTC, datetime
from typing import NamedTuple

from handlers.routing import decide
from handlers.rulebook import Rulebook
from hub import planning
from hub.roles import default_folder, load
from hub.steps import Entry

URL = os.environ.get("BENCH_URL", "")
DAY_MS = 86_400_000
BOOK = Rulebook(load(default_folder()))


class Plan(NamedTuple):
    """What is to be written for one event."""

    seen: str
    audit: str
    record: bytes
    duplicate_record: bytes
    copies: list[tuple[str, dict]]


def plan(shard, raw):
    """Read, decide, minimise: return what is to be written."""
    entry = Entry("0-0", "", raw)
    read = planning.read(entry, BOOK, shard)
    if read.problems:
        raise ValueError("the load has an event that is not valid")
    decision = decide(read.event, BOOK, datetime.now(UTC))
    step = planning.routed(shard, entry, read.event, decision, shard)
    return Plan(
        seen=f"hub:{{{shard}}}:seen:{step.message}",
        audit=f"hub:{{{shard}}}:audit",
        record=step.record,
        duplicate_record=step.duplicate_record,
        copies=[
            (
                f"hub:{{{shard}}}:inbox:{copy.party}",
                {
                    "message": copy.message,
                    "type": copy.type,
                    "rule": copy.rule,
                    "sender": copy.sender,
                    "urgency": copy.urgency,
                    "deadline": copy.deadline.isoformat(),
                    "retain": copy.retain_until,
                    "copy": copy.content,
                },
            )
            for copy in step.copies
        ],
    )


def write(pipe, made, *, is_new):
    """Put the writes of one event on a pipeline of redis-py, blocking or not."""
    if is_new:
        for inbox, fields in made.copies:
            pipe.xadd(inbox, fields)
    pipe.xadd(made.audit, {"record": made.record if is_new else made.duplicate_record})


def handle(client, shard, raw):
    """Do the whole job for one event with a blocking client."""
    made = plan(shard, raw)
    is_new = client.set(made.seen, "", nx=True, px=DAY_MS)
    pipe = client.pipeline(transaction=True)
    write(pipe, made, is_new=is_new)
    pipe.execute()


async def handle_async(client, shard, raw):
    """Do the whole job for one event with a client of asyncio."""
    made = plan(shard, raw)
    is_new = await client.set(made.seen, "", nx=True, px=DAY_MS)
    pipe = client.pipeline(transaction=True)
    write(pipe, made, is_new=is_new)
    await pipe.execute()


def tasks():
    """Yield (shard, event as text) of the file that names the events of a round, in order."""
    with open(os.environ["BENCH_EVENTS"], encoding="utf-8") as file:  # noqa: PTH123
        for line in file:
            yield tuple(json.loads(line))
