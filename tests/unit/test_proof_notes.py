"""Notes, cosignatures and checkpoints: C2SP signed-note, tlog-cosignature, tlog-checkpoint."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.proof.checkpoints import Checkpoint, open_checkpoint, sign_checkpoint
from hub.proof.errors import Malformed, NotSigned, WrongSignature
from hub.proof.notes import (
    LARGEST_NOTE,
    WITNESS,
    VerifierKey,
    cosigned,
    cosigned_at,
    open_note,
    sign,
    signature_line,
    split_note,
)
from tests.proof_log import KEY, ORIGIN, PUBLIC, a_signer

BODY = "Een tekst.\n\nMet een lege regel.\n"
WATCHER = a_signer(7, "zvh.example/witness", WITNESS)
HEAD = Checkpoint(ORIGIN, 20, bytes(range(32)))


def test_the_key_of_another_implementation_is_read():
    """The key id of the checksum database of Go, which is published, follows from its key."""
    text = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"

    assert text == str(VerifierKey.parse(text))
    assert "033de0ae" == VerifierKey.parse(text).key_id.hex()


def test_a_note_of_another_implementation_is_opened():
    """The example in the documentation of golang.org/x/mod/sumdb/note holds here too."""
    key = VerifierKey.parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    body = (
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n"
    )
    line = (
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngot"
        "pRZb6KE6RyyBwJnAM=\n"
    )

    assert (body, (key,)) == open_note(f"{body}\n{line}", [key])


def test_a_note_is_text_a_blank_line_and_signatures():
    """The text may have blank lines itself: the last one counts."""
    note = sign(BODY, KEY)

    assert note.startswith(f"{BODY}\n— {ORIGIN} ")
    assert (BODY, (KEY.verifier,)) == open_note(note, [KEY.verifier])


def test_unknown_signatures_are_ignored():
    """A witness signs along, also with the name of the log but another key."""
    note = sign(BODY, a_signer(2), WATCHER, KEY)

    assert (KEY.verifier,) == open_note(note, [KEY.verifier])[1]


def test_a_note_of_nobody_we_know_says_who_signed():
    """The body comes along for who must tell the reader, unproven."""
    with pytest.raises(NotSigned) as error:
        open_note(sign(BODY, KEY), [a_signer(2).verifier])

    assert BODY == error.value.body
    assert (KEY.verifier.label,) == error.value.signers


def test_a_wrong_signature_of_a_known_key_spoils_the_note():
    """Also when another known key signed it well."""
    note = sign(BODY, KEY) + sign("Iets anders.\n", WATCHER).rpartition("\n\n")[2]

    with pytest.raises(WrongSignature, match=r"zvh\.example/witness.*does not hold"):
        open_note(note, [KEY.verifier, WATCHER.verifier])


@settings(deadline=None)
@given(st.data())
def test_no_changed_character_of_the_text_survives(data):
    """Whatever is changed in the text, the signature does not hold or it is no note."""
    note = sign(BODY, KEY)
    at = data.draw(st.integers(0, len(BODY) - 1))
    letter = data.draw(st.characters(codec="utf-8").filter(lambda letter: letter != note[at]))

    with pytest.raises((WrongSignature, Malformed)):
        open_note(note[:at] + letter + note[at + 1 :], [KEY.verifier])


@pytest.mark.parametrize(
    "note",
    [
        "",
        "no signature\n",
        "text\n\n",
        "text\n\n— name\n",
        "text\n\n— name AAAA\n",
        "text\n\n- name AAAAAAAA\n",
        "text\n\n— na+me AAAAAAAA\n",
        "text\n\n— name AAAAAAAA",
        "text\n\n— name AAAAAAB=\n",
        "text\n\n— name AAAA AAAA\n",
        "text\r\n\n— name AAAAAAAA\n",
        "\n\n— name AAAAAAAA\n",
        "x" * LARGEST_NOTE + "\n\n— name AAAAAAAA\n",
    ],
)
def test_what_only_looks_like_a_note_is_refused(note):
    """Another dash, another line end, base64 that a lax reader would take."""
    with pytest.raises(Malformed):
        split_note(note)


def test_a_text_that_does_not_end_cannot_be_signed():
    """Its signature would be that of another text."""
    with pytest.raises(ValueError, match="ends in a newline"):
        sign("text", KEY)


def test_a_witness_signs_the_moment_with_the_text():
    """The first eight bytes are seconds since 1970; the message has them as a line."""
    body = HEAD.body()
    note = sign_checkpoint(HEAD, KEY) + signature_line(body, WATCHER)

    assert cosigned_at(note, WATCHER.verifier) > 1_700_000_000
    assert f"cosignature/v1\ntime 5\n{body}".encode() == cosigned(body, 5)
    assert (KEY.verifier, WATCHER.verifier) == open_checkpoint(
        note, [KEY.verifier, WATCHER.verifier]
    )[1]


def test_another_moment_is_another_signature():
    """Nobody can date the signature of a witness anew."""
    line = signature_line(HEAD.body(), WATCHER)
    signature = bytearray(base64.b64decode(line.split()[2]))
    signature[11] ^= 1
    forged = f"— {WATCHER.name} {base64.b64encode(signature).decode()}\n"
    note = sign_checkpoint(HEAD, KEY) + forged

    with pytest.raises(WrongSignature):
        open_checkpoint(note, [KEY.verifier, WATCHER.verifier])


def test_the_signature_of_a_log_is_not_one_of_a_witness():
    """The same private key, the other kind: neither stands for the other."""
    same = a_signer(7, "zvh.example/witness")
    note = sign(BODY, same)

    with pytest.raises(NotSigned):
        open_note(note, [WATCHER.verifier])


def test_a_witness_alone_does_not_make_a_checkpoint():
    """The log itself must have signed."""
    with pytest.raises(NotSigned):
        open_checkpoint(sign_checkpoint(HEAD, WATCHER), [KEY.verifier, WATCHER.verifier])


def test_a_log_signs_with_keys_of_its_name():
    """Who runs two logs with one key does not make them one."""
    other = a_signer(1, "seinhuis.example/other")

    with pytest.raises(WrongSignature, match="of another log"):
        open_checkpoint(sign_checkpoint(HEAD, other), [other.verifier])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        PUBLIC.replace("+", " "),
        PUBLIC.replace(ORIGIN, ""),
        PUBLIC[:-1],
        PUBLIC.replace(KEY.key_id.hex(), "00000000"),
        str(VerifierKey("name", 2, bytes(32))),
    ],
)
def test_what_is_not_a_key_is_refused(text):
    """Also when only its id is wrong: a character was lost on the way."""
    with pytest.raises(Malformed):
        VerifierKey.parse(text)


@pytest.mark.parametrize("name", ["", "with space", "with+plus"])
def test_a_name_that_would_blur_a_signature_line_is_refused(name):
    """Spaces and plus signs separate the parts of a key and of a line."""
    with pytest.raises(ValueError, match="no space and no plus"):
        a_signer(1, name)


def test_a_checkpoint_is_three_lines():
    """Origin, size, root; written and read again it is the same."""
    root = base64.b64encode(bytes(range(32))).decode()

    assert f"{ORIGIN}\n20\n{root}\n" == HEAD.body()
    assert HEAD == Checkpoint.parse(HEAD.body())


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        (ORIGIN, "", "line 1"),
        ("\n20\n", "\n020\n", "line 2"),
        ("\n20\n", "\n-1\n", "line 2"),
        ("\n20\n", "\n+20\n", "line 2"),
        ("\n20\n", "\n2٠\n", "line 2"),
        ("\n20\n", f"\n{2**63}\n", "line 2"),
        ("=\n", "\n", "line 3"),
        ("Hh8=\n", "Hh9=\n", "line 3"),
        ("AAEC", "AAE", "line 3"),
        ("=\n", "=\nextension\n", "three lines"),
        ("=\n", "=", "three lines"),
    ],
)
def test_what_only_looks_like_a_checkpoint_is_refused(old, new, rule):
    """One text for one meaning, so that two readers cannot see two trees in it."""
    assert old in HEAD.body()
    with pytest.raises(Malformed, match=rule):
        Checkpoint.parse(HEAD.body().replace(old, new))
