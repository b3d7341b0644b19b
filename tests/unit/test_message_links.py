"""What an act is about: (bron, id) as it was sent, or (shard, bericht) as the inbox says."""

import base64

import pytest

from schemas.identifiers import message_ref
from schemas.problems import InvalidEvent
from schemas.reading import parse
from tests.builders import a_signal, an_event, as_bytes

SENT = {"bron": a_signal()["source"], "id": "a-1"}
REF = message_ref(SENT["bron"], SENT["id"])
KEPT = {"shard": "ind", "bericht": REF}
ONE_PAIR = "names the message by bron and id, or by shard and bericht: one pair, and whole"


def an_act(link, name="ontvangst-bevestigd", **data):
    """An act about `link`."""
    event = an_event(f"berichten.{name}")
    kept = {k: v for k, v in event["data"].items() if k not in {"betreft", "sleutel"}}
    return as_bytes({**event, "data": {**kept, "betreft": link, **data}})


def problems_of(raw):
    """Return the problems of what may not come in."""
    with pytest.raises(InvalidEvent) as refused:
        parse(raw)
    return [(problem.place, problem.rule) for problem in refused.value.problems]


@pytest.mark.parametrize("link", [SENT, KEPT], ids=["sent", "kept"])
def test_both_pairs_name_the_same_message(link):
    assert REF == parse(an_act(link)).data.about.message


@pytest.mark.parametrize(
    "link",
    [
        {},
        {"bron": SENT["bron"]},
        {"id": "a-1"},
        {"shard": "ind"},
        {"bericht": REF},
        {**SENT, **KEPT},
        {**SENT, "shard": "ind"},
        {"bron": SENT["bron"], "bericht": REF},
    ],
    ids=lambda link: "+".join(link) or "nothing",
)
def test_half_a_pair_or_more_than_one_is_refused_in_words(link):
    assert [("data.betreft", ONE_PAIR)] == problems_of(an_act(link))


def test_a_name_that_is_not_the_hubs_is_refused_in_words():
    wrong = {"shard": "Ind", "bericht": REF.upper()}

    (_, shard), message = problems_of(an_act(wrong))

    assert shard.startswith("is a word of small letters, digits and hyphens")
    assert (
        "data.betreft.bericht",
        "is the hub's name of a message: 32 hexadecimal digits",
    ) == message


@pytest.mark.parametrize("name", ["gerectificeerd", "ingetrokken"])
def test_a_sender_names_its_own_event_as_it_sent_it(name):
    """Only so can it be seen whose event it is, before anything is known of it."""
    event = an_event(f"berichten.{name}", **{"data.betreft": KEPT})
    for absent in ("bron", "id"):
        event["data"]["betreft"].pop(absent)

    places = [place for place, _ in problems_of(as_bytes(event))]

    assert {
        "data.betreft.bron",
        "data.betreft.id",
        "data.betreft.shard",
        "data.betreft.bericht",
    } == set(places)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "abc",
        base64.b64encode(bytes(31)).decode(),
        base64.b64encode(bytes(33)).decode(),
        base64.urlsafe_b64encode(b"\xff" * 32).decode(),
        base64.b64encode(bytes(32)).decode()[:-2] + "B=",  # bits that stand for nothing
    ],
)
def test_a_key_to_open_with_is_32_bytes_in_base64(key):
    ((place, rule),) = problems_of(an_act(KEPT, "ingezien", sleutel=key))

    assert "data.sleutel" == place
    assert "is an X25519 public key: 32 bytes in base64, 44 characters" == rule


def test_a_key_is_only_for_opening_and_may_be_absent():
    """Any other act with a key is a mistake that must not pass in silence."""
    key = base64.b64encode(bytes(32)).decode()

    assert key == parse(an_act(KEPT, "ingezien", sleutel=key)).data.public_key
    assert parse(an_act(KEPT, "ingezien")).data.public_key is None
    assert ["data.sleutel"] == [place for place, _ in problems_of(an_act(KEPT, sleutel=key))]
