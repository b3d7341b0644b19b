"""What is sealed opens in its own place, with its own key, by who asked; and nowhere else."""

import hashlib
import os
import traceback

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from hub.vault.envelope import (
    CannotOpen,
    answer,
    is_public_key,
    is_sealed,
    key_id_of,
    key_pair,
    open_sealed,
    random_keys,
    read_answer,
    seal,
    unwrap_key,
    wrap_key,
)

PLACE = ("ind", "gm0363", hashlib.sha256(b"m1").hexdigest()[:32])
ELSEWHERE = [("rvdk", *PLACE[1:]), (PLACE[0], "gm0014", PLACE[2]), (*PLACE[:2], "0" * 32)]
CONTENT = b'{"data":{"bsn":"999990342","naam":"Testpersoon"}}'
KEY, NONCE = os.urandom(32), os.urandom(12)
LOW_ORDER = [bytes(32), b"\x01" + bytes(31)]


@given(st.binary(max_size=2_000))
def test_what_was_sealed_opens_at_its_place(content):
    """Whatever the content is, also nothing at all."""
    ((key, nonce),) = random_keys(1)

    sealed = seal(content, key, nonce, PLACE)

    assert is_sealed(sealed)
    assert content == open_sealed(sealed, key, PLACE)


def test_the_layout_is_the_one_that_is_documented():
    """A reader without our code needs no more than this page of the documentation."""
    aad = b"seinhuis-copy-v1\n" + "\n".join(PLACE).encode()

    assert seal(CONTENT, KEY, NONCE, PLACE) == (
        b"\x01" + NONCE + AESGCM(KEY).encrypt(NONCE, CONTENT, aad)
    )


@pytest.mark.parametrize("place", ELSEWHERE, ids=["shard", "party", "message"])
def test_a_copy_that_was_moved_does_not_open(place):
    """Who can write to the broker cannot make one organisation read the copy of another."""
    with pytest.raises(CannotOpen):
        open_sealed(seal(CONTENT, KEY, NONCE, PLACE), KEY, place)


@given(st.data())
def test_a_changed_bit_is_noticed(data):
    """Anywhere in the copy: version, nonce, content or tag."""
    sealed = bytearray(seal(CONTENT, KEY, NONCE, PLACE))
    at = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[at // 8] ^= 1 << at % 8

    with pytest.raises(CannotOpen):
        open_sealed(bytes(sealed), KEY, PLACE)


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01short", CONTENT])
def test_what_is_no_sealed_copy_does_not_open(sealed):
    """Cut off, empty, or never sealed: the same error, no other."""
    with pytest.raises(CannotOpen):
        open_sealed(sealed, KEY, PLACE)


def test_a_sealed_copy_shows_nothing_of_its_content():
    """Not a run of four bytes of it; and the same content sealed twice is not the same bytes."""
    (first, second) = (seal(CONTENT, *drawn, PLACE) for drawn in random_keys(2))

    assert first != second
    for at in range(len(CONTENT) - 4):
        assert CONTENT[at : at + 4] not in first


def test_json_is_never_taken_for_a_sealed_copy():
    """That is how a copy from before sealing is told apart."""
    assert not is_sealed(CONTENT)
    assert not is_sealed(b"")


def test_random_keys_are_all_different():
    """Thirty-two bytes and twelve, and no byte of one is used for another."""
    drawn = random_keys(50)

    assert {(32, 12)} == {(len(key), len(nonce)) for key, nonce in drawn}
    assert 100 == len({part for pair in drawn for part in pair})
    assert [] == random_keys(0)


def test_a_wrapped_key_names_its_key_and_opens_under_it():
    """The name stands in front, so that after a rotation the right key is found."""
    party_key = AESGCM(os.urandom(32))

    wrapped = wrap_key(party_key, "gm0363.2", KEY, NONCE)

    assert "gm0363.2" == key_id_of(wrapped)
    assert KEY == unwrap_key(party_key, wrapped)
    assert KEY not in wrapped


def test_a_wrapped_key_opens_under_no_other_key_or_name():
    """Also not when somebody changes the name in front of it to that of a newer key."""
    party_key = AESGCM(os.urandom(32))
    wrapped = wrap_key(party_key, "gm0363.1", KEY, NONCE)

    with pytest.raises(CannotOpen):
        unwrap_key(AESGCM(os.urandom(32)), wrapped)
    with pytest.raises(CannotOpen):
        unwrap_key(party_key, wrapped.replace(b"gm0363.1", b"gm0363.2"))


@pytest.mark.parametrize(
    "wrapped", [b"", b"gm0363.1", b"gm0363.1\nshort", b"\xff.1\n" + bytes(60), bytes(70)]
)
def test_what_is_no_wrapped_key_is_refused(wrapped):
    """Whatever the broker gives back, there is one error."""
    with pytest.raises(CannotOpen):
        unwrap_key(AESGCM(KEY), wrapped)


def test_an_answer_is_read_by_who_asked_and_by_nobody_else():
    """Not by another reader of the same party, who asked with another key."""
    (asker, public), (other, _) = key_pair(), key_pair()

    answered = answer(KEY, public, PLACE)

    assert KEY == read_answer(answered, asker, PLACE)
    assert KEY not in answered
    with pytest.raises(CannotOpen):
        read_answer(answered, other, PLACE)


@pytest.mark.parametrize("place", ELSEWHERE, ids=["shard", "party", "message"])
def test_an_answer_about_another_copy_is_not_taken(place):
    """An answer that was put in the place of another is noticed."""
    asker, public = key_pair()

    with pytest.raises(CannotOpen):
        read_answer(answer(KEY, public, PLACE), asker, place)


@pytest.mark.parametrize("answered", [b"", bytes(31), bytes(80)])
def test_what_is_no_answer_is_refused(answered):
    """Cut off, or with a weak key in it."""
    with pytest.raises(CannotOpen):
        read_answer(answered, key_pair()[0], PLACE)


@pytest.mark.parametrize("public", [*LOW_ORDER, b"", bytes(31), bytes(33)])
def test_no_answer_is_sealed_to_what_is_no_key(public):
    """A key of low order would make an answer that anybody can read."""
    assert not is_public_key(public)
    with pytest.raises(CannotOpen):
        answer(KEY, public, PLACE)


def test_a_fresh_key_can_be_answered_to():
    """The check on weak keys lets the good ones through."""
    assert is_public_key(key_pair()[1])


def test_an_error_says_nothing_of_what_was_inside():
    """Neither its text nor what it was raised from: a log may print both."""
    with pytest.raises(CannotOpen) as caught:
        open_sealed(seal(CONTENT, KEY, NONCE, PLACE), bytes(32), PLACE)

    shown = "".join(traceback.format_exception(caught.value))
    assert "shard, party, message" in shown
    assert "999990342" not in shown
    assert PLACE[2] not in shown
