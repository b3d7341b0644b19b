"""The dice of the simulation: everything that is left to chance comes from a seed."""

import uuid
from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """Chance that repeats itself: the same words give the same throws, on every machine."""

    def __init__(self, *words: object) -> None:
        # A string is hashed by SHA-512, not by Python's own hash, which differs for each process.
        self._random = Random("/".join(map(str, words)))  # noqa: S311 - to repeat, not to hide

    def maybe(self, share: float) -> bool:
        """Say yes in `share` of the throws; 0 is never, 1 is always."""
        return self._random.random() < share

    def one_of(self, options: Sequence[T]) -> T:
        """Return one of `options`, each as likely."""
        return options[self._random.randrange(len(options))]

    def weighted(self, options: Sequence[T], weights: Sequence[float]) -> T:
        """Return one of `options`, as likely as its weight."""
        return self._random.choices(options, weights)[0]

    def some(self, options: Sequence[T], most: int) -> list[T]:
        """Return 1 to `most` different options, in their own order; none of none."""
        if not options:
            return []
        count = self._random.randint(1, min(most, len(options)))
        chosen = set(self._random.sample(range(len(options)), count))
        return [option for index, option in enumerate(options) if index in chosen]

    def between(self, low: float, high: float) -> float:
        """Return a number from `low` to `high`."""
        return self._random.uniform(low, high)

    def number(self, low: int, high: int) -> int:
        """Return a whole number from `low` up to and including `high`."""
        return self._random.randint(low, high)

    def waiting(self, mean: float) -> float:
        """Return how long until the next of events that come at random, `mean` apart."""
        return self._random.expovariate(1.0 / mean)

    def hex(self, digits: int) -> str:
        """Return `digits` hexadecimal digits."""
        return f"{self._random.getrandbits(4 * digits):0{digits}x}"

    def id(self) -> str:
        """Return a UUID of version 4."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def shuffled(self, options: Sequence[T]) -> list[T]:
        """Return all `options` in another order."""
        mixed = list(options)
        self._random.shuffle(mixed)
        return mixed
