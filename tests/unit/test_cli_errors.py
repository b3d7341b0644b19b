"""Every error is one clear message and a stable exit code, and never a value of an event."""

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from hub.cli import failing
from hub.cli.app import app
from hub.cli.exits import Exit
from hub.cli.failing import Stop
from hub.errors import (
    BrokerInUse,
    BrokerLost,
    BrokerMissing,
    ConfigError,
    HubError,
    NotAllowed,
    NotFound,
    Unavailable,
)
from schemas.problems import InvalidEvent, Problem

PROBLEM = Problem("data.fase", "is required", "add it")

run = CliRunner().invoke


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Stop(Exit.NOT_FOUND, "gone"), Exit.NOT_FOUND),
        (ConfigError([PROBLEM]), Exit.NOT_USABLE),
        (InvalidEvent([PROBLEM]), Exit.REFUSED),
        (BrokerMissing("none"), Exit.NO_HUB),
        (BrokerInUse("taken"), Exit.NO_HUB),
        (BrokerLost("lost"), Exit.NO_HUB),
        (Unavailable("silent"), Exit.NO_HUB),
        (NotAllowed("no"), Exit.NO_HUB),
        (NotFound("nothing"), Exit.NOT_FOUND),
        (HubError("stopped"), Exit.UNEXPECTED),
        (KeyError("x"), Exit.UNEXPECTED),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_error_has_its_exit_code(error, code, capsys):
    assert failing.report(error, as_json=False) == code
    assert capsys.readouterr().err.startswith("seinhuis: ")


@pytest.mark.parametrize("error", [ConfigError([PROBLEM]), InvalidEvent([PROBLEM])], ids=repr)
def test_an_error_for_a_program_is_one_json_object_with_all_problems(error, capsys):
    failing.report(error, as_json=True)
    written = capsys.readouterr()

    assert written.out == ""
    assert json.loads(written.err)["problems"] == [
        {"place": "data.fase", "rule": "is required", "way_out": "add it"}
    ]


def raised():
    """Return an error with a name in its text, as Python itself raises it."""
    try:
        int("Sami Voorbeeldin, 999990342")
    except ValueError as error:
        return error


def test_an_unexpected_error_tells_its_kind_and_place_and_no_value(monkeypatch, capsys):
    monkeypatch.delenv("SEINHUIS_DEBUG", raising=False)
    failing.report(raised(), as_json=False)
    written = capsys.readouterr().err

    assert "ValueError in test_cli_errors.py:" in written
    assert "SEINHUIS_DEBUG=1" in written
    assert "Voorbeeldin" not in written
    assert "Traceback" not in written


def test_the_traceback_is_shown_when_asked_for(monkeypatch, capsys):
    monkeypatch.setenv("SEINHUIS_DEBUG", "1")
    failing.report(raised(), as_json=False)

    assert "Traceback" in capsys.readouterr().err


def test_an_error_that_is_its_own_cause_ends_the_command(capsys):
    """A hub that lost its rights must stop, and not look for the cause for ever."""
    error = NotAllowed("the broker's access list does not allow this")
    error.__cause__ = error

    assert Exit.NO_HUB == failing.report(error, as_json=False)
    assert "access list" in capsys.readouterr().err


def test_a_command_without_a_hub_says_how_to_start_one(tmp_path):
    result = run(app, ["held", "--data", str(tmp_path)])

    assert result.exit_code == Exit.NO_HUB
    assert "seinhuis up" in result.stderr
    assert result.stdout == ""


def test_a_wrong_option_with_json_is_json_too():
    result = run(app, ["check", "--no-such-option", "--json"])

    assert result.exit_code == Exit.NOT_USABLE
    assert "--no-such-option" in json.loads(result.stderr)["error"]


def test_a_setting_that_cannot_be_used_is_not_a_crash():
    result = run(app, ["held"], env={"SEINHUIS_BATCH": "many"})

    assert result.exit_code == Exit.NOT_USABLE
    assert "SEINHUIS_BATCH must be a whole number" in result.stderr


def test_ctrl_c_is_130(monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("hub.cli.check.load", interrupted)

    assert run(app, ["check"]).exit_code == Exit.INTERRUPTED


def test_ctrl_c_while_waiting_ends_the_command_with_130(tmp_path):
    """A real signal, at a broker that never answers: nothing is left running and no traceback."""
    words = ["held", "--broker", f"unix://{tmp_path / 'nobody.sock'}"]
    program = (
        "import os, signal, hub.bootstrap as b\n"
        "async def connect(*_, **__):\n"
        "    import asyncio\n"
        "    asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGINT)\n"
        "    await asyncio.sleep(60)\n"
        "b.connect = connect\n"
        f"from hub.cli import app; app({words!r})"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=30
    )

    assert done.returncode == Exit.INTERRUPTED
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "words",
    [["schema", "signalen.signaal-gemeld"], ["schema"], ["check", "--matrix"]],
    ids=" ".join,
)
def test_a_reader_that_goes_away_is_no_error(words):
    """As in `seinhuis check --matrix | head -1`: no message, and a code of its own."""
    program = f"from hub.cli import app; app({words!r})"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        written = process.stderr.read().decode()
        code = process.wait(30)

    assert (code, written) == (Exit.NOBODY_READS, "")


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201, "zie 999990342"])
def test_a_reason_is_given_and_holds_no_bsn(reason, tmp_path):
    """It stays on record for good. Refused before anything is looked up: no hub runs here."""
    words = ["held", "discard", "ind/1-0", "--reason", reason, "--data", str(tmp_path)]
    result = run(app, words)

    assert result.exit_code == Exit.NOT_USABLE
    assert "999990342" not in result.stderr
