"""`seinhuis explain`: the decision on an event, without sending it and without a hub."""

import json
from datetime import datetime, time
from typing import Annotated, Any, Final

import typer

from handlers.admission import admit
from handlers.corrections import admit_correction
from handlers.minimise import minimise
from handlers.routing import decide
from handlers.rulebook import Rulebook
from hub.bootstrap import now, rulebook
from hub.cli import output, verdicts
from hub.cli.events import described, events_in
from hub.cli.exits import Exit
from hub.cli.failing import Stop
from hub.cli.moments import moment_of
from hub.cli.options import AsJson, Config, settings_from
from schemas.catalogue import ACTS, CATALOGUE, CORRECTIONS
from schemas.envelope import Envelope
from schemas.identifiers import oin_of
from schemas.problems import InvalidEvent, Problem
from schemas.reading import parse

_NOON: Final = time(12)
"""The hour that --at takes of a day: far from midnight, where a day and a moment may differ."""


def explain(
    *,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="Events: one, an array, NDJSON; - is stdin.")
    ],
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="DATE", help="Decide as on this day, or RFC 3339 moment."),
    ] = None,
    copies: Annotated[
        bool, typer.Option("--copies", help="Also show the copy that each party would get.")
    ] = False,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Say who would get an event, and who not and why.

    Decides by the role config as the hub does: for every rule and party that it names, who gets
    a copy, on which legal basis and which fields of this event are in it, and for every no its
    reason. Law, mandates and gemeenten are those of the day given with --at; without it, of today.
    With --json `fields` is what the rule allows and `in_copy` what of that this event has.

    Changes nothing and needs no hub: the event is read, checked, and goes nowhere.

    Exits with 0 when every event would be accepted, 3 when one is not valid or not allowed for
    its sender, 2 when the role config cannot be used, 5 when there is no such file.
    """
    moment = moment_of(at, "--at", _NOON) if at is not None else now()
    events = events_in(file)
    book = rulebook(settings_from(config=config))
    refused = 0
    for number, raw in enumerate(events, 1):
        found = explained(raw, book, moment, copies=copies)
        refused += bool(found["problems"])
        if as_json:
            output.document({"event": number, **found})
        else:
            which = f"{number} of {len(events)}" if len(events) > 1 else ""
            _show(found, which, found.get("title") or described(raw))
    if refused:
        what = "this event is" if len(events) == 1 else f"{refused} of {len(events)} events are"
        raise Stop(Exit.REFUSED, f"{what} not accepted, see above")


def explained(raw: bytes, book: Rulebook, at: datetime, *, copies: bool) -> dict[str, Any]:
    """Return what would happen to one event, as a document; `problems` is empty when accepted."""
    event: Envelope | None = None
    try:
        event = parse(raw, book.prefix)
        problems = _not_admitted(event, book)
    except InvalidEvent as invalid:
        problems = list(invalid.problems)
    found: dict[str, Any] = {
        "at": output.rfc3339(at),
        "config": book.digest,
        "problems": [{"place": p.place, "rule": p.rule, "way_out": p.way_out} for p in problems],
    }
    if event is None:
        return found
    name = event.type.removeprefix(f"{book.prefix}.")
    found |= {"type": name, "title": CATALOGUE[name].title}
    if sender := book.by_oin.get(oin_of(event.source)):
        found["sender"] = sender.id
    if problems:
        return found
    if name in ACTS:
        return found | {"goes_to": "the sender of the message that it is about, as a notice"}
    if name in CORRECTIONS:
        return found | {"goes_to": "everyone who received the original"}
    decision = decide(event, book, at)
    made = {f.party: json.loads(minimise(event, f.fields)) for f in decision.forwards}
    listed = verdicts.as_documents(decision.verdicts)
    for line in listed:
        if line["outcome"] == "forward":
            line["in_copy"] = verdicts.in_copy(made[line["party"]], line["fields"])
    found |= {"message": decision.message, "verdicts": listed}
    return found | {"copies": made} if copies else found


def _not_admitted(event: Envelope, book: Rulebook) -> list[Problem]:
    sender = book.by_oin.get(oin_of(event.source))
    shard, intake = (sender.shard, sender.intake) if sender else ("", "")
    problems = admit(event, book, shard, intake)
    if not problems and event.type.removeprefix(f"{book.prefix}.") in CORRECTIONS:
        problems = admit_correction(event)
    return problems


def _show(found: dict[str, Any], which: str, title: str) -> None:
    head = [which, title, found.get("type", "")]
    output.line(" · ".join(filter(None, head)))
    if "sender" in found:
        output.line(f"from {found['sender']}, decided as at {found['at']}")
    for problem in found["problems"]:
        output.line(f"  {Problem(**problem)}")
    if "goes_to" in found:
        output.line(f"goes to {found['goes_to']}; a running hub knows who that is")
    if "verdicts" in found:
        verdicts.show(found["verdicts"])
    for party, copy in found.get("copies", {}).items():
        output.line(f"the copy of {party}:")
        for text in output.tree(copy, 1):
            output.line(text)
        output.line()
