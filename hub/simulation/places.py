"""Where things happen: gemeenten of the role config, and those that make a person look.

The weights are a plain stand-in and no statistics: the four largest cities count for twenty, about
twenty other cities for five, everybody else for one. Where signals really come from is not public.
"""

from collections.abc import Mapping
from datetime import date
from typing import Final

from handlers.rulebook import Rulebook
from hub.simulation.chance import Dice

_LARGEST: Final = frozenset({"0363", "0599", "0518", "0344"})
_LARGE: Final = frozenset({
    "0014", "0034", "0080", "0153", "0193", "0202", "0268", "0307", "0392", "0394", "0479", "0505",
    "0546", "0758", "0772", "0796", "0855", "0935", "0637", "0141",
})  # fmt: skip
_NOWHERE: Final = ("9999", "9998", "9997", "0000", "1999")


class Places:
    """The gemeenten of a role config on a day."""

    def __init__(self, book: Rulebook, day: date) -> None:
        register = book.config.gemeente_register
        self.current = tuple(sorted(g.code for g in register if g.in_force(day)))
        self._weights = [
            20.0 if code in _LARGEST else 5.0 if code in _LARGE else 1.0 for code in self.current
        ]
        ended = [g for g in register if g.to_day is not None and g.to_day < day]
        #: ended, with one successor: routed on
        self.merged = tuple(g.code for g in ended if len(g.successors) == 1)
        #: ended, with several: a person must choose
        self.split = tuple(g.code for g in ended if len(g.successors) > 1)
        known = {g.code for g in register}
        self.unknown = tuple(code for code in _NOWHERE if code not in known)
        self.houses: Mapping[str, str] = {
            code: house for code in self.current if (house := book.register.house(code)) is not None
        }

    def one(self, dice: Dice) -> str:
        """Return the code of a gemeente that exists, a large city more often."""
        return dice.weighted(self.current, self._weights)
