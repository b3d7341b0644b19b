"""What the pipeline and the desk leave on record, and what an opening hands over."""

import base64
import json

import pytest

from hub import recording
from hub.errors import NotSealed
from hub.sealed_store import SealedStore
from hub.steps import Erasure, Queue
from hub.stores.memory import MemoryStore
from hub.vault import envelope
from hub.vault.keyring import FileKeyring
from schemas.identifiers import message_ref
from schemas.records import Difference, Record, RecordEvent
from tests.acceptance.test_pipeline import AMSTERDAM, a_correction, a_signal, an_act
from tests.builders import an_event
from tests.config_builders import NOW, a_book, a_recipient, a_rule, to_gemeente
from tests.harness import Crash, DyingStore, Hub

SIGNAL = a_signal()
REF = message_ref(SIGNAL["source"], SIGNAL["id"])
PLACE = ("ind", "gm0363", REF)


def a_hub(store=None):
    """A hub where an IND signal goes to the gemeente and to the LRO."""
    return Hub(a_book(a_rule(ontvangers=[to_gemeente(), a_recipient("groep:lro")])), store)


@pytest.fixture
def sealing(tmp_path):
    """A hub that seals its copies, on a store in memory."""
    return a_hub(SealedStore(MemoryStore(), FileKeyring(tmp_path / "keys")))


def an_opening(public_key, act_id="open-1", **link):
    """An opening by gemeente Amsterdam, named as its inbox names the message."""
    event = an_event("berichten.ingezien", id=act_id, source=AMSTERDAM)
    key = base64.b64encode(public_key).decode()
    return {**event, "data": {"betreft": {"shard": "ind", "bericht": REF, **link}, "sleutel": key}}


async def opened(hub, private, act_id="open-1"):
    """Return the copy of the gemeente, opened with the answer to its act; None: no answer."""
    beneath = hub.store.beneath
    answer = await beneath.answered("ind", "gm0363", message_ref(AMSTERDAM, act_id))
    if answer is None:
        return None
    copy = await beneath.find_delivery("ind", "gm0363", REF)
    key = envelope.read_answer(answer, private, PLACE)
    return json.loads(envelope.open_sealed(copy.content, key, PLACE))


async def events(hub, shard="ind"):
    """Return (event, result) of every record of a shard."""
    return [(record["event"], record["result"]) for record in await hub.records(shard)]


async def the_problem(hub, party="gm0363"):
    """Return (place, rule) of the one refusal that this party was told of."""
    ((_, notice),) = [n for n in await hub.notices(party) if n[0] == "berichten.geweigerd"]
    (problem,) = notice["problemen"]
    return problem["plaats"], problem["regel"]


async def test_an_opening_is_on_record_and_gives_the_key_to_who_asked_only(sealing):
    await sealing.send(SIGNAL)
    private, public = envelope.key_pair()
    await sealing.send(an_opening(public))

    assert [("decided", "delivered"), ("opened", "ok")] == await events(sealing)
    assert (
        SIGNAL["data"]["omschrijving"] == (await opened(sealing, private))["data"]["omschrijving"]
    )
    with pytest.raises(envelope.CannotOpen):
        await opened(sealing, envelope.key_pair()[0])


async def test_opening_again_is_on_record_again_and_answered_again(sealing):
    """Every look at a copy has a record, not only the first."""
    await sealing.send(SIGNAL)
    await sealing.send(an_opening(envelope.key_pair()[1]))
    private, public = envelope.key_pair()
    await sealing.send(an_opening(public, "open-2"))

    assert [("opened", "ok"), ("opened", "again")] == (await events(sealing))[1:]
    assert await opened(sealing, private, "open-2") is not None


