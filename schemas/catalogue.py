"""Every message type, in one table; and the one union that reads them.

A row: the type without its prefix, its model, what it asks, how much of a person it may carry, the
phases in which it makes sense, its name in Samen onder Handbereik (SoH), and its Dutch title.
"""

from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import Field, TypeAdapter, create_model

from schemas.case import CasePart, CommonPart
from schemas.envelope import BareEnvelope, ClosedEnvelope, Envelope
from schemas.messages import (
    adviezen,
    ambtsberichten,
    berichten,
    casusoverleggen,
    casussen,
    detenties,
    duidingen,
    huishouding,
    informatie,
    interventies,
    maatregelen,
    mar_overleggen,
    nazorgen,
    plannen,
    preventies,
    publicaties,
    signalen,
    straftrajecten,
    strafzaken,
    terugkeerplannen,
    toezichten,
    wegingen,
)
from schemas.vocabulary import Kind, Phase, Sensitivity

DEFAULT_PREFIX: Final = "nl.lokale-aanpak"
"""Reverse DNS, owned by the domain; never `nl.overheid`, which is not ours to give out."""


@dataclass(frozen=True, slots=True)
class MessageType:
    """One row of the catalogue."""

    name: str  #: without prefix: `signalen.signaal-gemeld`
    model: Any  #: a payload model, or a union of them told apart by `soort`
    kind: Kind
    sensitivity: Sensitivity  #: of its most sensitive variant
    phases: frozenset[Phase]
    soh: str | None  #: type or samenwerkfunctie in SoH; None: it has none
    title: str  #: Dutch

    @property
    def family(self) -> str:
        """The part before the dot: `signalen`."""
        return self.name.partition(".")[0]

    @property
    def is_hub(self) -> bool:
        """Whether it is about a message or the hub, instead of about a case."""
        return self.family in HUB_FAMILIES

    @property
    def variants(self) -> tuple[type[Any], ...]:
        """The models that `data` may be: one, or one for each group of `soort`."""
        members = get_args(self.model)
        return (self.model,) if not members else (get_args(members[0]) or (members[0],))


HUB_FAMILIES: Final = frozenset({
    "berichten", "gegevens", "routeringen", "toegangen", "configuraties", "logboeken",
})  # fmt: skip

WITHOUT_CONTENT: Final = frozenset({"ambtsberichten"})
"""Families that only announce: no content, in the data or in the envelope."""

_E, _V, _A = Kind.EVENT, Kind.REQUEST, Kind.ANSWER
_L0, _L1 = Sensitivity.NO_PERSON, Sensitivity.REFERENCE
_L2, _L3 = Sensitivity.PERSONAL, Sensitivity.SPECIAL
_ALL = frozenset(Phase)
_PREV = frozenset({Phase.PREVENTION})
_PGA = frozenset({Phase.PGA})
_DET = frozenset({Phase.DETENTION})
_CASE = _PGA | _DET

_MELDING = "uitwisselen-melding.melding-geregistreerd"
_UITKOMST = "uitwisselen-uitkomst-overleg.uitkomst-beschikbaar-gesteld"
_TRIAGE, _ANALYSE = "Triage & Taxatie", "Analyse & Advies"
_OVERLEG, _PLAN = "Overleggen over de Casus", "Opstellen & Regisseren Plan"
_ACTIE, _AFSLUITEN = "Uitvoeren Actie", "Nazorg en Afsluiten Casus"
_VERRIJKING = "Bepalen Bekendheid & Verrijking"

