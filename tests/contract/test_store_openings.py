"""What has a key of its own may be opened, also what nobody published: a sealed notice."""

import pytest

from hub.ports import Store
from hub.steps import ActOutcome, ActResult
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


@pytest.mark.parametrize("passed_on", [False, True])
async def test_a_copy_keeps_its_key_when_its_message_comes_again_after_it_was_forgotten(
    make_store, passed_on
):
    """Under a legal hold it outlives the duplicate check; with another key nobody opened it."""
    store = make_store(duplicate_ms=50)
    await store.prepare({"ind": ("",)})
    copies = (a_copy(key=b"first"), a_copy("lro", key=b"of the lro"))
    (entry,) = await taken(store, b"{}")
    await store.route("ind", [a_step(entry.id, copies=copies)])
    while (await store.known("ind", [message("m1")]))[0] is not None:
        continue

    again = a_copy(key=b"second")
    if passed_on:
        act = an_act(party="lro", to_state="", copy=again, notice=None)
        assert (await store.act("ind", act)).outcome is ActOutcome.DONE
    else:
        (entry,) = await taken(store, b"{}")
        (result,) = await store.route("ind", [a_step(entry.id, copies=(again,))])
        assert result.outcome == "done"

    assert b"first" == await store.copy_key("ind", "gm0363", message("m1"))
    (kept,) = await store.inbox("ind", "gm0363")
    assert kept == await store.find_delivery("ind", "gm0363", message("m1"))
