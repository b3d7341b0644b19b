"""Intakes: what was submitted is handed out, taken over when left, and never lost."""

import asyncio
import time

from hub.ports import Entry, Store
from tests.contract.steps import a_step, taken

EVENT = '{"id":"1","data":{"omschrijving":"é"}}'.encode()


async def test_an_event_is_handed_out_as_it_came(store: Store):
    """Bytes untouched."""
    entry_id = await store.submit("ind", EVENT)
    assert await store.take("ind", [""], "w1", 10, 0) == [Entry(entry_id, "", EVENT, 1)]


async def test_an_event_is_handed_out_to_one_worker(store: Store):
    await store.submit("ind", EVENT)
    assert len(await store.take("ind", [""], "w1", 10, 0)) == 1
    assert await store.take("ind", [""], "w2", 10, 0) == []


async def test_what_was_submitted_before_the_hub_was_ready_is_handed_out(make_store):
    """A partner may publish before the hub ever ran."""
    store = make_store()
    await store.submit("politie.3", EVENT)
    await store.prepare({"politie.3": ("",)})
    assert len(await store.take("politie.3", [""], "w1", 10, 0)) == 1


async def test_making_ready_again_changes_nothing(store: Store):
    """A restart of the hub: what is pending stays pending, what is new stays new."""
    await taken(store, EVENT)
    await store.submit("ind", EVENT)
    await store.prepare({"ind": ("",)})
    assert (await store.depths("ind", [""]))["pending"] == 1
    assert len(await store.take("ind", [""], "w1", 10, 0)) == 1


async def test_no_more_than_asked_is_handed_out_in_order(store: Store):
    ids = [await store.submit("ind", EVENT) for _ in range(5)]
    first = await store.take("ind", [""], "w1", 3, 0)
    second = await store.take("ind", [""], "w1", 3, 0)
    assert [[e.id for e in part] for part in (first, second)] == [ids[:3], ids[3:]]


async def test_taking_waits_for_an_event(store: Store):
    """It comes back soon after the event, and not later than the wait."""
    started = time.monotonic()
    assert await store.take("ind", [""], "w1", 10, 60) == []
    assert time.monotonic() - started >= 0.05
    waiting = asyncio.create_task(store.take("ind", [""], "w1", 10, 10_000))
    await asyncio.sleep(0.02)
    await store.submit("ind", EVENT)
    assert len(await asyncio.wait_for(waiting, 5)) == 1


async def test_each_intake_of_a_shared_shard_says_who_sent_it(store: Store):
    """The intake, not the event, proves the sender."""
    intakes = ["gm0363", "gm0014"]
    for party in intakes:
        await store.submit("gemeente", party.encode(), party)

    entries = await store.take("gemeente", intakes, "w1", 10, 0)

    assert sorted((e.intake, e.event) for e in entries) == [
        ("gm0014", b"gm0014"),
        ("gm0363", b"gm0363"),
    ]
    steps = [a_step(e.id, e.intake, ["lro"], intake=e.intake) for e in entries]
    assert [r.outcome for r in await store.route("gemeente", steps)] == ["done", "done"]
    assert (await store.depths("gemeente", intakes))["intake"] == 0


async def test_a_step_on_the_intake_of_another_party_is_gone(store: Store):
    (entry,) = await taken(store, EVENT, shard="gemeente", intake="gm0363")
    (result,) = await store.route("gemeente", [a_step(entry.id, intake="gm0014")])
    assert result.outcome == "gone"


async def test_what_a_worker_left_is_taken_over(store: Store):
    """With its number of deliveries, and not before it was idle long enough."""
    (entry,) = await taken(store, EVENT)
    assert await store.reclaim("ind", [""], "w2", 60_000, 10) == []
    await asyncio.sleep(0.02)

    (again,) = await store.reclaim("ind", [""], "w2", 10, 10)

    assert again == Entry(entry.id, "", EVENT, 2)
    assert [r.outcome for r in await store.route("ind", [a_step(again.id)])] == ["done"]
    assert await store.reclaim("ind", [""], "w2", 0, 10) == []


async def test_what_was_just_taken_over_is_not_taken_over_again(store: Store):
    await taken(store, EVENT)
    await asyncio.sleep(1.05)
    assert len(await store.reclaim("ind", [""], "w2", 1_000, 10)) == 1
    assert await store.reclaim("ind", [""], "w3", 1_000, 10) == []


async def test_taking_over_takes_no_more_than_asked(store: Store):
    await taken(store, *[EVENT] * 5)
    assert len(await store.reclaim("ind", [""], "w2", 0, 3)) == 3
    assert len(await store.reclaim("ind", [""], "w2", 0, 3)) == 2


async def test_a_suspect_comes_alone_and_last(store: Store):
    """Handed out twice and not finished: it may be what kills the workers."""
    old = await taken(store, *[EVENT] * 3)
    assert len(await store.reclaim("ind", [""], "w2", 0, 10)) == 3  # all for the second time
    (new,) = await taken(store, EVENT)

    parts = []
    for n in range(4):
        parts.append(await store.reclaim("ind", [""], "w3", 0, 10))
        await store.route("ind", [a_step(entry.id, f"m{n}") for entry in parts[-1]])

    assert [[e.id for e in part] for part in parts] == [[e.id] for e in (new, *old)]
    assert [part[0].deliveries for part in parts] == [2, 3, 3, 3]
    assert await store.reclaim("ind", [""], "w3", 0, 10) == []


async def test_taking_over_covers_every_intake_of_a_shared_shard(store: Store):
    for party in ("gm0363", "gm0014"):
        await taken(store, EVENT, shard="gemeente", intake=party)
    again = await store.reclaim("gemeente", ["gm0363", "gm0014"], "w2", 0, 10)
    assert sorted(e.intake for e in again) == ["gm0014", "gm0363"]


async def test_depths_count_what_waits_and_what_is_pending(store: Store):
    await taken(store, EVENT, EVENT)
    await store.submit("ind", EVENT)
    depths = await store.depths("ind", [""])
    assert (depths["intake"], depths["pending"]) == (3, 2)
