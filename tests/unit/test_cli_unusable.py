"""What can be foreseen of a folder, an address, a port or an account ends with a clear message."""

import json
import socket

import pytest
from redis.exceptions import AuthenticationError, NoPermissionError
from typer.testing import CliRunner

from hub.cli import failing
from hub.cli.app import app
from hub.cli.exits import Exit
from hub.config import settings
from hub.data_folder import make_private_folder
from hub.errors import ConfigError, NotAllowed
from schemas.problems import Problem

run = CliRunner().invoke


@pytest.fixture
def a_file(tmp_path):
    made = tmp_path / "a-file"
    made.touch()
    return made


@pytest.mark.parametrize("below", ["", "data"])
@pytest.mark.parametrize("command", ["up", "held", "demo"])
def test_a_data_folder_that_is_none_is_told_and_named(command, below, a_file):
    folder = a_file / below if below else a_file
    result = run(app, [command, "--data", str(folder)])

    assert result.exit_code == Exit.NOT_USABLE
    assert f"the data folder {folder} cannot be used" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "url", ["foo", "foo://bar", "redis://", "redis://h:x", "unix://", "6379", "redis://h:99999"]
)
def test_an_address_that_is_none_is_told_what_one_looks_like(url):
    result = run(app, ["inbox", "ind", "--broker", url])

    assert result.exit_code == Exit.NOT_USABLE
    assert "redis://HOST:PORT" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("url", ["redis://h", "rediss://u:p@h:6380/0", "unix:///run/b.sock", ""])
def test_an_address_of_a_broker_is_taken_as_it_is(url):
    assert settings({"SEINHUIS_BROKER": url}).broker == (url or None)


def test_a_password_in_a_wrong_address_is_not_shown():
    result = run(app, ["held", "--broker", "http://hub:secret@h"])

    assert result.exit_code == Exit.NOT_USABLE
    assert "secret" not in result.output


def test_a_port_that_is_taken_is_told_in_one_line(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = run(app, ["up", "--data", str(tmp_path / "data"), "--port", str(port)])

    assert result.exit_code == Exit.NOT_USABLE
    (line,) = result.stderr.splitlines()
    assert f"port {port} is in use" in line


@pytest.mark.parametrize("words", [[], ["--check"]], ids=str)
def test_watching_a_folder_that_is_not_there_is_told(words, tmp_path, a_file):
    gone = run(app, ["watch", str(tmp_path / "gone"), "--party", "ind", *words])
    none = run(app, ["watch", str(a_file), "--party", "ind", *words])

    assert (gone.exit_code, none.exit_code) == (Exit.NOT_FOUND, Exit.NOT_USABLE)
    assert "there is no folder" in gone.stderr


def test_a_file_is_not_written_in_a_folder_that_is_not_there(tmp_path):
    """A typing mistake in a path must not make folders."""
    asyncapi = run(app, ["asyncapi", "--out", str(tmp_path / "gone" / "x.json")])
    schemas = run(app, ["schema", "--all", str(tmp_path / "gone" / "new")])

    assert asyncapi.exit_code == schemas.exit_code == Exit.NOT_USABLE
    assert list(tmp_path.iterdir()) == []


def test_folders_that_are_made_are_for_this_user_only(tmp_path):
    """Also those above: passwords lie in it, and `doctor` says so of what others can read."""
    make_private_folder(tmp_path / "data" / "demo")

    for made in (tmp_path / "data", tmp_path / "data" / "demo"):
        assert made.stat().st_mode & 0o777 == 0o700
    result = run(app, ["doctor", "--json", "--data", str(tmp_path / "data")])
    found = {each["check"]: each for each in map(json.loads, result.stdout.splitlines())}
    assert found["data"]["status"] == "ok"


@pytest.mark.parametrize(
    ("cause", "says"),
    [
        (AuthenticationError("x"), ["SEINHUIS_BROKER_USER", "SEINHUIS_BROKER_PASSWORD_FILE"]),
        (NoPermissionError("x"), ["SEINHUIS_BROKER_USER=hub", "XADD", "seinhuis watch"]),
        (None, ["SEINHUIS_BROKER_USER=hub", "XADD"]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_account_that_is_not_let_in_is_told_which_and_what_it_can_do(cause, says, capsys):
    error = NotAllowed("no")
    error.__cause__ = cause

    assert failing.report(error, as_json=False) == Exit.NO_HUB
    written = capsys.readouterr().err
    for words in says:
        assert words in written


def test_one_problem_is_one_problem(capsys):
    failing.report(ConfigError([Problem("a", "b", "c")]), as_json=False)

    assert "has 1 problem:" in capsys.readouterr().err
