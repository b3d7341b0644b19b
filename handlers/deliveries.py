"""The life of a delivery: which act is allowed in which state, and what it leads to.

    delivered ─► opened ─► acknowledged ─► taken-up ─► fed-back
        │           │            │             │
        └───────────┴────────────┴─────────────┴──► passed-on, refused

An act that is not allowed changes nothing and is on record. The same act again is no act.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from schemas.records import RecordEvent


class State(StrEnum):
    """Where a delivery is. `delivered` until the first act: then the entry itself is the state."""

    DELIVERED = "delivered"
    OPENED = "opened"
    ACKNOWLEDGED = "acknowledged"
    TAKEN_UP = "taken-up"
    PASSED_ON = "passed-on"
    REFUSED = "refused"
    FED_BACK = "fed-back"


@dataclass(frozen=True, slots=True)
class Transition:
    """What one act does."""

    allowed_from: tuple[State, ...]
    to: State
    record: RecordEvent


_OPEN: Final = (State.DELIVERED, State.OPENED, State.ACKNOWLEDGED)
_AT_WORK: Final = (*_OPEN, State.TAKEN_UP)

TRANSITIONS: Final = {
    "berichten.ingezien": Transition((State.DELIVERED,), State.OPENED, RecordEvent.OPENED),
    "berichten.ontvangst-bevestigd": Transition(
        (State.DELIVERED, State.OPENED), State.ACKNOWLEDGED, RecordEvent.ACKNOWLEDGED
    ),
    "berichten.opgepakt": Transition(_OPEN, State.TAKEN_UP, RecordEvent.TAKEN_UP),
    "berichten.doorgezonden": Transition(_AT_WORK, State.PASSED_ON, RecordEvent.FORWARDED),
    "berichten.geweigerd": Transition(_OPEN, State.REFUSED, RecordEvent.REFUSED),
    "berichten.terugkoppeling-gegeven": Transition(
        (*_AT_WORK, State.PASSED_ON, State.FED_BACK), State.FED_BACK, RecordEvent.FED_BACK
    ),
}
"""Act (message type without prefix) -> what it does. Every act of the catalogue is here."""
