"""A mapping is held against the role config before the first file is read."""

from pathlib import Path

import pytest

from handlers.rulebook import Rulebook
from hub.cli.exits import Exit
from hub.cli.failing import Stop
from hub.cli.watch import _mapping
from hub.errors import NotFound
from hub.roles import default_folder, load

MAPPING = Path("examples/drop-folder/indigo-signalen.yaml")


@pytest.fixture(scope="module")
def book():
    return Rulebook(load(default_folder()))


@pytest.mark.parametrize(("party", "name"), [("ind", "indigo-signalen"), ("dji", "meldpunt")])
def test_the_examples_make_what_their_party_may_send(book, party, name):
    """Types, legal bases and purposes are those of the role config."""
    assert _mapping(MAPPING.with_name(f"{name}.yaml"), party, book)


def test_without_a_mapping_there_is_nothing_to_hold_against_it(book):
    """CloudEvents need none."""
    assert _mapping(None, "ind", book) is None


@pytest.mark.parametrize(
    ("party", "change", "words"),
    [
        ("liv", ("", ""), "the OIN is not that of liv"),
        ("ind", ("data.doel: signaleren", "data.doel: signalering"), "perhaps: signaleren"),
        ("ind", ("data.grondslag: wet-pga", "data.grondslag: wetpga"), "perhaps: wet-pga"),
        (
            "ind",
            ("duidingen.signaal-ingebracht", "signalen.krijgsmachtsignaal-gemeld"),
            "no rule lets ind send signalen.krijgsmachtsignaal-gemeld",
        ),
        ("ind", ("verplicht:", "verplichd:"), "perhaps `verplicht`"),
    ],
)
def test_a_mapping_that_the_hub_would_refuse_is_refused_at_once(
    book, tmp_path, party, change, words
):
    """With what to mend, instead of a dead letter for each row."""
    path = tmp_path / "m.yaml"
    path.write_text(MAPPING.read_text(encoding="utf-8").replace(*change), encoding="utf-8")

    with pytest.raises(Stop) as stop:
        _mapping(path, party, book)

    assert stop.value.code is Exit.NOT_USABLE
    assert words in "".join(map(str, stop.value.problems))


def test_what_the_role_config_and_the_file_say_wrong_comes_in_one_round(book, tmp_path):
    """Each with its line: a key, the OIN, types, and every legal basis and purpose."""
    path = tmp_path / "m.yaml"
    text = MAPPING.read_text(encoding="utf-8")
    changes = {
        "verplicht:": "verplichd:",
        "data.doel: signaleren": "data.doel: signalering",
        "data.doel: duiden": "data.doel: duidn",
        "    Signaal: signalen.signaal-gemeld": "    Signaal: signalen.krijgsmachtsignaal-gemeld",
        "data.gedrag: Gedrag": "data.grondslag: {kolom: G, waarden: {A: wet-pgaa}, leeg: wetpga}",
    }
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")

    with pytest.raises(Stop) as stop:
        _mapping(path, "liv", book)

    lines = text.splitlines()
    found = {
        (p.place.removeprefix(f"{path}:"), p.rule.partition(" ")[0]) for p in stop.value.problems
    }
    wanted = {"verplichd:": "`verplichd`", "bron:": "the", "    Signaal:": "no"}
    wanted |= {"data.doel: signalering": "`signalering`", "data.doel: duidn": "`duidn`"}
    expected = {
        (str(next(n for n, line in enumerate(lines, 1) if mark in line)), word)
        for mark, word in (
            *wanted.items(),
            ("data.grondslag: {", "`wet-pgaa`"),
            ("data.grondslag: {", "`wetpga`"),
        )
    }
    assert expected <= found


def test_a_party_that_is_not_in_the_role_config_is_said_so(book):
    """Before anything is read."""
    with pytest.raises(NotFound, match="nergens"):
        _mapping(MAPPING, "nergens", book)