# fmt: off
_ROWS: Final = (
    ("signalen.signaal-gemeld", signalen.SignalReported, _E, _L3, _ALL, _MELDING, "Signaal gemeld"),
    ("signalen.veiligheidsmelding-gedaan", signalen.SafetyReport, _E, _L3, _PGA, _MELDING, "Veiligheidsmelding gedaan"),
    ("signalen.detentiesignaal-gemeld", signalen.DetentionSignal, _E, _L3, _DET, _MELDING, "Detentiesignaal gemeld"),
    ("signalen.krijgsmachtsignaal-gemeld", signalen.ArmedForcesSignal, _E, _L3, _PGA, _MELDING, "Krijgsmachtsignaal gemeld"),
    ("ambtsberichten.ambtsbericht-uitgebracht", ambtsberichten.OfficialReportIssued, _E, _L3, _PGA, None, "Ambtsbericht uitgebracht"),
    ("ambtsberichten.schriftelijke-bevestiging-verstrekt", ambtsberichten.WrittenConfirmation, _E, _L3, _PGA, None, "Schriftelijke bevestiging verstrekt"),
    ("ambtsberichten.ambtsbericht-in-behandeling", ambtsberichten.OfficialReportInHand, _A, _L3, _PGA, None, "Ambtsbericht in behandeling"),
    ("duidingen.signaal-ingebracht", duidingen.SignalContributed, _E, _L3, _ALL, _TRIAGE, "Signaal ingebracht"),
    ("duidingen.duiding-gevraagd", duidingen.InterpretationRequested, _V, _L2, _ALL, _ANALYSE, "Duiding gevraagd"),
    ("duidingen.duiding-vastgesteld", duidingen.InterpretationSettled, _A, _L2, _ALL, _ANALYSE, "Duiding vastgesteld"),
    ("duidingen.opvolging-toegewezen", duidingen.FollowUpAssigned, _E, _L3, _ALL, _TRIAGE, "Opvolging toegewezen"),
    ("wegingen.weging-gestart", wegingen.WeighingStarted, _V, _L3, _PGA, _TRIAGE, "Weging gestart"),
    ("wegingen.inbreng-geleverd", wegingen.ContributionMade, _A, _L3, _PGA, _TRIAGE, "Inbreng geleverd"),
    ("wegingen.uitkomst-vastgesteld", wegingen.OutcomeSettled, _E, _L2, _PGA, _TRIAGE, "Uitkomst van de weging vastgesteld"),
    ("casussen.casus-aangemeld", casussen.CaseRegistered, _V, _L2, _CASE, _MELDING, "Casus aangemeld"),
    ("casussen.regie-toegewezen", casussen.LeadAssigned, _E, _L1, _CASE, _OVERLEG, "Regie toegewezen"),
    ("casussen.casus-opgeschaald", casussen.CaseScaled, _E, _L2, _PGA, _OVERLEG, "Casus opgeschaald"),
    ("casussen.casus-afgeschaald", casussen.CaseScaled, _E, _L2, _PGA, _OVERLEG, "Casus afgeschaald"),
    ("casussen.casus-overgedragen", casussen.CaseHandedOver, _E, _L2, _CASE, _AFSLUITEN, "Casus overgedragen"),
    ("casussen.casus-afgesloten", casussen.CaseClosed, _E, _L1, _CASE, _AFSLUITEN, "Casus afgesloten"),
    ("casusoverleggen.casusoverleg-gepland", casusoverleggen.MeetingPlanned, _E, _L1, _CASE, _OVERLEG, "Casusoverleg gepland"),
    ("casusoverleggen.deelname-verzocht", casusoverleggen.Participation, _V, _L1, _CASE, _OVERLEG, "Deelname verzocht"),
    ("casusoverleggen.deelname-bevestigd", casusoverleggen.Participation, _A, _L1, _CASE, _OVERLEG, "Deelname bevestigd"),
    ("casusoverleggen.deelname-geweigerd", casusoverleggen.Participation, _A, _L1, _CASE, _OVERLEG, "Deelname geweigerd"),
    ("casusoverleggen.uitkomst-beschikbaar-gesteld", casusoverleggen.OutcomeAvailable, _E, _L2, _CASE, _UITKOMST, "Uitkomst beschikbaar gesteld"),
    ("mar-overleggen.mar-overleg-gepland", mar_overleggen.MarPlanned, _E, _L1, _DET, _OVERLEG, "MAR-overleg gepland"),
    ("mar-overleggen.mar-uitkomst-vastgesteld", mar_overleggen.MarOutcome, _E, _L2, _DET, _UITKOMST, "MAR-uitkomst vastgesteld"),
    ("plannen.doel-vastgesteld", plannen.GoalSet, _E, _L2, _CASE, _PLAN, "Doel vastgesteld"),
    ("plannen.plan-van-aanpak-vastgesteld", plannen.Plan, _E, _L2, _CASE, _PLAN, "Plan van aanpak vastgesteld"),
    ("plannen.plan-gewijzigd", plannen.Plan, _E, _L2, _CASE, _PLAN, "Plan gewijzigd"),
    ("plannen.voortgang-gemeld", plannen.Progress, _E, _L2, _CASE, _PLAN, "Voortgang gemeld"),
    ("interventies.interventie-aangevraagd", interventies.Intervention, _V, _L2, _ALL, _ACTIE, "Interventie aangevraagd"),
    ("interventies.interventie-gestart", interventies.Intervention, _E, _L2, _ALL, _ACTIE, "Interventie gestart"),
    ("interventies.interventie-afgerond", interventies.Intervention, _E, _L2, _ALL, _ACTIE, "Interventie afgerond"),
    ("interventies.stopgesprek-gehouden", interventies.WarningTalk, _E, _L3, _PGA, _ACTIE, "Stopgesprek gehouden"),
    ("interventies.resocialisatie-gestart", interventies.Resocialisation, _E, _L2, _DET, _ACTIE, "Resocialisatie gestart"),
    ("interventies.resocialisatie-afgerond", interventies.Resocialisation, _E, _L2, _DET, _ACTIE, "Resocialisatie afgerond"),
    ("interventies.risicobeheersing-gestart", interventies.RiskControl, _E, _L3, _DET, _ACTIE, "Risicobeheersing gestart"),
    ("interventies.risicobeheersing-gewijzigd", interventies.RiskControl, _E, _L3, _DET, _ACTIE, "Risicobeheersing gewijzigd"),
    ("interventies.risicobeheersing-beeindigd", interventies.RiskControl, _E, _L3, _DET, _ACTIE, "Risicobeheersing beëindigd"),
    ("adviezen.advies-gevraagd", adviezen.AdviceRequested, _V, _L3, _ALL, _ANALYSE, "Advies gevraagd"),
    ("adviezen.advies-uitgebracht", adviezen.AdviceGiven, _A, _L3, _ALL, _ANALYSE, "Advies uitgebracht"),
    ("informatie.informatie-gevraagd", informatie.InformationRequested, _V, _L3, _CASE, _VERRIJKING, "Informatie gevraagd"),
    ("informatie.informatie-verstrekt", informatie.InformationProvided, _A, _L3, _CASE, _VERRIJKING, "Informatie verstrekt"),
    ("strafzaken.strafbaar-feit-gemeld", strafzaken.OffenceReported, _E, _L3, _CASE, None, "Strafbaar feit gemeld"),
    ("strafzaken.onderzoek-gestart", strafzaken.Investigation, _E, _L3, _CASE, None, "Strafrechtelijk onderzoek gestart"),
    ("strafzaken.onderzoek-beeindigd", strafzaken.Investigation, _E, _L3, _CASE, None, "Strafrechtelijk onderzoek beëindigd"),
    ("strafzaken.beoordeling-gevraagd", strafzaken.AssessmentRequested, _V, _L3, _CASE, None, "Strafrechtelijke beoordeling gevraagd"),
    ("strafzaken.beoordeling-gegeven", strafzaken.AssessmentGiven, _A, _L3, _CASE, None, "Strafrechtelijke beoordeling gegeven"),
    ("maatregelen.verplichte-zorg-verzocht", maatregelen.MandatoryCareRequested, _E, _L3, _CASE, None, "Verplichte zorg verzocht"),
    ("maatregelen.verplichte-zorg-besloten", maatregelen.MandatoryCareDecided, _E, _L3, _CASE, None, "Over verplichte zorg besloten"),
    ("detenties.uitstroom-aangekondigd", detenties.ReleaseAnnounced, _E, _L3, _DET, _AFSLUITEN, "Uitstroom aangekondigd"),
    ("detenties.detentie-informatie-uitgewisseld", detenties.DetentionInformation, _E, _L3, _DET, None, "Detentie-informatie uitgewisseld"),
    ("terugkeerplannen.vooronderzoek-afgerond", terugkeerplannen.PreliminaryStudy, _E, _L3, _DET, _ANALYSE, "Vooronderzoek afgerond"),
    ("terugkeerplannen.bijdrage-geleverd", terugkeerplannen.PlanContribution, _E, _L3, _DET, _PLAN, "Bijdrage aan terugkeerplan geleverd"),
    ("straftrajecten.afstemming-gevraagd", straftrajecten.Alignment, _V, _L3, _DET, _OVERLEG, "Afstemming gevraagd"),
    ("straftrajecten.afstemming-vastgesteld", straftrajecten.Alignment, _A, _L3, _DET, _OVERLEG, "Afstemming vastgesteld"),
    ("toezichten.toezicht-gestart", toezichten.Supervision, _E, _L3, _DET, _ACTIE, "Toezicht gestart"),
    ("toezichten.voorwaarde-overtreden", toezichten.ConditionBroken, _E, _L3, _DET, _ACTIE, "Voorwaarde overtreden"),
    ("toezichten.toezicht-beeindigd", toezichten.Supervision, _E, _L3, _DET, _AFSLUITEN, "Toezicht beëindigd"),
    ("nazorgen.nazorg-gestart", nazorgen.Aftercare, _E, _L2, _DET, _AFSLUITEN, "Nazorg gestart"),
    ("nazorgen.nazorg-afgesloten", nazorgen.Aftercare, _E, _L2, _DET, _AFSLUITEN, "Nazorg afgesloten"),
    ("preventies.initiatief-gestart", preventies.InitiativeStarted, _E, _L0, _PREV, None, "Preventief initiatief gestart"),
    ("publicaties.publicatie-beschikbaar", publicaties.PublicationAvailable, _E, _L0, _PREV, None, "Publicatie beschikbaar"),
    ("publicaties.training-beschikbaar", publicaties.TrainingAvailable, _E, _L0, _PREV, None, "Training beschikbaar"),
    ("berichten.ontvangst-bevestigd", berichten.Acknowledged, _A, _L1, _ALL, None, "Ontvangst bevestigd"),
    ("berichten.ingezien", berichten.Opened, _A, _L1, _ALL, "uitwisselen-melding.melding-ingezien", "Ingezien"),
    ("berichten.opgepakt", berichten.TakenUp, _A, _L1, _ALL, "uitwisselen-melding.melding-opgepakt", "Opgepakt"),
    ("berichten.terugkoppeling-gegeven", berichten.FeedbackGiven, _A, _L2, _ALL, "Terugmelding", "Terugkoppeling gegeven"),
    ("berichten.doorgezonden", berichten.PassedOn, _A, _L1, _ALL, None, "Doorgezonden"),
    ("berichten.geweigerd", berichten.Refused, _A, _L1, _ALL, None, "Geweigerd"),
    ("berichten.niet-bestelbaar", berichten.Undeliverable, _E, _L1, _ALL, None, "Niet bestelbaar"),
    ("berichten.gerectificeerd", berichten.Corrected, _E, _L1, _ALL, None, "Gerectificeerd"),
    ("berichten.ingetrokken", berichten.Withdrawn, _E, _L1, _ALL, None, "Ingetrokken"),
    ("gegevens.bewaartermijn-verstreken", huishouding.RetentionPassed, _E, _L1, _ALL, None, "Bewaartermijn verstreken"),
    ("gegevens.vernietigd", huishouding.ContentErased, _E, _L1, _ALL, None, "Gegevens vernietigd"),
    ("routeringen.routering-besloten", huishouding.RoutingDecided, _E, _L1, _ALL, None, "Routering besloten"),
    ("toegangen.geweigerd", huishouding.AccessDenied, _E, _L1, _ALL, None, "Toegang geweigerd"),
    ("configuraties.rollen-gewijzigd", huishouding.RolesChanged, _E, _L0, _ALL, None, "Rollen gewijzigd"),
    ("logboeken.zegel-geplaatst", huishouding.SealPlaced, _E, _L0, _ALL, None, "Zegel geplaatst"),
)
# fmt: on

