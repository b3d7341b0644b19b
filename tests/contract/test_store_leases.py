"""One reader for each shard: who has the lease, and what nobody else may write."""

import asyncio

import pytest

from hub.errors import Superseded
from hub.ports import Store
from hub.steps import ActOutcome, Outcome, StepResult
from tests.contract.steps import a_step, an_act, delivered, inbox, message, records, taken

DONE = StepResult(Outcome.DONE)
FENCED = StepResult(Outcome.FENCED)
LONG = 60_000


async def test_a_lease_is_given_to_one_worker(store: Store):
    """And only of that shard: the next may have another."""
    assert await store.lease("ind", "w1", "1.a", LONG) is True
    assert await store.lease("ind", "w2", "2.a", LONG) is False
    assert await store.lease("politie.3", "w2", "2.a", LONG) is True


async def test_who_has_a_lease_renews_it(store: Store):
    """Renewed in time it does not end: the other waits in vain, well beyond the first term."""
    assert await store.lease("ind", "w1", "1.a", 400)
    for _ in range(6):
        await asyncio.sleep(0.1)
        assert await store.lease("ind", "w1", "1.a", 400)
        assert not await store.lease("ind", "w2", "2.a", 400)


async def test_a_lease_that_is_not_renewed_ends(store: Store):
    """Whoever was killed is followed up when its term is over."""
    assert await store.lease("ind", "w1", "1.a", 60)
    await asyncio.sleep(0.08)
    assert await store.lease("ind", "w2", "2.a", LONG) is True
    assert await store.lease("ind", "w1", "1.a", LONG) is False


async def test_a_worker_that_was_started_again_has_its_shards_at_once(store: Store):
    """Its name says so; what still runs of the former one is told that it must stop."""
    assert await store.lease("ind", "w1", "1.a", LONG)
    assert await store.lease("ind", "w1", "2.a", LONG)
    with pytest.raises(Superseded, match="SEINHUIS_WORKER"):
        await store.lease("ind", "w1", "1.b", LONG)
    assert await store.lease("ind", "w1", "2.a", LONG)


async def test_a_lease_that_was_given_back_is_free_at_once(store: Store):
    await store.lease("ind", "w1", "1.a", LONG)
    await store.release("ind", "w1", "1.a")
    await store.release("ind", "w1", "1.a")
    assert await store.lease("ind", "w2", "2.a", LONG) is True


@pytest.mark.parametrize(("worker", "token"), [("w2", "1.a"), ("w1", "1.b"), ("w1", "1")])
async def test_nobody_gives_back_what_is_not_its_own(store: Store, worker, token):
    """An answer that came late, of who had it before."""
    await store.lease("ind", "w1", "1.a", LONG)
    await store.release("ind", worker, token)
    assert await store.lease("ind", "w2", "2.a", LONG) is False


async def test_who_lives_is_known_by_name_in_order(store: Store):
    """All workers then divide the shards in the same way, without asking each other."""
    assert await store.workers("w2", LONG) == ["w2"]
    assert await store.workers("w1|a.b", LONG) == ["w1|a.b", "w2"]
    assert await store.workers("w2", LONG) == ["w1|a.b", "w2"]


async def test_who_takes_its_leave_or_is_silent_too_long_lives_no_more(store: Store):
    await store.workers("killed", 60)
    await store.workers("ended", LONG)
    assert await store.workers("ended", 0) == ["killed"]
    await asyncio.sleep(0.08)
    assert await store.workers("w1", LONG) == ["w1"]


async def test_under_the_lease_everything_is_written(store: Store):
    await store.lease("ind", "w|1", "1.a", LONG)
    await store.submit("ind", b"{}")
    (entry,) = await store.take("ind", [""], "w|1", 1, 1_000)
    assert await store.route("ind", [a_step(entry.id)], "1.a") == [DONE]


@pytest.mark.parametrize("token", ["1.b", "2.a", "w1|1.a"])
async def test_without_the_lease_nothing_is_written(store: Store, token):
    """A worker that slept through its lease writes nothing; the entry stays for who has it."""
    await delivered(store, "m0")
    await store.lease("ind", "w1", "1.a", LONG)
    entries = await taken(store, b"{}", b"{}")
    steps = [a_step(entry.id, f"m{n}") for n, entry in enumerate(entries, 1)]

    assert await store.route("ind", steps, token) == [FENCED, FENCED]

    assert await records(store) == [b"decided m0"]
    assert await inbox(store, "lro") == [message("m0")]
    assert (await store.depths("ind", [""]))["pending"] == 2
    assert await store.route("ind", steps, "1.a") == [DONE, DONE]


