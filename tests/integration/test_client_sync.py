"""The client without asyncio does what the other does: publish, read, act, and close behind it."""

import inspect

import pytest

from hub.client import Client, Delivery
from hub.client_sync import SyncClient, SyncDelivery
from hub.errors import NotAllowed
from schemas.identifiers import message_ref
from schemas.problems import InvalidEvent
from tests.builders import a_signal, as_bytes
from tests.integration.hub_process import hub_process, until

pytestmark = pytest.mark.broker

SOURCES = {
    "ind": "urn:nld:oin:00000099000000006000:systeem:indigo",
    "lro": "urn:nld:oin:00000099000000006000:systeem:lro-postbus",
    "gm0363": "urn:nld:oin:00000099100000363000:systeem:zaaksysteem",
}


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    with hub_process(tmp_path_factory.mktemp("hub") / "data") as hub:
        yield hub


def connect(hub, party, **other):
    return SyncClient.connect(
        hub.url,
        **{"party": party, "source": SOURCES[party], "password": hub.passwords[party], **other},
    )


def ref(event_id, source=SOURCES["ind"]):
    """Return the hub's own name of an event of the IND: what an inbox calls it by."""
    return message_ref(source, event_id)


def newest(hub, party, event_id):
    """Return the delivery of this event as the party reads it, once it is there."""
    client = connect(hub, party)

    def look():
        for delivery in client.inbox(follow=False, consumer="tests"):
            if delivery.message == ref(event_id):
                return delivery
        return None

    return client, until(look)


def notices(hub, event_id):
    """Return the types of the notices to the IND about this event, and who is named in them.

    Those with text are sealed, and opened to look.
    """
    with connect(hub, "ind") as client:
        found = [each for each in client.inbox(follow=False, consumer="tests") if each.notice]
        events = [each.open() for each in found]
    return [
        (each["type"].rpartition(".")[2], each["data"].get("door"))
        for each in events
        if (each["data"].get("betreft") or {}).get("bericht") == ref(event_id)
    ]


def test_it_has_every_method_of_the_other_client():
    """What is added to one is added to the other."""

    def methods(kind):
        return {name for name in vars(kind) if not name.startswith("_")}

    assert methods(Client) - {"tick_off", "answer", "prefix", "source"} <= methods(SyncClient)
    assert methods(Delivery) - {"copy"} <= methods(SyncDelivery)
    for name in ("connect", "publish", "inbox"):
        ours, theirs = (inspect.signature(getattr(kind, name)) for kind in (SyncClient, Client))
        assert list(ours.parameters) == list(theirs.parameters)


@pytest.mark.parametrize("form", [dict, as_bytes, lambda event: as_bytes(event).decode()])
def test_what_is_published_is_delivered(hub, form):
    """As an object, as bytes or as text; the receipt says what it is called."""
    event = a_signal(id=f"sync-{form.__name__}")
    with connect(hub, "ind") as client:
        receipt = client.publish(form(event))

    reader, delivery = newest(hub, "gm0363", event["id"])
    with reader:
        assert (receipt.id, receipt.message) == (event["id"], delivery.message)
        assert delivery.type == "signalen.signaal-gemeld"
        assert delivery.received_at.utcoffset().total_seconds() == 0
        assert delivery.open()["data"]["gemeentecode"] == "0363"
        assert "Sami" not in repr(delivery)


def test_an_event_that_is_not_valid_is_not_sent(hub):
    """With every problem, as the other client."""
    with connect(hub, "ind") as client, pytest.raises(InvalidEvent):
        client.publish(a_signal(**{"data.urgentie": "heel erg"}))


def test_each_act_reaches_the_sender(hub):
    """Opened, acknowledged, taken up, fed back and passed on, in the order of a working day."""
    with connect(hub, "ind") as client:
        client.publish(a_signal(id="sync-acts"))
    reader, delivery = newest(hub, "gm0363", "sync-acts")
    with reader:
        delivery.open()
        delivery.acknowledge()
        delivery.take_up("ZAAK-1")
        delivery.feed_back("in-behandeling")

    told = until(lambda: len(found := notices(hub, "sync-acts")) == 4 and found)
    assert set(told) == {
        ("ingezien", "gm0363"),
        ("ontvangst-bevestigd", "gm0363"),
        ("opgepakt", "gm0363"),
        ("terugkoppeling-gegeven", "gm0363"),
    }


def test_a_unit_acts_on_the_intake_within_the_shard_of_its_partner(hub):
    """The LRO acknowledges in its own name, with the OIN of the partner behind it."""
    with connect(hub, "ind") as client:
        client.publish(a_signal(id="sync-lro"))
    with connect(hub, "lro", shard="ind") as reader:

        def look():
            found = reader.inbox(follow=False, consumer="tests")
            return next((each for each in found if each.message == ref("sync-lro")), None)

        until(look).acknowledge()

    until(lambda: ("ontvangst-bevestigd", "lro") in notices(hub, "sync-lro"))


async def test_inside_a_running_loop_it_names_the_other_client(hub):
    """Before anything is made that would have to be closed."""
    with pytest.raises(RuntimeError, match=r"hub\.client\.Client"):
        connect(hub, "ind")


def test_a_refusal_reaches_the_sender_and_a_passing_on_is_decided_by_the_hub(hub):
    """Both are acts: what the hub does not allow comes back as a notice, not as an error here."""
    with connect(hub, "ind") as client:
        client.publish(a_signal(id="sync-refused"))
        client.publish(a_signal(id="sync-passed"))
    reader, delivery = newest(hub, "gm0363", "sync-refused")
    with reader:
        delivery.refuse("dubbel")
    reader, delivery = newest(hub, "gm0363", "sync-passed")
    with reader:
        receipt = delivery.pass_on("lse", "kan dit duiden")

    assert receipt.source == SOURCES["gm0363"]
    until(lambda: ("geweigerd", "gm0363") in notices(hub, "sync-refused"))


def test_what_was_not_acknowledged_comes_again_and_what_was_does_not(hub):
    """Also after a break in the middle of the loop, and in a new process."""
    with connect(hub, "ind") as client:
        client.publish(a_signal(id="sync-again"))
    reader, _ = newest(hub, "gm0363", "sync-again")
    reader.close()
    reader, delivery = newest(hub, "gm0363", "sync-again")
    with reader:
        delivery.acknowledge()
        rest = {each.message for each in reader.inbox(follow=False, consumer="tests")}

    assert ref("sync-again") not in rest


def test_a_wrong_password_leaves_nothing_open(hub):
    """Neither a connection nor a loop: a warning about either would fail this test."""
    with pytest.raises(NotAllowed):
        connect(hub, "ind", password="wrong")


def test_closing_twice_is_closing_once(hub):
    """And an inbox that is closed ends."""
    client = connect(hub, "gm0363")
    deliveries = client.inbox(follow=False)
    client.close()
    client.close()

    assert list(deliveries) == []
    assert client.party == "gm0363"
