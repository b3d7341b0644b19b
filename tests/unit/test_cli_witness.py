"""`seinhuis witness`: what another organisation runs, with nothing of the hub beside it."""

import json
import stat
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from hub.cli.app import app
from hub.cli.exits import Exit
from hub.proof.notes import VerifierKey
from tests.proof_log import PUBLIC, ALog, a_log

NAME = "zvh.example/witness"

run = CliRunner().invoke


@pytest.fixture
def at(tmp_path):
    """Return a function that shows a published folder to one witness, through the command."""
    made = run(app, ["witness", "keygen", str(tmp_path / "key"), "--name", NAME])
    assert Exit.DONE == made.exit_code

    def show(folder, *more, key=PUBLIC):
        words = ["--log-key", key, "--key", tmp_path / "key", "--state", tmp_path / "state", *more]
        return run(app, ["witness", str(folder), *map(str, words)])

    return show


def cut(log: ALog, size: int) -> ALog:
    return ALog(log.lines[:size], [each for each in log.sizes if each <= size])


def test_a_key_is_for_its_owner_only_and_its_public_half_is_printed(tmp_path):
    """And it is never written over."""
    words = ["witness", "keygen", str(tmp_path / "key"), "--name", NAME]
    made = run(app, words)

    assert NAME == VerifierKey.parse(made.stdout).name
    assert made.stdout == (tmp_path / "key.pub").read_text()
    assert 0o600 == stat.S_IMODE((tmp_path / "key").stat().st_mode)
    before = (tmp_path / "key").read_bytes()
    assert Exit.NOT_USABLE == run(app, words).exit_code
    assert before == (tmp_path / "key").read_bytes()


def test_the_signature_goes_beside_the_log_or_where_it_is_asked(at, tmp_path):
    """`witness FOLDER` is `witness sign FOLDER`."""
    folder = a_log(100).publish(tmp_path / "log")

    beside = at(folder)
    elsewhere = at(folder, "--once", "--out", tmp_path / "out", "--json")

    assert Exit.DONE == beside.exit_code == elsewhere.exit_code
    assert "Signed the checkpoint of 100 records" in beside.stdout
    told = json.loads(elsewhere.stdout)
    assert (True, 100) == (told["signed"], told["size"])
    written = [folder / "witness" / "zvh.example_witness", tmp_path / "out" / "zvh.example_witness"]
    assert [True, True] == [f"— {NAME} " in file.read_text() for file in written]


def test_a_log_that_was_set_back_ends_it_with_the_evidence(at, tmp_path):
    """Also when it goes on by itself: a promise was broken, and a person must know."""
    log = a_log(300)
    at(log.publish(tmp_path / "log"))
    signed = (tmp_path / "state").read_bytes()

    for more in ((), ("--every", "1"), ("--json",)):
        back = at(cut(log, 200).publish(tmp_path / "back"), *more)
        assert Exit.REFUSED == back.exit_code
        assert "it was set back" in back.stderr
    (evidence,) = tmp_path.glob("state.evidence-200-*")
    assert str(evidence) in back.stderr
    assert log.note(200) in evidence.read_text()
    assert signed == (tmp_path / "state").read_bytes()
    assert not (tmp_path / "back" / "witness").exists()


@pytest.mark.parametrize("wrong", ["no key", "another key", "no folder", "both"])
def test_what_cannot_be_used_is_told_in_one_line(at, tmp_path, wrong):
    folder = a_log(10).publish(tmp_path / "log")
    done = {
        "no key": lambda: at(folder, key="x+y"),
        "another key": lambda: at(folder, "--log-key", (tmp_path / "key.pub").read_text().strip()),
        "no folder": lambda: at(tmp_path / "nowhere"),
        "both": lambda: at(folder, "--once", "--every", "9"),
    }[wrong]()

    assert Exit.NOT_USABLE == done.exit_code
    assert 1 == len(done.stderr.splitlines())
    assert not (tmp_path / "state").exists()


def test_it_needs_no_broker_and_no_database():
    """Whoever installs it for this alone loads neither."""
    program = (
        "import sys\nfrom hub.cli.witness import witness, _look, _keys\n"
        "import hub.proof.witnessing\n"
        "print([m for m in ('redis', 'sqlalchemy', 'faststream') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )

    assert "[]" == done.stdout.strip()
