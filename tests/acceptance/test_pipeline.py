"""The whole flow on the store in memory: the records tell the story, and the books are checked."""

import pytest

from hub.steps import Queue
from schemas.identifiers import message_ref
from tests import builders
from tests.builders import an_event
from tests.config_builders import a_book, a_partner, a_recipient, a_rule, to_gemeente
from tests.harness import Hub

AMSTERDAM = "urn:nld:oin:00000099100000363000:systeem:test"
KNOWN = {"grondslag": "wet-pga", "doel": "duiden"}


def a_signal(event_id="a-1", **data):
    """A signal of the IND that the small config lets in."""
    return builders.a_signal(id=event_id, data={**KNOWN, **data})


def an_act(name, about, act_id="act-1", source=AMSTERDAM, **data):
    """An act of gemeente Amsterdam about an event."""
    link = {"bron": about["source"], "id": about["id"]}
    event = an_event(f"berichten.{name}", id=act_id, source=source)
    return {**event, "data": {"betreft": link, **data}}


def a_correction(about, event_id="c-1", name="gerectificeerd"):
    """A correction or withdrawal by the sender of the event itself."""
    event = an_event(f"berichten.{name}", id=event_id, source=about["source"])
    link = {"bron": about["source"], "id": about["id"]}
    return {**event, "data": {"betreft": link, "reden": "verkeerde persoon"}}


@pytest.fixture
def hub():
    """A hub where an IND signal goes to the gemeente and to the LRO."""
    return Hub(a_book(a_rule(ontvangers=[to_gemeente(), a_recipient("groep:lro")])))


async def test_a_signal_reaches_its_recipients_and_the_record_says_why(hub):
    await hub.send(a_signal())

    assert [
        "decided delivered",
        "  forward gm0363",
        "  forward lro",
    ] == await hub.story()
    (copy,) = await hub.copies("gm0363")
    assert "omschrijving" in copy["data"]
    assert "omschrijving" not in (await hub.copies("lro"))[0]["data"]
    assert 2 == await hub.check_books()


async def test_the_same_event_twice_is_delivered_once_and_both_are_on_record(hub):
    await hub.send(a_signal(), a_signal())
    await hub.send(a_signal())

    events = [record["event"] for record in await hub.records("ind")]
    assert ["decided", "duplicate", "duplicate"] == events
    assert 2 == await hub.check_books()


async def test_an_invalid_event_is_dead_with_all_its_problems_and_the_rest_goes_on(hub):
    broken = a_signal("bad", urgentie="morgen", fase="later")

    await hub.send(a_signal("a-1"), broken, a_signal("a-2"))

    ((_, problems),) = await hub.parked("dead")
    assert {"data.urgentie", "data.fase"} == {problem["place"] for problem in problems}
    ((name, notice),) = await hub.notices("ind")
    assert "berichten.geweigerd" == name
    assert {"data.urgentie", "data.fase"} == {problem["plaats"] for problem in notice["problemen"]}
    assert 4 == await hub.check_books()


async def test_bytes_that_are_no_event_are_dead_too_and_the_notice_names_the_entry(hub):
    entry = await hub.submit(b"\xff\xfe not json", shard="ind")
    await hub.work()

    ((_, notice),) = await hub.notices("ind")
    assert entry == notice["ingang"]
    assert 1 == len(await hub.parked("dead"))


async def test_what_a_sender_may_not_send_is_dead_and_the_sender_has_a_notice(hub):
    await hub.submit(a_signal(), shard="liv")
    await hub.work()

    ((_, problems),) = await hub.parked("dead", "liv")
    assert ["source"] == [problem["place"] for problem in problems]
    assert ["berichten.geweigerd"] == [name for name, _ in await hub.notices("liv")]
    assert [] == await hub.notices("ind")


async def test_a_refused_event_may_be_sent_again_mended_under_the_same_id(hub):
    """A refusal is no delivery, so it does not count as the first of a duplicate."""
    await hub.send(a_signal("a-1", urgentie="morgen"))
    await hub.send(a_signal("a-1"))

    assert 2 == await hub.check_books()


async def test_a_split_gemeente_is_held_while_the_others_get_their_copy(hub):
    await hub.send(a_signal(gemeentecode="0788"))

    ((entry, reasons),) = await hub.parked("held")
    assert ["gemeente-split"] == [reason["reason"] for reason in reasons]
    assert 1 == await hub.check_books()

    await hub.desk().release("ind", entry.id, "gm0757", "", "by telephone with the gemeente")

    assert [] == await hub.parked("held")
    assert 1 == len(await hub.copies("gm0757"))
    released = (await hub.records("ind"))[-1]
    assert ("released", "operator") == (released["event"], released["actor"]["id"])
    assert 2 == await hub.check_books()


