"""One reason for a refusal, in three parts: the place, the rule, the way out.

A problem never repeats a value that somebody sent: values may be personal data.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in one place, and what would be right."""

    place: str  #: `data.urgentie`, or `partners_config/ind.yaml:41`
    rule: str  #: the rule that is broken, as a sentence
    way_out: str  #: what the reader can do about it

    def __str__(self) -> str:
        """One line: place, rule, way out."""
        return (
            f"{self.place}: {self.rule} ({self.way_out})"
            if self.way_out
            else (f"{self.place}: {self.rule}")
        )


class InvalidEvent(Exception):  # noqa: N818  (it names what was found, not how it failed)
    """The bytes are not an event of the catalogue. Retrying will not help; mending will."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(f"{len(self.problems)} problems: " + "; ".join(map(str, self.problems)))


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that looks most like `word`, or None when nothing does.

    >>> nearest("signaal-gemelt", ["signaal-gemeld", "casus-aangemeld"])
    'signaal-gemeld'
    """
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def is_typing_mistake(word: str, known: Iterable[str]) -> bool:
    """Tell whether `word` is a known word, or one with a letter or two wrong.

    Such a word of somebody else may be shown; any other may be personal data, and a hint says
    enough.

    >>> [is_typing_mistake(w, ["omschrijving"]) for w in ("omschrijvin", "omschrijvingSami")]
    [True, False]
    """
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.8)
    if not found:
        return False
    both = len(word) + len(found[0])
    same = difflib.SequenceMatcher(None, found[0], word).ratio() * both / 2
    return max(len(word), len(found[0])) - same <= 2
