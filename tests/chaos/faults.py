"""Every fault, by its name. It is over when its function returns: then the hub may recover."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

Strike = Callable[[Any, random.Random, float], None]
"""The world, chance, and for how many seconds a fault that lasts goes on."""


@dataclass(frozen=True)
class Fault:
    """One way in which things go wrong."""

    name: str
    what: str  #: what is done, for the report
    strike: Strike

    @property
    def embedded(self) -> bool:
        """Whether it is one of a hub with the broker inside."""
        return self.name.startswith("hub-")


FAULTS: Final[dict[str, Fault]] = {}
"""In the order in which they are struck when none is named."""


def fault(name: str, what: str) -> Callable[[Strike], Strike]:
    """Enter a function in the list."""

    def enter(strike: Strike) -> Strike:
        FAULTS[name] = Fault(name, what, strike)
        return strike

    return enter


def every() -> dict[str, Fault]:
    """Return all faults; those that are made with the modules beside this one are loaded first."""
    from tests.chaos import embedded, faults_broker, faults_data, faults_input, faults_processes

    del embedded, faults_broker, faults_data, faults_input, faults_processes
    return FAULTS
