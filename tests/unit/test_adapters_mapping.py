"""A mapping file: everything wrong in it at once, each with its line and its way out."""

from pathlib import Path
from textwrap import dedent

import pytest

from hub.adapters.mapping_checks import paths_of
from hub.adapters.mapping_file import load_mapping
from hub.errors import ConfigError
from schemas.catalogue import CATALOGUE
from tests.builders import EXAMPLES, example

FOLDER = Path("examples/drop-folder")

GOOD = """\
naam: Proef
bron: urn:nld:oin:00000099000000006000:systeem:proef
id: {kolommen: [Nr]}
type: signalen.signaal-gemeld
velden:
  data.meldingId: Nr
"""


def problems_of(tmp_path, text):
    path = tmp_path / "proef.yaml"
    path.write_text(dedent(text), encoding="utf-8")
    with pytest.raises(ConfigError) as found:
        load_mapping(path)
    return [str(problem).removeprefix(f"{tmp_path}/") for problem in found.value.problems]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_examples_can_be_used(path):
    """What a reader copies must work."""
    assert load_mapping(path).name


def test_a_misspelled_key_names_its_line_and_the_nearest_right_one(tmp_path):
    """The author of the file mends it without reading our code."""
    assert problems_of(tmp_path, GOOD + "verplichd: [Nr]\n") == [
        "proef.yaml:7: `verplichd` is not a key here (perhaps `verplicht`)"
    ]


def test_a_misspelled_key_of_a_column_names_the_keys_of_a_column(tmp_path):
    """The keys below `velden` are free; those below a path are not."""
    assert problems_of(tmp_path, GOOD + "  data.peildatum: {kolom: Dag, datm: dd-mm-jjjj}\n") == [
        "proef.yaml:7: `datm` is not a key here (perhaps `datum`)"
    ]


def test_a_misspelled_key_below_per_type_is_found_too(tmp_path):
    """Also two levels down."""
    text = GOOD + (
        "per_type:\n  signalen.signaal-gemeld:\n    velden:\n"
        "      data.gedrag: {kolom: G, leg: x}\n"
    )

    assert problems_of(tmp_path, text) == [
        "proef.yaml:10: `leg` is not a key here (perhaps `leeg`)"
    ]


def test_a_path_that_no_type_has_names_the_nearest_field(tmp_path):
    """Before the first file, instead of a refusal for each row."""
    (problem,) = problems_of(tmp_path, GOOD + "  data.omschrijfing: Tekst\n")

    assert problem.startswith("proef.yaml:7: `data.omschrijfing` is not a field")
    assert "data.omschrijving" in problem


def test_a_type_that_does_not_exist_names_the_nearest(tmp_path):
    """As everywhere in the hub."""
    (problem,) = problems_of(tmp_path, GOOD.replace("signaal-gemeld", "signaal-gemelt"))

    assert "perhaps `signalen.signaal-gemeld`" in problem


def test_everything_wrong_is_told_at_once(tmp_path):
    """One round of mending, not five."""
    text = """\
    naam: Proef
    bron: urn:nld:oin:00000099000000006000:systeem:proef
    id: {kolommen: [Nr]}
    type: {kolom: Soort, vast: signalen.signaal-gemeld, waarden: {A: signalen.signaal-gemeld}}
    vast: {data.verzender.oin: "00000099000000006000"}
    velden:
      data.peildatum: {kolom: Dag, datum: jj-mm-dd}
      data.urgentie: {kolom: P, waarden: {H: hoog}, cijfers: 2}
      data.gedrag: {kolom: G, anders: iets}
    per_type: {signalen.anders: {}}
    """
    found = problems_of(tmp_path, text)

    assert [problem.partition(": ")[0] for problem in found] == [
        f"proef.yaml:{line}" for line in (4, 5, 7, 8, 9, 10)
    ]


