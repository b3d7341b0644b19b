"""The pages made from the command, the settings, the log and the reasons are what the code says."""

import re
from pathlib import Path

import pytest

from hub.cli import pages, verdicts
from hub.cli.app import COMMANDS
from hub.cli.exits import MEANINGS
from hub.config import SETTINGS
from hub.log import EVENTS
from schemas.decisions import HoldReason, WithholdReason

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


@pytest.mark.parametrize("name", ["cli.md", "settings.md", "log-events.md", "reasons.md"])
def test_a_page_is_what_the_code_makes(name):
    """After a change of a help text, a setting, an event or a reason, make the pages again."""
    committed = (REFERENCE / name).read_text(encoding="utf-8")

    assert committed == pages.pages()[name], "run: python -m hub.cli.pages docs/reference"


def test_writing_the_pages_writes_all_of_them(tmp_path):
    assert {path.name for path in pages.write(tmp_path / "new")} == set(pages.pages())
    assert all((tmp_path / "new" / name).read_text() == t for name, t in pages.pages().items())


def test_every_command_and_every_exit_code_stands_on_the_page():
    page = pages.pages()["cli.md"]

    assert re.findall(r"^## seinhuis (\S+)$", page, re.MULTILINE) == list(COMMANDS)
    assert len(re.findall(r"^### seinhuis inbox PARTY \S+$", page, re.MULTILINE)) == 8
    assert all(f"| {code.value} | {meaning} |" in page for code, meaning in MEANINGS.items())


def test_every_setting_and_every_event_of_the_log_stands_on_its_page():
    for setting in SETTINGS:
        assert f"| `{setting.variable}` |" in pages.pages()["settings.md"]
    for event, fields in EVENTS.items():
        (row,) = [r for r in pages.pages()["log-events.md"].splitlines() if f"`{event}`" in r]
        assert set(re.findall(r"`([a-z_]+)`", row.partition(" | ")[2])) == fields


def test_every_reason_word_has_a_meaning_of_its_own_and_no_other_word_has():
    words = {word.value for enum in (WithholdReason, HoldReason) for word in enum}
    page = pages.pages()["reasons.md"]

    assert set(verdicts.MEANINGS) == words
    assert len(set(verdicts.MEANINGS.values())) == len(words)
    assert set(re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE)) == words