async def test_deciding_again_gives_nobody_a_second_copy(hub):
    await hub.send(a_signal(gemeentecode="4321"))
    ((entry, _),) = await hub.parked("held")

    done = await hub.desk().decide_again("ind", Queue.HELD, entry.id, "register mended")

    assert 1 == done.still_held
    assert 1 == len(await hub.copies("lro"))
    assert 1 == len(await hub.parked("held"))


async def test_what_is_discarded_is_on_record_and_the_sender_is_told(hub):
    await hub.send(a_signal(gemeentecode="4321"))
    ((entry, _),) = await hub.parked("held")

    await hub.desk().discard("ind", Queue.HELD, entry.id, "no such gemeente")

    assert [] == await hub.parked("held")
    assert "discarded" == (await hub.records("ind"))[-1]["event"]
    ((_, notice),) = await hub.notices("ind")
    assert "vervallen" == notice["redencode"]


async def test_the_sender_hears_what_its_recipient_does(hub):
    signal = a_signal()
    await hub.send(signal)
    ref = message_ref(signal["source"], signal["id"])

    for number, (name, data) in enumerate(
        [
            ("ingezien", {}),
            ("ontvangst-bevestigd", {}),
            ("opgepakt", {"zaakRef": "Z-1"}),
            ("terugkoppeling-gegeven", {"niveau": "inhoud", "inhoud": "Wij nemen contact op."}),
        ]
    ):
        await hub.send(an_act(name, signal, f"act-{number}", **data))

    notices = await hub.notices("ind")
    assert [
        "berichten.ingezien",
        "berichten.ontvangst-bevestigd",
        "berichten.opgepakt",
        "berichten.terugkoppeling-gegeven",
    ] == [name for name, _ in notices]
    assert {"gm0363"} == {data["door"] for _, data in notices}
    assert ["taken-up"] == await hub.store.states("ind", "gm0363", [ref])
    assert ["delivered"] == await hub.store.states("ind", "lro", [ref])


async def test_a_group_acts_on_its_own_intake_with_the_oin_of_its_secretary(hub):
    """The LRO has an inbox, so it must be able to say that it received something."""
    signal = a_signal()
    await hub.send(signal)
    act = an_act("ontvangst-bevestigd", signal, source=signal["source"])

    await hub.submit(act, shard="ind", intake="lro")
    await hub.work()

    ((name, notice),) = await hub.notices("ind")
    assert ("berichten.ontvangst-bevestigd", "lro") == (name, notice["door"])
    ref = message_ref(signal["source"], signal["id"])
    assert ["acknowledged"] == await hub.store.states("ind", "lro", [ref])


async def test_a_group_cannot_act_for_its_secretary_nor_speak_without_saying_who_it_is(hub):
    await hub.submit(a_signal(), shard="ind", intake="lro")
    await hub.work()

    ((_, problems),) = await hub.parked("dead")
    assert ["data.verzender.onderdeel"] == [problem["place"] for problem in problems]
    assert [] == await hub.inbox("gm0363")


async def test_the_same_act_again_changes_nothing(hub):
    signal = a_signal()
    await hub.send(signal)
    await hub.send(an_act("ingezien", signal), an_act("ingezien", signal))
    await hub.send(an_act("ingezien", signal))

    assert 1 == len(await hub.notices("ind"))


async def test_an_act_that_the_state_does_not_allow_is_refused_to_who_tried(hub):
    signal = a_signal()
    await hub.send(signal)
    await hub.send(an_act("geweigerd", signal, redencode="niet-bevoegd"))
    await hub.send(an_act("opgepakt", signal, "act-2"))

    assert ["berichten.geweigerd"] == [name for name, _ in await hub.notices("ind")]
    ((name, notice),) = await hub.notices("gm0363")
    assert ("berichten.geweigerd", "niet-toegestaan") == (name, notice["redencode"])
    assert "act-refused" in [record["event"] for record in await hub.records("ind")]


async def test_a_recipient_does_not_refuse_with_a_reason_of_the_hub(hub):
    signal = a_signal()
    await hub.send(signal)
    await hub.send(an_act("geweigerd", signal, redencode="vervallen"))

    assert [] == await hub.notices("ind")
    ((_, notice),) = await hub.notices("gm0363")
    assert "data.redencode" == notice["problemen"][0]["plaats"]


