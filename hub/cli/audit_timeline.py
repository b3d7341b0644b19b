"""A traced message as people read it: a timeline, its copies as they are now, and its case."""

import textwrap
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from hub.cli import audit_words, output, verdicts
from hub.cli.tables import Layout, plain, whole
from hub.ledger.asking import Line
from hub.ledger.cases import Member
from hub.ledger.tracing import CORRECTING, Delivery, Story
from schemas.catalogue import CATALOGUE
from schemas.records import RecordEvent

_WIDTH: Final = 78
_AGAIN: Final = RecordEvent.ACT_ACCEPTED.value
_SAID: Final = {"corrected": "the correction", "withdrawn": "the withdrawal"}


def tell(story: Story) -> None:
    """Write the timeline: every record with what it says, and the verdicts of each decision."""
    own = [
        line.record
        for line in story.lines
        if line.message in {story.message, None} and not audit_words.recipient(line.record)
    ]
    name = next((each["type"] for each in own if each.get("type")), "not a valid event")
    title = f"{CATALOGUE[name].title} · " if name in CATALOGUE else ""
    sender = next((each["sender"] for each in own if each.get("sender")), "nobody known")
    output.line(plain(f"{title}{name} of {sender}"))
    output.line(f"  message {story.message}, {output.plural(len(story.lines), 'record')}")
    again = [line for line in story.lines if _says_it_again(line, story)]
    for line in story.lines:
        if line not in again:
            output.line()
            _tell_one(line, story)
    if again:
        output.line()
        places = ", ".join(line.place for line in again)
        _write(f"also on record in the shard of who acted: {places}")


def _says_it_again(line: Line, story: Story) -> bool:
    """Whether it only says, in the shard of who acted, what the record of the copy says too."""
    return line.event == _AGAIN and line.message != story.message


def _tell_one(line: Line, story: Story) -> None:
    record = line.record
    actor = record["actor"] if record else {"kind": "", "id": ""}
    by = f", by {actor['kind']} {actor['id']}" if actor["kind"] == "operator" else ""
    output.line(f"{output.second(line.at)}  {line.place}  {line.event}")
    of = ""
    if line.message not in {story.message, None} and audit_words.recipient(record):
        of = f"of {_named(line.message, story)} {str(line.message)[: output.SHORT]}: "
    said = audit_words.described(record, about=story.message)
    _write(f"{of}{said}{by}", "  ")
    if record.get("verdicts"):
        output.line(f"  by role config {str(record.get('config'))[:12]}")
        verdicts.show(record["verdicts"])


def _named(message: str | None, story: Story) -> str:
    """Return what another message of this story is: the correction or the withdrawal."""
    said = (
        _SAID[each.event] for each in story.lines if each.message == message and each.event in _SAID
    )
    return next(said, "the message")


def tell_copies(story: Story) -> None:
    """Write a line for each recipient: how its copy is now, and whether it has the corrections."""
    found = story.deliveries()
    if not found:
        return
    output.line()
    output.line("copies now:")
    for copy in found.values():
        _write(f"{copy.party}: {_state(copy)}", "  ")
        for text in _corrections(story, copy):
            _write(text, "    ")


def _state(copy: Delivery) -> str:
    parts = [f"{copy.state} since {output.moment(copy.acted or copy.since)}"]
    if copy.by != RecordEvent.DECIDED.value:
        parts.append(f"got it because it was {copy.by}")
    if copy.legal_basis:
        parts.append(f"on {copy.legal_basis}")
    if copy.openings > 1:
        parts.append(f"opened {copy.openings} times")
    if copy.erased:
        parts.append(f"its content was erased {output.moment(copy.erased)}")
    return "; ".join(parts)


def _corrections(story: Story, copy: Delivery) -> Iterator[str]:
    """Yield for each correction and withdrawal whether this party has it, and what it did."""
    for line in story.lines:
        if line.event not in CORRECTING or line.about != story.message or not line.message:
            continue
        what = f"{_SAID[line.event]} {line.message[: output.SHORT]}"
        its = story.deliveries(line.message).get(copy.party)
        if its is not None:
            yield f"has {what}: {its.state} since {output.moment(its.acted or its.since)}"
        else:
            why = _why_not(line, copy.party)
            yield f"! does not have {what}{f': {why}' if why else ''}"


def _why_not(line: Line, party: str) -> str:
    for verdict in line.record.get("verdicts") or ():
        if verdict.get("party") == party and verdict.get("reason"):
            return verdicts.reason(verdict["reason"], verdict.get("detail") or "")
    return ""


def tell_case(members: list[Member], message: str) -> None:
    """Write the messages of the case in order, each with how it hangs together."""
    if len(members) < 2:
        return
    output.line()
    output.line(f"the case: {output.plural(len(members), 'message')}")
    rows = [
        (
            f"{'>' if each.message == message else ' '} {output.moment(each.at)}",
            each.message[: output.SHORT],
            each.sender or "",
            each.type or "not a valid event",
            next(iter(each.links), ""),  # the closest
        )
        for each in members
    ]
    layout = Layout((*whole("  time", "message"), "from", "type", "hangs together by"), rows)
    for text in layout.lines():
        output.line(text)


def copy_document(story: Story, copy: Delivery) -> dict[str, Any]:
    """Return one copy as programs read it."""
    corrections = {
        what: {
            "message": name,
            "state": its.state if (its := story.deliveries(name).get(copy.party)) else None,
        }
        for what, name in copy.told.items()
    }
    return {
        "party": copy.party,
        "since": output.rfc3339(copy.since),
        "by": copy.by,
        "rule": copy.rule,
        "legal_basis": copy.legal_basis,
        "purpose": copy.purpose,
        "state": copy.state,
        "acted": _moment(copy.acted),
        "openings": copy.openings,
        "erased": _moment(copy.erased),
        "corrections": corrections,
    }


def member_document(member: Member) -> dict[str, Any]:
    """Return one message of the case as programs read it, without pseudonyms."""
    return {
        "message": member.message,
        "time": output.rfc3339(member.at),
        "shard": member.shard,
        "type": member.type,
        "sender": member.sender,
        "result": member.result,
        "links": member.links,
    }


def _moment(at: datetime | None) -> str | None:
    return output.rfc3339(at) if at is not None else None


def _write(text: str, indent: str = "") -> None:
    for each in textwrap.wrap(
        plain(text),
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_on_hyphens=False,
    ):
        output.line(each)
