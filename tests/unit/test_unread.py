"""The walk through the inboxes: each copy is passed once, and nothing unread is missed."""

from datetime import UTC, datetime, timedelta

import pytest

from hub.ports import InboxEntry
from hub.supervision.unread import InboxLook, Unread

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
INBOX = ("ind", "gm0363")


class Inboxes:
    """A store that counts what is read of it."""

    def __init__(self, count, *, notices=()):
        self.states_of = {f"{n:032x}": "delivered" for n in range(count)}
        self.entries = [
            InboxEntry(
                *("ind", f"{1_000 + n}-0", "gm0363", f"{n:032x}", "signalen.x", "rule", "ind"),
                urgency="regulier",
                deadline=(NOW + timedelta(hours=n - 2)).isoformat(),
                retain_until="2026-12-31",
                content=b"",
                notice=n in notices,
            )
            for n in range(count)
        ]
        self.read = 0

    async def inbox(self, shard, party, after, count):
        assert INBOX == (shard, party)
        places = [each.id for each in self.entries]
        start = (
            0
            if after == "-"
            else next(
                (n for n, place in enumerate(places) if int(place[:-2]) > int(after[:-2])),
                len(places),
            )
        )
        page = self.entries[start : start + count]
        self.read += len(page)
        return page

    async def states(self, shard, party, messages):
        assert INBOX == (shard, party)
        return [self.states_of[message] for message in messages]

    async def inbox_length(self, shard, party):
        assert INBOX == (shard, party)
        return len(self.entries)

    def opened(self, *numbers):
        for number in numbers:
            self.states_of[f"{number:032x}"] = "opened"


@pytest.fixture
def inboxes():
    """Sixty copies, with a deadline an hour after each other."""
    return Inboxes(60)


async def seen(unread, unfinished=1):
    """Visit all, and return what was found of the inbox."""
    await unread.visit({INBOX: unfinished}, NOW, None)
    return unread.seen[INBOX]


async def test_the_oldest_copy_that_nobody_opened_is_found_behind_those_that_were(inboxes):
    """Also pages away."""
    inboxes.opened(*range(45))
    assert InboxLook(60, 1_045, 0) == await seen(Unread(inboxes, inboxes))


async def test_what_was_walked_past_is_not_read_again(inboxes):
    """A look costs a page, however long the inbox became."""
    unread = Unread(inboxes, inboxes)
    inboxes.opened(*range(45))
    await seen(unread)
    inboxes.read = 0
    inboxes.opened(45, 46)
    assert 1_047 == (await seen(unread)).oldest_ms
    assert 15 == inboxes.read


async def test_copies_past_their_deadline_are_counted_until_they_are_opened(inboxes):
    """The first two are too late by then."""
    unread = Unread(inboxes, inboxes)
    assert 2 == (await seen(unread)).past_deadline
    inboxes.opened(1)
    assert 1 == (await seen(unread)).past_deadline


async def test_an_entry_that_was_erased_under_the_walk_does_not_stop_it(inboxes):
    """Also when the place where it stood still is gone."""
    unread = Unread(inboxes, inboxes)
    inboxes.opened(0, 1, 2)
    await seen(unread)
    del inboxes.entries[:4]
    assert InboxLook(56, 1_004, 0) == await seen(unread)


async def test_a_notice_is_nothing_that_anybody_must_open():
    """It never becomes finished, and would be the oldest for ever."""
    inboxes = Inboxes(3, notices=(0, 1))
    assert 1_002 == (await seen(Unread(inboxes, inboxes))).oldest_ms


async def test_an_inbox_in_which_all_is_finished_is_not_read(inboxes):
    """How many entries it has is asked all the same."""
    assert InboxLook(60, None, 0) == await seen(Unread(inboxes, inboxes), unfinished=0)
    assert 0 == inboxes.read


async def test_inboxes_take_turns_and_each_gets_one():
    """Of five inboxes, two at a look: after three looks all were seen."""
    visited = []

    class Looking:
        async def inbox_length(self, shard, party):
            visited.append((shard, party))
            return 0

    unread = Unread(Inboxes(0), Looking())
    unfinished = {("ind", party): 0 for party in "abcde"}
    for _ in range(3):
        await unread.visit(unfinished, NOW, 2)
    assert ["a", "b", "c", "d", "e", "a"] == [party for _, party in visited]


async def test_an_inbox_that_is_gone_is_forgotten(inboxes):
    """A party that left does not stay in the readings."""
    unread = Unread(inboxes, inboxes)
    await seen(unread)
    await unread.visit({}, NOW, None)
    assert {} == unread.seen
