"""The folder: which files belong, what an unreadable one says, and what comes of a good one."""

from datetime import date
from pathlib import Path

import pytest

from hub.errors import ConfigError
from hub.roles import check_folder, default_folder, load, read
from tests.config_folder import PARTNERS, below, problems_in, write_config


def _problems(folder: Path) -> list[str]:
    return [str(problem) for problem in problems_in(folder)]


def test_a_valid_folder_gives_a_config(tmp_path: Path):
    """Partners and rules by id; Dutch keys as English attributes; days as days."""
    config = load(write_config(tmp_path))

    assert [partner.id for partner in config.partners] == sorted(PARTNERS)
    ind = next(partner for partner in config.partners if partner.id == "ind")
    assert [rule.id for rule in ind.rules] == [
        "ind-advies",
        "ind-overleg",
        "ind-signaal",
        "ind-vraag",
    ]
    assert [cell.id for cell in ind.cells] == ["algemeen-1", "pga-1", "pga-2"]
    assert ind.rules[2].recipients[0].fields[:2] == ("KERN", "PERSOON")
    assert config.gemeente_register[0].to_day == date(2020, 12, 31)
    assert config.settings.hub_oin == "00000099900000000000"


def test_load_raises_with_every_problem(tmp_path: Path):
    """Both kinds: what one file says wrong comes first, and what they say together after that."""
    folder = write_config(tmp_path)
    path = folder / "aivd.yaml"
    good = path.read_text(encoding="utf-8")
    path.write_text(good.replace("fase: [pga]", "fase: [x]\n    y: z"), encoding="utf-8")

    with pytest.raises(ConfigError) as raised:
        load(folder)
    assert [problem.place for problem in below(folder, raised.value.problems)] == [
        "partners_config/aivd.yaml:12",
        "partners_config/aivd.yaml:13",
    ]

    path.write_text(good.replace("wet-pga", "wet-x"), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"partners_config/aivd\.yaml:13: `wet-x` is not in"):
        load(folder)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "1: the file is empty (fill it in, or remove it)"),
        (b"# alleen een opmerking\n", "1: the file is empty (fill it in, or remove it)"),
        (b"id: ror\nnaam: \xff\n", "2: the file is not UTF-8 text (save it as UTF-8)"),
    ],
    ids=["empty", "comment", "latin"],
)
def test_a_file_without_content_is_a_problem(tmp_path: Path, content: bytes, problem: str):
    """A partner that is not there must not look like a partner without rules."""
    folder = write_config(tmp_path)
    (folder / "ror.yaml").write_bytes(content)

    assert _problems(folder) == [f"partners_config/ror.yaml:{problem}"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("id: ror\nnaam: [a, b\nsoort: x\n", 3),
        ("id: ror\n\tnaam: x\n", 2),
        ("a: 1\n---\nb: 2\n", 2),
    ],
    ids=["bracket", "tab", "two documents"],
)
def test_a_file_that_is_not_yaml_names_its_line(tmp_path: Path, text: str, line: int):
    """And says where to look."""
    folder = write_config(tmp_path)
    (folder / "ror.yaml").write_text(text, encoding="utf-8")

    (problem,) = problems_in(folder)
    assert problem.place == f"partners_config/ror.yaml:{line}"
    assert problem.rule.startswith("this is not YAML: ")
    assert "indentation" in problem.way_out


def test_a_control_character_is_a_problem_and_not_a_crash(tmp_path: Path):
    """YAML allows none; an export of a word processor may hold one."""
    folder = write_config(tmp_path)
    (folder / "ror.yaml").write_bytes(b"id: ror\nnaam: x\x07\n")

    (problem,) = problems_in(folder)
    assert problem.place == "partners_config/ror.yaml:2"
    assert problem.rule.startswith("this is not YAML: ")


