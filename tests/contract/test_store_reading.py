"""Reading: in pages, in order, and a single copy by its message."""

from hub.ports import Store
from hub.steps import Known, Queue
from tests.contract.steps import a_step, delivered, message, parked, records, taken


async def test_an_inbox_is_read_in_pages_without_gap_or_repeat(store: Store):
    for n in range(7):
        await delivered(store, f"m{n}", ["gm0363"])

    found, after = [], "-"
    while page := await store.inbox("ind", "gm0363", after, 3):
        assert len(page) <= 3
        found += [entry.message for entry in page]
        after = page[-1].id

    assert found == [message(f"m{n}") for n in range(7)]


async def test_records_are_read_in_pages_with_their_seq(store: Store):
    seqs = [await store.note("ind", f"note {n}".encode()) for n in range(5)]
    assert seqs == [1, 2, 3, 4, 5]
    first = await store.records("ind", count=2)
    rest = await store.records("ind", first[-1].id, 100)
    assert [(r.seq, r.record) for r in (*first, *rest)] == [
        (n + 1, f"note {n}".encode()) for n in range(5)
    ]


async def test_notes_and_steps_share_one_numbering(store: Store):
    await store.note("ind", b"started")
    await delivered(store)
    assert await store.note("ind", b"stopped") == 3
    assert await records(store) == [b"started", b"decided m1", b"stopped"]


async def test_held_and_dead_are_two_queues_read_in_pages(store: Store):
    for n, entry in enumerate(await taken(store, *[b"{}"] * 3)):
        await store.route("ind", [a_step(entry.id, f"m{n}", (), held=parked(f"m{n}"))])
    first = await store.parked("ind", Queue.HELD, count=2)
    (last,) = await store.parked("ind", Queue.HELD, first[-1].id)
    names = [entry.parked.message for entry in (*first, last)]
    assert names == [message(f"m{n}") for n in range(3)]
    assert await store.parked("ind", Queue.DEAD) == []


async def test_a_delivery_is_found_by_its_message(store: Store):
    for n in range(3):
        await delivered(store, f"m{n}", ["gm0363"])
    found = await store.find_delivery("ind", "gm0363", message("m1"))
    assert found == (await store.inbox("ind", "gm0363"))[1]


async def test_a_delivery_to_somebody_else_is_not_found(store: Store):
    await delivered(store, to=["lro"])
    assert await store.find_delivery("ind", "gm0363", message("m1")) is None
    assert await store.find_delivery("ind", "lro", message("m2")) is None


async def test_a_delivery_is_found_after_the_duplicate_check_forgot_it(make_store):
    """It is then searched in the inbox itself, however deep it lies."""
    store = make_store(duplicate_ms=1)
    await store.prepare({"ind": ("",)})
    entries = await taken(store, *[b"{}"] * 600)
    steps = [a_step(e.id, f"m{n}", ["gm0363"]) for n, e in enumerate(entries)]
    await store.route("ind", steps)

    found = await store.find_delivery("ind", "gm0363", message("m3"))
    assert found is not None
    assert found.message == message("m3")
    assert await store.find_delivery("ind", "gm0363", message("none")) is None


async def test_who_sent_and_received_what_is_told_for_each_message(store: Store):
    await delivered(store, "m1", ["lro", "gm0363"])
    asked = [message("m1"), message("never")]
    assert await store.known("ind", asked) == [Known(("lro", "gm0363"), "ind"), None]
    assert await store.known("ind", []) == []


async def test_an_empty_shard_is_empty_everywhere(store: Store):
    assert await store.inbox("ind", "gm0363") == []
    assert await store.records("ind") == []
    assert await store.states("ind", "gm0363", []) == []
    assert await store.depths("ind", [""]) == dict.fromkeys(
        ("intake", "pending", "held", "dead", "records"), 0
    )
