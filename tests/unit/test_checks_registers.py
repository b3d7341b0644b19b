"""The table, the parties and the places: each mistake in a register is found at its line."""

from pathlib import Path

import pytest

from tests.config_folder import Mistake, assert_found, problems_after, write_config

CELLS = {
    "a cell of the table that is absent": Mistake(
        "ind.yaml",
        "  - id: pga-2\n    kern: Niets.\n    geen_bericht: Hier volgt geen bericht uit.\n",
        "",
        "cellen:",
        "cell `pga-2` of the table is not here",
        "add it, with `regels` or with `geen_bericht`",
    ),
    "a cell that the table does not have": Mistake(
        "register/tabel.yaml",
        "pga: 2",
        "pga: 1",
        "id: pga-2",
        "the table has no cell `pga-2` for ind",
        "perhaps `pga-1`",
        at_file="ind.yaml",
    ),
    "a cell that stands twice": Mistake(
        "ind.yaml",
        "regels: [ind-advies, ind-overleg]\n",
        "regels: [ind-advies, ind-overleg]\n"
        "  - {id: algemeen-1, kern: Nog eens., geen_bericht: Niets.}\n",
        "Nog eens.",
        "cell `algemeen-1` stands twice",
        "make it one cell",
    ),
    "a cell without rule or reason": Mistake(
        "ind.yaml",
        "    geen_bericht: Hier volgt geen bericht uit.\n",
        "",
        "id: pga-2",
        "cell `pga-2` has neither rules nor a reason",
        "add `regels` or `geen_bericht`",
    ),
    "a cell with both": Mistake(
        "ind.yaml",
        "    regels: [ind-advies, ind-overleg]\n",
        "    regels: [ind-advies, ind-overleg]\n    geen_bericht: Toch niet.\n",
        "Toch niet.",
        "cell `pga-1` has rules and a reason for having none",
        "keep `regels` or `geen_bericht`",
    ),
    "a cell that lists an unknown rule": Mistake(
        "ind.yaml",
        "regels: [ind-advies, ind-overleg]",
        "regels: [ind-advies, ind-overleg, ind-overlech]",
        "ind-overlech",
        "cell `pga-1` names rule `ind-overlech`, which does not exist",
        "perhaps `ind-overleg`",
    ),
    "a rule that its cell does not list": Mistake(
        "ind.yaml",
        "regels: [ind-advies, ind-overleg]",
        "regels: [ind-advies]  # kort",
        "cel: pga-1  # overleg",
        "cell `pga-1` does not list rule `ind-overleg`",
        "add it to `regels` of that cell",
    ),
    "a rule of a cell that its partner lacks": Mistake(
        "aivd.yaml",
        "cel: algemeen-1",
        "cel: algemeen-2",
        "cel: algemeen-2",
        "aivd has no cell `algemeen-2`",
        "perhaps `algemeen-1`",
    ),
    "a row of the table that stands twice": Mistake(
        "register/tabel.yaml",
        "partner: zvh, cellen: {algemeen: 1}}\n",
        "partner: zvh, cellen: {algemeen: 1}}\n"
        "  - {rij: 16, partner: zvh, cellen: {algemeen: 1}}  # dubbel\n",
        "# dubbel",
        "row 16 stands twice",
        "number the rows 1 to 16",
    ),
    "a column that the table lacks": Mistake(
        "register/tabel.yaml",
        "partner: zvh, cellen: {algemeen: 1}",
        "partner: zvh, cellen: {algemeen: 1, preventief: 0}",
        "partner: zvh",
        "the table has no column `preventief`",
        "perhaps `preventie`",
    ),
}