async def test_who_did_not_receive_it_cannot_act_on_it(hub):
    signal = a_signal()
    utrecht = "urn:nld:oin:00000099100000344000:systeem:test"

    await hub.send(signal)
    await hub.send(an_act("ingezien", signal, source=utrecht))

    assert [] == await hub.notices("ind")
    assert ["berichten.geweigerd"] == [name for name, _ in await hub.notices("gm0344")]


async def test_a_correction_reaches_everyone_who_received_the_original(hub):
    signal = a_signal()
    await hub.send(signal)
    await hub.send(a_correction(signal))

    for party in ("gm0363", "lro"):
        assert ["berichten.gerectificeerd"] == [e.type for e in await hub.inbox(party)][1:]
    assert "corrected delivered" in await hub.story()
    assert 4 == await hub.check_books()


async def test_a_correction_in_the_same_batch_as_its_original_finds_it(hub):
    signal = a_signal()
    await hub.send(signal, a_correction(signal))

    assert 4 == await hub.check_books()


async def test_a_correction_before_its_original_is_held_and_then_applied(hub):
    signal = a_signal()
    await hub.send(a_correction(signal))
    ((_, reasons),) = await hub.parked("held")
    assert ["original-unknown"] == [reason["reason"] for reason in reasons]

    await hub.send(signal)
    assert 1 == await hub.late().apply("ind")

    assert [] == await hub.parked("held")
    assert 4 == await hub.check_books()


async def test_a_gemeente_passes_on_under_its_mandate_and_the_correction_follows(passing):
    signal = a_signal()
    await passing.send(signal)
    await passing.send(an_act("doorgezonden", signal, aan="zvh-amsterdam"))

    (copy,) = await passing.copies("zvh-amsterdam")
    assert {"meldingId", "fase", "gemeentecode", "grondslag", "doel", "omschrijving"} == set(
        copy["data"]
    )
    await passing.send(a_correction(signal))
    assert 2 == len(await passing.inbox("zvh-amsterdam"))


async def test_a_derdenverbod_stops_passing_on(passing):
    signal = a_signal(derdenverbod=True)
    await passing.send(signal)
    await passing.send(an_act("doorgezonden", signal, aan="zvh-amsterdam"))

    assert [] == await passing.inbox("zvh-amsterdam")
    ((_, notice),) = await passing.notices("gm0363")
    assert "third-party-ban" in notice["problemen"][0]["regel"]


async def test_what_was_withdrawn_may_not_be_passed_on(passing):
    signal = a_signal()
    await passing.send(signal, a_correction(signal, name="ingetrokken"))
    await passing.send(an_act("doorgezonden", signal, aan="zvh-amsterdam"))

    assert [] == await passing.inbox("zvh-amsterdam")
    ((_, notice),) = await passing.notices("gm0363")
    assert "withdrew" in notice["problemen"][0]["regel"]


async def test_what_is_forgotten_by_now_is_not_passed_on(passing):
    """Its correction would reach the new recipient only: who else had it is not known any more."""
    signal = a_signal()
    await passing.send(signal)
    passing.store._shard("ind").seen.clear()
    passing.store._shard("ind").keys["gm0363", message_ref(signal["source"], "a-1")] = b"wrapped"
    await passing.send(an_act("doorgezonden", signal, aan="zvh-amsterdam"))

    assert [] == await passing.inbox("zvh-amsterdam")
    ((_, notice),) = await passing.notices("gm0363")
    assert "too old" in notice["problemen"][0]["regel"]
    assert [None] == await passing.store.known("ind", [message_ref(signal["source"], "a-1")])


@pytest.fixture
def passing():
    """A hub where a gemeente may pass a signal on to its house, under a mandate."""
    rule = {
        "id": "gemeente-naar-huis",
        "cel": "pga-1",
        "berichten": ["signalen.signaal-gemeld"],
        "naar": ["zvh"],
        "grondslag": "wet-pga",
        "doel": "duiden",
        "mandaat": "procesregie",
        "velden": ["KERN", "omschrijving"],
    }
    gemeente = a_partner("gemeente", 5, soort="gemeente", oin=None, doorzenden=[rule])
    others = [
        partner.model_dump(by_alias=True)
        for partner in a_book(a_rule()).config.partners
        if partner.id != "gemeente"
    ]
    return Hub(a_book(partners=[gemeente, *others]))
