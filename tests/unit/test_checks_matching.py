"""A rule that nobody can match, and two rules that send the same twice, are both found."""

from pathlib import Path

import pytest

from tests.config_folder import Mistake, assert_found, problems_after, write_config

EXCLUDE = "keep one of them, or use `een_van`"

MISTAKES = {
    "tot before vanaf": Mistake(
        "aivd.yaml",
        "    fase: [pga]\n",
        "    fase: [pga]\n    vanaf: 2026-02-01\n    tot: 2026-01-31\n",
        "tot: 2026-01-31",
        "`tot` is before `vanaf`: it is never in force",
        "swap them",
    ),
    "a law that had ended before": Mistake(
        "aivd.yaml",
        "    grondslag: wet-pga\n",
        "    grondslag: oude-wet\n    vanaf: 2020-01-01\n",
        "grondslag: oude-wet",
        "`oude-wet` is in force on none of the days of this rule",
        "change `vanaf` or `tot`, or the grondslag",
    ),
    "a law that begins after": Mistake(
        "aivd.yaml",
        "    grondslag: wet-pga\n",
        "    grondslag: wet-pga\n    tot: 2025-03-31\n",
        "grondslag: wet-pga",
        "`wet-pga` is in force on none of the days of this rule",
        "change `vanaf` or `tot`, or the grondslag",
    ),
    "a law of a condition that had ended before": Mistake(
        "ind.yaml",
        "      - {wet_in_werking: nieuwe-wet}\n",
        "      - {wet_in_werking: oude-wet}\n",
        "# van het advies",
        "the law of `wet_in_werking` is in force on none of the days of this rule",
        "change `vanaf` or `tot`, or the condition",
    ),
    "two values of one field": Mistake(
        "ind.yaml",
        "      - {wet_in_werking: nieuwe-wet}\n",
        "      - {veld: mogelijk, is: nee}\n",
        "# van het advies",
        "the conditions on `mogelijk` exclude each other: nothing can match",
        EXCLUDE,
    ),
    "a value of a field that must be absent": Mistake(
        "ind.yaml",
        "      - {wet_in_werking: nieuwe-wet}\n",
        "      - {veld: mogelijk, ingevuld: nee}\n",
        "# van het advies",
        "the conditions on `mogelijk` exclude each other: nothing can match",
        EXCLUDE,
    ),
    "a recipient that contradicts its rule": Mistake(
        "ind.yaml",
        "        velden: [KERN, mogelijk, maatregel]",
        "        velden: [KERN, mogelijk, maatregel]\n"
        "        voorwaarden: [{veld: mogelijk, is: nee}]",
        "is: nee",
        "the conditions on `mogelijk` exclude each other: this recipient gets nothing",
        EXCLUDE,
    ),
    "a recipient that stands twice": Mistake(
        "ind.yaml",
        "      - aan: groep:tafel\n",
        "      - {aan: groep:tafel, velden: [KERN]}\n      - aan: groep:tafel\n",
        "      - aan: groep:tafel",
        "`groep:tafel` stands twice in this rule, for the same messages",
        "make it one recipient",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
def test_a_rule_that_cannot_work_is_found_at_its_line(tmp_path: Path, mistake: Mistake):
    """Exactly this problem: file, line, rule, and what would be right."""
    assert_found(write_config(tmp_path), mistake)


SECOND = """\
  - id: ind-tweede
    cel: pga-1
    bericht: signalen.signaal-gemeld
    fase: [pga, preventie]
    grondslag: wet-pga
    doel: signaleren
    ontvangers:
      - {aan: gemeente, velden: [KERN]}

  - id: ind-vraag
"""


def _with_second_rule(tmp_path: Path) -> Path:
    """A second rule for the same message; it overlaps with the first."""
    folder = write_config(tmp_path)
    path = folder / "ind.yaml"
    text = path.read_text(encoding="utf-8")
    text = text.replace("regels: [ind-advies,", "regels: [ind-tweede, ind-advies,")
    path.write_text(text.replace("  - id: ind-vraag\n", SECOND), encoding="utf-8")
    return folder


def test_overlapping_rules_are_found_at_the_second_by_id(tmp_path: Path):
    """Which of the two a recipient would get its fields from must not hang on a name."""
    folder = _with_second_rule(tmp_path)

    problems = problems_after(folder, "ind.yaml", "velden: [KERN]}", "velden: [KERN]} # daar")

    lines = (folder / "ind.yaml").read_text(encoding="utf-8").splitlines()
    line = next(number for number, text in enumerate(lines, 1) if "# daar" in text)
    assert [str(problem) for problem in problems] == [
        (
            f"partners_config/ind.yaml:{line}: rule `ind-signaal` sends the same messages"
            " to `gemeente` (make them exclude each other by `soort`, `fase`, days or conditions)"
        )
    ]


PHASES = "fase: [pga, preventie]"
TO_GEMEENTE = "{aan: gemeente, velden: [KERN]}"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (PHASES, "fase: [preventie]"),
        (
            f"{PHASES}\n    grondslag: wet-pga",
            "fase: [pga]\n    tot: 2025-03-31\n    grondslag: nieuwe-wet",
        ),
        (PHASES, "fase: [pga]\n    staat_uit: ja\n    toelichting: Nog niet."),
        (PHASES, "fase: [pga]\n    onderdeel: coa"),
        (PHASES, "fase: [pga]\n    voorwaarden: [{veld: statussoort, is: overig}]"),
        (PHASES, "fase: [pga]\n    voorwaarden: [{veld: statussoort, ingevuld: nee}]"),
        (TO_GEMEENTE, "{aan: zvh, velden: [KERN]}"),
        (TO_GEMEENTE, "{aan: gemeente, grond: [terugkeer], velden: [KERN]}"),
    ],
    ids=["phase", "days", "off", "unit", "value", "absence", "role", "grond"],
)
def test_rules_that_exclude_each_other_do_not_overlap(tmp_path: Path, old: str, new: str):
    """Every way in which the way out says that rules can be told apart."""
    assert problems_after(_with_second_rule(tmp_path), "ind.yaml", old, new) == []


@pytest.mark.parametrize(
    "second",
    ["{veld: mogelijk, is: true}", "{veld: mogelijk, ingevuld: ja}", "{veld: maatregel, is: x}"],
    ids=["the same, said otherwise", "filled, and with this value", "another field"],
)
def test_conditions_that_can_be_met_together_are_no_problem(tmp_path: Path, second: str):
    """Saying more is not contradicting."""
    folder = write_config(tmp_path)

    assert problems_after(folder, "ind.yaml", "{wet_in_werking: nieuwe-wet}", second) == []


@pytest.mark.parametrize(("choice", "overlaps"), [("partij:om", False), ("partij:liv", True)])
def test_two_rules_may_leave_different_choices(tmp_path: Path, choice: str, *, overlaps: bool):
    """They overlap when the sender could choose the same party by both."""
    folder = write_config(tmp_path)
    path = folder / "ind.yaml"
    text = path.read_text(encoding="utf-8").replace("[ind-signaal, ", "[ind-vraag-2, ind-signaal, ")
    path.write_text(text, encoding="utf-8")
    rule = text[text.index("  - id: ind-vraag\n") : text.index("  - id: ind-advies\n")]
    second = rule.replace("ind-vraag", "ind-vraag-2")
    second = second.replace("[partij:liv, partij:ess]", f"[{choice}]")

    problems = problems_after(folder, "ind.yaml", rule, rule + second)

    assert [problem.rule for problem in problems] == (
        ["rule `ind-vraag` sends the same messages to `keuze`"] if overlaps else []
    )
