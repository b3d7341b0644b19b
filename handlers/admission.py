"""Who may say what, before anything is decided: sender, intake, type, closed lists.

What is not admitted is refused with all its problems; it is not held, because only the sender can
mend it.
"""

from typing import Any

from handlers.partitions import partner_of
from handlers.rulebook import Party, Rulebook
from schemas.catalogue import ACTS, CATALOGUE, CORRECTIONS
from schemas.envelope import Envelope
from schemas.identifiers import oin_of
from schemas.problems import Problem, nearest


def admit(event: Envelope, book: Rulebook, shard: str, intake: str) -> list[Problem]:
    """Return why this event may not come in here; empty: it may.

    `shard` and `intake` name the stream that it came in on. The broker's access list guards who
    may write there, so the stream proves the sender, and `source` must agree with it.
    """
    oin = oin_of(event.source)
    party = book.by_oin.get(oin)
    if party is None:
        return [
            Problem(
                "source",
                "the OIN is not that of a party in the role config",
                "use your own OIN, or ask the operator to add your organisation",
            )
        ]
    behind = book.party_at(shard, intake)
    place = (partner_of(shard), intake, oin)
    if behind is None or (behind.partner, behind.intake, behind.oin) != place:
        return [
            Problem(
                "source",
                f"the source belongs to {party.id}, and this intake does not",
                "publish on the intake of your own organisation",
            )
        ]
    name = event.type.removeprefix(f"{book.prefix}.")
    return [
        *_type_problems(name, party, book),
        *_list_problems(event.data, party, book),
        *_unit_problems(event.data, behind, party),
    ]


def _type_problems(name: str, party: Party, book: Rulebook) -> list[Problem]:
    if name in ACTS or name in CORRECTIONS or book.rules_for(party.partner, name):
        return []
    allowed = book.types_of(party.partner)
    hint = nearest(name, allowed)
    if CATALOGUE[name].is_hub:
        way_out = "only the hub itself says this"
    elif hint is not None:
        way_out = f"the nearest that it may send: {hint}"
    else:
        way_out = "see `regels` in the file of this partner, or ask its privacy officer"
    return [Problem("type", f"no rule lets {party.partner} send {name}", way_out)]


def _list_problems(data: Any, party: Party, book: Rulebook) -> list[Problem]:
    problems = []
    basis = getattr(data, "legal_basis", None)
    if basis is not None and basis not in book.legal_bases:
        hint = nearest(basis, book.legal_bases) or ", ".join(sorted(book.legal_bases))
        problems.append(
            Problem("data.grondslag", "not a legal basis of the role config", f"perhaps: {hint}")
        )
    purpose = getattr(data, "purpose", None)
    if purpose is not None and purpose not in book.purposes:
        hint = nearest(purpose, book.purposes) or ", ".join(sorted(book.purposes))
        problems.append(
            Problem("data.doel", "not a purpose of the role config", f"perhaps: {hint}")
        )
    sender = getattr(data, "sender", None)
    unit = sender.unit if sender is not None else None
    if unit is not None and unit not in book.units.get(party.partner, frozenset()):
        known = ", ".join(sorted(book.units.get(party.partner, ()))) or "none"
        problems.append(
            Problem(
                "data.verzender.onderdeel",
                f"not a unit of {party.partner}",
                f"leave it out, or use one of: {known}",
            )
        )
    return problems


def _unit_problems(data: Any, behind: Party, party: Party) -> list[Problem]:
    """A unit publishes as itself: its intake proves which unit it is."""
    sender = getattr(data, "sender", None)
    if behind.id == party.id or sender is None or sender.unit == behind.id:
        return []
    return [
        Problem(
            "data.verzender.onderdeel",
            f"this intake is that of {behind.id}",
            f"say so, or publish on the intake of {party.id}",
        )
    ]
