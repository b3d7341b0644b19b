"""The threads of a day: who follows whom in a case, from a signal to a closed plan.

A step names a message and who may say it; which rule holds is looked up in the role config, and a
step for which there is none is skipped. What takes weeks takes hours here: a day must show whole
cases.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from handlers.rulebook import PreparedRule, Rulebook
from hub.simulation.calendar import later
from hub.simulation.cases import Case
from hub.simulation.chance import Dice
from hub.simulation.writing import Draft, Writer
from schemas.vocabulary import Phase


@dataclass(frozen=True, slots=True)
class Step:
    """One message of a thread."""

    senders: tuple[str, ...]  #: partners of which one says it
    message: str
    kind: str = ""  #: soort
    share: float = 1.0  #: how often it happens at all
    minutes: float = 45.0  #: after the step before


@dataclass(frozen=True, slots=True)
class Thread:
    """A story of one case."""

    weight: float
    phase: Phase
    minor: bool
    steps: tuple[Step, ...]


def _s(
    senders: str, message: str, kind: str = "", *, share: float = 1.0, minutes: float = 45.0
) -> Step:
    return Step(tuple(senders.split()), message, kind, share, minutes)


_WEIGHING: Final = (
    _s("politie gemeente om", "wegingen.weging-gestart", share=0.7, minutes=90),
    _s("om", "wegingen.inbreng-geleverd", share=0.6),
    _s("politie gemeente", "wegingen.inbreng-geleverd", share=0.6, minutes=20),
    _s("om gemeente", "wegingen.uitkomst-vastgesteld", share=0.8, minutes=60),
)
_CASE: Final = (
    _s("gemeente", "casussen.casus-aangemeld", minutes=60),
    _s("gemeente", "casussen.regie-toegewezen", share=0.8, minutes=15),
    _s("gemeente zvh", "informatie.informatie-gevraagd", share=0.5),
    _s("politie", "informatie.informatie-verstrekt", "persoonsinformatie", share=0.7),
    _s("kmar", "informatie.informatie-verstrekt", "reisbeweging", share=0.3, minutes=20),
    _s("zvh", "casusoverleggen.casusoverleg-gepland", minutes=30),
    _s("zvh", "casusoverleggen.deelname-verzocht", share=0.4, minutes=10),
    _s("ind kmar lse liv rvdk", "casusoverleggen.deelname-bevestigd", share=0.6),
    _s("lse liv rn nctv", "casusoverleggen.deelname-geweigerd", share=0.15, minutes=10),
    _s("zvh", "casusoverleggen.uitkomst-beschikbaar-gesteld", minutes=120),
    _s("gemeente", "plannen.doel-vastgesteld", share=0.8, minutes=20),
    _s("zvh", "plannen.plan-van-aanpak-vastgesteld", share=0.9, minutes=60),
    _s("gemeente", "interventies.interventie-aangevraagd", "individuele-begeleiding", share=0.5),
    _s("lse", "interventies.interventie-gestart", "individuele-begeleiding", share=0.5),
    _s("politie", "interventies.stopgesprek-gehouden", share=0.3),
    _s("politie", "plannen.voortgang-gemeld", share=0.6),
    _s("zvh", "plannen.plan-gewijzigd", share=0.4, minutes=90),
    _s("gemeente", "casussen.casus-opgeschaald", share=0.15),
    _s("lse", "interventies.interventie-afgerond", "individuele-begeleiding", share=0.4),
    _s("gemeente zvh", "casussen.casus-overgedragen", share=0.08),
    _s("gemeente", "casussen.casus-afgeschaald", share=0.15),
    _s("zvh", "casussen.casus-afgesloten", share=0.4, minutes=90),
)

THREADS: Final = (
    Thread(3, Phase.PREVENTION, minor=False, steps=(
        _s("ind", "signalen.signaal-gemeld"),
        _s("ind kmar politie", "duidingen.signaal-ingebracht", share=0.5),
        _s("ind kmar", "duidingen.duiding-vastgesteld", share=0.6, minutes=90),
        _s("ind", "duidingen.opvolging-toegewezen", share=0.6, minutes=20),
    )),
    Thread(3, Phase.PGA, minor=False, steps=(
        _s("ind", "signalen.signaal-gemeld"),
        _s("gemeente", "adviezen.advies-gevraagd", "vreemdelingenketen", share=0.5),
        _s("liv", "adviezen.advies-uitgebracht", "vreemdelingenketen", share=0.6, minutes=90),
        _s("liv", "signalen.veiligheidsmelding-gedaan", share=0.25, minutes=20),
        *_WEIGHING, *_CASE,
    )),
    Thread(4, Phase.PGA, minor=False, steps=(
        _s("politie rn gemeente", "signalen.signaal-gemeld"),
        _s("gemeente politie zvh", "duidingen.duiding-gevraagd", share=0.4),
        _s("lse", "duidingen.duiding-vastgesteld", share=0.5, minutes=120),
        *_WEIGHING, *_CASE,
    )),
    Thread(1, Phase.PGA, minor=False, steps=(
        _s("liv", "signalen.veiligheidsmelding-gedaan"),
        _s("politie", "strafzaken.beoordeling-gevraagd", share=0.7),
        _s("om", "strafzaken.beoordeling-gegeven", share=0.8, minutes=60),
        _s("om", "strafzaken.onderzoek-gestart", share=0.4),
    )),
    Thread(2, Phase.PGA, minor=True, steps=(
        _s("rvdk", "signalen.signaal-gemeld"),
        _s("gemeente", "adviezen.advies-gevraagd", "jeugd", share=0.6),
        _s("rvdk", "adviezen.advies-uitgebracht", "jeugd", share=0.6, minutes=90),
        _s("rvdk", "adviezen.advies-uitgebracht", "hulpverlening", share=0.4),
        *_CASE[:12],
    )),
    Thread(0.6, Phase.PGA, minor=False, steps=(
        _s("kmar", "signalen.krijgsmachtsignaal-gemeld"), *_WEIGHING,
    )),
    Thread(0.6, Phase.PGA, minor=False, steps=(
        _s("aivd", "ambtsberichten.ambtsbericht-uitgebracht"),
        _s("gemeente om politie", "ambtsberichten.ambtsbericht-in-behandeling", share=0.7),
        _s("aivd", "ambtsberichten.schriftelijke-bevestiging-verstrekt", share=0.4, minutes=180),
    )),
    Thread(0.5, Phase.PGA, minor=False, steps=(
        _s("om", "maatregelen.verplichte-zorg-verzocht"),
        _s("om", "maatregelen.verplichte-zorg-besloten", share=0.8, minutes=300),
    )),
    Thread(3, Phase.DETENTION, minor=False, steps=(
        _s("dji", "signalen.detentiesignaal-gemeld"),
        _s("dji", "mar-overleggen.mar-overleg-gepland", share=0.8),
        _s("dji", "mar-overleggen.mar-uitkomst-vastgesteld", share=0.7, minutes=180),
        _s("dji", "adviezen.advies-gevraagd", "uitstroomvoorwaarden", share=0.6),
        _s("rn", "adviezen.advies-uitgebracht", "uitstroomvoorwaarden", share=0.7, minutes=90),
        _s("dji", "detenties.uitstroom-aangekondigd", share=0.8),
        _s("rn", "toezichten.toezicht-gestart", share=0.6),
        _s("gemeente", "nazorgen.nazorg-gestart", share=0.6),
        _s("gemeente", "interventies.resocialisatie-gestart", share=0.4),
        _s("politie", "interventies.risicobeheersing-gestart", share=0.4),
        _s("rn", "toezichten.voorwaarde-overtreden", share=0.15, minutes=120),
        _s("rn", "toezichten.toezicht-beeindigd", share=0.3, minutes=180),
        _s("gemeente", "nazorgen.nazorg-afgesloten", share=0.4),
    )),
    Thread(2, Phase.PREVENTION, minor=False, steps=(
        _s("gemeente", "adviezen.advies-gevraagd", "maatschappelijke-spanningen"),
        _s("ess", "adviezen.advies-uitgebracht", "maatschappelijke-spanningen", share=0.9),
        _s("gemeente", "preventies.initiatief-gestart", share=0.5, minutes=120),
    )),
    Thread(1, Phase.PREVENTION, minor=False, steps=(
        _s("gemeente", "adviezen.advies-gevraagd", "inrichting-lokale-aanpak"),
        _s("nctv", "adviezen.advies-uitgebracht", "inrichting-lokale-aanpak", share=0.9),
        _s("lse", "publicaties.publicatie-beschikbaar", share=0.5),
    )),
)  # fmt: skip


def run(thread: Thread, writer: Writer, case: Case, dice: Dice, start: datetime) -> Iterator[Draft]:
    """Yield the events of a thread, in order of time, from `start`."""
    moment, cause = start, None
    for step in thread.steps:
        if not dice.maybe(step.share):
            continue
        if cause is not None:
            moment = later(dice, moment, step.minutes, waits=case.urgency != "spoed")
        for prepared in _rules(writer.book, step, case, dice):
            draft = writer.by_rule(prepared, case, dice, moment, cause)
            if draft is not None:
                cause = draft
                yield draft
                break


def _rules(book: Rulebook, step: Step, case: Case, dice: Dice) -> list[PreparedRule]:
    """Return the rules that let one of the senders say it, those of this phase first."""
    fitting = [
        prepared
        for sender in dice.shuffled(step.senders)
        for prepared in book.rules_for(sender, step.message)
        if not prepared.rule.switched_off
        and (not step.kind or not prepared.rule.kinds or step.kind in prepared.rule.kinds)
    ]
    return sorted(fitting, key=lambda prepared: case.phase not in prepared.rule.phases)
