"""A witness signs what continues what it signed before, and nothing else, whatever happens."""

import pytest

from hub.proof.checkpoints import open_checkpoint
from hub.proof.errors import Malformed, MissingTile, NotSigned
from hub.proof.report import Outcome
from hub.proof.witnessing import make_witness_key, read_witness_key, witness
from tests.proof_log import KEY, ALog, a_log, a_signer

NAME = "zvh.example/witness"


@pytest.fixture
def at(tmp_path):
    """Return a function that shows a published folder to one witness."""
    make_witness_key(tmp_path / "key", NAME)

    def show(folder, key=KEY.verifier):
        state, out = tmp_path / "state", tmp_path / "out"
        return witness(folder, [key], tmp_path / "key", state, out)

    return show


def cut(log: ALog, size: int) -> ALog:
    return ALog(log.lines[:size], [each for each in log.sizes if each <= size])


def test_it_signs_the_first_and_what_continues_it(at, tmp_path):
    """Also the same head once more: a crash after keeping it is no reason to stop."""
    log = a_log(600)
    for number, size in enumerate((100, 300, 300, 600)):
        done = at(cut(log, size).publish(tmp_path / str(number)))

        assert Outcome.SOUND == done.outcome
        assert size == done.checkpoint.size
        keys = [KEY.verifier, read_witness_key(tmp_path / "key").verifier]
        signed = (tmp_path / "out" / "zvh.example_witness").read_text(encoding="utf-8")
        assert tuple(keys) == open_checkpoint(signed, keys)[1]
        assert done.written == tmp_path / "out" / "zvh.example_witness"


def test_it_refuses_a_log_that_was_set_back(at, tmp_path):
    """The last head that it signed stays what it was."""
    log = a_log(300)
    at(log.publish(tmp_path / "log"))
    done = at(cut(log, 200).publish(tmp_path / "back"))

    assert Outcome.FAULT == done.outcome
    assert "it was set back" in done.what
    assert log.note(300) == (tmp_path / "state").read_text(encoding="utf-8")
    assert log.note(200) in done.evidence.read_text(encoding="utf-8")


def test_it_refuses_two_heads_of_one_size(at, tmp_path):
    """The tiles do not matter: two roots of one size cannot both be true."""
    log = a_log(100)
    at(log.publish(tmp_path / "log"))
    fork = cut(log, 100)
    fork.lines[3] = fork.lines[3]._replace(record=b"{}")

    assert Outcome.FAULT == at(fork.publish(tmp_path / "fork")).outcome


def test_a_damaged_copy_is_not_called_a_fork(at, tmp_path):
    """Copying went wrong: nothing is signed, nobody is accused."""
    log = a_log(600)
    at(cut(log, 100).publish(tmp_path / "log"))
    folder = log.publish(tmp_path / "copy")
    tile = folder / "tile/0/002.p/88"
    tile.write_bytes(bytes(len(tile.read_bytes())))

    with pytest.raises(Malformed, match="copy it again"):
        at(folder)
    tile.unlink()
    with pytest.raises(MissingTile):
        at(folder)
    assert cut(log, 100).note(100) == (tmp_path / "state").read_text(encoding="utf-8")


def test_it_signs_nothing_of_a_key_that_it_was_not_given(at, tmp_path):
    """The key of the log comes from its owner, not from the folder."""
    with pytest.raises(NotSigned):
        at(a_log(10).publish(tmp_path / "log"), a_signer(2).verifier)
    assert not (tmp_path / "out").exists()


def test_it_does_not_mix_two_logs(at, tmp_path):
    """One state file is about one log."""
    at(a_log(100).publish(tmp_path / "log"))
    other = a_signer(5, "seinhuis.example/other")
    log = ALog(a_log(100).lines, [100], other, "seinhuis.example/other")

    with pytest.raises(Malformed, match="another log"):
        at(log.publish(tmp_path / "other"), other.verifier)


def test_a_first_head_whose_tree_is_not_there_is_not_signed(at, tmp_path):
    """A witness vouches for a tree, not for a number."""
    folder = a_log(100).publish(tmp_path / "log")
    (folder / "tile/0/000.p/100").write_bytes(bytes(3200))

    with pytest.raises(Malformed, match="do not lead to its checkpoint"):
        at(folder)


@pytest.mark.parametrize("text", ["", "PRIVATE+KEY+a+b", "PRIVATE+KEY+a+00000000+AAAA", "a+b+c"])
def test_another_file_is_not_taken_for_a_key(tmp_path, text):
    """It says which file, and not what stands in it."""
    (tmp_path / "key").write_text(text, encoding="utf-8")

    with pytest.raises(Malformed, match="key is not the private key of a witness"):
        read_witness_key(tmp_path / "key")
