"""An inbox as a person looks at it: one list over all shards, and a message by a short name."""

import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from handlers.deliveries import State
from hub.bootstrap import Hub
from hub.cli import output
from hub.cli.exits import Exit
from hub.cli.failing import Stop
from hub.errors import NotFound
from hub.opening import is_sealed
from hub.ports import InboxEntry
from schemas.catalogue import CATALOGUE
from schemas.identifiers import message_ref
from schemas.records import VerdictLine

_PAGE: Final = 500
_UNREAD: Final = frozenset({State.DELIVERED.value, State.OPENED.value})
NOTICE: Final = "notice"


@dataclass(frozen=True, slots=True)
class Mail:
    """One delivery with its state."""

    entry: InboxEntry
    state: str  #: of handlers.deliveries, or `notice`
    opened: dict[str, Any] | None = None  #: the event of a sealed copy, once it was opened

    @property
    def received(self) -> datetime:
        """When the copy was delivered."""
        return output.entry_time(self.entry.id)

    def overdue(self, at: datetime) -> bool:
        """Whether it should have been acknowledged by now."""
        return self.state in _UNREAD and datetime.fromisoformat(self.entry.deadline) < at

    @property
    def event(self) -> dict[str, Any] | None:
        """The event, when it may be read: opened, or never sealed."""
        if self.opened is None and not is_sealed(self.entry.content):
            event: dict[str, Any] = json.loads(self.entry.content)
            return event
        return self.opened

    def about(self) -> tuple[str, str] | None:
        """Return the message that a notice is about, and the party that did it; None: sealed.

        The message as it is named everywhere here; the stream entry where the hub could not read
        what it refused.
        """
        if self.event is None:
            return None
        data: dict[str, Any] = self.event.get("data", {})
        link: dict[str, str] = data.get("betreft") or {}
        about = link.get("bericht") or str(data.get("ingang", ""))
        if "bron" in link:
            about = message_ref(link["bron"], link["id"])
        return about, str(data.get("door") or "hub")

    def document(self, at: datetime) -> dict[str, Any]:
        """Return it as programs read it, without the content."""
        entry = self.entry
        about, by = (entry.notice and self.about()) or (None, None)
        notice = {"about": about, "by": by} if entry.notice else {}
        return {
            "message": entry.message,
            "received": output.rfc3339(self.received),
            "sender": entry.sender,
            "type": entry.type,
            "title": CATALOGUE[entry.type].title,
            "urgency": entry.urgency,
            "deadline": entry.deadline,
            "overdue": self.overdue(at),
            "state": self.state,
            "rule": entry.rule,
            "retain_until": entry.retain_until,
            "shard": entry.shard,
            "entry": entry.id,
            "sealed": is_sealed(entry.content),
            **notice,
        }


def known_party(hub: Hub, party: str) -> None:
    """Refuse a party that has no inbox. Raises NotFound."""
    known = hub.book.parties.get(party)
    if known is None or not known.has_inbox:
        from schemas.problems import nearest  # noqa: PLC0415 - only after a typing mistake

        inboxes = [p.id for p in hub.book.parties.values() if p.has_inbox]
        hint = nearest(party, inboxes)
        raise NotFound(
            f"{party} is not a party with an inbox"
            + (f"; perhaps: {hint}" if hint else f"; see: {output.program()} check --matrix")
        )


async def all_mail(hub: Hub, party: str) -> list[Mail]:
    """Return every delivery in the inbox of `party`, over all shards, oldest first."""
    found: list[Mail] = []
    for shard in hub.book.shards():
        after = "-"
        while page := await hub.store.inbox(shard, party, after, _PAGE):
            after = page[-1].id
            states = await hub.store.states(shard, party, [entry.message for entry in page])
            found += [
                Mail(entry, NOTICE if entry.notice else state)
                for entry, state in zip(page, states, strict=True)
            ]
            if len(page) < _PAGE:
                break
    return sorted(found, key=lambda mail: mail.received)


async def find(hub: Hub, party: str, beginning: str) -> Mail:
    """Return the message whose name begins so; the newest copy when there are several.

    Raises:
        NotFound: there is none.
        Stop: several messages begin so.

    """
    known_party(hub, party)
    found = [m for m in await all_mail(hub, party) if m.entry.message.startswith(beginning)]
    names = sorted({mail.entry.message for mail in found})
    if not names:
        listing = output.command("inbox", party)
        raise NotFound(f"no message {beginning}… in the inbox of {party}; see: {listing}")
    if len(names) > 1:
        shown = ", ".join(unique_beginnings(names))
        raise Stop(Exit.NOT_USABLE, f"several messages begin so, type more of it: {shown}")
    return found[-1]


def unique_beginnings(names: Sequence[str]) -> list[str]:
    """Return the shortest beginning of each name that no other shares, of at least 8 digits.

    >>> unique_beginnings(["aaaaaaaabb", "aaaaaaaacc", "bbbbbbbbbb"])
    ['aaaaaaaab', 'aaaaaaaac', 'bbbbbbbb']
    """
    ordered = sorted(set(names))
    needed = dict.fromkeys(ordered, output.SHORT)
    for one, other in itertools.pairwise(ordered):
        same = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)
        needed[one] = max(needed[one], same + 1)
        needed[other] = max(needed[other], same + 1)
    return [name[: needed[name]] for name in names]


def readable(mail: Mail, verdict: VerdictLine | None) -> Iterator[str]:
    """Yield a message as lines for a person: what it is, how it got here, what it says.

    What is sealed says how to open it.
    """
    entry = mail.entry
    yield f"{CATALOGUE[entry.type].title} · {entry.type}"
    yield f"  message      {entry.message}"
    yield f"  from         {entry.sender}, received {output.moment(mail.received)}"
    yield f"  urgency      {entry.urgency}"
    if mail.state == NOTICE:
        about, by = mail.about() or ("", "")
        yield f"  what         a notice of the hub{f': about {about}, by {by}' if by else ''}"
    else:
        deadline = output.moment(datetime.fromisoformat(entry.deadline))
        yield f"  acknowledge  before {deadline}; now {mail.state}"
        yield f"  keep         until {entry.retain_until} at most"
        basis = f" on {verdict.legal_basis}, for {verdict.purpose}" if verdict else ""
        yield f"  got here by  rule {entry.rule}{basis}"
    event = mail.event
    if event is None:
        yield "  content      sealed; opening it is on record:"
        yield f"    {output.command('inbox', entry.party, 'open', entry.message[: output.SHORT])}"
        return
    yield "  event"
    envelope = {key: value for key, value in event.items() if key != "data"}
    yield from output.tree(envelope, 2)
    yield "  data"
    yield from output.tree(event.get("data", {}), 2)