def test_a_wrong_part_hides_no_mistake_in_another(tmp_path):
    """A misspelt key, a value that cannot be, and what the whole says: one round of mending."""
    text = """\
    naam: Proef
    naam: Proef
    bron: urn:nld:oin:99
    id: {kolommen: []}
    typ: signalen.signaal-gemeld
    bestand: {codering: utf-16}
    vast: {data.doel: [a], data.verzender.oin: "00000099000000006000"}
    velden:
      data.omschrijving: {kolm: Tekst}
      data.gedrag: {kolom: G, anders: iets}
    per_type:
      signalen.signaal-gemeld:
        velden:
          data.omschrijfing: Tekst
      signalen.signaal-gemelt: {}
    """
    found = problems_of(tmp_path, text)

    lines = [problem.split(":")[1] for problem in found]
    assert lines == ["1", "2", "3", "4", "5", "6", "7", "7", "9", "9", "10", "14"]
    assert "urn:nld:oin:" in found[2]
    assert "`data.doel` is one value" in "".join(found)
    assert "`data.omschrijving`" in found[-1]


def test_a_type_that_does_not_exist_and_has_fields_of_its_own_is_no_crash(tmp_path):
    """What it may hold is not known, so that is all that is said."""
    text = GOOD.replace("signaal-gemeld", "signaal-gemelt")

    assert problems_of(
        tmp_path, text + "per_type: {signalen.signaal-gemelt: {velden: {data.x: X}}}\n"
    ) == problems_of(tmp_path, text)


def test_a_place_opens_from_where_the_reader_is(tmp_path):
    """It begins with the path as it was given."""
    path = tmp_path / "proef.yaml"
    path.write_text(GOOD.replace("signaal-gemeld", "signaal-gemelt"), encoding="utf-8")

    with pytest.raises(ConfigError) as found:
        load_mapping(path)
    assert found.value.problems[0].place == f"{path}:4"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GOOD.replace("00000099000000006000", "99"), "`bron`"),
        (GOOD.replace("[Nr]", "[]"), "empty"),
        (GOOD + "bestand: {codering: utf-16}\n", "`codering`"),
        ("naam: [", "not YAML"),
        ("", "empty"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_line(tmp_path, text, words):
    """A mapping with a problem is not used at all."""
    found = problems_of(tmp_path, text)

    assert any(words in problem for problem in found)
    assert all(problem.startswith("proef.yaml:") for problem in found)


def test_a_mapping_that_is_not_there_is_said_so(tmp_path):
    """And not a traceback."""
    with pytest.raises(ConfigError, match=r"weg\.yaml: cannot be read"):
        load_mapping(tmp_path / "weg.yaml")


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_every_path_of_an_example_is_a_path_of_its_type(name):
    """So the check never refuses what the hub accepts (lists of objects apart)."""
    files = [*EXAMPLES.glob(f"{name}.json"), *EXAMPLES.glob(f"{name}--*.json")]
    for file in files:
        event = example(file.stem)
        written = {path for path in event if path != "data"}
        for key, value in event["data"].items():
            written |= (
                {f"data.{key}.{inner}" for inner in value}
                if isinstance(value, dict)
                else {f"data.{key}"}
            )
        lists = {p for p in written if isinstance(event["data"].get(p[5:]), list)}

        assert written - lists <= paths_of(name)


def test_what_holds_for_one_type_goes_before_what_holds_for_all(tmp_path):
    """A constant for one type takes the place of a column for all, and the other way round."""
    path = tmp_path / "proef.yaml"
    path.write_text(
        "naam: P\nbron: urn:nld:oin:00000099000000006000:systeem:p\nid: {kolommen: [Nr]}\n"
        "type: {kolom: S, waarden: {A: signalen.signaal-gemeld, B: duidingen.signaal-ingebracht}}\n"
        "vast: {data.doel: signaleren}\nvelden: {data.grondslag: Basis}\n"
        "per_type:\n  duidingen.signaal-ingebracht:\n    vast: {data.grondslag: wet-pga}\n"
        "    velden: {data.doel: Doel}\n"
    )
    mapping = load_mapping(path)

    assert mapping.constants_for("signalen.signaal-gemeld") == {"data.doel": "signaleren"}
    assert set(mapping.fields_for("signalen.signaal-gemeld")) == {"data.grondslag"}
    assert mapping.constants_for("duidingen.signaal-ingebracht") == {"data.grondslag": "wet-pga"}
    assert set(mapping.fields_for("duidingen.signaal-ingebracht")) == {"data.doel"}
    assert mapping.columns() == {"Nr", "S", "Basis", "Doel"}
