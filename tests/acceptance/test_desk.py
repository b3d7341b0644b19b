"""What waits for a person: one thing released at a time, and nothing else lost with it."""

import pytest

from hub.errors import HubError, NotFound
from hub.steps import Queue
from hub.stores.memory import MemoryStore
from schemas.identifiers import message_ref
from tests.acceptance.test_pipeline import AMSTERDAM, a_correction, a_signal, an_act
from tests.builders import an_event
from tests.config_builders import a_book, a_partner, a_recipient, a_rule, to_gemeente
from tests.harness import Hub

REASON = "by telephone"


def a_table_hub():
    """A hub where a planned casusoverleg goes to gemeente, house and politie."""
    rule = a_rule(
        bericht="casusoverleggen.casusoverleg-gepland",
        ontvangers=[a_recipient("groep:casusoverleg")],
    )
    return Hub(a_book(rule))


def a_meeting(**data):
    """A planned casusoverleg, sent by the IND of the small config."""
    known = {"grondslag": "wet-pga", "doel": "duiden", "deelnemers": [], **data}
    event = an_event("casusoverleggen.casusoverleg-gepland", id="meeting", data=known)
    event["source"] = a_signal()["source"]
    event["data"]["verzender"] = {"oin": "00000099000000006000"}
    return event


async def the_held(hub):
    """Return the one held entry and its reasons."""
    ((entry, reasons),) = await hub.parked("held")
    return entry, reasons


async def test_two_members_that_cannot_be_placed_are_released_one_by_one():
    """A briefadres: gemeente and house of the table are both unknown, and both must be chosen."""
    hub = a_table_hub()
    await hub.send(a_meeting(adresstatus="briefadres"))
    entry, reasons = await the_held(hub)
    assert {"gemeente", "zvh"} == {reason["detail"] for reason in reasons}

    done = await hub.desk().release("ind", entry.id, "gm0363", "", REASON)

    assert (("gm0363",), 1) == (done.delivered, done.still_held)
    entry, reasons = await the_held(hub)
    assert ["zvh"] == [reason["detail"] for reason in reasons]
    await hub.desk().release("ind", entry.id, "zvh-amsterdam", "", REASON)
    assert [] == await hub.parked("held")
    assert 3 == await hub.check_books()


async def test_releasing_one_full_inbox_leaves_the_others_held():
    """Five copies that found no room are five holds, and each is released by itself."""
    rule = a_rule(ontvangers=[a_recipient("partij:om"), a_recipient("partij:politie")])
    hub = Hub(a_book(rule), MemoryStore(inbox_cap=1))
    await hub.send(a_signal("first"))
    await hub.send(a_signal("second"))
    entry, reasons = await the_held(hub)
    assert {"om", "politie"} == {reason["party"] for reason in reasons}

    first = a_signal("first")
    om = "urn:nld:oin:00000099000000011000:systeem:test"
    await hub.send(an_act("ontvangst-bevestigd", first, "ack", source=om))
    done = await hub.desk().release("ind", entry.id, "om", "", REASON)

    assert (("om",), 1) == (done.delivered, done.still_held)
    _, reasons = await the_held(hub)
    assert ["politie"] == [reason["party"] for reason in reasons]


async def test_what_is_held_for_a_gemeente_is_not_released_to_just_anybody():
    hub = Hub(a_book(a_rule()))
    await hub.send(a_signal(gemeentecode="0788"))
    entry, _ = await the_held(hub)

    for stranger in ("om", "zvh-amsterdam", "gm0788", "nobody"):
        with pytest.raises(HubError):
            await hub.desk().release("ind", entry.id, stranger, "", REASON)

    assert 1 == len(await hub.parked("held"))
    assert 0 == await hub.check_books()


async def test_what_was_corrected_meanwhile_is_not_released_as_it_was():
    """The gemeente would have the wrong version, and no correction of it."""
    hub = Hub(a_book(a_rule(ontvangers=[to_gemeente(), a_recipient("groep:lro")])))
    signal = a_signal(gemeentecode="0788")
    await hub.send(signal)
    entry, _ = await the_held(hub)
    await hub.send(a_correction(signal))

    with pytest.raises(HubError, match="corrected"):
        await hub.desk().release("ind", entry.id, "gm0757", "", REASON)

    assert [] == await hub.copies("gm0757")
    await hub.desk().discard("ind", Queue.HELD, entry.id, "corrected by the sender")


