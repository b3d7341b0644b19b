"""Synthetic people. Nobody here exists: the surnames say so, and the numbers are test numbers."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from hub.simulation.chance import Dice
from schemas.identifiers import is_bsn

_FIRST_NAMES: Final = (
    *("Amira", "Bram", "Daan", "Dilara", "Elin", "Fatou", "Finn", "Hanna", "Idris", "Ilse"),
    *("Jamal", "Jesse", "Karim", "Lina", "Lotte", "Malik", "Mira", "Nadia", "Noor", "Omar"),
    *("Pim", "Quinten", "Roos", "Sanne", "Sem", "Tarik", "Tess", "Umar", "Vera", "Yara"),
)
_ROOTS: Final = ("Denkbeeld", "Fictie", "Model", "Oefen", "Proef", "Schets", "Test", "Voorbeeld")
_ENDINGS: Final = ("burg", "huis", "ink", "laar", "man", "persoon", "sma", "stra", "veld", "wijk")

_TEST_BSNS: Final = tuple(
    text for text in (str(number) for number in range(999_990_000, 999_999_999)) if is_bsn(text)
)


@dataclass(frozen=True, slots=True)
class Person:
    """A person who does not exist."""

    name: str
    bsn: str
    born: date
    gender: str  #: ISO 5218


def a_person(dice: Dice, day: date, *, minor: bool = False) -> Person:
    """Return somebody of 13 to 16 years old on `day`, or of 19 to 58.

    The surname is made of parts that no family has; the BSN is from 999990000-999999999 and passes
    the eleven-test.
    """
    years = dice.between(13, 16.9) if minor else dice.between(19, 58)
    return Person(
        name=f"{dice.one_of(_FIRST_NAMES)} {dice.one_of(_ROOTS)}{dice.one_of(_ENDINGS)}",
        bsn=dice.one_of(_TEST_BSNS),
        born=day - timedelta(days=int(years * 365.25)),
        gender=dice.one_of(("1", "1", "1", "2")),
    )
