"""The register of processing activities as people read it, in Dutch."""

import textwrap
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from hub.cli import output
from hub.ledger.projections.ldv import GENERAL_ACTIVITY
from hub.ledger.reports.processing import MEASURES, Activity, Provision, Register
from hub.ledger.reports.versions import SHORT, Version

_WIDTH: Final = 80
_LABEL: Final = 16
_CERTAIN: Final = {
    "gelezen": "",
    "secundair": " [niet in de wettekst zelf nagezien]",
    "niet-geverifieerd": " [nog niet geverifieerd]",
}


def lines(register: Register, made_at: datetime, *, whole: bool) -> Iterator[str]:
    """Yield the text, at most 80 columns wide; `whole`: with every rule of each activity."""
    yield "Register van verwerkingsactiviteiten (AVG artikel 30)"
    yield f"Versie {register.digest[:SHORT]} van de rolconfiguratie; {output.moment(made_at)}"
    for activity in register.activities:
        yield ""
        yield activity.id
        yield from _activity(activity, register)
        if whole:
            yield from _rules(activity, register)
    used = {name for activity in register.activities for name in activity.fields}
    yield ""
    yield "Veldgroepen"
    for name, fields in register.field_groups.items():
        if name in used:
            yield from _labelled(name, ", ".join(fields))
    yield ""
    yield "Beveiliging, voor alle activiteiten"
    for measure in MEASURES:
        yield from _bullet(measure)
    yield ""
    yield "Doorgifte naar landen buiten de EER: geen."
    if not whole:
        yield "De regels van een activiteit: met --activity en haar naam."


def history(found: Iterable[Version]) -> Iterator[str]:
    """Yield which versions were in force, since when, and what each changed."""
    yield "Versies van het register van verwerkingsactiviteiten"
    none = True
    for one in found:
        none = False
        yield ""
        until = output.moment(one.until) if one.until else "nu"
        missing = "" if one.kept else "  (niet meer in het logboek)"
        yield f"{one.digest[:SHORT]}  {output.moment(one.since)} tot {until}{missing}"
        if one.before is None:
            yield "  de eerste in dit logboek"
        else:
            yield from _difference(one.difference)
    if none:
        yield "Het logboek weet nog van geen enkele rolconfiguratie."


def _activity(activity: Activity, register: Register) -> Iterator[str]:
    yield from _labelled("doel", activity.purpose)
    if activity.id == GENERAL_ACTIVITY:
        yield from _labelled("al het andere", "zoals in de activiteiten hieronder, samen")
        return
    for basis, title, certainty in activity.legal_bases:
        yield from _labelled("grondslag", f"{basis}: {title}{_CERTAIN[certainty]}")
    yield from _labelled("verstrekt door", _called(activity.senders, register.senders))
    yield from _labelled("ontvangers", _called(activity.recipients, register.roles))
    nobody = "geen: er past geen persoon in"
    yield from _labelled("betrokkenen", "; ".join(activity.subjects) or nobody)
    yield from _labelled("gegevens", ", ".join(activity.fields))
    if activity.special:
        yield from _labelled(
            "bijzonder", "kan politie-, justitie-, gezondheids- of inlichtingengegevens bevatten"
        )
    least, most = activity.retention_days
    term = f"{least} dagen" if least == most else f"{least} tot {most} dagen, naar de regel"
    yield from _labelled("bewaartermijn", term)


def _rules(activity: Activity, register: Register) -> Iterator[str]:
    for rule, provisions in groupby(activity.provisions, key=lambda one: one.rule):
        listed = list(provisions)
        first = listed[0]
        yield ""
        off = " (staat uit)" if first.switched_off else ""
        passed = ", doorzenden" if first.passed_on else ""
        yield f"  {rule}{off}: {register.senders.get(first.sender, first.sender)}{passed}"
        for one in listed:
            yield from _provision(one, register.roles)


def _provision(one: Provision, roles: dict[str, str]) -> Iterator[str]:
    role = roles.get(one.role, one.role)
    yield from _labelled("aan", f"{role}: {one.title} ({one.message})")
    yield from _labelled("velden", ", ".join(one.fields))
    days = f"{one.from_day or 'altijd'} tot {one.to_day or 'nader order'}"
    yield from _labelled("geldt", f"{days}; {one.legal_basis}; {one.retention_days} dagen")


def _difference(difference: dict[str, Any] | None) -> Iterator[str]:
    if difference is None:
        yield "  wat er veranderde, is niet vastgelegd"
        return
    words = (
        ("added", "regels erbij"),
        ("removed", "regels eruit"),
        ("changed", "regels gewijzigd"),
        ("registers", "registers"),
    )
    for name, label in words:
        if difference.get(name):
            yield from _labelled(label, ", ".join(difference[name]))
    if difference.get("left_out"):
        yield from _labelled("en nog", str(difference["left_out"]))


def _called(ids: Iterable[str], names: dict[str, str]) -> str:
    return "; ".join(names.get(each, each) for each in ids)


def _bullet(text: str) -> Iterator[str]:
    yield from textwrap.wrap(f"  - {text}", _WIDTH, subsequent_indent="    ")


def _labelled(label: str, text: str) -> Iterator[str]:
    yield from textwrap.wrap(
        f"    {label:<{_LABEL}} {text}",
        _WIDTH,
        subsequent_indent=" " * (_LABEL + 5),
        break_on_hyphens=False,
        break_long_words=False,
    )