async def test_a_dead_entry_is_offered_again_as_it_came():
    """An act that came before its copy: refused then, done now; and gone from the dead stream."""
    hub = Hub(a_book(a_rule()))
    signal = a_signal()
    await hub.send(an_act("ingezien", signal))
    ((entry, _),) = await hub.parked("dead", "gemeente")
    await hub.send(signal)

    done = await hub.desk().offer_again("gemeente", entry.id, "came too early")
    await hub.work()

    assert done.offered
    assert [] == await hub.parked("dead", "gemeente")
    assert ["berichten.ingezien"] == [name for name, _ in await hub.notices("ind")]
    assert "redelivered offered" in await hub.story("gemeente")
    await hub.check_books()


async def test_what_is_still_wrong_comes_back_when_it_is_offered_again():
    hub = Hub(a_book(a_rule()))
    await hub.send(a_signal(urgentie="morgen"))
    ((entry, _),) = await hub.parked("dead")

    await hub.desk().offer_again("ind", entry.id, "once more")
    await hub.work()

    ((again, _),) = await hub.parked("dead")
    assert entry.id != again.id


async def test_two_operators_cannot_both_do_the_same():
    hub = Hub(a_book(a_rule()))
    await hub.send(a_signal(gemeentecode="0788"))
    entry, _ = await the_held(hub)
    await hub.desk().release("ind", entry.id, "gm0757", "", REASON)

    with pytest.raises(NotFound):
        await hub.desk().release("ind", entry.id, "gm0824", "", REASON)

    assert 1 == await hub.check_books()


async def test_a_late_correction_that_cannot_be_applied_yet_stops_nobody():
    """A full inbox: it stays held, is tried again, and the next one is applied all the same."""
    hub = Hub(a_book(a_rule()), MemoryStore(inbox_cap=1))
    first = a_signal("a-1")
    await hub.send(a_correction(first, "c-1"))
    await hub.send(first)
    late = hub.late()

    assert 0 == await late.apply("ind")
    assert 1 == len(await hub.parked("held"))

    await hub.send(an_act("ontvangst-bevestigd", first, "ack", source=AMSTERDAM))
    assert 1 == await late.apply("ind")
    assert [] == await hub.parked("held")


async def test_two_workers_that_apply_the_same_late_correction_do_it_once():
    """Whoever is second finds it gone, and goes on."""
    import asyncio

    hub = Hub(a_book(a_rule()))
    signals = [a_signal(f"a-{number}") for number in range(12)]
    for number, signal in enumerate(signals):
        await hub.send(a_correction(signal, f"c-{number}", "ingetrokken"))
    await hub.send(*signals)

    workers = [hub.late() for _ in range(2)]
    applied = await asyncio.gather(*(worker.apply("ind") for worker in workers))

    assert 12 == sum(applied)
    assert 24 == await hub.check_books()


@pytest.fixture
def units():
    """A hub where the politie has the units tdm and grip, each with an inbox of its own."""
    rule = a_rule(cel="pga-1")
    politie = a_partner(
        "politie",
        12,
        [rule],
        onderdelen=[
            {"id": "tdm", "naam": "TDM", "postbus": "ja"},
            {"id": "grip", "naam": "GRIP", "postbus": "ja"},
        ],
    )
    others = [
        partner.model_dump(by_alias=True)
        for partner in a_book().config.partners
        if partner.id != "politie"
    ]
    return Hub(a_book(partners=[politie, *others]))


def of_the_tdm():
    """A signal that the TDM publishes."""
    event = a_signal("tdm-1")
    event["source"] = "urn:nld:oin:00000099000000012000:systeem:test"
    event["data"]["verzender"] = {"oin": "00000099000000012000", "onderdeel": "tdm"}
    return event


async def test_a_unit_hears_itself_what_became_of_its_message(units):
    """Feedback on the advice of one team is not for the others, nor for the whole organisation."""
    signal = of_the_tdm()
    await units.submit(signal, shard="politie", intake="tdm")
    await units.work()
    feedback = {"niveau": "inhoud", "inhoud": "Dank."}
    await units.send(an_act("terugkoppeling-gegeven", signal, **feedback))

    assert 1 == len(await units.notices("tdm"))
    assert [] == await units.notices("politie")
    assert [] == await units.notices("grip")