def test_a_list_at_the_top_of_a_partner_is_a_problem(tmp_path: Path):
    """Not a crash."""
    folder = write_config(tmp_path)
    (folder / "ror.yaml").write_text("- a\n", encoding="utf-8")

    assert _problems(folder) == [
        "partners_config/ror.yaml:1: this must have keys of its own (write `key: value` below it)"
    ]


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        ("notities.txt", "not a file of the role config (name it <partner>.yaml, or move it)"),
        ("rn.yml", "not a file of the role config (name it <partner>.yaml, or move it)"),
        ("doelen.yaml", "this is a register (move it to partners_config/register/)"),
        ("register/gemeente.yaml", "not a register of the role config (perhaps `gemeenten.yaml`)"),
        (
            "register/x.yaml",
            (
                "not a register of the role config (known: gemeenten, zorg-en-veiligheidshuizen,"
                " regios, mandaten, bevoegdheden, groepen, grondslagen, doelen, tabel,"
                " instellingen)"
            ),
        ),
    ],
)
def test_an_unknown_file_is_a_problem(tmp_path: Path, file: str, problem: str):
    """A file that nobody reads is policy that nobody follows."""
    folder = write_config(tmp_path)
    (folder / file).write_text("x: 1\n", encoding="utf-8")

    assert _problems(folder) == [f"partners_config/{file}: {problem}"]


def test_a_missing_register_is_a_problem(tmp_path: Path):
    """Without mandates the config would say something else."""
    folder = write_config(tmp_path)
    (folder / "register/mandaten.yaml").unlink()

    assert _problems(folder) == [
        "partners_config/register/mandaten.yaml: this register is missing (add the file)"
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("# leeg\n", "the file is empty (fill it in, or remove it)"),
        ("- a\n", "`mandaten` is missing here (add a line mandaten: …)"),
    ],
    ids=["empty", "list"],
)
def test_a_register_without_its_list_is_one_problem(tmp_path: Path, content: str, problem: str):
    """Not a crash, and not a problem for everything that the list would hold."""
    folder = write_config(tmp_path)
    (folder / "register/mandaten.yaml").write_text(content, encoding="utf-8")

    assert _problems(folder) == [f"partners_config/register/mandaten.yaml:1: {problem}"]


def test_a_missing_folder_of_registers_is_a_problem_for_each(tmp_path: Path):
    """Nothing works without them."""
    folder = write_config(tmp_path)
    (folder / "register").rename(tmp_path / "elders")

    problems = _problems(folder)

    assert len(problems) == 10
    assert all(problem.endswith("this register is missing (add the file)") for problem in problems)


def test_a_missing_folder_is_a_problem(tmp_path: Path):
    """The first thing wrong is the name."""
    assert _problems(tmp_path / "weg")[-1] == (
        "weg: there is no such folder (name the folder of the config)"
    )


def test_what_yaml_would_guess_stays_text(tmp_path: Path):
    """YAML 1.1 reads `no` as a boolean, and 12:30 as the number 750."""
    folder = write_config(tmp_path)
    path = folder / "ror.yaml"
    good = path.read_text(encoding="utf-8")
    for word in ("no", "on", "12:30", "1_000", "2026-02-30", "1e3"):
        path.write_text(good.replace("naam: Partner 15", f"naam: {word}"), encoding="utf-8")
        named = {partner.id: partner.name for partner in load(folder).partners}
        assert named["ror"] == word


def test_a_small_mistake_in_one_file_does_not_hide_what_the_files_say_together(tmp_path: Path):
    """A key that stands twice leaves the rest readable, so the rest is checked in the same go."""
    folder = write_config(tmp_path)
    _rewrite(folder / "ror.yaml", "rij: 15\n", "rij: 15\nrij: 15\n")
    _rewrite(folder / "aivd.yaml", "doel: signaleren", "doel: signaleeren")

    assert [problem.place for problem in problems_in(folder)] == [
        "partners_config/aivd.yaml:14",
        "partners_config/ror.yaml:5",
    ]
    assert read(folder).config is None