CATALOGUE: Final = {row[0]: MessageType(*row) for row in _ROWS}
"""Type without prefix -> its row, in the order of the families of the domain."""

ACTS: Final = frozenset({
    "berichten.ontvangst-bevestigd", "berichten.ingezien", "berichten.opgepakt",
    "berichten.terugkoppeling-gegeven", "berichten.doorgezonden", "berichten.geweigerd",
})  # fmt: skip
"""What a recipient may publish about a copy it received."""

CORRECTIONS: Final = frozenset({"berichten.gerectificeerd", "berichten.ingetrokken"})
"""What a sender may publish about its own event; reaches everyone who received that."""


@cache
def event_models(prefix: str = DEFAULT_PREFIX) -> dict[str, type[Envelope]]:
    """Return the event model (envelope with typed `data`) of every type, by full type name."""
    return {
        f"{prefix}.{row.name}": _event_model(f"{prefix}.{row.name}", row)
        for row in CATALOGUE.values()
    }


@cache
def event_adapter(prefix: str = DEFAULT_PREFIX) -> TypeAdapter[Envelope]:
    """Return the reader of all types: one union, told apart by `type`, one pass from bytes."""
    models: Any = tuple(event_models(prefix).values())
    union: Any = models[0]
    for model in models[1:]:
        union |= model
    return TypeAdapter(Annotated[union, Field(discriminator="type")])