PLACES = {
    "an unknown successor": Mistake(
        "register/gemeenten.yaml",
        'opvolgers: ["0002"]',
        'opvolgers: ["0012"]',
        "Oudland",
        "the successor `0012` of Oudland is not in gemeenten.yaml",
        "perhaps `0002`",
    ),
    "a gemeente that ends without a successor": Mistake(
        "register/gemeenten.yaml",
        ', opvolgers: ["0002"]',
        "",
        "Oudland",
        "Oudland ends and nobody follows: its messages would wait for a person",
        "add `opvolgers`",
    ),
    "a successor of a gemeente that goes on": Mistake(
        "register/gemeenten.yaml",
        "naam: Westland,",
        'naam: Westland, opvolgers: ["0002"],',
        "Westland",
        "Westland has `opvolgers` and does not end",
        "add `tot`, its last day",
    ),
    "a successor that is itself": Mistake(
        "register/gemeenten.yaml",
        'opvolgers: ["0002"]',
        'opvolgers: ["0001"]',
        "Oudland",
        "the successors of Oudland lead back to itself",
        "name the gemeente that exists now",
    ),
    "a gemeente that ends before it begins": Mistake(
        "register/gemeenten.yaml",
        "tot: 2020-12-31",
        "vanaf: 2021-01-01, tot: 2020-12-31",
        "Oudland",
        "Oudland ends before it begins",
        "swap them",
    ),
    "a gemeente in an unknown region": Mistake(
        "register/gemeenten.yaml",
        "veiligheidsregio: VR01",
        "veiligheidsregio: VR1",
        "Westland",
        "there is no veiligheidsregio `VR1`",
        "perhaps `VR01`",
    ),
    "a gemeente with an unknown police unit": Mistake(
        "register/gemeenten.yaml",
        "politie_eenheid: noord",
        "politie_eenheid: noort",
        "Westland",
        "there is no politie-eenheid `noort`",
        "perhaps `noord`",
    ),
    "a region with an unknown police unit": Mistake(
        "register/regios.yaml",
        "politie_eenheid: noord",
        "politie_eenheid: noort",
        "noort",
        "there is no politie-eenheid `noort`",
        "perhaps `noord`",
    ),
    "a gemeente in no house": Mistake(
        "register/gemeenten.yaml",
        '  - {code: "0003"',
        '  - {code: "0004", naam: Nergens}\n  - {code: "0003"',
        "Nergens",
        "Nergens belongs to no Zorg- en Veiligheidshuis",
        "add it to a house in zorg-en-veiligheidshuizen.yaml",
    ),
    "a gemeente in two houses": Mistake(
        "register/zorg-en-veiligheidshuizen.yaml",
        '      - {code: "0003", zekerheid: bron}',
        '      - {code: "0003", zekerheid: bron}\n      - {code: "0002", zekerheid: afgeleid}',
        "afgeleid",
        "gemeente `0002` also belongs to zvh-een",
        "leave it in one house",
    ),
    "a house with an unknown gemeente": Mistake(
        "register/zorg-en-veiligheidshuizen.yaml",
        '      - {code: "0003", zekerheid: bron}',
        '      - {code: "0003", zekerheid: bron}\n      - {code: "0033", zekerheid: bron}',
        "0033",
        "gemeente `0033` is not in gemeenten.yaml",
        "perhaps `0003`",
    ),
    "a house in an unknown region": Mistake(
        "register/zorg-en-veiligheidshuizen.yaml",
        'oin: "00000099200000002000"\n    veiligheidsregio: VR01',
        'oin: "00000099200000002000"\n    veiligheidsregio: VR02',
        "VR02",
        "there is no veiligheidsregio `VR02`",
        "perhaps `VR01`",
    ),
    "a mandate of an unknown gemeente": Mistake(
        "register/mandaten.yaml",
        'gemeente: "0002"',
        'gemeente: "0022"',
        "0022",
        "gemeente `0022` is not in gemeenten.yaml",
        "perhaps `0002`",
    ),
    "a mandate for an unknown house": Mistake(
        "register/mandaten.yaml",
        "zvh: zvh-een",
        "zvh: zvh-eem",
        "zvh-eem",
        "there is no Zorg- en Veiligheidshuis `zvh-eem`",
        "perhaps `zvh-een`",
    ),
    "a mandate for the house of others": Mistake(
        "register/mandaten.yaml",
        "zvh: zvh-een",
        "zvh: zvh-twee",
        "zvh-twee",
        "gemeente `0002` belongs to zvh-een",
        "write `zvh: zvh-een`",
    ),
    "a mandate that is never in force": Mistake(
        "register/mandaten.yaml",
        "opdracht: A-1",
        "opdracht: A-1, vanaf: 2026-01-01, tot: 2025-01-01",
        "A-1",
        "`tot` is before `vanaf`: it is never in force",
        "swap them",
    ),
    "a competence of an unknown party": Mistake(
        "register/bevoegdheden.yaml",
        "partij: om,",
        "partij: omm,",
        "omm",
        "there is no party `omm`",
        "perhaps `om`",
    ),
}

