"""What people read: tables in which nothing is torn apart, and commands that can be typed."""

import json
import shutil
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.cli import output, waiting
from hub.cli.tables import Column, Layout, folded_at, whole
from hub.ports import ParkedEntry
from hub.steps import Parked, Queue

ENTRY = "gemeente/1795452437661-0"
MOMENT = "2026-11-23 19:11"


@pytest.fixture(autouse=True)
def _eighty_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


def test_ids_and_dates_stay_whole_and_the_text_gives_way():
    text = "wegingen.uitkomst-vastgesteld, en nog heel wat meer dan er op een regel past"
    columns = [*whole("entry", "since"), Column("from"), Column("type")]
    found = list(Layout(columns, [(ENTRY, MOMENT, "zvh-amsterdam-amstelland", text)]).lines())

    assert max(map(len, found)) <= 80
    assert sum(ENTRY in line and MOMENT in line for line in found) == 1
    assert "vastgesteld" in " ".join(found)


def test_a_word_breaks_after_a_hyphen_or_a_dot_and_not_inside():
    found = list(folded_at("geen-persoonsgegevens informatie.informatie-verstrekt", 16))

    assert found == ["geen-", "persoonsgegevens", "informatie.", "informatie-", "verstrekt"]


@given(st.text(st.sampled_from("ab-. ,")), st.integers(1, 20))
def test_folding_loses_no_letter_and_keeps_to_the_width(text, width):
    found = list(folded_at(text, width))

    assert "".join("".join(found).split()) == "".join(text.split())
    assert all(len(line) <= width for line in found)


def test_a_text_under_a_row_has_the_full_width():
    found = list(Layout(["a"], [("x",)]).lines(["word " * 30]))

    assert len(found) == 5
    assert all(line.startswith("    word") and len(line) <= 80 for line in found[3:])


def test_red_is_for_a_terminal_only(monkeypatch):
    assert "\x1b" not in "".join(Layout(["a"], [("! late",)]).lines())
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert "\x1b[1;31m! late\x1b[0m" in "".join(Layout(["a"], [("! late",)]).lines())


@pytest.fixture
def not_on_path(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("called", "typed"),
    [
        (".venv/bin/seinhuis", ".venv/bin/seinhuis held"),
        ("{here}/.venv/bin/seinhuis", ".venv/bin/seinhuis held"),
        ("/elsewhere/seinhuis", "/elsewhere/seinhuis held"),
        ("pytest", "seinhuis held"),
    ],
)
def test_a_command_is_named_as_it_was_called_when_it_is_not_on_the_path(
    called, typed, not_on_path, monkeypatch
):
    output.remember()
    monkeypatch.setattr(sys, "argv", [called.format(here=not_on_path)])

    assert output.command("held") == typed


def test_a_command_on_the_path_is_named_by_its_name(monkeypatch):
    output.remember()
    monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/seinhuis")
    monkeypatch.setattr(sys, "argv", ["/elsewhere/seinhuis"])

    assert output.command("held", "show") == "seinhuis held show"


@pytest.mark.parametrize(
    ("flags", "typed"),
    [
        ({"data": "my data", "config": "x"}, "seinhuis held --data 'my data'"),
        ({"broker": "redis://hub:secret@h:1"}, "seinhuis held --broker redis://h:1"),
        ({"data": None}, "seinhuis held"),
    ],
    ids=str,
)
def test_a_command_goes_to_the_same_hub_and_shows_no_password(flags, typed):
    output.remember(**flags)

    assert output.command("held") == typed


@pytest.mark.parametrize(
    ("event", "shown"),
    [
        ({"type": "nl.lokale-aanpak.signalen.signaal-gemeld"}, "signalen.signaal-gemeld (invalid)"),
        ({"type": "nl.x.Sami.Voorbeeldin"}, "(no type that is known)"),
        ({"type": 7}, "(no type that is known)"),
        ([], "(not an event)"),
    ],
    ids=str,
)
def test_the_type_of_what_is_not_valid_is_shown_only_when_it_is_a_word_of_ours(
    event, shown, capsys
):
    parked = Parked(event=json.dumps(event).encode(), reasons=b"[]", sender="ind")
    waiting.print_list([ParkedEntry("ind", "1795452437661-0", parked)], Queue.DEAD)
    written = capsys.readouterr().out

    assert shown in written
    assert "Sami" not in written