@cache
def row_of(full_type: str) -> MessageType:
    """Return the row of a full type name, whatever its prefix; KeyError when there is none.

    >>> row_of("nl.lokale-aanpak.signalen.signaal-gemeld").title
    'Signaal gemeld'
    """
    return CATALOGUE[".".join(full_type.rsplit(".", 2)[-2:])]


def variant_sensitivity(row: MessageType, variant: type[Any]) -> Sensitivity:
    """Return how much of a person this one of `row.variants` may carry; at most `row.sensitivity`.

    A family such as adviezen has variants without any person beside variants about one.

    >>> row = CATALOGUE["adviezen.advies-gevraagd"]
    >>> [variant_sensitivity(row, variant).value for variant in row.variants]
    ['L0', 'L3']
    """
    is_common = issubclass(variant, CommonPart) and not issubclass(variant, CasePart)
    return Sensitivity.NO_PERSON if is_common else row.sensitivity


def envelope_of(row: MessageType) -> type[Envelope]:
    """Return the envelope of a type: how much may stand beside its data.

    A type with variants about a person and without (adviezen) has the open one: `soort` stands in
    the data.

    >>> envelope_of(CATALOGUE["publicaties.training-beschikbaar"]).__name__
    'ClosedEnvelope'
    """
    if row.family in WITHOUT_CONTENT:
        return BareEnvelope
    return ClosedEnvelope if row.sensitivity is Sensitivity.NO_PERSON else Envelope


def _event_model(full_type: str, row: MessageType) -> type[Envelope]:
    fields: dict[str, Any] = {"type": (Literal[full_type], ...), "data": (row.model, ...)}
    return create_model(
        _class_name(row.name), __base__=envelope_of(row), __doc__=row.title, **fields
    )


def _class_name(name: str) -> str:
    return "".join(part.capitalize() for part in name.replace(".", "-").split("-"))
