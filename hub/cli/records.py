"""`seinhuis records`: what is on record, for the auditor."""

import asyncio
import json
from collections.abc import Callable
from datetime import time
from typing import Annotated, Final

import typer

from hub.bootstrap import attach
from hub.cli import output, story_of
from hub.cli.exits import Exit
from hub.cli.failing import Stop
from hub.cli.moments import moment_of
from hub.cli.options import AsJson, Broker, Config, Data, settings_from
from hub.cli.running import run
from hub.cli.tables import Layout, whole
from hub.cli.trail import Line, Trail, in_order, newest, shards_of
from hub.config import Settings
from schemas.records import RecordEvent

_LOOK_S: Final = 0.5
_ROOM: Final = (
    "2026-11-23 14:37:09",
    "gemeente/100000",
    "dead-lettered",
    "3b587800",
    "zvh-haaglanden",
)
"""So wide are most cells, also of the records that come later with --follow."""


def records(
    *,
    message: Annotated[
        str | None,
        typer.Argument(
            metavar="MESSAGE", help="The story of one: its name, or enough of its beginning."
        ),
    ] = None,
    shard: Annotated[
        str | None, typer.Option("--shard", help="Of this sender only; `hub`: of the hub itself.")
    ] = None,
    event: Annotated[
        RecordEvent | None,
        typer.Option("--event", metavar="WORD", help="What happened: decided, refused, …"),
    ] = None,
    party: Annotated[
        str | None,
        typer.Option("--party", help="Only what names this party: as sender, recipient, actor."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="DATE", help="From this day on, or RFC 3339 moment."),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=0, help="The newest N only; 0 is all.")
    ] = 50,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on with what is new, until Ctrl-C.")
    ] = False,
    data: Data = None,
    config: Config = None,
    broker: Broker = None,
    as_json: AsJson = False,
) -> None:
    """Read the audit records, or the whole story of one message.

    Lists the records of all senders in the order of time, newest last. With MESSAGE: who got it on
    which legal basis and may see which fields, who did not and why, what the recipients did, what
    was held, released, refused or sent twice, and its corrections.

    The records of each sender are numbered from 1. It looks at every number (with --since from
    there on) and says that none is missing, or which. Records hold no content and no person.
    Changes nothing. With --json one record a line, byte for byte as it was stored, with its shard
    and number beside it; the count is then on stderr.

    Exits with 0 when no number is missing, 1 when one is, 2 when an option cannot be used, 4 when
    no hub runs, 5 when there is no such message or shard, 130 when stopped with Ctrl-C.
    """
    since_ms = None
    if since is not None:
        since_ms = int(moment_of(since, "--since", time()).timestamp() * 1_000)
    if message is not None and (event or party or since or follow):
        raise Stop(
            Exit.NOT_USABLE,
            "the story of a message is told whole, without --event, --party, --since or --follow",
        )
    settings = settings_from(data=data, config=config, broker=broker)
    if message is not None:
        run(_tell(settings, message, shard, as_json=as_json))
        return

    def wanted(line: Line) -> bool:
        right_event = event is None or line.record["event"] == event.value
        return right_event and (party is None or line.names(party))

    listing = _List(wanted, limit, as_json=as_json)
    run(listing.run(settings, shard, since_ms, follow=follow))


async def _tell(settings: Settings, message: str, shard: str | None, *, as_json: bool) -> None:
    async with attach(settings) as hub:
        trail = Trail(hub, shards_of(hub, shard))
        name, lines = await story_of.find(trail, hub, message)
        if as_json:
            for line in lines:
                output.line(line.as_json())
        else:
            story_of.tell(name, lines)
            output.line()
            async for text in story_of.now_is(hub, name, lines):
                output.line(text)
        _end(trail, "looked at ", as_json=as_json)


class _List:
    """One listing: what is there, and with `follow` what comes."""

    def __init__(self, wanted: Callable[[Line], bool], limit: int, *, as_json: bool) -> None:
        self._wanted = wanted
        self._limit = limit
        self._as_json = as_json
        self._layout: Layout | None = None
        self._shown = 0

    async def run(
        self, settings: Settings, shard: str | None, since_ms: int | None, *, follow: bool
    ) -> None:
        async with attach(settings) as hub:
            trail = Trail(hub, shards_of(hub, shard), since_ms)
            self._write(await newest(trail, self._limit, self._wanted))
            while follow:
                output.flush()
                await asyncio.sleep(_LOOK_S)
                gaps = len(trail.gaps)
                self._write(in_order([x async for x in trail.read() if self._wanted(x)]))
                for gap in trail.gaps[gaps:]:
                    output.note(f"missing: {gap}")
        _end(trail, f"{self._shown:,} shown; ", as_json=self._as_json)

    def _write(self, found: list[Line]) -> None:
        self._shown += len(found)
        if self._as_json:
            for line in found:
                output.line(line.as_json())
            return
        if self._layout is None:
            columns = (*whole("time", "record", "what", "message"), "by")
            self._layout = Layout(columns, [_ROOM, *map(_cells, found)])
            for text in self._layout.head():
                output.line(text)
        for line in found:
            for text in self._layout.row(_cells(line), _below(line)):
                output.line(text)


def _cells(line: Line) -> tuple[str, ...]:
    record = line.record
    return (
        output.second(story_of.time_of(line)),
        line.place,
        record["event"],
        line.message[: output.SHORT] if record["object"]["kind"] != "entry" else line.message,
        record["actor"]["id"],
    )


def _below(line: Line) -> str:
    name, sender = line.record.get("type"), line.record.get("sender")
    what = f"{name or 'an event'} of {sender}: " if sender else ""
    return f"{what}{story_of.described(line)}"


def _end(trail: Trail, before: str, *, as_json: bool) -> None:
    if trail.gaps:
        raise Stop(Exit.UNEXPECTED, f"{before}{trail.verdict()}")
    if as_json:
        output.note(json.dumps({"records": trail.count, "missing": []}))
    else:
        output.line(f"{before}{trail.verdict()}")
