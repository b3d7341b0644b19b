"""One file that cannot be read: the mistakes in all others are told in the same round."""

from pathlib import Path

import pytest

from tests.config_folder import problems_in, write_config

BROKEN = "sleutel: [\n"

HIDDEN_BEFORE = (
    ("aivd.yaml", "fase: [pga]", "fase: [preventie]", 12),
    ("aivd.yaml", "velden: [KERN, kenmerk]", "velden: [KERN, kenmerkk]", 16),
    ("ind.yaml", "bericht: signalen.signaal-gemeld", "bericht: signalen.signaal-gemelt", 23),
    ("ind.yaml", "- {veld: mogelijk, is: ja}", "- {veld: mogelijk, is: misschien}", 58),
    ("ind.yaml", "regels: [ind-advies, ind-overleg]", "regels: [ind-advies]", 66),
)


def rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize(
    "broken",
    [
        "ror.yaml",
        *(f"register/{stem}.yaml" for stem in ("doelen", "groepen", "grondslagen", "mandaten")),
        *(f"register/{stem}.yaml" for stem in ("instellingen", "tabel", "regios", "gemeenten")),
    ],
)
def test_a_file_that_cannot_be_read_hides_no_mistake_in_another(tmp_path: Path, broken: str):
    """One round of mending. What names something of the broken file is not called wrong."""
    folder = write_config(tmp_path)
    (folder / broken).write_text(BROKEN, encoding="utf-8")
    assert [problem.place for problem in problems_in(folder)] == [f"partners_config/{broken}:2"]

    for file, old, new, _ in HIDDEN_BEFORE:
        rewrite(folder / file, old, new)

    assert sorted(problem.place for problem in problems_in(folder)) == sorted(
        [f"partners_config/{file}:{line}" for file, _, _, line in HIDDEN_BEFORE]
        + [f"partners_config/{broken}:2"]
    )


def test_a_field_group_is_checked_also_when_a_partner_cannot_be_read(tmp_path: Path):
    """It says what no other file changes."""
    folder = write_config(tmp_path)
    (folder / "ror.yaml").write_text(BROKEN, encoding="utf-8")
    rewrite(folder / "register/instellingen.yaml", "NAAM: [betr", "NAAM: [bertr")

    places = [problem.place for problem in problems_in(folder)]

    assert "partners_config/register/instellingen.yaml:10" in places
