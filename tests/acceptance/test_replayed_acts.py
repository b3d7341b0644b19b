"""An id that was used before hands out no key unrecorded, and no key that was refused since."""

import base64

import pytest

from hub import recording
from hub.sealed_store import SealedStore
from hub.steps import Erasure
from hub.stores.memory import MemoryStore
from hub.vault import envelope
from hub.vault.keyring import FileKeyring
from schemas.identifiers import message_ref
from schemas.records import RecordEvent
from tests.acceptance.test_pipeline import AMSTERDAM, a_signal
from tests.builders import ABSENT, an_event
from tests.config_builders import NOW, a_book, a_rule, to_gemeente
from tests.harness import Hub

SIGNAL = a_signal()
REF = message_ref(SIGNAL["source"], SIGNAL["id"])
ABOUT = {"betreft": {"shard": "ind", "bericht": REF}}


@pytest.fixture
async def hub(tmp_path):
    """A hub that seals, with one signal delivered to gemeente Amsterdam."""
    hub = Hub(
        a_book(a_rule(ontvangers=[to_gemeente()])),
        SealedStore(MemoryStore(), FileKeyring(tmp_path / "keys")),
    )
    await hub.send(SIGNAL)
    return hub


def an_act(name, **data):
    """An act of the gemeente; each has the same id."""
    event = an_event(f"berichten.{name}", id="used-before", source=AMSTERDAM, causationid=ABSENT)
    return {**event, "data": {**ABOUT, **data}}


def an_opening(public_key):
    return an_act("ingezien", sleutel=base64.b64encode(public_key).decode())


async def can_read(hub, private):
    """Whether the answer under this id gives the key of the copy to who has `private`."""
    act = message_ref(AMSTERDAM, "used-before")
    answer = await hub.store.beneath.answered("ind", "gm0363", act)
    if answer is None:
        return False
    try:
        envelope.read_answer(answer, private, ("ind", "gm0363", REF))
    except envelope.CannotOpen:
        return False
    return True


async def done(hub):
    """Return (event, result) of what was done with the copy."""
    return [(record["event"], record["result"]) for record in (await hub.records("ind"))[1:]]


async def test_an_opening_with_the_id_of_another_act_is_on_record(hub):
    """Acknowledged first: what was done under that id was no opening."""
    await hub.send(an_act("ontvangst-bevestigd"))
    private, public = envelope.key_pair()
    await hub.send(an_opening(public))

    assert await can_read(hub, private)
    assert [("acknowledged", "ok"), ("opened", "again")] == await done(hub)


async def test_an_opening_under_its_old_id_with_another_key_is_on_record_again(hub):
    await hub.send(an_opening(envelope.key_pair()[1]))
    private, public = envelope.key_pair()
    await hub.send(an_opening(public))

    assert await can_read(hub, private)
    assert [("opened", "ok"), ("opened", "again")] == await done(hub)


async def test_who_refused_a_copy_gets_its_key_under_no_id(hub):
    """Nor under that of an opening from before."""
    await hub.send(an_opening(envelope.key_pair()[1]))
    refusal = {**an_act("geweigerd", redencode="niet-bevoegd"), "id": "act-2"}
    await hub.send(refusal)
    private, public = envelope.key_pair()
    await hub.send(an_opening(public))

    assert not await can_read(hub, private)
    assert ("act-refused", "refused") == (await done(hub))[-1]


async def test_the_same_opening_twice_is_one(hub):
    """The same key and id: a sender that tries again after a lost connection."""
    private, public = envelope.key_pair()
    await hub.send(an_opening(public))
    await hub.send(an_opening(public))

    assert await can_read(hub, private)
    assert [("opened", "ok")] == await done(hub)


async def test_what_was_erased_is_not_on_record_as_opened_and_nobody_is_told_so(hub):
    """The record and the notice would say that somebody saw what was not there any more."""
    (copy,) = await hub.store.inbox("ind", "gm0363")
    record = recording.plain("ind", NOW, RecordEvent.ERASED, ("delivery", f"gm0363:{REF}"), "term")
    person = (await hub.store.records("ind"))[0].person
    await hub.store.erase("ind", [Erasure("gm0363", REF, copy.id, NOW, record, person)])
    await hub.send(an_opening(envelope.key_pair()[1]))

    assert [("erased", "term")] == await done(hub)
    assert [] == await hub.inbox("ind")
    assert ["berichten.geweigerd"] == [name for name, _ in await hub.notices("gm0363")]
