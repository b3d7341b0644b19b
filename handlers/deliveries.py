"""The life of a delivery: which act is allowed in which state, and what it leads to.

    delivered ─► opened ─► acknowledged ─► taken-up
        │           │            │
        └───────────┴────────────┴──► refused

Feedback and passing on are said about a delivery and leave its state as it is: they may come at any
moment but after a refusal, and more than once. What is behind already (acknowledging what was taken
up) is no mistake and changes nothing. An act that is not allowed changes nothing and is on record.
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
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Transition:
    """What one act does."""

    allowed_from: tuple[State, ...]
    to: State | None  #: None: the state stays as it is
    record: RecordEvent
    no_op_from: tuple[State, ...] = ()  #: it is behind us: nothing happens, and nothing is wrong


_OPEN: Final = (State.DELIVERED, State.OPENED)
_NOT_REFUSED: Final = (*_OPEN, State.ACKNOWLEDGED, State.TAKEN_UP)

TRANSITIONS: Final = {
    "berichten.ingezien": Transition(
        (State.DELIVERED,),
        State.OPENED,
        RecordEvent.OPENED,
        no_op_from=(State.OPENED, State.ACKNOWLEDGED, State.TAKEN_UP),
    ),
    "berichten.ontvangst-bevestigd": Transition(
        _OPEN,
        State.ACKNOWLEDGED,
        RecordEvent.ACKNOWLEDGED,
        no_op_from=(State.ACKNOWLEDGED, State.TAKEN_UP),
    ),
    "berichten.opgepakt": Transition(_NOT_REFUSED, State.TAKEN_UP, RecordEvent.TAKEN_UP),
    "berichten.doorgezonden": Transition(_NOT_REFUSED, None, RecordEvent.FORWARDED),
    "berichten.geweigerd": Transition(
        (*_OPEN, State.ACKNOWLEDGED),
        State.REFUSED,
        RecordEvent.REFUSED,
        no_op_from=(State.REFUSED,),
    ),
    "berichten.terugkoppeling-gegeven": Transition(_NOT_REFUSED, None, RecordEvent.FED_BACK),
}
"""Act (message type without prefix) -> what it does. Every act of the catalogue is here."""