async def test_a_lease_that_ended_is_no_lease(store: Store):
    """Also when nobody took it over yet."""
    (entry,) = await taken(store, b"{}")
    await store.lease("ind", "w1", "1.a", 30)
    await asyncio.sleep(0.05)
    assert await store.route("ind", [a_step(entry.id)], "1.a") == [FENCED]


async def test_what_another_was_handed_meanwhile_is_not_overtaken(store: Store):
    """A worker that was stopped and goes on reads once more before it knows: that comes first.

    Who has the lease takes it over, with what it had itself, and all is written in order.
    """
    await store.lease("ind", "w1", "1.a", LONG)
    await store.submit("ind", b"{}")
    (first,) = await store.take("ind", [""], "stopped", 1, 1_000)
    await store.submit("ind", b"{}")
    (second,) = await store.take("ind", [""], "w1", 1, 1_000)
    step = a_step(second.id, "m2")

    assert await store.route("ind", [step], "1.a") == [FENCED]
    again = await store.reclaim("ind", [""], "w1", 0, 10)

    assert [first.id, second.id] == [entry.id for entry in again]
    assert await store.route("ind", [a_step(first.id, "m1"), step], "1.a") == [DONE, DONE]


async def test_what_came_first_does_not_wait_for_what_another_was_handed_after_it(store: Store):
    """A suspect is taken over alone, while the killed worker still has what came after it."""
    await store.lease("ind", "w1", "1.a", LONG)
    for worker in ("w1", "killed", "killed"):
        await store.submit("ind", b"{}")
        await store.take("ind", [""], worker, 1, 1_000)
    for _ in range(2):
        (first,) = await store.reclaim("ind", [""], "w1", 0, 1)

    assert await store.route("ind", [a_step(first.id, "m1")], "1.a") == [DONE]


async def test_only_in_the_intake_of_the_other_must_it_wait(store: Store):
    """Of each intake by itself: what one party sent does not wait for another."""
    await store.lease("gemeente", "w1", "1.a", LONG)
    for party, worker in (("gm0363", "stopped"), ("gm0363", "w1"), ("gm0014", "w1")):
        await store.submit("gemeente", b"{}", party)
        await store.take("gemeente", [party], worker, 1, 1_000)
    mine = [
        entry
        for entry in await store.reclaim("gemeente", ["gm0363", "gm0014"], "w1", 0, 10)
        if entry.intake == "gm0014"
    ]
    await store.submit("gemeente", b"{}", "gm0363")
    (behind,) = await store.take("gemeente", ["gm0363"], "stopped", 1, 1_000)
    steps = [
        a_step(behind.id, "m1", ["lro"], intake="gm0363"),
        a_step(mine[0].id, "m2", ["lro"], intake="gm0014"),
    ]
    assert await store.route("gemeente", steps, "1.a") == [FENCED, DONE]


async def test_who_brings_no_token_does_not_look_at_leases(store: Store):
    """The desk of an operator: the fence of each entry is enough for it."""
    await store.lease("ind", "w1", "1.a", LONG)
    await delivered(store)
    assert (await store.act("ind", an_act())).outcome == ActOutcome.DONE


async def test_what_is_pending_is_taken_over_in_order_and_once(store: Store):
    """Over all intakes of the shard, in pages, and each page goes on after the one before."""
    sent = []
    for party in ("gm0363", "gm0014", "gm0363", "gm0014", "gm0363"):
        sent.append(await store.submit("gemeente", b"{}", party))
        await asyncio.sleep(0.002)  # so that no two entries of two intakes have one id
    intakes = ["gm0363", "gm0014"]
    await store.take("gemeente", intakes, "killed", 10, 1_000)

    found, after = [], None
    while page := await store.reclaim("gemeente", intakes, "w1", 0, 2, after):
        found.append([entry.id for entry in page])
        after = page[-1]

    assert [sent[:2], sent[2:4], sent[4:]] == found
