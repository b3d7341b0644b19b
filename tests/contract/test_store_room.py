"""Room: an inbox is full by what its party has not finished, and then steps to it are blocked."""

import pytest

from hub.ports import Store
from hub.steps import ActOutcome, Outcome, Queue, StepResult
from tests.contract.steps import (
    a_copy,
    a_step,
    an_act,
    delivered,
    inbox,
    message,
    parked,
    received_by,
    records,
    taken,
)

DONE = StepResult(Outcome.DONE)
DUPLICATE = StepResult(Outcome.DUPLICATE)
FULL = StepResult(Outcome.BLOCKED, "inbox-full:full")


async def with_room(make_store, cap: int) -> Store:
    store = make_store(inbox_cap=cap)
    await store.prepare({"ind": ("",)})
    return store


async def sent(store: Store, name: str, *to: str) -> StepResult:
    """Send a message to the parties `to`; tell what became of the step."""
    (entry,) = await taken(store, b"{}")
    (result,) = await store.route("ind", [a_step(entry.id, name, to)])
    return result


async def acted(store: Store, name: str, state: str, *, after: str = "delivered") -> None:
    act = an_act(name, "full", f"{name} {state}", allowed_from=(after,), to_state=state)
    assert (await store.act("ind", act)).outcome == ActOutcome.DONE


async def test_a_full_inbox_blocks_the_whole_step_and_says_which(make_store):
    """Nothing is written, nothing is lost: the entry stays pending."""
    store = await with_room(make_store, 2)
    for n in range(2):
        await delivered(store, f"m{n}", ["full"])
    (entry,) = await taken(store, b"{}")

    results = await store.route("ind", [a_step(entry.id, "m9", ["lro", "full"])])

    assert results == [StepResult(Outcome.BLOCKED, "inbox-full:full")]
    assert await inbox(store, "lro") == []
    assert len(await records(store)) == 2
    assert (await store.depths("ind", [""]))["pending"] == 1


async def test_the_room_of_an_inbox_counts_within_a_batch(make_store):
    """Two steps to the last place in one call: one gets it."""
    store = await with_room(make_store, 1)
    entries = await taken(store, b"{}", b"{}")
    steps = [a_step(e.id, f"m{n}", ["full"]) for n, e in enumerate(entries)]

    first, second = await store.route("ind", steps)

    assert (first.outcome, second.outcome) == (Outcome.DONE, Outcome.BLOCKED)
    assert len(await inbox(store, "full")) == 1


async def test_what_comes_after_a_full_inbox_is_not_tried_and_leaves_no_gap(make_store):
    """It may be of the same case: the step is made without that copy, and then comes the rest."""
    store = await with_room(make_store, 1)
    await delivered(store, "m0", ["full"])
    entries = await taken(store, *[b"{}"] * 4)
    steps = [
        a_step(entries[0].id, "m1", ["lro", "full"]),
        a_step("1-1", "m2", ["gm0363"]),
        a_step(entries[1].id, "m0", ["gm0014"]),
        a_step(entries[2].id, "m3", ["gm0363"]),
    ]

    after = StepResult(Outcome.BLOCKED, "after-full")
    assert [FULL, after, after, after] == await store.route("ind", steps)
    assert (await store.depths("ind", [""]))["pending"] == 4
    steps[0] = a_step(entries[0].id, "m1", ["lro"])
    results = await store.route("ind", steps)

    outcomes = [result.outcome.value for result in results]
    assert outcomes == ["done", "gone", "duplicate", "done"]
    assert [entry.seq for entry in await store.records("ind")] == [1, 2, 3, 4]


async def test_a_duplicate_for_a_full_inbox_is_a_duplicate(make_store):
    """It brings nothing to the inbox, so it need not wait for room."""
    store = await with_room(make_store, 1)
    await delivered(store, "m0", ["full"])
    (entry,) = await taken(store, b"{}")
    assert await store.route("ind", [a_step(entry.id, "m0", ["full"])]) == [DUPLICATE]


async def test_a_sender_that_does_not_read_gets_no_more_notices_and_stops_nobody(make_store):
    """Its inbox holds twice the room; what it is told then stands in the records only."""
    store = await with_room(make_store, 1)
    entries = await taken(store, *[b"{}"] * 3)
    steps = [
        a_step(e.id, f"m{n}", (), notices=(a_copy("ind", f"n{n}"),)) for n, e in enumerate(entries)
    ]

    assert await store.route("ind", steps) == [DONE] * 3

    notices = await store.inbox("ind", "ind")
    assert [notice.message for notice in notices] == [message("n0"), message("n1")]
    assert len(await records(store)) == 3


