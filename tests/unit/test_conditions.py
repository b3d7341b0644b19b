"""Conditions: what counts as filled in, whatever the model lets through."""

import pytest
from pydantic import BaseModel, Field

from handlers.conditions import prepare
from schemas.roles import Condition
from tests.config_builders import NOW


class Data(BaseModel):
    """A payload that takes any value, so that a condition does not lean on the model."""

    value: object = Field(alias="noodzaak", default=None)


@pytest.mark.parametrize(
    ("value", "filled"),
    [
        (None, False),
        ("", False),
        (" ", False),
        ("\t\n\u00a0", False),
        ((), False),
        ("x", True),
        (" x ", True),
        (False, True),
        (0, True),
        (("x",), True),
    ],
)
def test_what_is_absent_or_blank_is_not_filled(value, filled):
    """`ingevuld: ja` and `ingevuld: nee` are each other's opposite; `nee` itself is an answer."""
    for wanted in (True, False):
        asked = Condition.model_validate(
            {"veld": "noodzaak", "ingevuld": "ja" if wanted else "nee"}
        )
        test = prepare(asked, {})

        assert test.holds_for(Data(noodzaak=value), NOW.date()) is (filled is wanted)
