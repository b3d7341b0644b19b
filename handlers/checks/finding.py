"""One mistake in the role config, by its path in the model."""

from collections.abc import Iterable
from dataclasses import dataclass

from schemas.problems import nearest

Path = tuple[str | int, ...]
"""Attributes and positions from RoleConfig on: `("partners", 3, "rules", 0, "message")`."""

_FEW = 12


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, where, and what would be right. The words of the files stand in backquotes."""

    path: Path
    rule: str
    way_out: str


def hint(word: str, known: Iterable[str]) -> str:
    """Return the nearest right word as a way out; with nothing near, what there is to choose from.

    >>> hint("signalen.signaal-gemelt", ["signalen.signaal-gemeld"])
    'perhaps `signalen.signaal-gemeld`'
    >>> hint("x", ["om", "ind"])
    'known: ind, om'
    """
    words = sorted(set(known))
    near = nearest(word, words)
    if near is not None:
        return f"perhaps `{near}`"
    if not words:
        return "there are none yet: add one, or leave this out"
    shown = ", ".join(words[:_FEW])
    return f"known: {shown}" + (f" and {len(words) - _FEW} more" if len(words) > _FEW else "")