async def test_notices_take_no_room_of_the_copies(make_store):
    """Who sends a lot is told a lot, and must still be able to receive."""
    store = await with_room(make_store, 1)
    first, second = await taken(store, b"{}", b"{}")
    notices = (a_copy("lro", "n1"), a_copy("lro", "n2"))

    steps = [a_step(first.id, "m1", (), notices=notices), a_step(second.id, "m2", ["lro"])]
    assert await store.route("ind", steps) == [DONE, DONE]
    assert await inbox(store, "lro") == [message("m2")]


@pytest.mark.parametrize("state", ["acknowledged", "taken-up", "refused"])
async def test_what_a_party_finished_makes_room(make_store, state):
    """By its own act, and at once; the copy stays where it can be read."""
    store = await with_room(make_store, 1)
    await delivered(store, "m1", ["full"])
    await acted(store, "m1", state)

    assert await sent(store, "m2", "full") == DONE
    assert await sent(store, "m3", "full") == FULL
    assert await inbox(store, "full") == [message("m1"), message("m2")]


@pytest.mark.parametrize("state", ["opened", ""])
async def test_looking_at_a_copy_makes_no_room(make_store, state):
    """Nor does feedback, or passing it on: it is still to be done."""
    store = await with_room(make_store, 1)
    await delivered(store, "m1", ["full"])
    await acted(store, "m1", state)

    assert await sent(store, "m2", "full") == FULL


async def test_a_copy_makes_room_once(make_store):
    """Opened, acknowledged and then taken up: one copy less to do."""
    store = await with_room(make_store, 2)
    await delivered(store, "m1", ["full"])
    await delivered(store, "m2", ["full"])
    await acted(store, "m1", "opened")
    await acted(store, "m1", "acknowledged", after="opened")
    await acted(store, "m1", "taken-up", after="acknowledged")

    assert await sent(store, "m3", "full") == DONE
    assert await sent(store, "m4", "full") == FULL


async def test_an_act_that_was_refused_makes_no_room(make_store):
    store = await with_room(make_store, 1)
    await delivered(store, "m1", ["full"])
    act = an_act(party="full", allowed_from=("opened",), to_state="acknowledged")
    assert (await store.act("ind", act)).outcome == ActOutcome.NOT_ALLOWED

    assert await sent(store, "m2", "full") == FULL


async def test_there_is_never_more_room_than_an_inbox_has(make_store):
    """Finished, opened anew and finished again: still one place."""
    store = await with_room(make_store, 1)
    await delivered(store, "m1", ["full"])
    await acted(store, "m1", "acknowledged")
    await acted(store, "m1", "opened", after="acknowledged")
    await acted(store, "m1", "refused", after="opened")

    assert await sent(store, "m2", "full") == DONE
    assert await sent(store, "m3", "full") == FULL


async def test_who_finishes_makes_room_for_nobody_else(make_store):
    store = await with_room(make_store, 1)
    await delivered(store, "m1", ["full", "lro"])
    act = an_act(party="lro", to_state="acknowledged")
    assert (await store.act("ind", act)).outcome == ActOutcome.DONE

    assert await sent(store, "m2", "full") == FULL
    assert await sent(store, "m3", "lro") == DONE


async def test_who_has_the_message_already_needs_no_room(make_store):
    """The rest of a held event is released to the others, however full that inbox is."""
    store = await with_room(make_store, 1)
    (entry,) = await taken(store, b"{}")
    await store.route("ind", [a_step(entry.id, to=["full"], held=parked())])
    (held,) = await store.parked("ind", Queue.HELD)

    step = a_step(held.id, queue=Queue.HELD, to=["full", "lro"])
    assert await store.route("ind", [step]) == [DONE]
    assert await received_by(store) == ("full", "lro")
    assert await inbox(store, "full") == [message("m1")]


async def test_what_is_passed_on_takes_room(make_store):
    store = await with_room(make_store, 1)
    await delivered(store, "m1", ["lro"])
    act = an_act(party="lro", to_state="", copy=a_copy("full"))
    assert (await store.act("ind", act)).outcome == ActOutcome.DONE

    assert await sent(store, "m2", "full") == FULL