def test_a_place_begins_with_the_folder_as_it_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """So that it opens from where the reader is: in an editor, or by a click in a terminal."""
    folder = write_config(tmp_path / "diep")
    _rewrite(folder / "ror.yaml", "rij: 15\n", "rij: 17\n")

    for cwd, given in ((tmp_path, "diep/partners_config"), (folder / "register", "..")):
        monkeypatch.chdir(cwd)
        (problem,) = check_folder(Path(given))
        file, _, line = problem.place.rpartition(":")
        assert Path(file).read_text(encoding="utf-8").splitlines()[int(line) - 1] == "rij: 17"
        assert file == f"{given}/ror.yaml"


# -- the digest


def _digest(folder: Path) -> str:
    return load(folder).digest


def _rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_the_digest_does_not_depend_on_layout_comments_or_order(tmp_path: Path):
    """It names the policy, so that two people with the same rules have the same digest."""
    folder = write_config(tmp_path)
    before = _digest(folder)
    assert len(before) == 64

    _rewrite(folder / "ind.yaml", "# Deze regel", "# Een andere opmerking\n# Deze regel")
    _rewrite(folder / "aivd.yaml", "fase: [pga]", "fase:\n      - pga")
    groups = folder / "register/instellingen.yaml"
    _rewrite(groups, "  NAAM: [betrokkene.naam]\n", "")
    _rewrite(groups, "veldgroepen:\n", 'veldgroepen:\n  "NAAM": ["betrokkene.naam"]\n')
    text = (folder / "ind.yaml").read_text(encoding="utf-8")
    head, _, rules = text.partition("regels:\n  - id: ind-signaal\n")
    first, _, rest = rules.partition("\n  - id: ind-vraag\n")
    moved = f"{head}regels:\n  - id: ind-vraag\n{rest}\n  - id: ind-signaal\n{first}"
    (folder / "ind.yaml").write_text(moved, encoding="utf-8")
    for register in ("gemeenten", "bevoegdheden"):
        path = folder / f"register/{register}.yaml"
        lines = path.read_text(encoding="utf-8").splitlines()
        path.write_text("\n".join([lines[0], *reversed(lines[1:])]) + "\n", encoding="utf-8")

    assert _digest(folder) == before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("aivd.yaml", "[KERN, kenmerk]", "[KERN, kenmerk, vorm]"),
        ("aivd.yaml", "fase: [pga]", "fase: [pga]\n    tot: 2027-12-31"),
        ("register/mandaten.yaml", "opdracht: A-1", "opdracht: A-2"),
        ("register/instellingen.yaml", "NAAM: [betrokkene.naam]", "NAAM: [betrokkene.bsn]"),
        ("ror.yaml", "kern: Wat deze partner doet.", "kern: Iets anders."),
    ],
)
def test_the_digest_changes_with_what_the_files_say(tmp_path: Path, file: str, old: str, new: str):
    """Every word of the policy counts, also the reasons."""
    folder = write_config(tmp_path)
    before = _digest(folder)

    _rewrite(folder / file, old, new)

    assert _digest(folder) != before


def test_a_finding_is_placed_right_after_sorting(tmp_path: Path):
    """Rows are sorted when they are read; the line stays that of the file."""
    folder = write_config(tmp_path)
    towns = folder / "register/gemeenten.yaml"
    lines = towns.read_text(encoding="utf-8").splitlines()
    towns.write_text("\n".join([lines[0], *reversed(lines[1:])]) + "\n", encoding="utf-8")

    loaded = read(folder)

    assert loaded.config is not None
    assert loaded.config.gemeente_register[0].code == "0001"
    assert loaded.place(("gemeente_register", 0, "name")) == f"{towns}:4"
    assert loaded.place(()) == loaded.place(("partners",)) == str(folder)


# -- the config that comes with the hub


def test_the_default_folder_is_the_package():
    """Wherever it is installed."""
    assert (default_folder() / "register/gemeenten.yaml").is_file()


def test_the_real_config_has_no_problems():
    """What is delivered can be used as it is."""
    assert [str(problem) for problem in problems_in(default_folder())] == []
