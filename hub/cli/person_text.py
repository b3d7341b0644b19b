"""The report on one person as people read it, in Dutch: for the contact point to answer from."""

import textwrap
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from typing import Final

from hub.cli import output
from hub.cli.report_names import Names
from hub.ledger.reports.finding import Unknown
from hub.ledger.reports.person import PersonReport, Receipt, Unprovided

_WIDTH: Final = 80
_LABEL: Final = 14
_RESULTS: Final = {
    "held": "aangehouden: een mens moet ernaar kijken",
    "withheld": "aan niemand verstrekt",
    "refused": "geweigerd door het seinhuis",
    "discarded": "verwijderd, met een reden",
    "offered": "opnieuw aangeboden",
}
NOTHING: Final = "Het logboek heeft niets over deze persoon."
LINKED: Final = "alleen gevonden via het kenmerk dat de verzender voor deze persoon gebruikt"


def lines(
    report: PersonReport, unknown: Unknown, names: Names, made_at: datetime, found_by: str
) -> Iterator[str]:
    """Yield the text, at most 80 columns wide; without any name or number of the person."""
    yield "Verstrekkingen over één persoon (AVG artikel 15)"
    yield f"Opgemaakt {output.moment(made_at)}; gezocht op {found_by}"
    yield ""
    parties = {one.party for one in report.receipts}
    if not report.receipts and not report.unprovided:
        yield NOTHING
    else:
        messages = len({one.message for one in report.receipts})
        yield (
            f"{_count(len(parties), 'ontvanger', 'ontvangers')},"
            f" {_count(messages, 'bericht', 'berichten')}"
        )
    for party, receipts in groupby(report.receipts, key=lambda one: one.party):
        yield ""
        yield names.party(party)
        for one in receipts:
            yield from _receipt(one, names)
    if report.unprovided:
        yield ""
        yield "Berichten die niemand ontving"
        for other in report.unprovided:
            yield from _unprovided(other, names)
    yield from _readings(report)
    yield from _unknown(unknown)


def _receipt(one: Receipt, names: Names) -> Iterator[str]:
    yield f"  {output.moment(one.at)}  {names.type(one.type)}"
    yield from _labelled("bericht", one.message)
    yield from _labelled("afkomstig van", names.party(one.sender))
    if one.by is not None:
        yield from _labelled("doorgezonden", f"door {names.party(one.by)}")
    yield from _labelled(
        "grondslag", names.legal_basis(one.legal_basis) if one.legal_basis else _not_on_record(one)
    )
    yield from _labelled("doel", names.purpose(one.purpose) if one.purpose else _not_on_record(one))
    yield from _labelled(
        "gegevens",
        f"hoogstens {', '.join(one.fields)}"
        if one.fields is not None
        else "hoogstens wat de doorzender zelf had",
    )
    if one.retention_days is not None:
        yield from _labelled("bewaartermijn", f"{one.retention_days} dagen ({one.rule})")
    yield from _labelled("gedaan", "; ".join(_done(one)) or "nog niets")
    if one.linked:
        yield from _labelled("let op", LINKED)


def _not_on_record(one: Receipt) -> str:
    return "zie de afspraken over doorzenden in de rolconfiguratie" if one.by else "onbekend"


def _done(one: Receipt) -> Iterator[str]:
    yield from _all("ingezien", one.opened)
    yield from _all("ontvangst bevestigd", _one(one.acknowledged))
    yield from _all("opgepakt", _one(one.taken_up))
    yield from _all("geweigerd", _one(one.refused))
    yield from _all("teruggekoppeld", one.fed_back)
    yield from _all("rectificatie ontvangen", one.corrected)
    yield from _all("intrekking ontvangen", _one(one.withdrawn))
    yield from _all("inhoud gewist", _one(one.erased))


def _all(what: str, moments: Iterable[datetime]) -> Iterator[str]:
    listed = [output.moment(at) for at in moments]
    if listed:
        yield f"{what} {', '.join(listed)}"


def _one(at: datetime | None) -> tuple[datetime, ...]:
    return () if at is None else (at,)


def _unprovided(one: Unprovided, names: Names) -> Iterator[str]:
    yield f"  {output.moment(one.at)}  {names.type(one.type or '')}"
    yield from _labelled("bericht", one.message)
    if one.sender:
        yield from _labelled("afkomstig van", names.party(one.sender))
    yield from _labelled("uitkomst", _RESULTS.get(one.result, one.result))
    if one.linked:
        yield from _labelled("let op", LINKED)


def _readings(report: PersonReport) -> Iterator[str]:
    if not report.readings:
        return
    yield ""
    yield "Wie het logboek eerder over deze persoon raadpleegde"
    for at, role in report.readings:
        yield f"  {output.moment(at)}  {role}"


def _unknown(unknown: Unknown) -> Iterator[str]:
    if not unknown.count or unknown.first is None or unknown.last is None:
        return
    yield ""
    yield "Wat niet meer bekend is"
    text = (
        f"Van {_count(unknown.count, 'vastlegging', 'vastleggingen')} uit de tijd van"
        f" {output.moment(unknown.first)} tot en met {output.moment(unknown.last)} is na het"
        " verstrijken van de termijn gewist over wie zij gaan. Of deze persoon daarbij hoort, kan"
        " niemand meer zeggen."
    )
    for line in textwrap.wrap(text, _WIDTH - 2):
        yield f"  {line}"


def _labelled(label: str, text: str) -> Iterator[str]:
    indent = " " * (_LABEL + 5)
    yield from textwrap.wrap(
        f"    {label:<{_LABEL}} {text}",
        _WIDTH,
        subsequent_indent=indent,
        break_on_hyphens=False,
        break_long_words=False,
    )


def _count(number: int, one: str, several: str) -> str:
    return f"{number:,} {one if number == 1 else several}".replace(",", ".")
