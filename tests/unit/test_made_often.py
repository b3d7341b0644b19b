"""A value that is made often is the same value: only quicker to make."""

import copy
import pickle
from dataclasses import dataclass, fields, replace

import pytest

from hub.steps import Copy, Entry, Step
from schemas.decisions import Decision, Forward, Hold, Withhold
from schemas.made_often import made_often


@dataclass(frozen=True, slots=True)
class Slow:
    name: str
    number: int = 0
    of: tuple[str, ...] = ()


@made_often
@dataclass(frozen=True, slots=True)
class Quick:
    name: str
    number: int = 0
    of: tuple[str, ...] = ()


@pytest.mark.parametrize("arguments", [("a",), ("a", 1), ("a", 1, ("b", "c"))])
def test_it_holds_equals_and_hashes_as_it_would_without(arguments):
    slow, quick = Slow(*arguments), Quick(*arguments)

    assert [getattr(slow, each.name) for each in fields(slow)] == [
        getattr(quick, each.name) for each in fields(quick)
    ]
    assert hash(slow) == hash(quick)
    assert quick == Quick(*arguments)
    assert quick != Quick("other")
    assert repr(slow).replace("Slow", "Quick") == repr(quick)


def test_it_is_made_by_name_replaced_copied_and_pickled():
    made = Quick(name="a", of=("b",))

    assert Quick("a", 2, ("b",)) == replace(made, number=2)
    assert made == copy.deepcopy(made) == pickle.loads(pickle.dumps(made))  # noqa: S301 - our own


@pytest.mark.parametrize("wrong", [{}, {"name": "a", "nobody": 1}])
def test_what_lacks_a_field_or_has_one_too_many_is_not_made(wrong):
    with pytest.raises(TypeError):
        Quick(**wrong)


@pytest.mark.parametrize("kind", [Copy, Entry, Step, Decision, Forward, Hold, Withhold])
def test_what_every_event_makes_is_frozen_for_the_type_checker(kind):
    """So mypy refuses to change one. At run time nothing does, which is what makes it quick."""
    assert kind.__dataclass_params__.frozen
    assert object.__setattr__ is kind.__setattr__
