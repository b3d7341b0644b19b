"""The erasable part of a record: tokens that only who has the key can make again."""

import hmac
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub.pseudonyms import KINDS, Pseudonyms, subject
from schemas.reading import parse
from tests.builders import BSNS, EXAMPLES, a_signal, an_event, as_bytes

KEY = bytes(range(32))
PSEUDONYMS = Pseudonyms([("pseudonym.1", KEY)])
EVERYTHING = a_signal(
    id="ev-1",
    correlationid="zaak-1",
    causationid="ev-0",
    **{"data.betrokkene.bsn": BSNS[0], "data.betrokkeneRef": "btr-0001", "data.meldingId": "m-1"},
)
VALUES = {
    "bsn": BSNS[0],
    "case": "zaak-1",
    "cause": "ev-0",
    "id": "ev-1",
    "ref": "00000099000000006000:btr-0001",
    "report": "m-1",
}
MADE_AS = {"cause": "id"}


def token(kind, value, key=KEY):
    """The definition, by the standard library: half of HMAC-SHA256 over kind, NUL, value."""
    return hmac.digest(key, f"{kind}\0{value}".encode(), "sha256")[:16].hex()


def person_of(event, pseudonyms=PSEUDONYMS):
    """Return the part as data."""
    return json.loads(pseudonyms.of(parse(as_bytes(event))))


def test_an_event_with_everything_has_a_token_of_each_kind_and_the_id_of_the_key():
    expected = {kind: token(MADE_AS.get(kind, kind), value) for kind, value in VALUES.items()}

    assert {**expected, "key": "pseudonym.1"} == person_of(EVERYTHING)


def test_the_bytes_are_compact_json_with_sorted_keys():
    """The commitment of a record is over these bytes: the same part is always the same bytes."""
    made = PSEUDONYMS.of(parse(as_bytes(EVERYTHING)))

    assert json.dumps(json.loads(made), sort_keys=True, separators=(",", ":")).encode() == made


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_every_message_type_has_a_part_and_none_of_its_values_in_the_clear(path):
    raw = path.read_bytes()
    event, data = json.loads(raw), json.loads(raw)["data"]
    made = PSEUDONYMS.of(parse(raw))
    has = {
        "bsn": data.get("betrokkene", {}).get("bsn"),
        "case": event.get("correlationid"),
        "cause": event.get("causationid"),
        "id": event["id"],
        "ref": data.get("betrokkeneRef"),
        "report": data.get("meldingId"),
    }

    assert {"key", *(kind for kind, value in has.items() if value)} == json.loads(made).keys()
    assert [] == [kind for kind, value in has.items() if value and value.encode() in made]


def test_the_same_person_has_the_same_token_whoever_sends():
    other = a_signal(id="ev-2", **{"data.betrokkene.bsn": BSNS[0]})

    assert person_of(EVERYTHING)["bsn"] == person_of(other)["bsn"]
    assert person_of(EVERYTHING)["id"] != person_of(other)["id"]


def test_a_reference_of_one_sender_is_not_that_of_another():
    """btr-0001 of the IND and btr-0001 of the RvdK are two people."""
    assert subject("1", "btr-0001") != subject("2", "btr-0001")
    assert PSEUDONYMS.tokens("ref", "00000099000000006000:btr-0001") == [
        person_of(EVERYTHING)["ref"]
    ]


def test_a_kind_is_part_of_the_token_so_that_equal_texts_are_not_linked():
    """But for cause and id, which are the same thing said by two."""
    kinds = [kind for kind in KINDS if kind not in MADE_AS]

    assert len(kinds) == len({PSEUDONYMS.tokens(kind, "ev-1")[0] for kind in kinds})


def test_an_answer_and_what_it_answers_have_the_same_token():
    """Else nobody could follow in the log what brought about what."""
    answer = a_signal(id="ev-2", causationid="ev-1")

    assert person_of(EVERYTHING)["id"] == person_of(answer)["cause"]


def test_after_rotation_the_first_key_makes_and_every_key_is_asked():
    rotated = Pseudonyms([("pseudonym.2", b"\1" * 32), ("pseudonym.1", KEY)])

    assert "pseudonym.2" == person_of(EVERYTHING, rotated)["key"]
    assert [token("bsn", BSNS[0], b"\1" * 32), token("bsn", BSNS[0])] == rotated.tokens(
        "bsn", BSNS[0]
    )


def test_without_a_key_there_are_no_pseudonyms():
    """A token that needs no key could be found by trying every BSN."""
    with pytest.raises(ValueError, match="key"):
        Pseudonyms([])


def test_a_kind_that_does_not_exist_is_refused_instead_of_finding_nobody():
    with pytest.raises(ValueError, match="bsn, case, cause, id, ref, report"):
        PSEUDONYMS.tokens("naam", "x")


def test_an_act_has_what_its_own_envelope_says():
    act = an_event("berichten.opgepakt", id="act-1", causationid="ev-1")

    assert {"cause", "id", "key"} == person_of(act).keys()


@example(key=b"k" * 64, value="x")
@example(key=b"k" * 65, value="x")
@given(key=st.binary(max_size=200), value=st.text(st.characters(codec="utf-8"), max_size=200))
def test_a_token_is_half_of_hmac_sha256_for_any_key_and_value(key, value):
    """Short, long and odd keys: RFC 2104 pads or hashes them first."""
    assert [token("bsn", value, key)] == Pseudonyms([("k.1", key)]).tokens("bsn", value)
