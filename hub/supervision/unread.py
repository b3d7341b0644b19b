"""What recipients have not opened: found by walking through their inboxes a little at every look.

A copy that was opened never becomes unread again, so each inbox is walked once: the walk stands
still before the first copy that nobody opened, and goes on from there.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from handlers.deliveries import State
from hub.ports import InboxEntry, Store
from hub.stores.looking import Looking

_PAGE: Final = 20  # entries hold content: few at a time
_PAGES: Final = 5

Inbox = tuple[str, str]
"""Shard and party."""


@dataclass(frozen=True, slots=True)
class InboxLook:
    """One inbox at the last visit."""

    entries: int = 0
    oldest_ms: int | None = None  #: of the oldest unread copy; None: none was found
    past_deadline: int = 0


class Unread:
    """Visits inboxes by turns and remembers what it saw."""

    def __init__(self, store: Store, looking: Looking) -> None:
        self._store = store
        self._looking = looking
        self._after: dict[Inbox, str] = {}
        self._next = 0
        self.seen: dict[Inbox, InboxLook] = {}

    async def visit(self, unfinished: Mapping[Inbox, int], at: datetime, most: int | None) -> None:
        """Look at `most` inboxes (None: at all), those whose turn it is. `at`: aware.

        `unfinished`: how many copies wait for their recipient, for every inbox that there is.
        """
        for gone in self.seen.keys() - unfinished.keys():
            del self.seen[gone]
            self._after.pop(gone, None)
        for inbox in self._turn(sorted(unfinished), most):
            shard, party = inbox
            length = await self._looking.inbox_length(shard, party)
            oldest, past = None, 0
            if unfinished[inbox]:
                oldest, past = await self._walked(inbox, at)
            self.seen[inbox] = InboxLook(length, oldest, past)

    def _turn(self, inboxes: list[Inbox], most: int | None) -> Iterable[Inbox]:
        if most is None or most >= len(inboxes):
            return inboxes
        start = self._next % len(inboxes)
        self._next = start + most
        return (inboxes + inboxes)[start : start + most]

    async def _walked(self, inbox: Inbox, at: datetime) -> tuple[int | None, int]:
        """Walk on; return the time of the first unread copy, and how many near it are too late."""
        shard, party = inbox
        for _ in range(_PAGES):
            after = self._after.get(inbox, "-")
            page = await self._store.inbox(shard, party, after, _PAGE)
            unread = await self._unread(inbox, page)
            if unread:
                first = unread[0]
                if place := page.index(first):
                    self._after[inbox] = page[place - 1].id
                past = sum(datetime.fromisoformat(each.deadline) < at for each in unread)
                return int(first.id.partition("-")[0]), past
            if not page:
                break
            self._after[inbox] = page[-1].id
        return None, 0

    async def _unread(self, inbox: Inbox, page: list[InboxEntry]) -> list[InboxEntry]:
        shard, party = inbox
        copies = [each for each in page if not each.notice]
        states = await self._store.states(shard, party, [each.message for each in copies])
        pairs = zip(copies, states, strict=True)
        return [each for each, state in pairs if state == State.DELIVERED.value]
