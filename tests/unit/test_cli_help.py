"""The command as it presents itself: quick, complete, and the same in every place it is said."""

import json
import subprocess
import sys

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from hub.cli import pages
from hub.cli.app import COMMANDS, app
from hub.cli.audit import COMMANDS as AUDIT
from hub.cli.exits import MEANINGS, Exit
from hub.cli.lazy import load

HEAVY = {
    *("faststream", "redis", "structlog", "pydantic", "yaml", "rich", "uvloop", "asyncio"),
    *("schemas", "handlers", "partners_config", "importlib.metadata"),
}

run = CliRunner().invoke


@pytest.fixture(scope="module")
def helps():
    return dict(pages.helps())


@pytest.mark.parametrize("words", [("--help",), (), ("--version",)], ids=str)
def test_help_imports_nothing_heavy(words):
    """What is imported decides how quick it is, on every machine: hub.cli and Typer, no more."""
    program = (
        "import sys, json; from hub.cli import app\n"
        f"try: app({list(words)!r})\n"
        "except SystemExit: pass\n"
        "sys.stderr.write(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30
    )
    loaded = set(json.loads(done.stderr))

    assert "seinhuis" in done.stdout
    assert {name for name in loaded if name.startswith("hub")} == {
        *("hub", "hub.cli", "hub.cli.app", "hub.cli.exits", "hub.cli.failing", "hub.cli.lazy"),
    }
    allowed = {"importlib.metadata"} if words == ("--version",) else set()
    assert loaded & HEAVY == allowed


@pytest.mark.parametrize("name", COMMANDS)
def test_the_line_in_the_table_is_the_first_line_of_the_real_help(name):
    """The list is written without importing the commands, so it could differ from them."""
    command = load(name, COMMANDS[name].place)

    assert command.help.splitlines()[0] == COMMANDS[name].help


@pytest.mark.parametrize("name", AUDIT)
def test_the_same_holds_for_the_commands_of_audit(name):
    command = load(name, AUDIT[name].place)

    assert AUDIT[name].help == command.help.splitlines()[0]


def test_every_command_says_how_it_exits(helps):
    """Also the subcommands; a group only leads to them."""
    groups = {title for title, text in helps.items() if "COMMAND [ARGS]..." in text} - {"seinhuis"}

    assert len(helps) > 25
    for title, text in helps.items():
        if title not in groups:
            assert "Exit" in text, title


def test_every_command_speaks_json(helps):
    groups = {title for title, text in helps.items() if "COMMAND [ARGS]..." in text}

    assert len(groups) > 4
    assert [t for t, text in helps.items() if t not in groups and "--json" not in text] == []


def test_the_exit_codes_stand_in_the_help_and_each_has_a_meaning():
    result = run(app, ["--help"])

    assert result.exit_code == Exit.DONE
    for code in Exit:
        assert f"{code.value:>3}  {MEANINGS[code]}" in result.stdout


def test_help_fits_in_eighty_columns(helps):
    too_long = [line for text in helps.values() for line in text.splitlines() if len(line) > 80]

    assert too_long == []


def test_a_typing_mistake_gets_the_nearest_command():
    result = run(app, ["hold"])

    assert result.exit_code == Exit.NOT_USABLE
    assert "Did you mean 'held'?" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    "words",
    [["held"], ["held", "--shard", "x"], ["dead"], ["inbox", "gm0363"], ["inbox", "lro", "--json"]],
    ids=" ".join,
)
def test_list_is_what_one_gets_without_a_subcommand(words):
    """Shown with an option that no command has: the usage names the command that looked at it."""
    result = run(app, [*words, "--no-such-option"])

    assert result.exit_code == Exit.NOT_USABLE
    assert "--json" in words or " list [OPTIONS]" in result.stderr.splitlines()[0]
    assert "No such option: --no-such-option" in result.stderr


@pytest.mark.parametrize("words", [["inbox", "--help"], ["inbox", "gm0363", "--help"]], ids=str)
def test_help_of_a_group_is_about_the_group(words):
    result = run(app, words)

    assert result.exit_code == Exit.DONE
    assert "take-up" in result.stdout


def test_every_command_can_be_built():
    """A mistake in a declaration shows here and not at the user's."""
    root = get_command(app)

    assert root.list_commands(None) == list(COMMANDS)
    assert all(root.get_command(None, name).name == name for name in COMMANDS)
    assert root.get_command(None, "nothing") is None
