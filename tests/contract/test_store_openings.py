"""What has a key of its own may be opened, also what nobody published: a sealed notice."""

import pytest

from hub.ports import ActOutcome, ActResult, Store
from tests.contract.steps import a_copy, a_step, an_act, delivered, message, records, taken

FEEDBACK = "berichten.terugkoppeling-gegeven"


async def told(store: Store, **changes) -> None:
    """Feed back with a notice to the sender; `key` seals it."""
    await delivered(store)
    notice = a_copy("ind", "feedback", type=FEEDBACK, **changes)
    fed_back = an_act(ref="feedback", to_state="", notice=notice)
    assert (await store.act("ind", fed_back)).outcome is ActOutcome.DONE


def opening(party="ind"):
    return an_act("feedback", party, "opening", notice=None)


async def test_a_notice_that_is_sealed_can_be_opened_by_who_got_it(store: Store):
    """On record, and nobody is told of it."""
    await told(store, key=b"wrapped")

    assert await store.act("ind", opening()) == ActResult(ActOutcome.DONE, "opened")

    assert (await records(store))[-1] == b"act opening"
    (notice,) = await store.inbox("ind", "ind")
    assert notice.message == message("feedback")
    assert await store.inbox("ind", "gm0363") != []


@pytest.mark.parametrize("party", ["gm0363", "lro"])
async def test_a_notice_to_another_cannot_be_opened(store: Store, party):
    """The key that counts is that of who acts."""
    await told(store, key=b"wrapped")

    result = await store.act("ind", opening(party))

    assert result == ActResult(ActOutcome.UNKNOWN)
    assert (await records(store))[-1] == b"refused opening"


async def test_a_notice_without_a_key_has_nothing_to_open(store: Store):
    await told(store)

    assert await store.act("ind", opening()) == ActResult(ActOutcome.UNKNOWN)


async def test_opening_a_notice_leaves_the_room_of_the_inbox_as_it_is(make_store):
    """A notice takes up no room, so opening it frees none; the suite counts after the test."""
    store = make_store(inbox_cap=1)
    await store.prepare({"ind": ("",)})
    await told(store, key=b"wrapped")
    await store.act("ind", opening())

    (entry,) = await taken(store, b"{}")
    (result,) = await store.route("ind", [a_step(entry.id, "m2", ["ind"])])
    (entry,) = await taken(store, b"{}")
    (full,) = await store.route("ind", [a_step(entry.id, "m3", ["ind"])])

    assert (result.outcome, full.detail) == ("done", "inbox-full:ind")


async def test_a_copy_can_be_opened_longer_than_its_duplicate_check_is_kept(make_store):
    """Who reads late has it still: its key says so."""
    store = make_store(duplicate_ms=1)
    await store.prepare({"ind": ("",)})
    (entry,) = await taken(store, b"{}")
    await store.route("ind", [a_step(entry.id, copies=(a_copy(key=b"wrapped"),))])
    while (await store.known("ind", [message("m1")]))[0] is not None:
        continue

    assert await store.act("ind", an_act()) == ActResult(ActOutcome.DONE, "opened")
