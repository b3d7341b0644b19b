"""Erasure: the content and its key go, the record comes; once, as a whole, and no act is lost."""

import asyncio
from dataclasses import replace

import pytest

from hub.ports import Progress, Store
from hub.steps import ActOutcome, ActResult, Correction, Outcome
from tests.contract.steps import (
    a_copy,
    a_step,
    an_act,
    an_erasure,
    delivered,
    inbox,
    message,
    progress,
    received_by,
    records,
    sealed_copy,
    taken,
)

ERASED_AT = "2026-11-23T12:00:00+00:00"


async def erased(store: Store, entry: str, name: str = "m1") -> None:
    assert await store.erase("ind", [an_erasure(entry, name)]) == [True]


async def test_an_erased_copy_is_gone_and_its_erasure_is_on_record(store: Store):
    """Entry and key; the delivery keeps its state, and who received it stays known."""
    entry = await sealed_copy(store)

    results = await store.erase("ind", [an_erasure(entry, person=b"p")])

    assert results == [True]
    assert await inbox(store, "gm0363") == []
    assert await store.find_delivery("ind", "gm0363", message("m1")) is None
    assert await store.copy_key("ind", "gm0363", message("m1")) is None
    assert await progress(store) == Progress("delivered", "", ERASED_AT)
    last = (await store.records("ind"))[-1]
    assert (last.record, last.person) == (b"erased m1", b"p")
    assert await received_by(store) == ("gm0363",)


async def test_what_was_erased_is_not_erased_again(store: Store):
    """A repeated call writes no second record."""
    entry = await sealed_copy(store)
    erasure = an_erasure(entry, notice=a_copy("ind", "n"))

    assert await store.erase("ind", [erasure, erasure]) == [True, False]
    assert await store.erase("ind", [erasure]) == [False]
    assert await records(store) == [b"decided m1", b"erased m1"]
    assert len(await store.inbox("ind", "ind")) == 1


async def test_two_jobs_at_once_erase_it_once(store: Store):
    entries = [await sealed_copy(store, f"m{n}") for n in range(5)]
    erasures = [an_erasure(entry, f"m{n}") for n, entry in enumerate(entries)]

    both = await asyncio.gather(*(store.erase("ind", [e]) for e in (*erasures, *erasures)))

    assert sorted(result for (result,) in both) == [False] * 5 + [True] * 5
    assert len(await records(store)) == 10


async def test_no_erasures_are_no_work(store: Store):
    assert await store.erase("ind", []) == []


async def test_only_the_copy_that_is_meant_is_erased(store: Store):
    """Not that of another party, not another message, not the entry of another message."""
    first, second = await sealed_copy(store, "m1"), await sealed_copy(store, "m2")
    other = await sealed_copy(store, "m3", "lro")

    wrong = [
        an_erasure("1-1", "never"),
        an_erasure(second, "never"),
        an_erasure(other, "m3"),
        an_erasure("nonsense", "never"),
    ]
    assert await store.erase("ind", wrong) == [False] * 4
    assert await records(store) == [f"decided m{n}".encode() for n in (1, 2, 3)]

    await erased(store, first)
    assert await inbox(store, "gm0363") == [message("m2")]
    assert await store.copy_key("ind", "gm0363", message("m2")) == b"key of m2"
    assert await store.copy_key("ind", "lro", message("m3")) == b"key of m3"


async def test_a_key_whose_entry_is_not_named_rightly_goes_all_the_same(store: Store):
    """The key is what makes a copy readable: an erasure that finds it, takes it.

    The entry can go later; that it was finished by the erasure is counted once.
    """
    entry = await sealed_copy(store)
    await sealed_copy(store, "m2")
    await store.act("ind", an_act())

    assert await store.erase("ind", [an_erasure("1-1")]) == [True]
    assert await store.copy_key("ind", "gm0363", message("m1")) is None
    assert await progress(store) == Progress("opened", "", ERASED_AT)

    assert await store.erase("ind", [an_erasure(entry)]) == [True]
    assert await inbox(store, "gm0363") == [message("m2")]


async def test_a_copy_that_was_not_sealed_is_erased_too(store: Store):
    await delivered(store, to=["gm0363"])
    (entry,) = await store.inbox("ind", "gm0363")
    await erased(store, entry.id)
    assert await store.inbox("ind", "gm0363") == []


async def test_a_finished_delivery_stays_finished(store: Store):
    """State and moment stay; erasing it makes no more room."""
    entry = await sealed_copy(store)
    await sealed_copy(store, "m2")
    await store.act("ind", an_act(to_state="acknowledged", at=an_erasure("").at.replace(day=1)))
    await erased(store, entry)
    assert await progress(store) == Progress("acknowledged", "2026-11-01T12:00:00+00:00", ERASED_AT)


