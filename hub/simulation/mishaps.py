"""What goes wrong in real traffic: a small share of events that a person or a sender must mend."""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from hub.simulation.chance import Dice
from hub.simulation.places import Places
from hub.simulation.writing import Draft, Writer

SHARE: Final = 0.05
"""Of the events of threads; in `KINDS` is what may happen to them."""

KINDS: Final = {
    "duplicate": 3.0,
    "unknown-gemeente": 1.0,
    "merged-gemeente": 1.0,
    "split-gemeente": 1.0,
    "briefadres": 1.5,
    "derdenverbod": 1.0,
    "type-not-allowed": 1.0,
    "invalid": 1.5,
}
"""Kind -> how often, against the others."""


class Mishaps:
    """Makes an exceptional event of an ordinary one. The ordinary one is not changed."""

    def __init__(self, writer: Writer, places: Places) -> None:
        self._writer = writer
        self._places = places

    def of(self, draft: Draft, dice: Dice) -> Draft | None:  # noqa: PLR0911 - a line for each kind
        """Return what happens instead of `draft`, or after it when it is a duplicate."""
        kind = dice.weighted(list(KINDS), list(KINDS.values()))
        data = draft.event["data"]
        if kind == "duplicate":
            return replace(draft, serial=draft.serial + 1)
        if kind in _CODES:
            codes = _CODES[kind](self._places)
            return self._with(draft, gemeentecode=dice.one_of(codes)) if codes else None
        if kind == "briefadres" and "betrokkeneRef" in data:
            return self._with(draft, adresstatus=dice.one_of(("briefadres", "onbekend", "rni")))
        if kind == "derdenverbod" and "betrokkeneRef" in data:
            return self._with(draft, derdenverbod=True)
        if kind == "type-not-allowed":
            return self._not_allowed(draft, dice)
        if kind == "invalid":
            return self._invalid(draft, dice)
        return None

    def _with(self, draft: Draft, **data: Any) -> Draft:
        event = {**draft.event, "data": {**draft.event["data"], **data}}
        return replace(draft, event=event)

    def _not_allowed(self, draft: Draft, dice: Dice) -> Draft:
        """Say what is valid, and not for this sender: nobody but the AIVD issues an ambtsbericht.

        A training is the ROR's to announce; both come from a party that has no rule for it.
        """
        book = self._writer.book
        party = book.parties[draft.party]
        name = "publicaties.training-beschikbaar"
        if book.rules_for(party.partner, name):
            name = "preventies.initiatief-gestart"
        data = {
            "meldingId": draft.event["data"]["meldingId"],
            "verzender": {"oin": party.oin},
            "fase": "preventie",
        }
        data |= (
            {"titel": "Training", "url": "https://voorbeeld.example/training"}
            if name.startswith("publicaties")
            else {"wijk": "Oefenwijk", "doelgroep": "ouders", "omschrijving": "Wijkavond"}
        )
        return self._writer.draft(party, name, data, dice, draft.moment, None)

    def _invalid(self, draft: Draft, dice: Dice) -> Draft:
        """Break an event the way people do: a typing error, a field too many, a BSN in a title."""
        event: dict[str, Any] = copy.deepcopy(draft.event)
        data = event["data"]
        which = dice.number(1, 3)
        if which == 1:
            event["type"] = event["type"][:-1]
        elif which == 2:
            data.pop("fase")
            data["urgentie"] = "dringend"
            data["opmerking"] = "zie bijlage"
        else:
            bsn = data.get("betrokkene", {}).get("bsn", "999990342")
            event["subject"] = f"dossier {bsn}"
        return replace(draft, event=event)


_CODES: Final[dict[str, Callable[[Places], tuple[str, ...]]]] = {
    "unknown-gemeente": lambda places: places.unknown,
    "merged-gemeente": lambda places: places.merged,
    "split-gemeente": lambda places: places.split,
}
