"""What is due at a day: each border of each term, and what cannot be read."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from hub.ports import InboxEntry, ParkedEntry, Progress
from hub.retention.due import What, of_copy, of_parked
from hub.steps import Parked, Queue
from tests.config_builders import a_book, a_rule

BOOK = a_book(a_rule(bewaren_dagen=20))
SETTINGS = BOOK.config.settings
CAME = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)  # the 24th in the Netherlands
ID = f"{int(CAME.timestamp() * 1_000)}-0"
LAST = date(2027, 3, 1)


def a_copy(retain="2027-03-01", *, notice=False):
    return InboxEntry(
        *("ind", ID, "gm0363", "m", "signalen.signaal-gemeld", "r", "ind", "hoog", "", retain, b""),
        notice=notice,
    )


def what(entry, progress, day):
    found = of_copy(entry, progress, day, SETTINGS)
    return found.what if found is not None else None


@pytest.mark.parametrize(
    ("progress", "day", "expected"),
    [
        (Progress(), LAST - timedelta(days=7), None),
        (Progress(), LAST - timedelta(days=6), What.SOON),
        (Progress(), LAST, What.SOON),
        (Progress(), LAST + timedelta(days=1), What.UNREAD),
        (Progress("opened"), LAST + timedelta(days=1), What.UNREAD),
        (Progress("acknowledged"), LAST, None),
        (Progress("acknowledged"), LAST + timedelta(days=1), What.TERM),
        (Progress("taken-up", "2026-12-01T10:00:00+00:00"), date(2026, 12, 31), None),
        (Progress("taken-up", "2026-12-01T10:00:00+00:00"), date(2027, 1, 1), What.FINISHED),
        (Progress("refused", "2026-12-01T23:30:00+00:00"), date(2027, 1, 1), None),
        (Progress("refused", "2026-12-01T23:30:00+00:00"), date(2027, 1, 2), What.FINISHED),
        (Progress("acknowledged", "2027-02-20T10:00:00+00:00"), date(2027, 3, 2), What.TERM),
    ],
)
def test_a_copy_goes_on_the_day_after_the_term_that_ends_first(progress, day, expected):
    """Days are Dutch: what was finished at half past eleven UTC, was so the next day."""
    assert expected == what(a_copy(), progress, day)


def test_a_notice_goes_at_its_own_term_whatever_its_reader_did():
    assert what(a_copy(notice=True), Progress(), LAST) is None
    assert What.NOTICE == what(a_copy(notice=True), Progress(), LAST + timedelta(days=1))


def test_a_last_day_that_cannot_be_read_is_that_of_the_settings():
    """A hundred days after it came, and never at once."""
    last = date(2026, 11, 24) + timedelta(days=100)

    assert What.SOON == what(a_copy("no date"), Progress(), last)
    assert What.UNREAD == what(a_copy("no date"), Progress(), last + timedelta(days=1))


def a_parked(event=b"{}", *, rule="regel-een", sender="ind", kind="signalen.signaal-gemeld"):
    hold = {"party": None, "rule": rule, "role": "gemeente", "reason": "unknown-gemeente"}
    reasons = json.dumps([hold]).encode()
    return ParkedEntry("ind", ID, Parked(event, reasons, "m", kind, sender))


@pytest.mark.parametrize(
    ("found", "queue", "days"),
    [
        (a_parked(), Queue.HELD, 20),
        (a_parked(rule="weg"), Queue.HELD, 100),
        (a_parked(sender="weg"), Queue.HELD, 100),
        (ParkedEntry("ind", ID, Parked(b"{}", b"[1]")), Queue.HELD, 100),
        (a_parked(), Queue.DEAD, 100),
        (a_parked(b'{"data": {"bewarenTot": "2026-11-30"}}'), Queue.DEAD, 6),
        (a_parked(b'{"data": {"bewarenTot": "2026-11-30"}}'), Queue.HELD, 6),
        (a_parked(b'{"data": {"bewarenTot": "2099-01-01"}}'), Queue.HELD, 20),
        (a_parked(b'{"data": {"bewarenTot": 7}}'), Queue.HELD, 20),
        (a_parked(b'{"data": []}'), Queue.HELD, 20),
        (a_parked(b"\xff no event"), Queue.DEAD, 100),
    ],
)
def test_what_waits_for_a_person_goes_after_the_shortest_term_that_is_known(found, queue, days):
    """Of the rule that holds it, of the settings, or as its sender asked; from the day it came."""
    last = date(2026, 11, 24) + timedelta(days=days)
    gone = What.HELD if queue is Queue.HELD else What.DEAD

    on_its_last_day = of_parked(found, queue, last, BOOK)
    assert on_its_last_day is not None
    assert What.SOON == on_its_last_day.what
    after = of_parked(found, queue, last + timedelta(days=1), BOOK)
    assert after is not None
    assert (gone, last) == (after.what, after.until)