@pytest.mark.parametrize("opened", [False, True])
async def test_what_nobody_finished_makes_room_when_it_is_erased(make_store, opened):
    """Once: the act that finishes it afterwards makes no room a second time."""
    store = make_store(inbox_cap=2)
    await store.prepare({"ind": ("",)})
    entry = await sealed_copy(store, "m1", "full")
    await sealed_copy(store, "m2", "full")
    if opened:
        await store.act("ind", an_act(party="full"))

    await store.erase("ind", [an_erasure(entry, party="full")])
    await delivered(store, "m3", ["full"])
    late = an_act(
        party="full", ref="late", allowed_from=("delivered", "opened"), to_state="acknowledged"
    )
    assert (await store.act("ind", late)).outcome == ActOutcome.DONE

    (new,) = await taken(store, b"{}")
    (result,) = await store.route("ind", [a_step(new.id, "m4", ["full"])])
    assert result.detail == "inbox-full:full"


async def test_every_act_is_still_possible_after_it(store: Store):
    """A gemeente may tell what it did with what it read long ago."""
    entry = await sealed_copy(store)
    await store.act("ind", an_act(to_state="acknowledged"))
    await erased(store, entry)

    act = an_act(ref="a2", allowed_from=("acknowledged",), to_state="taken-up")
    assert await store.act("ind", act) == ActResult(ActOutcome.DONE, "taken-up")
    found = await progress(store)
    assert (found.state, found.erased) == ("taken-up", ERASED_AT)


async def test_the_sender_is_told_when_that_is_asked(store: Store):
    """With the key of the notice; a sender that does not read stops nothing."""
    entry = await sealed_copy(store)
    notice = a_copy("ind", "n", key=b"of the notice")
    assert await store.erase("ind", [an_erasure(entry, notice=notice)]) == [True]
    (told,) = await store.inbox("ind", "ind")
    assert (told.message, told.notice) == (message("n"), True)
    assert await store.copy_key("ind", "ind", message("n")) == b"of the notice"


async def test_a_full_inbox_of_the_sender_stops_no_erasure(make_store):
    store = make_store(inbox_cap=1)
    await store.prepare({"ind": ("",)})
    await delivered(store, notices=(a_copy("ind", "n1"), a_copy("ind", "n2")))
    (entry,) = await store.inbox("ind", "lro")
    erasure = an_erasure(entry.id, party="lro", notice=a_copy("ind", "n3", key=b"k"))
    assert await store.erase("ind", [erasure]) == [True]
    assert len(await store.inbox("ind", "ind")) == 2
    assert await store.copy_key("ind", "ind", message("n3")) is None


async def test_a_notice_is_erased_without_becoming_a_delivery(store: Store):
    """There is nothing to finish and nothing to act on."""
    await delivered(store, "m1", ["ind"])
    await delivered(store, "m2", (), notices=(a_copy("ind", "n", key=b"k"),))
    entry = (await store.inbox("ind", "ind"))[-1].id

    assert await store.erase("ind", [an_erasure(entry, "n", "ind")]) == [True]

    assert [e.message for e in await store.inbox("ind", "ind")] == [message("m1")]
    assert await store.copy_key("ind", "ind", message("n")) is None
    assert (await store.act("ind", an_act("n", "ind"))).outcome == ActOutcome.UNKNOWN


async def test_a_batch_of_erasures_is_done_in_order(store: Store):
    """Each with its notice, its person and its own result."""
    entries = [await sealed_copy(store, f"m{n}") for n in range(4)]
    erasures = [
        an_erasure(entry, f"m{n}", notice=a_copy("ind", f"n{n}") if n % 2 else None)
        for n, entry in enumerate(entries)
    ]
    erasures[2] = replace(erasures[2], message=message("never"))

    assert await store.erase("ind", erasures) == [True, True, False, True]

    assert (await records(store))[4:] == [b"erased m0", b"erased m1", b"erased m3"]
    assert [n.message for n in await store.inbox("ind", "ind")] == [message("n1"), message("n3")]
    assert await inbox(store, "gm0363") == [message("m2")]


async def test_what_was_erased_is_not_delivered_again(store: Store):
    """It came again within the duplicate check: who had it, had it."""
    entry = await sealed_copy(store)
    await erased(store, entry)
    (again,) = await taken(store, b"{}")
    (result,) = await store.route("ind", [a_step(again.id)])
    assert result.outcome == Outcome.DUPLICATE
    assert await inbox(store, "gm0363") == []


async def test_a_correction_still_reaches_who_had_the_original(store: Store):
    entry = await sealed_copy(store)
    await erased(store, entry)
    corrects = Correction(message("m1"), ("gm0363",), withdraws=True)
    await delivered(store, "c1", ["gm0363"], corrects=corrects)
    assert await inbox(store, "gm0363") == [message("c1")]
    assert (await progress(store)).erased == ERASED_AT


async def test_an_erased_delivery_is_forgotten_with_its_message(make_store):
    """Nothing about it stays behind on the broker."""
    store = make_store(duplicate_ms=30)
    await store.prepare({"ind": ("",)})
    entry = await sealed_copy(store)
    await erased(store, entry)
    while (await progress(store)).erased:
        await asyncio.sleep(0.005)
    assert await store.known("ind", [message("m1")]) == [None]
    assert (await store.act("ind", an_act())).outcome == ActOutcome.UNKNOWN
