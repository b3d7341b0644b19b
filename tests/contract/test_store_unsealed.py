"""Fail closed: what cannot be sealed is not accepted, and nothing is written of it."""

import pytest

from hub.errors import NotSealed, Unavailable
from hub.ports import Store
from hub.steps import ActOutcome, Outcome, StepResult
from tests.contract.steps import (
    a_step,
    an_act,
    an_erasure,
    delivered,
    inbox,
    message,
    records,
    sealed_copy,
    taken,
)

UNSEALED = StepResult(Outcome.BLOCKED, "unsealed")
DONE = StepResult(Outcome.DONE)
LONG_AGO = 1_000  # Unix milliseconds


async def ready(make_store, **unsealed: int) -> Store:
    store = make_store(**unsealed)
    await store.prepare({"ind": ("",), "politie.3": ("",)})
    return store


async def test_too_many_unsealed_records_stop_every_step(make_store, seal):
    """The entries stay pending; once the sealer has caught up they are handled."""
    store = await ready(make_store, unsealed_max=2)
    await delivered(store, "m1")
    await delivered(store, "m2")
    entries = await taken(store, b"{}", b"{}")
    steps = [a_step(entry.id, f"m{n}") for n, entry in enumerate(entries, 3)]

    assert await store.route("ind", steps) == [UNSEALED, UNSEALED]
    assert await records(store) == [b"decided m1", b"decided m2"]
    assert await inbox(store, "lro") == [message("m1"), message("m2")]
    assert (await store.depths("ind", [""]))["pending"] == 2

    seal(store, 1)
    assert await store.route("ind", steps[:1]) == [DONE]
    assert await store.route("ind", steps[1:]) == [UNSEALED]
    seal(store, 3)
    assert await store.route("ind", steps[1:]) == [DONE]


async def test_an_unsealed_record_that_waits_too_long_stops_every_step(make_store):
    store = await ready(make_store, unsealed_ms=0)
    await delivered(store)  # nothing waits yet
    (entry,) = await taken(store, b"{}")
    assert await store.route("ind", [a_step(entry.id, "m2")]) == [UNSEALED]


async def test_a_sealer_that_stands_still_stops_every_step(make_store, seal):
    """The wait counts from the last seal, or from when there was something to seal again."""
    store = await ready(make_store)
    await delivered(store)
    seal(store, 0, at=LONG_AGO, since=LONG_AGO)
    (entry,) = await taken(store, b"{}")
    assert await store.route("ind", [a_step(entry.id, "m2")]) == [UNSEALED]
    seal(store, 1)
    assert await store.route("ind", [a_step(entry.id, "m2")]) == [DONE]


async def test_a_sealer_that_seals_slowly_stops_nobody(make_store, seal):
    """What waits began to wait long ago, but the last seal is fresh: it is at work."""
    store = await ready(make_store)
    await delivered(store, "m1")
    await delivered(store, "m2")
    seal(store, 1, since=LONG_AGO)
    (entry,) = await taken(store, b"{}")
    assert await store.route("ind", [a_step(entry.id, "m3")]) == [DONE]


async def test_after_a_quiet_night_nothing_is_stopped(make_store, seal):
    """The last seal is long ago because there was nothing to seal."""
    store = await ready(make_store)
    await delivered(store, "m1")
    seal(store, 1, at=LONG_AGO, since=LONG_AGO)
    first, second = await taken(store, b"{}", b"{}")

    assert await store.route("ind", [a_step(first.id, "m2")]) == [DONE]
    assert await store.route("ind", [a_step(second.id, "m3")]) == [DONE]
    assert (await store.act("ind", an_act())).outcome == ActOutcome.DONE


@pytest.mark.parametrize("writes_first", ["note", "act", "erase"])
async def test_whatever_writes_first_after_a_quiet_night_begins_the_wait(
    make_store, seal, writes_first
):
    store = await ready(make_store)
    entry = await sealed_copy(store, "m1")
    seal(store, 1, at=LONG_AGO, since=LONG_AGO)
    if writes_first == "note":
        await store.note("ind", b"n")
    elif writes_first == "act":
        await store.act("ind", an_act())
    else:
        assert await store.erase("ind", [an_erasure(entry)]) == [True]
    (new,) = await taken(store, b"{}")
    assert await store.route("ind", [a_step(new.id, "m2")]) == [DONE]


async def test_acts_are_not_accepted_either_and_leave_nothing(make_store, seal):
    """Unavailable, so whoever acts tries again; then it is done, once."""
    store = await ready(make_store, unsealed_max=1)
    await delivered(store)

    with pytest.raises(NotSealed, match="sealer") as caught:
        await store.act("ind", an_act())

    assert isinstance(caught.value, Unavailable)
    assert await records(store) == [b"decided m1"]
    assert await store.states("ind", "gm0363", [message("m1")]) == ["delivered"]
    assert await store.inbox("ind", "ind") == []
    seal(store, 1)
    assert (await store.act("ind", an_act())).outcome == ActOutcome.DONE


async def test_a_note_and_an_erasure_are_never_stopped(make_store):
    """That the hub stops must be on record; and what must go, goes."""
    store = await ready(make_store, unsealed_max=1, unsealed_ms=0)
    entry = await sealed_copy(store)
    assert await store.note("ind", b"stopped") == 2
    assert await store.erase("ind", [an_erasure(entry)]) == [True]
    assert await records(store) == [b"decided m1", b"stopped", b"erased m1"]


async def test_one_shard_that_is_not_sealed_stops_no_other(make_store):
    store = await ready(make_store, unsealed_max=1)
    await delivered(store)
    (entry,) = await taken(store, b"{}", shard="politie.3")
    assert await store.route("politie.3", [a_step(entry.id)]) == [DONE]


async def test_making_ready_again_forgets_nothing_of_what_is_sealed(make_store, seal):
    """Every start of a hub makes ready; the sealer's word stands."""
    store = await ready(make_store, unsealed_max=2)
    await delivered(store, "m1")
    await delivered(store, "m2")
    seal(store, 2)
    await store.prepare({"ind": ("",)})
    (entry,) = await taken(store, b"{}")
    assert await store.route("ind", [a_step(entry.id, "m3")]) == [DONE]