async def test_the_act_of_an_opening_comes_before_its_answer_wherever_the_hub_dies(tmp_path):
    """On record before it is readable; and who asked has an answer in the end."""
    crashes = 0
    for number in range(1, 9):
        for after in (False, True):
            store = SealedStore(MemoryStore(), FileKeyring(tmp_path / f"{number}-{after}"))
            hub = a_hub(store)
            await hub.send(SIGNAL)
            private, public = envelope.key_pair()
            await hub.submit(an_opening(public))
            dying = DyingStore(store, number, after=after)
            try:
                await hub.work(hub.pipeline_on(dying))
            except Crash:
                crashes += 1
                answered = await opened(hub, private) is not None
                assert not answered or ("opened", "ok") in await events(hub)
                await hub.work()

            assert [("decided", "delivered"), ("opened", "ok")] == await events(hub)
            assert await opened(hub, private) is not None
            assert [("act-accepted", "ok")] == await events(hub, "gemeente")
    assert crashes >= 8  # known, act, hand_over, route: before and after each


async def test_what_was_erased_is_not_opened_and_its_reader_is_told_why(sealing):
    await sealing.send(SIGNAL)
    copy = await sealing.store.find_delivery("ind", "gm0363", REF)
    record = recording.plain("ind", NOW, RecordEvent.ERASED, ("delivery", f"gm0363:{REF}"), "term")
    person = (await sealing.store.records("ind"))[0].person
    erasure = Erasure("gm0363", REF, copy.id, NOW, record, person)
    assert [True] == await sealing.store.erase("ind", [erasure])
    private, public = envelope.key_pair()
    await sealing.send(an_opening(public))

    assert await opened(sealing, private) is None
    place, rule = await the_problem(sealing)
    assert ("data.betreft", "the content of this copy was erased at the end of its term") == (
        place,
        rule,
    )


@pytest.mark.parametrize("weak", [bytes(32), b"\1" + bytes(31)], ids=["zero", "one"])
async def test_a_key_to_which_anybody_could_read_the_answer_is_refused(sealing, weak):
    """A key of low order (RFC 7748 section 6.1) gives everybody the same secret."""
    await sealing.send(SIGNAL)
    await sealing.send(an_opening(weak))

    assert "data.sleutel" == (await the_problem(sealing))[0]
    assert [("decided", "delivered")] == await events(sealing)


async def test_a_copy_whose_party_key_is_gone_stops_nobody(sealing, tmp_path):
    """Its opening is refused in words; the worker goes on with what comes after it."""
    await sealing.send(SIGNAL)
    other = a_hub(SealedStore(sealing.store.beneath, FileKeyring(tmp_path / "other")))
    await other.send(an_opening(envelope.key_pair()[1]), a_signal("a-2"))

    place, rule = await the_problem(other)
    assert ("data.betreft", True) == (place, "does not open" in rule)
    assert 1 == len(await other.store.inbox("ind", "gm0363", (await other.inbox("gm0363"))[0].id))


async def test_an_act_named_by_shard_and_message_does_what_one_named_by_its_id_does():
    """Who did not open its copy does not know its id, and may acknowledge it all the same."""
    hub = a_hub()
    await hub.send(SIGNAL)
    act = an_act("ontvangst-bevestigd", SIGNAL)
    act["data"]["betreft"] = {"shard": "ind", "bericht": REF}
    await hub.send(act)

    assert ["acknowledged"] == await hub.store.states("ind", "gm0363", [REF])
    assert ["berichten.ontvangst-bevestigd"] == [name for name, _ in await hub.notices("ind")]
    assert "ind" == (await hub.records("ind"))[-1]["sender"]


async def test_a_shard_that_does_not_exist_is_refused_in_words():
    hub = a_hub()
    await hub.send(SIGNAL, an_opening(bytes(range(32)), shard="nergens"))

    place, rule = await the_problem(hub)
    assert ("data.betreft.shard", "not the shard of a partner in the role config") == (place, rule)


async def test_a_record_says_which_message_it_is_about():
    """The original of a correction, and the message of an act, in both shards."""
    hub = a_hub()
    await hub.send(SIGNAL, a_correction(SIGNAL), a_correction(SIGNAL, "c-2", "ingetrokken"))
    await hub.send(
        an_act("opgepakt", SIGNAL), an_act("opgepakt", a_signal("nobody-has-it"), "act-2")
    )

    about = {record["event"]: record.get("about") for record in await hub.records("ind")}
    assert {
        "decided": None,
        "corrected": REF,
        "withdrawn": REF,
        "taken-up": REF,
        "act-refused": message_ref(SIGNAL["source"], "nobody-has-it"),
    } == about
    accepted, refused = await hub.records("gemeente")
    assert ("act-accepted", REF) == (accepted["event"], accepted["about"])
    assert ("dead-lettered", about["act-refused"]) == (refused["event"], refused["about"])