PARTIES = {
    "a rule id that stands twice in all files": Mistake(
        "ror.yaml",
        "    geen_bericht: Hier volgt geen bericht uit.\n",
        "    regels: [ind-overleg]\n"
        "regels:\n"
        "  - id: ind-overleg\n"
        "    cel: algemeen-1\n"
        "    bericht: publicaties.training-beschikbaar\n"
        "    fase: [preventie]\n"
        "    grondslag: wet-pga\n"
        "    doel: adviseren\n"
        "    ontvangers: [{aan: groep:lro, velden: [meldingId]}]\n",
        "- id: ind-overleg",
        "rule `ind-overleg` stands twice",
        "give each rule an id of its own",
    ),
    "a party that stands twice": Mistake(
        "ind.yaml",
        "{id: coa,",
        "{id: om,",
        "id: om",
        "`om` is the name of two parties",
        "rename one of them",
        at_file="om.yaml",
    ),
    "a party with a name that the hub uses itself": Mistake(
        "ind.yaml",
        "{id: coa,",
        "{id: pseudonym,",
        "id: pseudonym",
        "`pseudonym` cannot be a party: the hub has accounts, keys or records of that name",
        "give it another id",
    ),
    "a group with an inbox that is called after a unit": Mistake(
        "ind.yaml",
        "{id: coa,",
        "{id: lro,",
        "- id: lro",
        "`lro` is the name of two parties",
        "rename one of them",
        at_file="register/groepen.yaml",
    ),
    "a group that stands twice": Mistake(
        "register/groepen.yaml",
        "  - id: tafel\n",
        "  - {id: lro, naam: Tweede, postbus: nee, leden: [{aan: partij:om}]}\n  - id: tafel\n",
        "naam: Tweede",
        "group `lro` stands twice",
        "keep one of the two",
    ),
    "a grondslag that stands twice": Mistake(
        "register/grondslagen.yaml",
        "  - {id: oude-wet, titel: Oude wet,",
        "  - {id: nieuwe-wet, titel: Oude wet,",
        "titel: Nieuwe wet",
        "grondslag `nieuwe-wet` stands twice",
        "keep one of the two",
    ),
    "an OIN of two parties": Mistake(
        "register/gemeenten.yaml",
        "00000099100000002000",
        "00000099000000006000",
        "Nieuwland",
        "OIN `00000099000000006000` belongs to two parties",
        "give each its own OIN",
    ),
    "a sender without an OIN": Mistake(
        "ind.yaml",
        'oin: "00000099000000006000"\n',
        "",
        "id: ind  # zelf",
        "`ind` has rules for what it sends, and no `oin` to know it by",
        "add its `oin`",
    ),
    "a partner of the wrong soort": Mistake(
        "zvh.yaml",
        "soort: zvh",
        "soort: partner",
        "soort: partner",
        "`zvh` is of `soort` `zvh`",
        "write `soort: zvh`",
    ),
}


