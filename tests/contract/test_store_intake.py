"""Intakes: what was submitted is handed out, taken over when left, and never lost."""

import asyncio
import time
from dataclasses import replace

from hub.ports import Store
from hub.steps import Entry
from hub.stores import keys
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
    first = await store.reclaim("ind", [""], "w2", 0, 3)
    assert len(first) == 3
    assert len(await store.reclaim("ind", [""], "w2", 0, 3, first[-1])) == 2


async def test_a_suspect_comes_alone_and_in_its_turn(store: Store):
    """Handed out twice and not finished: it may be what kills the workers.

    What came after it waits: it may be of the same case.
    """
    before = await taken(store, EVENT, EVENT)
    old = await taken(store, *[EVENT] * 3)
    assert len(await store.reclaim("ind", [""], "w2", 0, 10)) == 5  # all for the second time
    await store.excuse("ind", [replace(entry, deliveries=2) for entry in before])
    new = await taken(store, EVENT, EVENT)

    parts = []
    for _ in range(5):
        parts.append(await store.reclaim("ind", [""], "w3", 0, 10))
        await store.route("ind", [a_step(entry.id, entry.id) for entry in parts[-1]])

    expected = [before, *([entry] for entry in old), new]
    assert [[e.id for e in part] for part in parts] == [[e.id for e in part] for part in expected]
    assert [part[0].deliveries for part in parts] == [2, 3, 3, 3, 2]
    assert await store.reclaim("ind", [""], "w3", 0, 10) == []


async def test_taking_over_covers_every_intake_of_a_shared_shard(store: Store):
    for party in ("gm0363", "gm0014"):
        await taken(store, EVENT, shard="gemeente", intake=party)
    again = await store.reclaim("gemeente", ["gm0363", "gm0014"], "w2", 0, 10)
    assert sorted(e.intake for e in again) == ["gm0014", "gm0363"]


async def test_an_excused_hand_out_does_not_count(store: Store):
    """However long the outage: the entry comes again as if for the same time."""
    (entry,) = await taken(store, EVENT)
    for deliveries in (1, 2):
        for _ in range(7):
            await store.excuse("ind", [entry])
            (entry,) = await store.reclaim("ind", [""], "w1", 0, 10)
            assert entry.deliveries == deliveries
        (entry,) = await store.reclaim("ind", [""], "w1", 0, 10)


async def test_an_excuse_counts_once(store: Store):
    """Its answer got lost and the worker repeats it: safe."""
    await taken(store, EVENT)
    await store.reclaim("ind", [""], "w1", 0, 10)
    (entry,) = await store.reclaim("ind", [""], "w1", 0, 10)
    for _ in range(3):
        await store.excuse("ind", [entry])
    assert (await store.reclaim("ind", [""], "w1", 0, 10))[0].deliveries == 3


async def test_the_hand_out_of_another_worker_is_not_excused(store: Store):
    """It was taken over meanwhile; what the other makes of it is not for us to say."""
    old = await taken(store, EVENT)
    await store.reclaim("ind", [""], "w2", 0, 10)
    await store.excuse("ind", old)
    assert (await store.reclaim("ind", [""], "w2", 0, 10))[0].deliveries == 3


async def test_what_was_excused_stays_pending_and_idle_as_it_was(store: Store):
    """It is not new again, comes no sooner than it would have, and no later."""
    (entry,) = await taken(store, EVENT)
    await asyncio.sleep(0.2)
    await store.excuse("ind", [entry])
    assert (await store.depths("ind", [""]))["pending"] == 1
    assert await store.take("ind", [""], "w2", 10, 0) == []
    assert await store.reclaim("ind", [""], "w2", 60_000, 10) == []
    assert await store.reclaim("ind", [""], "w2", 200, 10) == [entry]


async def test_what_is_finished_needs_no_excuse(store: Store):
    """The batch was half done when the store went away."""
    done, left = await taken(store, EVENT, EVENT)
    await store.route("ind", [a_step(done.id)])
    await store.excuse("ind", [done, left])
    assert await store.reclaim("ind", [""], "w1", 0, 10) == [left]
    await store.excuse("ind", [])


async def test_an_excuse_covers_every_intake_of_a_shared_shard(store: Store):
    intakes = ["gm0363", "gm0014"]
    entries = [
        entry
        for party in intakes
        for entry in await taken(store, EVENT, shard="gemeente", intake=party)
    ]
    await store.excuse("gemeente", entries)
    again = await store.reclaim("gemeente", intakes, "w1", 0, 10)
    assert sorted((e.intake, e.deliveries) for e in again) == [("gm0014", 1), ("gm0363", 1)]


async def test_depths_count_what_waits_and_what_is_pending(store: Store):
    await taken(store, EVENT, EVENT)
    await store.submit("ind", EVENT)
    depths = await store.depths("ind", [""])
    assert (depths["intake"], depths["pending"]) == (3, 2)


async def test_entries_of_two_intakes_with_one_id_are_each_taken_over_once(server_store):
    """Ids are of one intake: at the end of a page, the other one must not be skipped."""
    await server_store.prepare({"zvh": ("a", "b")})
    for intake, place in (("a", "5-0"), ("a", "6-0"), ("b", "6-0"), ("b", "7-0")):
        key = keys.intake("zvh", intake)
        await server_store._call("XADD", key, place, "event", b"{}")
    await server_store.take("zvh", ["a", "b"], "killed", 10, 0)

    found, after = [], None
    while page := await server_store.reclaim("zvh", ["a", "b"], "w1", 0, 2, after):
        found += [(entry.intake, entry.id) for entry in page]
        after = page[-1]

    assert [("a", "5-0"), ("a", "6-0"), ("b", "6-0"), ("b", "7-0")] == found


async def test_what_is_pending_and_not_there_any_more_does_not_end_the_pages(server_store):
    """The empty list means that there is no more."""
    await server_store.prepare({"ind": ("",)})
    gone = await server_store.submit("ind", b"{}")
    there = await server_store.submit("ind", b"{}")
    await server_store.take("ind", [""], "killed", 10, 0)
    await server_store._call("XDEL", keys.intake("ind"), gone)

    page = await server_store.reclaim("ind", [""], "w1", 0, 1)

    assert [there] == [entry.id for entry in page]