async def test_a_unit_that_its_partner_speaks_for_hears_itself_too(units):
    """The event names the unit, and came in on the intake of the whole organisation."""
    signal = of_the_tdm()
    await units.submit(signal, shard="politie", intake="")
    await units.work()
    await units.send(an_act("ingezien", signal))

    assert ["berichten.ingezien"] == [name for name, _ in await units.notices("tdm")]
    assert [] == await units.notices("politie")


async def test_a_unit_does_not_correct_the_message_of_another_and_its_partner_may(units):
    signal = of_the_tdm()
    await units.submit(signal, shard="politie", intake="tdm")
    await units.work()

    await units.submit(a_correction(signal, "c-1"), shard="politie", intake="grip")
    await units.work()
    assert 1 == len(await units.inbox("gm0363"))
    assert ["berichten.geweigerd"] == [name for name, _ in await units.notices("grip")]

    await units.submit(a_correction(signal, "c-2"), shard="politie", intake="")
    await units.work()
    assert 2 == len(await units.inbox("gm0363"))


async def test_passing_on_to_a_full_inbox_is_refused_and_the_batch_goes_on():
    rule = {
        "id": "gemeente-naar-om",
        "cel": "pga-1",
        "berichten": ["signalen.signaal-gemeld"],
        "naar": ["partij:om"],
        "grondslag": "wet-pga",
        "doel": "duiden",
        "velden": ["KERN"],
    }
    gemeente = a_partner("gemeente", 5, soort="gemeente", oin=None, doorzenden=[rule])
    others = [
        partner.model_dump(by_alias=True)
        for partner in a_book(a_rule()).config.partners
        if partner.id != "gemeente"
    ]
    hub = Hub(a_book(partners=[gemeente, *others]), MemoryStore(inbox_cap=1))
    first, second = a_signal("a-1"), a_signal("a-2")
    await hub.send(first)
    await hub.send(an_act("doorgezonden", first, "p-1", aan="om"))
    await hub.send(an_act("ontvangst-bevestigd", first, "ack"))
    await hub.send(second)

    await hub.send(
        an_act("doorgezonden", second, "p-2", aan="om"),
        an_act("opgepakt", second, "act-2"),
    )

    assert 1 == len(await hub.copies("om"))
    ((_, notice),) = await hub.notices("gm0363")
    assert "full" in notice["problemen"][0]["regel"]
    ref = message_ref(second["source"], second["id"])
    assert ["taken-up"] == await hub.store.states("ind", "gm0363", [ref])


async def test_feedback_does_not_end_the_life_of_a_delivery():
    """First 'received', then the work: each act is done and told."""
    hub = Hub(a_book(a_rule()))
    signal = a_signal()
    await hub.send(signal)

    for number, (name, data) in enumerate(
        [
            ("terugkoppeling-gegeven", {"niveau": "ontvangen"}),
            ("opgepakt", {}),
            ("ontvangst-bevestigd", {}),
            ("terugkoppeling-gegeven", {"niveau": "afgerond-zonder-inhoud"}),
        ]
    ):
        await hub.send(an_act(name, signal, f"act-{number}", **data))

    assert [] == await hub.notices("gm0363")
    assert [
        "berichten.terugkoppeling-gegeven",
        "berichten.opgepakt",
        "berichten.terugkoppeling-gegeven",
    ] == [name for name, _ in await hub.notices("ind")]


async def test_an_outage_of_the_store_does_not_use_up_the_tries_of_an_entry():
    """Ten times out of memory, and then it is delivered."""
    from hub.errors import Unavailable

    hub = Hub(a_book(a_rule()))
    await hub.submit(a_signal())

    class Full:
        """The store of the hub, whose routing is refused for now."""

        def __getattr__(self, name):
            return getattr(hub.store, name)

        async def route(self, *_):
            raise Unavailable("out of memory")

    for _ in range(10):
        with pytest.raises(Unavailable):
            await hub.work(hub.pipeline_on(Full()))
    await hub.work()

    assert [] == await hub.parked("dead")
    assert 1 == await hub.check_books()