TERMS = {
    "a duplicate check shorter than the retention of the settings": Mistake(
        "register/instellingen.yaml",
        "dubbelcontrole_dagen: 1900",
        "dubbelcontrole_dagen: 365",
        "dubbelcontrole_dagen",
        "the settings keep a copy 1825 days, and a message is forgotten before the last of them",
        "write 1826 or more",
    ),
    "a duplicate check that forgets on the last day": Mistake(
        "register/instellingen.yaml",
        "dubbelcontrole_dagen: 1900",
        "dubbelcontrole_dagen: 1825",
        "dubbelcontrole_dagen",
        "the settings keep a copy 1825 days, and a message is forgotten before the last of them",
        "write 1826 or more",
    ),
    "a rule that keeps longer than the duplicate check": Mistake(
        "ind.yaml",
        "    cel: pga-1  # overleg\n",
        "    cel: pga-1  # overleg\n    bewaren_dagen: 3650\n",
        "dubbelcontrole_dagen",
        "rule `ind-overleg` keeps a copy 3650 days,"
        " and a message is forgotten before the last of them",
        "write 3651 or more",
        at_file="register/instellingen.yaml",
    ),
}


@pytest.mark.parametrize("mistake", TERMS.values(), ids=TERMS.keys())
def test_a_message_is_known_as_long_as_a_copy_is_kept(tmp_path: Path, mistake: Mistake):
    """Exactly this problem: file, line, rule, and what would be right."""
    assert_found(write_config(tmp_path), mistake)


@pytest.mark.parametrize("mistake", CELLS.values(), ids=CELLS.keys())
def test_a_mistake_in_the_cells_is_found_at_its_line(tmp_path: Path, mistake: Mistake):
    """Exactly this problem: file, line, rule, and what would be right."""
    assert_found(write_config(tmp_path), mistake)


@pytest.mark.parametrize("mistake", PLACES.values(), ids=PLACES.keys())
def test_a_mistake_in_a_place_is_found_at_its_line(tmp_path: Path, mistake: Mistake):
    """Exactly this problem: file, line, rule, and what would be right."""
    assert_found(write_config(tmp_path), mistake)


@pytest.mark.parametrize("mistake", PARTIES.values(), ids=PARTIES.keys())
def test_a_mistake_in_a_party_is_found_at_its_line(tmp_path: Path, mistake: Mistake):
    """Exactly this problem: file, line, rule, and what would be right."""
    assert_found(write_config(tmp_path), mistake)


def test_a_partner_without_a_file_is_found_in_the_table(tmp_path: Path):
    """Sixteen rows, sixteen files."""
    folder = write_config(tmp_path)
    (folder / "ror.yaml").unlink()

    problems = problems_after(folder, "register/tabel.yaml", "tabel:\n", "tabel:\n# regel\n")

    assert [str(problem) for problem in problems] == [
        (
            "partners_config/register/tabel.yaml:17: row 15, `ror`, has no file of its own"
            " (add ror.yaml)"
        )
    ]


def test_a_row_that_is_missing_from_the_table_is_found(tmp_path: Path):
    """And so is the partner that has it."""
    folder = write_config(tmp_path)

    problems = problems_after(
        folder, "register/tabel.yaml", "  - {rij: 15, partner: ror, cellen: {algemeen: 1}}\n", ""
    )

    assert [str(problem) for problem in problems] == [
        (
            "partners_config/register/tabel.yaml:1: the table has sixteen rows, and 15 is missing"
            " (add it)"
        ),
        (
            "partners_config/ror.yaml:1: `ror` has no row in tabel.yaml (known: aivd, dji, dtv,"
            " ess, gemeente, ind, kmar, liv, lse, nctv, om, politie and 3 more)"
        ),
    ]


def test_two_partners_on_one_row_are_found(tmp_path: Path):
    """The number is that of the source table."""
    problems = problems_after(write_config(tmp_path), "ror.yaml", "rij: 15", "rij: 14")

    assert [str(problem) for problem in problems] == [
        "partners_config/ror.yaml:4: row `14` of the table has two partners (number them 1 to 16)",
        "partners_config/ror.yaml:4: tabel.yaml gives `ror` row 15 (write `rij: 15`)",
    ]
