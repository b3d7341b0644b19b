"""Every crash point of the pipeline: die before and after each call to the store, start again.

Nothing is lost and nothing doubled, wherever it dies. The number of crash points is found by a run
that does not die, so a new await in the pipeline is walked without a change here.
"""

import pytest

from hub.pipeline import Pipeline
from tests.acceptance.test_pipeline import a_correction, a_signal, an_act
from tests.config_builders import a_book, a_recipient, a_rule, to_gemeente
from tests.harness import Crash, DyingStore, Hub


def a_hub():
    """A hub with two recipients, one of which may be held."""
    return Hub(a_book(a_rule(ontvangers=[to_gemeente(), a_recipient("groep:lro")])))


async def fill(hub):
    """Queue every kind of entry that the pipeline knows; the acts wait for their message."""
    first = a_signal("a-1")
    await hub.submit(first)
    await hub.submit(a_signal("a-1"))
    await hub.submit(a_signal("held", gemeentecode="0788"))
    await hub.submit(b"no event", shard="ind")
    await hub.submit(a_correction(first))
    await hub.submit(a_signal("a-2"))
    await hub.work()
    await hub.submit(a_signal("a-3"))
    await hub.submit(a_correction(first, "c-2", "ingetrokken"))
    await hub.submit(an_act("ingezien", first, "act-1"))
    await hub.submit(an_act("opgepakt", first, "act-2"))


async def calls_of_a_run():
    """Return how many calls a run without a crash makes: each is two crash points."""
    hub = a_hub()
    await fill(hub)
    store = DyingStore(hub.store, at=-1, after=False)
    await hub.work(Pipeline(store, hub.book, hub.clock))
    return store.calls


async def outcome(hub):
    """Return what anybody can see: who has what, what the sender was told, what is parked."""
    return {
        "gemeente": sorted(entry.message for entry in await hub.inbox("gm0363")),
        "lro": sorted(entry.message for entry in await hub.inbox("lro")),
        "sender": sorted(name for name, _ in await hub.notices("ind")),
        "held": len(await hub.parked("held")),
        "dead": len(await hub.parked("dead")),
        "records": sorted(record["event"] for record in await hub.records("ind")),
        "records of who acted": sorted(r["event"] for r in await hub.records("gemeente")),
    }


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_wherever_the_worker_dies_nothing_is_lost_and_nothing_doubled(after):
    """The state in the end is the same as without a crash."""
    whole = a_hub()
    await fill(whole)
    await whole.work()
    expected = await outcome(whole)
    calls = await calls_of_a_run()
    assert calls >= 5

    for number in range(1, calls + 1):
        hub = a_hub()
        await fill(hub)
        dying = Pipeline(DyingStore(hub.store, number, after=after), hub.book, hub.clock)
        with pytest.raises(Crash):
            await hub.work(dying)
        await hub.work()

        assert expected == await outcome(hub), f"died {number}"
        await hub.check_books()


async def test_dying_again_and_again_ends_in_the_same_state():
    """A worker that dies at its first call, five times over, and then lives."""
    whole = a_hub()
    await fill(whole)
    await whole.work()

    hub = a_hub()
    await fill(hub)
    for _ in range(2):  # more often than this, the entry itself is the suspect
        with pytest.raises(Crash):
            await hub.work(Pipeline(DyingStore(hub.store, 1, after=False), hub.book, hub.clock))
    await hub.work()

    assert await outcome(whole) == await outcome(hub)


async def test_an_entry_that_kills_every_worker_is_given_up_unread_and_takes_nobody_with_it():
    """Poison: handed out more than five times without a result. Its neighbours are delivered."""
    hub = a_hub()
    await hub.submit(a_signal("a-1"))
    poison = a_signal("poison")
    await hub.submit(poison)
    await hub.submit(a_signal("a-2"))

    class Killer:
        """Dies as soon as the poison is in a batch."""

        async def run(self, shard, entries):
            if any(b"poison" in e.event and e.deliveries <= 5 for e in entries):
                raise Crash
            return await hub.pipeline.run(shard, entries)

    for _ in range(12):
        try:
            await hub.work(Killer())
        except Crash:
            continue
        break

    assert 4 == await hub.check_books()
    ((entry, _),) = await hub.parked("dead")
    assert b"poison" in entry.parked.event
