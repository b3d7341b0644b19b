"""A value that cannot be right is reported in the words of the file, not of the validator."""

import re
from pathlib import Path

import pytest

from hub.roles.wording import _by_family
from tests.config_folder import Mistake, assert_found, problems_in, write_config

MISTAKES = {
    "an unknown key": Mistake(
        "aivd.yaml",
        "    ontvangers:",
        "    toelichtin: Waarom.\n    ontvangers:",
        "toelichtin:",
        "`toelichtin` is not a key here",
        "perhaps `toelichting`",
    ),
    "an unknown key of a recipient": Mistake(
        "aivd.yaml",
        "bevoegdheid: strafvordering,",
        "bevoegtheid: strafvordering,",
        "bevoegtheid",
        "`bevoegtheid` is not a key here",
        "perhaps `bevoegdheid`",
    ),
    "an unknown key that looks like none": Mistake(
        "register/instellingen.yaml",
        "termijnen: {spoed: 60,",
        "termijnen: {zzz: 1, spoed: 60,",
        "zzz",
        "`zzz` is not a key here",
        "the keys here are: spoed, hoog, normaal",
    ),
    "an unknown key of a part that may be absent": Mistake(
        "aivd.yaml",
        "    ontvangers:",
        "    termijnen: {spoet: 5, spoed: 60, hoog: 90, normaal: 120}\n    ontvangers:",
        "spoet",
        "`spoet` is not a key here",
        "perhaps `spoed`",
    ),
    "an unknown key of a register": Mistake(
        "register/regios.yaml",
        "politie_eenheden:",
        "provincies: []\npolitie_eenheden:",
        "provincies",
        "`provincies` is not a key here",
        "the keys here are: veiligheidsregios, politie_eenheden",
    ),
    "a missing key": Mistake(
        "aivd.yaml",
        "    grondslag: wet-pga\n",
        "",
        "id: aivd-ambtsbericht",
        "`grondslag` is missing here",
        "add a line grondslag: …",
    ),
    "a missing register key": Mistake(
        "register/regios.yaml",
        "politie_eenheden:\n  - {id: noord, naam: Noord}\n",
        "",
        "veiligheidsregios:",
        "`politie_eenheden` is missing here",
        "add a line politie_eenheden: …",
    ),
    "a word that is not in the list": Mistake(
        "aivd.yaml",
        "fase: [pga]",
        "fase: [pgaa]",
        "pgaa",
        "`pgaa` is not possible for `fase`, item 1",
        "perhaps `pga`",
    ),
    "a word that looks like none in the list": Mistake(
        "register/grondslagen.yaml",
        "{id: oude-wet, titel: Oude wet, bron: Stb, zekerheid: gelezen",
        "{id: oude-wet, titel: Oude wet, bron: Stb, zekerheid: 100",
        "100",
        "`100` is not possible for `zekerheid`",
        "one of: gelezen, secundair, niet-geverifieerd",
    ),
    "a cell of another column": Mistake(
        "aivd.yaml",
        "cel: algemeen-1",
        "cel: detentie-1",
        "detentie-1",
        "`detentie-1` is not possible for `cel`: a cell is a column of the table and a number",
        "write for example `pga-1` or `detentie-en-re-integratie-2`",
    ),
    "a recipient that is not a role": Mistake(
        "aivd.yaml",
        "aan: partij:om",
        "aan: om",
        "aan: om",
        "`om` is not possible for `aan`: a recipient is a role",
        "write `gemeente`, `zvh`, `aanvrager`, `keuze`, `partij:…` or `groep:…`",
    ),
    "a role with a letter wrong": Mistake(
        "aivd.yaml",
        "aan: partij:om",
        "aan: gemente",
        "aan: gemente",
        "`gemente` is not possible for `aan`: a recipient is a role",
        "perhaps `gemeente`",
    ),
    "a kind of role with a letter wrong": Mistake(
        "aivd.yaml",
        "aan: partij:om",
        'aan: "partj:om"',
        "partj:om",
        "`partj:om` is not possible for `aan`: a recipient is a role",
        "perhaps `partij:om`",
    ),
    "a party without its kind, near a kind": Mistake(
        "aivd.yaml",
        "aan: partij:om",
        "aan: partij",
        "aan: partij,",
        "`partij` is not possible for `aan`: a recipient is a role",
        "write `gemeente`, `zvh`, `aanvrager`, `keuze`, `partij:…` or `groep:…`",
    ),
    "a field that is not a field name": Mistake(
        "aivd.yaml",
        "[KERN, kenmerk]",
        "[KERN, Ken-merk]",
        "Ken-merk",
        "`Ken-merk` is not possible for `velden`, item 2: a field is a wire name with at most one"
        " dot, or a field group in capitals",
        "write for example `omschrijving`, `betrokkene.naam` or `KERN`",
    ),
    "a name with capitals": Mistake(
        "ror.yaml",
        "id: ror\n",
        "id: ROR\n",
        "ROR",
        "`ROR` is not possible for `id`: a name here has small letters, digits and hyphens, and"
        " begins with a letter",
        "write for example `ind-signaal-pga`",
    ),
    "an OIN that is too short": Mistake(
        "aivd.yaml",
        '"00000099000000001000"',
        '"0000009900000000100"',
        "oin:",
        "`0000009900000000100` is not possible for `oin`: an OIN has 20 digits",
        "write all 20, between quotes",
    ),
    "a code of three digits": Mistake(
        "register/gemeenten.yaml",
        'code: "0003"',
        'code: "003"',
        "Westland",
        "`003` is not possible for `code`: a gemeente has a CBS code of four digits",
        'write for example "0363"',
    ),
    "a code without quotes": Mistake(
        "register/gemeenten.yaml",
        'code: "0003"',
        "code: 0003",
        "Westland",
        "`code` must be text",
        "put it between quotes, so that leading zeros stay",
    ),
    "a list where text is asked": Mistake(
        "ror.yaml",
        "naam: Partner 15",
        "naam: [Partner]",
        "naam:",
        "`naam` must be text",
        "write one value, between quotes if it is a number or a day",
    ),
    "text where a list is asked": Mistake(
        "aivd.yaml",
        "fase: [pga]",
        "fase: pga",
        "fase: pga",
        "`fase` must be a list",
        "write [a, b], or each item on a line with `- `",
    ),
    "text where keys are asked": Mistake(
        "register/instellingen.yaml",
        "termijnen: {spoed: 60, hoog: 1440, normaal: 7200}",
        "termijnen: snel",
        "termijnen",
        "`termijnen` must have keys of its own",
        "write `key: value` below it",
    ),
    "an empty list": Mistake(
        "aivd.yaml",
        "fase: [pga]",
        "fase: []",
        "fase: []",
        "`fase` is empty",
        "give at least one",
    ),
    "a number that is too low": Mistake(
        "register/instellingen.yaml",
        "bewaren_dagen: 1825",
        "bewaren_dagen: 0",
        "bewaren_dagen",
        "`bewaren_dagen` must be 1 or more",
        "write a higher number",
    ),
    "a row that is too high": Mistake(
        "ror.yaml",
        "rij: 15",
        "rij: 17",
        "rij: 17",
        "`rij` must be 16 or less",
        "write a lower number",
    ),
    "text where a number is asked": Mistake(
        "register/instellingen.yaml",
        "bewaren_dagen: 1825",
        "bewaren_dagen: vijf jaar",
        "vijf jaar",
        "`bewaren_dagen` must be a whole number",
        "write digits only, without quotes",
    ),
    "neither ja nor nee": Mistake(
        "register/groepen.yaml",
        "postbus: nee",
        "postbus: soms",
        "soms",
        "`postbus` is `ja` or `nee`",
        "write one of the two",
    ),
    "a day that does not exist": Mistake(
        "aivd.yaml",
        "fase: [pga]",
        "fase: [pga]\n    tot: 2026-02-30",
        "2026-02-30",
        "`tot` must be a day",
        "write year, month and day: 2027-01-31",
    ),
    "a key that stands twice": Mistake(
        "aivd.yaml",
        "    doel: signaleren\n",
        "    doel: signaleren\n    doel: adviseren\n",
        "doel: adviseren",
        "`doel` stands twice here: first on line 14",
        "keep one of the two",
    ),
    "a file with the name of another": Mistake(
        "ror.yaml",
        "id: ror\n",
        "id: rorr\n",
        "id: rorr",
        "the file is called ror.yaml and the partner `rorr`",
        "give both the same name",
    ),
    "an alias that refers to itself": Mistake(
        "aivd.yaml",
        "fase: [pga]",
        "fase: &f [*f]",
        "&f",
        "this refers to itself (`*`)",
        "write it out",
    ),
    "a key that is not one word": Mistake(
        "aivd.yaml",
        "fase: [pga]",
        "fase: [pga]\n    ? [a, b]\n    : c",
        "? [a, b]",
        "a key is one word",
        "write `key: value`",
    ),
}

