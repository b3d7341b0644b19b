"""What follows an event: recipients act on what they got, and senders correct themselves.

Who got what is asked of the decision itself (`handlers.routing.decide`), so nobody acts on a copy
that was never sent.
"""

import base64
import json
from collections.abc import Iterator
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from handlers.deliveries import TRANSITIONS, State
from handlers.partitions import case_in
from handlers.routing import decide
from handlers.rulebook import Party
from hub.simulation import texts
from hub.simulation.calendar import later
from hub.simulation.chance import Dice
from hub.simulation.writing import Draft, Writer, in_minutes
from schemas.decisions import Forward
from schemas.identifiers import message_ref
from schemas.reading import parse

_ACTING_SHARE: Final = 0.25  # of the copies: most recipients act in their own system, later
_CORRECTED: Final = 0.02
_WITHDRAWN: Final = 0.01

_LIFE: Final = (
    ("berichten.ingezien", 0.5, 25),
    ("berichten.ontvangst-bevestigd", 0.9, 10),
    ("berichten.opgepakt", 0.35, 60),
    ("berichten.terugkoppeling-gegeven", 0.3, 120),
)
_REFUSALS: Final = ("niet-bevoegd", "onjuiste-geadresseerde", "onvolledig", "dubbel")


class Aftermath:
    """Makes what follows from the events that a writer wrote."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._book = writer.book

    def of(self, draft: Draft, dice: Dice) -> Iterator[Draft]:
        """Yield acts and corrections after `draft`, which must be a valid event of its sender."""
        event = parse(json.dumps(draft.event).encode(), self._book.prefix)
        forwards = decide(event, self._book, draft.moment).forwards
        for forward in forwards:
            party = self._book.parties[forward.party]
            if party.oin is not None and dice.maybe(_ACTING_SHARE):
                yield from self._acts(draft, party, forward, dice)
        if forwards and dice.maybe(_CORRECTED):
            yield from self._correction(draft, dice)
        elif forwards and dice.maybe(_WITHDRAWN):
            data = {"betreft": _about(draft), "reden": "bij vergissing verstuurd"}
            moment = later(dice, draft.moment, 240)
            sender = self._book.parties[draft.party]
            yield self._writer.draft(
                sender, "berichten.ingetrokken", data, dice, moment, draft.case, draft
            )

    def _acts(self, draft: Draft, party: Party, forward: Forward, dice: Dice) -> Iterator[Draft]:
        urgent = draft.event["data"].get("urgentie") == "spoed"
        moment, state = draft.moment, State.DELIVERED
        if dice.maybe(0.03):
            data = {"betreft": self._copy_of(draft), "redencode": dice.one_of(_REFUSALS)}
            moment = later(dice, moment, 60)
            yield self._act(draft, party, "berichten.geweigerd", data, dice, moment)
            return
        if (to := self._passes_on(draft, party, forward)) is not None and dice.maybe(0.3):
            data = {"betreft": self._copy_of(draft), "aan": to}
            yield self._act(
                draft, party, "berichten.doorgezonden", data, dice, later(dice, moment, 40)
            )
            return
        for name, share, minutes in _LIFE:
            if not dice.maybe(share) or state not in TRANSITIONS[name].allowed_from:
                continue
            moment = later(dice, moment, minutes / 3 if urgent else minutes, waits=not urgent)
            state = TRANSITIONS[name].to or state
            yield self._act(draft, party, name, self._said(name, draft, dice), dice, moment)

    def _said(self, name: str, draft: Draft, dice: Dice) -> dict[str, Any]:
        data: dict[str, Any] = {"betreft": self._copy_of(draft)}
        if name == "berichten.ingezien":
            # Made from the seed, as all of a simulated day: nobody reads what the hub answers.
            private = X25519PrivateKey.from_private_bytes(bytes.fromhex(dice.hex(64)))
            public = private.public_key().public_bytes_raw()
            data["sleutel"] = base64.b64encode(public).decode()
        if name == "berichten.opgepakt":
            data["zaakRef"] = f"Z-{dice.hex(6)}"
        if name == "berichten.terugkoppeling-gegeven":
            data["niveau"] = dice.one_of(("in-behandeling", "afgerond-zonder-inhoud", "inhoud"))
            if data["niveau"] == "inhoud":
                person = draft.case.person.name if draft.case is not None else "betrokkene"
                data["inhoud"] = dice.one_of(texts.FEEDBACK).format(naam=person)
        return data

    def _copy_of(self, draft: Draft) -> dict[str, str]:
        """Name a copy as its recipient sees it before it is opened."""
        sender = self._book.parties[draft.party].partner
        shard = self._book.home(sender, case_in(draft.event["data"]))
        return {"shard": shard, "bericht": message_ref(draft.event["source"], draft.event["id"])}

    def _act(
        self, draft: Draft, party: Party, name: str, data: dict[str, Any], dice: Dice, moment: Any
    ) -> Draft:
        return self._writer.draft(party, name, data, dice, moment, draft.case)

    def _passes_on(self, draft: Draft, party: Party, forward: Forward) -> str | None:
        """Return to whom this party may pass its copy on: the gemeente or house of the case."""
        name = draft.event["type"].removeprefix(f"{self._book.prefix}.")
        if draft.case is None or draft.event["data"].get("derdenverbod", False):
            return None
        place = {"gemeente": f"gm{draft.case.gemeente}", "zvh": draft.case.house}
        for prepared in self._book.passing_on_of(party.partner):
            if name not in prepared.rule.messages:
                continue
            for role in prepared.rule.to:
                to = place.get(role, role.rpartition(":")[2])
                if to in self._book.parties and to not in {party.id, forward.party, draft.party}:
                    return to
        return None

    def _correction(self, draft: Draft, dice: Dice) -> Iterator[Draft]:
        """Say that it was wrong, and send what replaces it."""
        moment = later(dice, draft.moment, 180)
        sender = self._book.parties[draft.party]
        name = draft.event["type"].removeprefix(f"{self._book.prefix}.")
        data = {**draft.event["data"]}
        better = self._writer.draft(
            sender, name, data, dice, in_minutes(moment, 2), draft.case, draft
        )
        about = {
            "betreft": _about(draft),
            "reden": "onjuist gegeven gebruikt",
            "vervangenDoor": better.event["id"],
        }
        yield self._writer.draft(
            sender, "berichten.gerectificeerd", about, dice, moment, draft.case, draft
        )
        yield better


def _about(draft: Draft) -> dict[str, str]:
    return {"bron": draft.event["source"], "id": draft.event["id"]}
