"""What a partner writes where the hub's own words stand is sealed, left out, or proves nothing."""

import json

import pytest

from hub.sealed_store import SealedStore
from hub.steps import Queue
from hub.stores.memory import MemoryStore
from hub.vault import envelope
from hub.vault.keyring import FileKeyring
from schemas.identifiers import message_ref
from tests.acceptance.test_pipeline import AMSTERDAM, a_signal
from tests.builders import an_event
from tests.config_builders import a_book, a_rule, to_gemeente
from tests.harness import Hub

SIGNAL = a_signal()
REF = message_ref(SIGNAL["source"], SIGNAL["id"])
PROBLEM = {"plaats": "data", "regel": "Sami Voorbeeldin is hier bekend", "uitweg": "bel hem"}


@pytest.fixture
async def hub(tmp_path):
    """A hub that seals, with one signal delivered to gemeente Amsterdam."""
    store = SealedStore(MemoryStore(), FileKeyring(tmp_path / "keys"))
    hub = Hub(a_book(a_rule(ontvangers=[to_gemeente()])), store)
    await hub.send(SIGNAL)
    return hub


async def refused(hub, **data):
    """Let the gemeente refuse its copy; return the notice to the sender, as it lies there."""
    event = an_event("berichten.geweigerd", id="refusal", source=AMSTERDAM)
    link = {"betreft": {"shard": "ind", "bericht": REF}, "redencode": "niet-bevoegd"}
    await hub.send({**event, "data": {**link, **data}})
    (notice,) = await hub.inbox("ind")
    return notice.content


async def test_the_reasons_that_a_recipient_gives_are_sealed(hub):
    """They can hold any text; the reasons of the hub hold none of an event and are not sealed."""
    notice = await refused(hub, problemen=[PROBLEM])

    assert envelope.is_sealed(notice)
    assert b"Voorbeeldin" not in notice


async def test_a_recipient_cannot_say_that_the_hub_refused_an_entry(hub):
    """Who waits for the answer to an opening would take it for the refusal of that."""
    data = json.loads(await refused(hub, ingang="1763888000000-0"))["data"]

    assert ("gm0363", "niet-bevoegd") == (data["door"], data["redencode"])
    assert "ingang" not in data


async def test_who_speaks_as_another_makes_no_record_about_the_messages_of_that_one(hub):
    """Else the log would tie whom it likes to a message of another; and trace would show it."""
    await hub.submit(a_signal(), shard="politie")
    await hub.work()

    (record,) = await hub.records("politie")
    (dead,) = await hub.store.parked("politie", Queue.DEAD)
    assert ("dead-lettered", "entry") == (record["event"], record["object"]["kind"])
    assert {"shard": "politie"} == record["origin"]
    assert "" == dead.parked.message
