"""The inbox command before it asks a hub: what may be said, and what may not."""

from typing import get_args

import pytest
from typer.testing import CliRunner

from hub.cli.app import app
from hub.cli.exits import Exit
from hub.cli.inbox_acts import Code, Level
from schemas.messages.berichten import FeedbackGiven, RefusalCode

run = CliRunner().invoke


@pytest.fixture
def inbox(tmp_path):
    """Call at a folder without a hub: only what is refused before that ends with 2."""

    def call(*words):
        return run(app, ["inbox", "gm0363", *words, "--data", str(tmp_path)])

    return call


@pytest.mark.parametrize("code", ["ongeldig", "niet-toegestaan", "vervallen", "geen-zin"])
def test_a_recipient_refuses_with_a_code_of_its_own_and_not_of_the_hub(inbox, code):
    result = inbox("refuse", "3b58", "--code", code)

    assert result.exit_code == Exit.NOT_USABLE
    for choice in ("niet-bevoegd", "onjuiste-geadresseerde", "onvolledig", "dubbel"):
        assert choice in result.stderr


def test_every_choice_is_a_word_of_the_message():
    levels = get_args(FeedbackGiven.model_fields["level"].annotation)

    assert {code.value for code in Code} < set(get_args(RefusalCode))
    assert {level.value for level in Level} == set(levels)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--level", "inhoud"], "--text"),
        (["--level", "inhoud", "--text", " "], "--text"),
        (["--level", "ontvangen", "--text", "x"], "--level inhoud"),
        (["--level", "klaar"], "afgerond-zonder-inhoud"),
    ],
    ids=str,
)
def test_feedback_that_cannot_be_names_the_flag(inbox, words, says):
    result = inbox("feed-back", "3b58", *words)

    assert result.exit_code == Exit.NOT_USABLE
    assert says in result.stderr


def test_a_choice_that_is_right_goes_on_to_the_hub(inbox):
    assert inbox("refuse", "3b58", "--code", "dubbel").exit_code == Exit.NO_HUB
    assert inbox("feed-back", "3b58", "--level", "ontvangen").exit_code == Exit.NO_HUB