JARGON = re.compile(
    r"pydantic|Input should|tuple|\bNone\b|str_|\bdict\b|validat|Field required", re.IGNORECASE
)


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
def test_a_value_that_cannot_be_is_found_at_its_line(tmp_path: Path, mistake: Mistake):
    """Exactly this problem: file, line, rule, and what would be right; in plain words."""
    assert not JARGON.search(mistake.rule + mistake.way_out)
    assert_found(write_config(tmp_path), mistake)


def test_the_problems_of_all_files_come_in_one_go_sorted_by_file_and_line(tmp_path: Path):
    """Mending a config is one round, not one round for each mistake."""
    folder = write_config(tmp_path)
    for file, old, new in (
        ("ror.yaml", "rij: 15", "rij: 17"),
        ("ror.yaml", "soort: partner", "soort: partnr"),
        ("aivd.yaml", "fase: [pga]", "fase: [pgaa]"),
        ("aivd.yaml", "rij: 1\n", "rij: 17\n"),
        ("register/doelen.yaml", "omschrijving: Raad geven.", "omschrijvin: Raad geven."),
    ):
        path = folder / file
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")

    assert [problem.place for problem in problems_in(folder)] == [
        "partners_config/aivd.yaml:4",
        "partners_config/aivd.yaml:12",
        "partners_config/register/doelen.yaml:3",
        "partners_config/register/doelen.yaml:3",
        "partners_config/ror.yaml:3",
        "partners_config/ror.yaml:4",
    ]


def test_a_kind_of_error_that_nobody_foresaw_is_still_in_plain_words():
    """A new rule in a model may bring one; then this is what the reader sees."""
    rule, way_out = _by_family("value_error", "`oin`")

    assert rule == "`oin` has a value that is not possible here"
    assert way_out == "compare it with the same key in another file"
