"""Leaves and lines: what is hashed, to the byte, and what an export may say."""

import hashlib
import hmac
import json

import pytest

from hub.proof.errors import Malformed
from hub.proof.leaves import commit, leaf_data, leaf_hash
from hub.proof.lines import Line
from tests.proof_log import a_log, exported

SALT, PERSON = bytes(range(16)), b'{"bsn":"00112233445566778899aabbccddeeff","key":"pseudonym.1"}'


def test_a_leaf_is_made_of_these_bytes():
    """Written out by hand: who checks with sha256 alone comes to the same."""
    commitment = bytes.fromhex("ab" * 32)
    data = b"seinhuis-record-v1\nind\n7\n" + b"ab" * 32 + b"\n" + b'{"event":"decided"}'

    assert data == leaf_data("ind", 7, commitment, b'{"event":"decided"}')
    assert hashlib.sha256(b"\x00" + data).digest() == leaf_hash(
        "ind", 7, commitment, b'{"event":"decided"}'
    )


def test_a_commitment_is_an_hmac_and_hides_who_it_is_about():
    """HMAC-SHA256 with the salt as key; another salt or person gives another one."""
    made = commit(SALT, PERSON)

    assert hmac.new(SALT, PERSON, hashlib.sha256).digest() == made
    assert made != commit(bytes(16), PERSON)
    assert made != commit(SALT, b"")


def test_erasing_salt_and_person_leaves_the_leaf():
    """Only the commitment is in it, so proofs stay valid."""
    line = a_log(1).lines[0]

    assert line.leaf_hash() == line._replace(salt=None, person=None).leaf_hash()


def test_a_shard_cannot_blur_where_it_ends():
    """With a line end in it, two records would have one leaf."""
    with pytest.raises(ValueError, match="may not contain a line end"):
        leaf_data("ind\n7", 1, bytes(32), b"")


def value(**changes):
    line = json.loads(exported(a_log(1).lines[0], persons=True)) | changes
    return {name: part for name, part in line.items() if part != "absent"}


def test_an_exported_line_is_the_record_again():
    """To the byte, with and without the person."""
    line = a_log(1).lines[0]

    assert line == Line.parse(exported(line, persons=True).encode())
    assert line._replace(salt=None, person=None) == Line.parse(exported(line).encode())


@pytest.mark.parametrize(
    "changes",
    [
        {"position": -1},
        {"position": True},
        {"position": "0"},
        {"position": "absent"},
        {"seq": 0},
        {"seq": 1.0},
        {"shard": ""},
        {"shard": "ind\n"},
        {"shard": "x" * 65},
        {"shard": 3},
        {"commitment": "ab"},
        {"commitment": "AB" * 32},
        {"commitment": None},
        {"record": {"event": "decided"}},
        {"record": "\ud800"},
        {"salt": "ab"},
        {"salt": "absent"},
        {"salt": None},
        {"person": 3},
        {"remark": "x"},
    ],
    ids=str,
)
def test_a_line_of_another_form_is_refused(changes):
    """Nothing is guessed: what is not exactly a record is none."""
    with pytest.raises(Malformed):
        Line.of(value(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"salt": "absent", "person": "absent"},
        {"salt": None, "person": None},
        {"salt": None, "person": ""},
    ],
)
def test_an_erased_person_is_no_fault(changes):
    """Absent, null or empty: there is nothing to hold against the commitment."""
    assert Line.of(value(**changes)).is_about_whom_it_says()


def test_a_record_about_nobody_has_a_commitment_to_nothing():
    """With its salt that can be checked, also when `person` is left out."""
    line = Line.of(value(commitment=commit(SALT, b"").hex(), salt=SALT.hex(), person="absent"))

    assert line.is_about_whom_it_says()
    assert not line._replace(person=PERSON).is_about_whom_it_says()
