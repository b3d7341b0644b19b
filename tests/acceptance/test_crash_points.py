"""Every crash point of the pipeline: die before and after each call to the store, start again.

Nothing is lost and nothing doubled, wherever it dies. The number of crash points is found by a run
that does not die, so a new await in the pipeline is walked without a change here.
"""

import contextlib

import pytest

from hub.errors import NotFound
from tests.acceptance.test_pipeline import a_correction, a_signal, an_act
from tests.config_builders import a_book, a_partner, a_recipient, a_rule, to_gemeente
from tests.harness import Crash, DyingStore, Hub


def a_hub():
    """A hub with two recipients, one of which may be held, and may pass on to its house."""
    rule = a_rule(ontvangers=[to_gemeente(), a_recipient("groep:lro")])
    passing = {
        "id": "gemeente-naar-huis",
        "cel": "pga-1",
        "berichten": ["signalen.signaal-gemeld"],
        "naar": ["zvh"],
        "grondslag": "wet-pga",
        "doel": "duiden",
        "mandaat": "procesregie",
        "velden": ["KERN"],
    }
    gemeente = a_partner("gemeente", 5, soort="gemeente", oin=None, doorzenden=[passing])
    others = [
        partner.model_dump(by_alias=True)
        for partner in a_book(rule).config.partners
        if partner.id != "gemeente"
    ]
    return Hub(a_book(partners=[gemeente, *others]))


async def fill(hub):
    """Queue every kind of entry that the pipeline knows; the acts wait for their message."""
    first = a_signal("a-1")
    await hub.submit(first)
    await hub.submit(a_signal("a-1"))
    await hub.submit(a_signal("a-held", gemeentecode="0788"))
    await hub.submit(b"no event", shard="ind")
    await hub.submit(a_correction(first))
    await hub.submit(a_signal("a-2"))
    await hub.work()
    await hub.submit(a_signal("a-3"))
    await hub.submit(a_correction(first, "c-2", "ingetrokken"))
    await hub.submit(an_act("ingezien", first, "act-1"))
    await hub.submit(an_act("opgepakt", first, "act-2"))
    await hub.submit(an_act("doorgezonden", a_signal("a-2"), "act-3", aan="zvh-amsterdam"))
    await hub.submit(an_act("opgepakt", a_signal("nobody-has-it"), "act-4"))


async def calls_of_a_run():
    """Return how many calls a run without a crash makes: each is two crash points."""
    hub = a_hub()
    await fill(hub)
    store = DyingStore(hub.store, at=-1, after=False)
    await hub.work(hub.pipeline_on(store))
    return store.calls


async def outcome(hub):
    """Return what anybody can see: who has what, what the sender was told, what is parked."""
    return {
        "gemeente": sorted(e.message for e in await hub.inbox("gm0363") if e.sender != "hub"),
        "lro": sorted(entry.message for entry in await hub.inbox("lro")),
        "house": sorted(entry.message for entry in await hub.inbox("zvh-amsterdam")),
        "who acted": sorted(name for name, _ in await hub.notices("gm0363")),
        "sender": sorted(name for name, _ in await hub.notices("ind")),
        "held": len(await hub.parked("held")),
        "dead": len(await hub.parked("dead")),
        # An act that is not allowed is on record each time it is tried: a repeat after a crash too.
        "records": sorted(
            record["event"]
            for record in await hub.records("ind")
            if record["event"] != "act-refused"
        ),
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
        dying = hub.pipeline_on(DyingStore(hub.store, number, after=after))
        with pytest.raises(Crash):
            await hub.work(dying)
        await hub.work()

        assert expected == await outcome(hub), f"died {number}"
        await hub.check_books()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_wherever_the_desk_dies_its_work_is_done_once_or_not_at_all(after):
    """An operator who repeats a command that died finds it done, or does it now."""
    for number in (1, 2):
        hub = a_hub()
        await hub.send(a_signal("a-held", gemeentecode="0788"))
        ((entry, _),) = await hub.parked("held")
        dying = hub.desk(DyingStore(hub.store, number, after=after))
        with pytest.raises(Crash):
            await dying.release("ind", entry.id, "gm0757", "", "chosen")
        with contextlib.suppress(NotFound):
            await hub.desk().release("ind", entry.id, "gm0757", "", "chosen")

        assert 1 == len(await hub.copies("gm0757"))
        assert [] == await hub.parked("held")
        assert 2 == await hub.check_books()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_wherever_a_late_correction_dies_it_is_applied_once(after):
    for number in range(1, 7):
        hub = a_hub()
        signal = a_signal("a-1")
        await hub.send(a_correction(signal))
        await hub.send(signal)
        store = DyingStore(hub.store, number, after=after)
        with contextlib.suppress(Crash):
            await hub.late(store).apply("ind")
        await hub.late().apply("ind")

        assert [] == await hub.parked("held")
        assert 4 == await hub.check_books()


async def test_dying_again_and_again_ends_in_the_same_state():
    """A worker that dies at its first call, five times over, and then lives."""
    whole = a_hub()
    await fill(whole)
    await whole.work()

    hub = a_hub()
    await fill(hub)
    for _ in range(2):  # more often than this, the entry itself is the suspect
        with pytest.raises(Crash):
            await hub.work(hub.pipeline_on(DyingStore(hub.store, 1, after=False)))
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
