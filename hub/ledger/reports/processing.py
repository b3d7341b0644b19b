"""The register of processing activities (AVG art. 30), made from the role config. Pure.

One activity for each purpose of the config, and one for what the hub does for everybody. It says
what the config says, so the digest of the config is the version of the register; what the config
does not know (the controller's address, its privacy officer) each partner adds in its own register.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from hub.ledger.projections.ldv import GENERAL_ACTIVITY
from schemas.catalogue import CATALOGUE
from schemas.roles import PassingOn, RoleConfig, Rule
from schemas.vocabulary import Sensitivity, SubjectCategory

GENERAL_PURPOSE: Final = (
    "Berichten van de aangesloten organisaties ontvangen, volgens de rolconfiguratie beoordelen, "
    "geminimaliseerd doorgeven, en van elke stap verantwoording afleggen."
)

SUBJECTS: Final = (
    "personen over wie een signaal, melding of casus gaat",
    *(category.value for category in SubjectCategory),
)
"""Who it may be about: the message says which (`categorieBetrokkene`, Wpg art. 6b)."""

MEASURES: Final = (
    "minimalisatie: elke ontvanger krijgt alleen de velden die zijn regel noemt",
    "versleuteling: elke kopie met een eigen sleutel, de sleutels buiten de berichtenmakelaar",
    "toegang: per organisatie een eigen toegang; inzien loopt via het seinhuis en wordt vastgelegd",
    "logging: elke stap in een logboek waarin geen wijziging onopgemerkt blijft",
    "pseudonimisering: in het logboek staat een persoon alleen als gesleuteld pseudoniem",
    "vernietiging: inhoud na de termijn gewist door de sleutel te wissen, en dat vastgelegd",
)
"""Security measures (AVG art. 30 lid 1 onder g, art. 32): what the hub does for every activity."""


@dataclass(frozen=True, slots=True)
class Provision:
    """One sentence of the config: who provides which message to whom, with which fields."""

    rule: str
    sender: str
    message: str
    title: str  #: of the message type, Dutch
    role: str  #: to whom: `gemeente`, `groep:lro`, `partij:om`
    fields: tuple[str, ...]  #: wire names and groups of them, as the config says it
    legal_basis: str
    retention_days: int
    from_day: date | None
    to_day: date | None
    switched_off: bool
    passed_on: bool = False  #: doorzenden: the sender is who received it first


@dataclass(frozen=True, slots=True)
class Activity:
    """One processing activity. Lists are sorted, without doubles."""

    id: str
    purpose: str
    legal_bases: tuple[tuple[str, str, str], ...]  #: id, title, how certain it is
    senders: tuple[str, ...]
    recipients: tuple[str, ...]  #: roles
    subjects: tuple[str, ...]
    fields: tuple[str, ...]
    retention_days: tuple[int, int]  #: least and most, over its rules
    about_persons: bool  #: False: no message of it has a field for a person
    special: bool  #: some message of it may hold police, justice, health or intelligence data
    provisions: tuple[Provision, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Register:
    """The register as one version of the role config says it."""

    digest: str
    activities: tuple[Activity, ...]
    senders: dict[str, str]  #: partner, unit or group -> how people call it
    roles: dict[str, str]  #: role of a recipient -> how people call it
    field_groups: dict[str, tuple[str, ...]]  #: `KERN` -> the wire names in it


def register_of(config: RoleConfig) -> Register:
    """Return the register that follows from `config`; the same config gives the same register."""
    by_purpose: dict[str, list[Provision]] = {purpose.id: [] for purpose in config.purposes}
    for purpose, provision in _provisions(config):
        by_purpose.setdefault(purpose, []).append(provision)
    texts = {purpose.id: purpose.text for purpose in config.purposes}
    used = [(name, provisions) for name, provisions in by_purpose.items() if provisions]
    general = [each for _, provisions in used for each in provisions]
    activities = [
        _activity(GENERAL_ACTIVITY, GENERAL_PURPOSE, general, config),
        *(_activity(name, texts.get(name, name), each, config) for name, each in sorted(used)),
    ]
    senders = dict(_senders(config))
    return Register(
        config.digest,
        tuple(activities),
        senders,
        _roles(senders, config),
        dict(config.settings.field_groups),
    )


def _provisions(config: RoleConfig) -> Iterator[tuple[str, Provision]]:
    """Yield every provision with its purpose."""
    for partner in config.partners:
        for rule in partner.rules:
            sender = rule.unit or partner.id
            for recipient in rule.recipients:
                days = rule.retention_days or config.settings.retention_days
                made = _made(rule, sender, rule.message, recipient.to, recipient.fields, days)
                yield rule.purpose, made
        for passing in partner.passing_on:
            for message in passing.messages:
                for role in passing.to:
                    days = config.settings.retention_days
                    made = _made(passing, partner.id, message, role, passing.fields, days)
                    yield passing.purpose, made


def _made(
    rule: Rule | PassingOn,
    sender: str,
    message: str,
    role: str,
    fields: Iterable[str],
    retention_days: int,
) -> Provision:
    known = CATALOGUE.get(message)
    return Provision(
        rule=rule.id,
        sender=sender,
        message=message,
        title=known.title if known else message,
        role=role,
        fields=tuple(fields),
        legal_basis=rule.legal_basis,
        retention_days=retention_days,
        from_day=rule.from_day,
        to_day=rule.to_day,
        switched_off=rule.switched_off if isinstance(rule, Rule) else False,
        passed_on=isinstance(rule, PassingOn),
    )


def _activity(
    name: str, purpose: str, provisions: Iterable[Provision], config: RoleConfig
) -> Activity:
    listed = tuple(sorted(provisions, key=lambda p: (p.rule, p.message, p.role)))
    bases = {basis.id: basis for basis in config.legal_bases}
    used = sorted({each.legal_basis for each in listed})
    days = [each.retention_days for each in listed] or [config.settings.retention_days]
    levels = {_sensitivity(each.message) for each in listed}
    about_persons = bool(levels - {Sensitivity.NO_PERSON})
    return Activity(
        id=name,
        purpose=purpose,
        legal_bases=tuple(
            (basis, bases[basis].title, bases[basis].certainty) for basis in used if basis in bases
        ),
        senders=tuple(sorted({each.sender for each in listed})),
        recipients=tuple(sorted({each.role for each in listed})),
        subjects=SUBJECTS if about_persons else (),
        fields=tuple(sorted({name for each in listed for name in each.fields})),
        retention_days=(min(days), max(days)),
        about_persons=about_persons,
        special=Sensitivity.SPECIAL in levels,
        provisions=() if name == GENERAL_ACTIVITY else listed,
    )


def _sensitivity(message: str) -> Sensitivity:
    """Return how much of a person the type may carry; of a type that is no more, the most."""
    known = CATALOGUE.get(message)
    return known.sensitivity if known else Sensitivity.SPECIAL


def _senders(config: RoleConfig) -> Iterator[tuple[str, str]]:
    for partner in config.partners:
        yield partner.id, partner.name
        for unit in partner.units:
            yield unit.id, unit.name
    for group in config.groups:
        yield group.id, group.name


def _roles(senders: dict[str, str], config: RoleConfig) -> dict[str, str]:
    groups = {f"groep:{group.id}": group.name for group in config.groups}
    parties = {f"partij:{name}": called for name, called in senders.items()}
    return {
        **parties,
        **groups,
        "gemeente": "de gemeente van de casus",
        "zvh": "het Zorg- en Veiligheidshuis van die gemeente",
        "aanvrager": "wie erom vroeg",
        "keuze": "wie de verzender kiest, binnen de regel",
    }
