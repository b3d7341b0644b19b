"""The parts of a mapping file that stand by themselves: one that is wrong spoils no other."""

import copy
from collections.abc import Iterable
from typing import Any, Final

KeyPath = tuple[str | int, ...]
Spoilt = set[KeyPath]

_STAND_INS: Final[dict[str, Any]] = {
    "naam": "-",
    "bron": "urn:nld:oin:00000000000000000000:systeem:onbekend",
    "id": {"kolommen": ["-"]},
    "velden": {},
}
"""What takes the place of a required key; what is said of these is left out."""


def without_errors(value: Any, errors: Iterable[KeyPath]) -> tuple[Any, Spoilt]:
    """Return a mapping file without the parts in which errors lie, and which parts those are.

    A part is one path below `velden` or `vast`, a key below `per_type`, or else a whole key.
    """
    if not isinstance(value, dict):
        return value, set()
    sound: dict[str, Any] = copy.deepcopy(value)
    spoilt = {_part(error) for error in errors}
    for part in spoilt:
        here: Any = sound
        for step in part[:-1]:
            here = here.get(step) if isinstance(here, dict) else None
        if isinstance(here, dict):
            here.pop(part[-1], None)
    for key, stand_in in _STAND_INS.items():
        if (key,) in spoilt:
            sound[key] = copy.deepcopy(stand_in)
    if ("type",) in spoilt:
        per_type = sound.get("per_type")
        named = list(per_type) if isinstance(per_type, dict) else []
        sound["type"] = {"kolom": "-", "waarden": {name: name for name in named}}
    return sound, spoilt


def _part(error: KeyPath) -> KeyPath:
    top = 2 if error[0] == "per_type" else 0  # the type, and then as at the top
    below = 2 if error[top : top + 1] in {("velden",), ("vast",)} else 1
    return error[: top + below]
