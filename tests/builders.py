"""Events that are valid by default, made from the examples. A test says only what differs."""

import json
from pathlib import Path
from typing import Any, Final

EXAMPLES: Final = Path(__file__).parent / "examples"
PREFIX: Final = "nl.lokale-aanpak"


class _Absent:
    """A value of its own, with the same name in every process (test ids hold it)."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent()
"""As a value in an override: take this member out."""

NAMES: Final = ("Sami Voorbeeldin", "Noor Proefstra", "Joris Testerink")
BSNS: Final = ("999990342", "123456782", "111222333")
"""All synthetic people of the examples, so that a test can search for them where none may be."""


def example(name: str) -> dict[str, Any]:
    """Return the example of a type (`signalen.signaal-gemeld`), or of one of its variants.

    A type with several forms has a file for each `soort`: `adviezen.advies-gevraagd--jeugd`; its
    bare name gives the first of these by alphabet.
    """
    path = EXAMPLES / f"{name}.json"
    if not path.exists():
        path = min(EXAMPLES.glob(f"{name}--*.json"))
    event: dict[str, Any] = json.loads(path.read_bytes())
    return event


def an_event(type: str, /, **overrides: Any) -> dict[str, Any]:  # noqa: A002  (its name on the wire)
    """Return a valid event of a type without prefix, with `overrides` merged in.

    An override is a nested dict, or a wire path in one word: `an_event(t, data={"urgentie":
    "spoed"})` and `an_event(t, **{"data.urgentie": "spoed"})` do the same. `ABSENT` takes a member
    out. A `data.soort` that has an example of its own starts from that example.
    """
    changes = _nested(overrides)
    kind = changes.get("data", {}).get("soort") if isinstance(changes.get("data"), dict) else None
    has_own = isinstance(kind, str) and (EXAMPLES / f"{type}--{kind}.json").exists()
    return _merged(example(f"{type}--{kind}" if has_own else type), changes)


def as_bytes(event: dict[str, Any]) -> bytes:
    """Return the event as a partner would send it: UTF-8 JSON, compact."""
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


def a_signal(**overrides: Any) -> dict[str, Any]:
    """An IND signal, PGA phase, Amsterdam."""
    return an_event("signalen.signaal-gemeld", **overrides)


def a_safety_report(**overrides: Any) -> dict[str, Any]:
    """A veiligheidsmelding of the LIV, spoed, Amsterdam."""
    return an_event("signalen.veiligheidsmelding-gedaan", **overrides)


def a_report_of_the_rvdk(**overrides: Any) -> dict[str, Any]:
    """A melding of the RvdK about a minor, Utrecht."""
    return _merged(example("signalen.signaal-gemeld--rvdk"), _nested(overrides))


def a_detention_signal(**overrides: Any) -> dict[str, Any]:
    """A report of DJI's Meldpunt Radicalisering, return to Rotterdam."""
    return an_event("signalen.detentiesignaal-gemeld", **overrides)


def _nested(overrides: dict[str, Any]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for path, value in overrides.items():
        *parents, last = path.split(".")
        place = changes
        for part in parents:
            place = place.setdefault(part, {})
        place[last] = _merged(place[last], value) if last in place else value
    return changes


def _merged(base: Any, changes: Any) -> Any:
    if not isinstance(base, dict) or not isinstance(changes, dict):
        return changes
    merged = dict(base)
    for name, value in changes.items():
        if value is ABSENT:
            merged.pop(name, None)
        else:
            merged[name] = _merged(merged.get(name), value)
    return merged
