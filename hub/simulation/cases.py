"""What is known of one case while its thread runs: one synthetic person, one place, one story."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from hub.simulation.chance import Dice
from hub.simulation.people import Person, a_person
from hub.simulation.places import Places
from schemas.vocabulary import GemeenteBasis, Phase

_DETAINED: Final = ("veroordeelde", "verdachte")
_AT_LARGE: Final = ("persoon-met-zorgsignalen", "derde")


@dataclass(frozen=True, slots=True)
class Case:
    """The subject of a thread."""

    thread: str  #: `correlationid` of all its events
    reference: str  #: `zaakRef`
    person: Person
    minor: bool
    gemeente: str  #: CBS code
    elsewhere: str  #: CBS code of another gemeente: who saw it, or where the person moves to
    house: str | None  #: the Zorg- en Veiligheidshuis of the gemeente
    phase: Phase
    basis: GemeenteBasis
    residence: str  #: statussoort
    urgency: str
    category: str  #: categorieBetrokkene
    competence: str  #: for an ambtsbericht
    meeting: str  #: `overlegRef`
    supervision: str  #: toezicht

    def pseudonym(self, party: str) -> str:
        """Return the name that `party` has for the person: another at every organisation."""
        return f"btr-{Dice(self.thread, party).hex(12)}"

    def report(self, party: str) -> str:
        """Return the key that `party` has for this case; the same in all it sends about it."""
        return f"{party.upper()}-{Dice(self.thread, party, 'melding').hex(8)}"


def a_case(dice: Dice, places: Places, day: date, phase: Phase, *, minor: bool = False) -> Case:
    """Return a new case that begins on `day`."""
    gemeente = places.one(dice)
    in_detention = phase is Phase.DETENTION
    return Case(
        thread=f"zaak-{dice.hex(12)}",
        reference=f"PGA-{gemeente}-{dice.hex(6)}",
        person=a_person(dice, day, minor=minor),
        minor=minor,
        gemeente=gemeente,
        elsewhere=next(code for code in iter(lambda: places.one(dice), "") if code != gemeente),
        house=places.houses.get(gemeente),
        phase=phase,
        basis=GemeenteBasis.RETURN
        if in_detention
        else dice.weighted(list(GemeenteBasis)[:2], (0.85, 0.15)),
        residence=dice.one_of(("asielzoeker", "statushouder")),
        urgency=dice.weighted(("normaal", "hoog", "spoed"), (0.75, 0.2, 0.05)),
        category=dice.weighted(_DETAINED if in_detention else _AT_LARGE, (0.9, 0.1)),
        competence=dice.one_of(("openbare-orde", "strafvordering", "politietaak")),
        meeting=f"CO-{gemeente}-{dice.hex(5)}",
        supervision=dice.one_of(("huidig", "eerder")),
    )
