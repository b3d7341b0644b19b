"""The check of the books at the end of the demo: it finds each way in which they can be wrong."""

from datetime import UTC, datetime

import pytest

from hub.ports import InboxEntry
from hub.simulation.sending import Sent
from hub.story.books import Books
from schemas.records import Actor, Origin, Record, RecordEvent, Thing, VerdictLine

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
REF = "3b5878002f6245a16681e26dc015c7e7"
SENT = Sent("ind", "ind", "1-0", REF, "signalen.signaal-gemeld")


def a_record(
    what: RecordEvent = RecordEvent.DECIDED, thing: str = REF, *, kind: str = "message"
) -> Record:
    return Record(
        time=AT,
        event=what,
        object=Thing(kind=kind, id=thing),
        result="delivered",
        origin=Origin(shard="ind"),
        actor=Actor(kind="partner", id="ind"),
        sender="ind",
        verdicts=(
            VerdictLine(rule="r", role="groep:lro", outcome="forward", party="lro"),
            VerdictLine(rule="r", role="gemeente", outcome="withhold", reason="other-phase"),
        )
        if what is RecordEvent.DECIDED
        else None,
    )


def an_entry(party: str = "lro", entry: str = "2-0", *, notice: bool = False) -> InboxEntry:
    return InboxEntry(
        "ind", entry, party, REF, "signalen.signaal-gemeld", "r", "ind", "hoog", "", "", b"", notice
    )


def wrong(books: Books, *sent: Sent) -> list[int]:
    """Return which of the checks do not hold, by their place in the list."""
    return [number for number, check in enumerate(books.checks(sent)) if not check.holds]


def test_books_that_are_right_are_right() -> None:
    """One event, one record, one copy; a notice is no copy."""
    books = Books((("ind", 1, a_record()),), (an_entry(), an_entry("ind", notice=True)), 0)
    assert wrong(books, SENT) == []


def test_a_repeat_has_a_record_of_its_own() -> None:
    """Sent twice is two accepted events: decided once, and a duplicate."""
    duplicate = a_record(RecordEvent.DUPLICATE)
    books = Books((("ind", 1, a_record()), ("ind", 2, duplicate)), (an_entry(),), 0)
    again = Sent("ind", "ind", "9-0", REF, SENT.name)
    assert wrong(books, SENT, again) == []
    assert wrong(books, SENT) == [0]


def test_what_could_not_be_read_is_known_by_its_party_and_entry() -> None:
    """In a shared shard another party may have an entry of the same id."""
    refused = a_record(RecordEvent.DEAD_LETTERED, "1-0", kind="entry")
    books = Books((("ind", 1, refused),), (), 0)
    assert wrong(books, SENT) == []
    assert wrong(books, Sent("liv", "liv", "1-0", REF, SENT.name)) == [0]


@pytest.mark.parametrize(
    ("books", "check"),
    [
        (Books((), (), 0), 0),
        (Books((("ind", 1, a_record()), ("ind", 2, a_record())), (an_entry(),), 0), 0),
        (Books((("ind", 1, a_record()),), (), 0), 1),
        (Books((("ind", 1, a_record()),), (an_entry(), an_entry(entry="3-0")), 0), 1),
        (Books((("ind", 1, a_record()),), (an_entry(), an_entry("gm0363")), 0), 1),
        (Books((("ind", 2, a_record()),), (an_entry(),), 0), 2),
        (Books((("ind", 1, a_record()),), (an_entry(),), 1), 3),
    ],
    ids=[
        *("no record", "two records", "no copy", "two copies", "a copy for another", "a gap"),
        "left in an intake",
    ],
)
def test_each_way_to_be_wrong_is_found(books: Books, check: int) -> None:
    """A record or a copy too few, too many, or for somebody else; a gap; something left."""
    assert wrong(books, SENT) == [check]


def test_what_was_passed_on_is_a_copy_that_is_due() -> None:
    """A copy that a recipient passed on is promised by the record of its act."""
    passed = a_record(RecordEvent.FORWARDED, f"lro:{REF}", kind="delivery").model_copy(
        update={"party": "gm0363"}
    )
    records = (("ind", 1, a_record()), ("ind", 2, passed))
    assert wrong(Books(records, (an_entry(), an_entry("gm0363")), 0), SENT) == []
    assert wrong(Books(records, (an_entry(),), 0), SENT) == [1]