async def test_what_waited_for_a_person_has_the_person_on_record_when_it_is_done_with():
    """Released, decided again, put back and thrown away: by the event that is parked."""
    hub = a_hub()
    await hub.send(a_signal("a-held", gemeentecode="0788"), a_signal("a-gone", gemeentecode="0788"))
    await hub.send(a_signal("a-dead", grondslag="wet-onbekend"))
    (first, _), (second, _) = await hub.parked("held")
    ((dead, _),) = await hub.parked("dead")
    await hub.desk().release("ind", first.id, "gm0757", "", "by telephone")
    await hub.desk().discard("ind", Queue.HELD, second.id, "by telephone")
    await hub.desk().offer_again("ind", dead.id, "by telephone")

    entries = await hub.store.records("ind")
    done = {json.loads(entry.record)["event"]: entry.person for entry in entries[3:]}
    assert {"released", "discarded", "redelivered"} == done.keys()
    assert [] == [what for what, person in done.items() if b'"bsn"' not in person]
    await hub.records("ind")  # and it is the person of that event


async def test_while_too_much_is_not_sealed_nothing_is_accepted_and_nothing_is_lost(capsys):
    """Fail closed: the entries wait, their tries are not used up, and nobody must release them."""
    store = MemoryStore(unsealed_max=2)
    hub = a_hub(store)
    await hub.send(a_signal("a-1"), a_signal("a-2"))
    await hub.submit(a_signal("a-3"))
    for _ in range(9):  # more often than an entry is tried before it is given up
        with pytest.raises(NotSealed):
            await hub.work()

    assert [("decided", "delivered")] * 2 == await events(hub)
    assert [] == await hub.parked("held") + await hub.parked("dead")
    assert 1 == capsys.readouterr().out.count("unsealed"), "loudly, and not for every batch"

    store.sealed("ind", 2)
    await hub.work()
    assert [("decided", "delivered")] * 3 == await events(hub)
    assert 6 == await hub.check_books()


async def test_while_too_much_is_not_sealed_an_act_is_not_done_nor_refused():
    store = MemoryStore(unsealed_max=1)
    hub = a_hub(store)
    await hub.send(a_signal("a-1"))
    await hub.submit(an_act("opgepakt", a_signal("a-1")))
    for _ in range(9):
        with pytest.raises(NotSealed):
            await hub.work()

    assert [] == await hub.notices("gm0363")
    ref = message_ref(SIGNAL["source"], "a-1")
    assert ["delivered"] == await hub.store.states("ind", "gm0363", [ref])

    store.sealed("ind", 1)
    await hub.work()
    assert ["taken-up"] == await hub.store.states("ind", "gm0363", [ref])


async def test_the_desk_says_that_nothing_is_sealed():
    store = MemoryStore(unsealed_max=1)
    hub = a_hub(store)
    await hub.send(a_signal("a-held", gemeentecode="0788"))
    ((entry, _),) = await hub.parked("held")

    with pytest.raises(NotSealed):
        await hub.desk().release("ind", entry.id, "gm0757", "", "by telephone")
    assert 1 == len(await hub.parked("held"))


@pytest.mark.parametrize(
    ("before", "result"), [(None, "first"), ("1" * 64, "other"), ("2" * 64, "same")]
)
def test_the_record_of_a_config_says_what_it_changes(before, result):
    difference = None if before is None else Difference(added=("regel-een",), left_out=3)
    made = recording.config_loaded(NOW, "2" * 64, before, difference)

    record = Record.model_validate_json(made)

    assert (("config", "2" * 64), result) == ((record.object.kind, record.object.id), record.result)
    assert ("2" * 64, before, difference) == (
        record.config,
        record.config_before,
        record.difference,
    )
