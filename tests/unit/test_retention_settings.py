"""The terms of erasure in the role config: each that cannot work is told at its own line."""

from pathlib import Path

import pytest

from hub.roles import default_folder, load
from tests.config_folder import Mistake, assert_found, write_config

_FILE = "register/instellingen.yaml"
_LINE = "persoon_in_logboek_dagen: 3650"

MISTAKES = {
    "a log that forgets the person while a copy may be there": Mistake(
        _FILE,
        _LINE,
        "persoon_in_logboek_dagen: 1824",
        "persoon_in_logboek_dagen",
        "the settings keep a copy 1825 days, and the log forgets whom it is about before that",
        "write 1825 or more",
    ),
    "a term after receipt that no copy lives to see": Mistake(
        _FILE,
        _LINE,
        f"{_LINE}\nwissen_na_ontvangst_dagen: 1826",
        "wissen_na_ontvangst_dagen",
        "no copy is kept longer than 1825 days, so this term never comes",
        "write 1825 or less",
    ),
    "a warning from before it came": Mistake(
        _FILE,
        _LINE,
        f"{_LINE}\nwaarschuwen_voor_wissen_dagen: 1826",
        "waarschuwen_voor_wissen_dagen",
        "the settings keep a copy 1825 days: it would be warned of from before it came",
        "write 1825 or less",
    ),
    "content that would go on the day that it was read": Mistake(
        _FILE,
        _LINE,
        f"{_LINE}\nwissen_na_ontvangst_dagen: 0",
        "wissen_na_ontvangst_dagen",
        "`wissen_na_ontvangst_dagen` must be 1 or more",
        "write a higher number",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_term_that_cannot_work_is_told_at_its_line(mistake: Mistake, tmp_path: Path):
    """With the line, the rule, and a number that would be right."""
    assert_found(write_config(tmp_path), mistake)


def test_the_terms_of_the_delivered_config_are_those_of_the_decision():
    """Thirty days after receipt, five years in the log, a week to look at what nobody read."""
    settings = load(default_folder()).settings

    assert (30, 1825, 7) == (
        settings.erase_after_days,
        settings.log_person_days,
        settings.warn_before_days,
    )
