"""A keyring from an old backup: what does not open stays where it is, and stops nothing else."""

import base64

import pytest

from hub.errors import HubError
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
REASON = "INC-1"


@pytest.fixture
def hub(tmp_path):
    """A hub that seals."""
    store = SealedStore(MemoryStore(), FileKeyring(tmp_path / "keys"))
    return Hub(a_book(a_rule(ontvangers=[to_gemeente()])), store)


@pytest.fixture
async def other_keys(hub, tmp_path):
    """The same store with a keyring that has other keys of the same names."""
    keyring = FileKeyring(tmp_path / "other")
    await keyring.wrap([(owner, bytes(32)) for owner in ("hub", "ind", "gm0363")])
    return SealedStore(hub.store.beneath, keyring)


async def test_a_dead_entry_that_does_not_open_is_not_put_back_on_its_intake(hub, other_keys):
    """Its sealed bytes would go in as the event, and its key would be gone with the entry."""
    await hub.submit(b'{"worth": "keeping"}', shard="ind")
    await hub.work()
    (dead,) = await other_keys.parked("ind", Queue.DEAD)

    with pytest.raises(HubError, match="backup of the keyring"):
        await hub.desk(other_keys).offer_again("ind", dead.id, REASON)

    (kept,) = await hub.store.parked("ind", Queue.DEAD)
    assert b'{"worth": "keeping"}' == kept.parked.event


async def test_a_held_entry_that_does_not_open_says_so(hub, other_keys):
    """And not that its sender sent nonsense."""
    await hub.send(a_signal(gemeentecode="0788"))
    (held,) = await other_keys.parked("ind", Queue.HELD)
    desk = hub.desk(other_keys)

    for action in (
        desk.release("ind", held.id, "gm0363", "", REASON),
        desk.decide_again("ind", Queue.HELD, held.id, REASON),
    ):
        with pytest.raises(HubError, match="backup of the keyring"):
            await action
    assert [held.id] == [each.id for each in await hub.store.parked("ind", Queue.HELD)]


async def test_an_opening_of_a_notice_that_does_not_open_is_refused_and_not_tried_for_ever(
    hub, other_keys
):
    """Its sender is told; the events behind it go on in the same batch."""
    taken_up = an_event("berichten.opgepakt", id="taken-up", source=AMSTERDAM)
    link = {"shard": "ind", "bericht": REF}
    await hub.send(SIGNAL)
    await hub.send({**taken_up, "data": {"betreft": link, "zaakRef": "Z-1"}})
    (notice,) = await hub.inbox("ind")
    assert envelope.is_sealed(notice.content)
    opening = an_event("berichten.ingezien", id="open", source=SIGNAL["source"])
    opening["data"] = {
        "betreft": {"shard": "ind", "bericht": notice.message},
        "sleutel": base64.b64encode(envelope.key_pair()[1]).decode(),
    }
    await hub.submit(opening)
    await hub.submit(a_signal("behind"))
    await hub.work(hub.pipeline_on(other_keys))

    assert {"intake": 0, "pending": 0} == {
        name: count
        for name, count in (await hub.store.depths("ind", [""])).items()
        if name in {"intake", "pending"}
    }
    assert ["berichten.opgepakt", "berichten.geweigerd"] == [e.type for e in await hub.inbox("ind")]
    assert 2 == len(await hub.inbox("gm0363"))
