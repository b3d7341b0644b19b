"""Why bytes are not an event: every problem with its place, its rule and its way out.

A problem never repeats a value of the event, because a value may be personal data. Names of fields
are ours and may be shown; a name that is not ours only when it is one of ours with a letter or two
wrong. Any other name may be personal data as well (`{"SamiVoorbeeldin": true}`).
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from schemas.catalogue import CATALOGUE, event_models, row_of
from schemas.envelope import Envelope
from schemas.identifiers import oin_of
from schemas.json_object import json_object
from schemas.problems import Problem, is_typing_mistake, nearest
from schemas.rules_in_words import allowed_words, in_words
from schemas.wire import fields_at, names_below, wire_names

MAX_PROBLEMS: Final = 200
"""As many as a notice of refusal can hold."""

_WHOLE: Final = "the event"


def explain(raw: bytes, error: ValidationError, prefix: str) -> list[Problem]:
    """Return every problem of bytes that were refused with `error`; never an empty list."""
    document = json_object(raw)
    if isinstance(document, Problem):
        return [document]
    problems = repeated_names(raw)
    for details in error.errors(include_url=False, include_input=False):
        problems += _problems(details, document, prefix)
    problems += _across_document(document)
    unique = list(dict.fromkeys(problems))
    if len(unique) > MAX_PROBLEMS:
        more = len(unique) - MAX_PROBLEMS + 1
        unique[MAX_PROBLEMS - 1 :] = [Problem(_WHOLE, f"has {more} more problems", "mend these")]
    return unique


def repeated_names(raw: bytes) -> list[Problem]:
    """Return a problem for every member that stands twice in one object; `raw` must be JSON."""
    repeated: dict[str, None] = {}
    known = _all_names()

    def look(pairs: list[tuple[str, object]]) -> None:
        names: set[str] = set()
        for name, _ in pairs:
            if name in names:
                repeated[name if name in known else ""] = None
            names.add(name)

    json.loads(raw, object_pairs_hook=look, parse_int=str, parse_float=str, parse_constant=str)
    twice = "stands twice in one object, so nobody knows which counts"
    return [
        Problem(name or _WHOLE, twice if name else f"has an unknown field that {twice}", "keep one")
        for name in repeated
    ]


def across(
    source: str, sender_oin: str, time: datetime | None, retain_until: date | None
) -> list[Problem]:
    """Return what is wrong between the envelope and the data, where each by itself is right."""
    problems = []
    if sender_oin != oin_of(source):
        problems.append(
            Problem(
                "data.verzender.oin",
                "is not the OIN in source",
                "send as the organisation that source names; speak for another with namens",
            )
        )
    # The UTC day is never later than the Dutch day, so nothing that is right is refused.
    if time and retain_until and retain_until < time.astimezone(UTC).date():
        problems.append(
            Problem(
                "data.bewarenTot",
                "lies before time, so the content could not be kept for a moment",
                "name a later day, or leave it out: then the term of the rule holds",
            )
        )
    return problems


def _problems(details: ErrorDetails, document: dict[str, Any], prefix: str) -> list[Problem]:
    """Turn one finding of pydantic into problems; several when `type` itself is unknown."""
    if not details["loc"]:
        return [_type_problem(document, prefix), *_envelope_problems(document)]
    full_type, *rest = details["loc"]
    row = row_of(str(full_type))
    if rest[:1] == ["data"] and len(row.variants) > 1:
        if len(rest) == 1 and details["type"].startswith("union_tag"):
            rest = ["data", "soort"]
        elif len(rest) > 1:
            rest = ["data", *rest[2:]]  # without the name of the variant
    return [_problem(details, rest, document, event_models(prefix)[str(full_type)])]


def _problem(
    details: ErrorDetails,
    path: Sequence[str | int],
    document: Mapping[str, Any],
    model: type[Envelope],
) -> Problem:
    if details["type"] == "extra_forbidden":
        return _unknown_field(path, document, model)
    if path[0] not in model.model_fields:
        return _wrong_extension(details, path, model)
    place = ".".join(map(str, path))
    rule, way_out = in_words(details)
    allowed = allowed_words(details)
    if allowed and (hint := _nearest_word(document, path, allowed)):
        way_out = f"did you mean {hint}?"
    return Problem(place, rule, way_out)


def _unknown_field(
    path: Sequence[str | int], document: Mapping[str, Any], model: type[Envelope]
) -> Problem:
    """Tell of a field that the message type does not have; a hint holds a name of ours only."""
    known = fields_at(model, path[:-1], document)
    name = str(path[-1])
    hint = known.get(name) or nearest(name, known.values())
    way_out = f"did you mean {hint}?" if hint else "leave it out"
    if len(path) == 1 and not hint:
        way_out = "leave it out: this message type takes no extension attributes"
    if name in known or name in _all_names() or is_typing_mistake(name, known.values()):
        place = ".".join(map(str, path))
        return Problem(place, "is not a field of this message type", way_out)
    return Problem(".".join(map(str, path[:-1])) or _WHOLE, "has an unknown field", way_out)


def _wrong_extension(
    details: ErrorDetails, path: Sequence[str | int], model: type[Envelope]
) -> Problem:
    """Tell of an extension attribute; at two parts, the second is one of its three types."""
    rule, way_out = in_words(details)
    if len(path) == 2:
        rule = (
            "has an extension attribute that is not text of at most 512 characters, a whole number"
            " of 32 bits, or true or false; or that holds a burgerservicenummer"
        )
        way_out = "leave it out, or send what belongs to the message in data"
    name = str(path[0])
    if not is_typing_mistake(name, wire_names(model).values()):
        return Problem(_WHOLE, rule, way_out)
    hint = nearest(name, wire_names(model).values())
    return Problem(name, "is not an attribute of the envelope", f"did you mean {hint}?")


def _type_problem(document: dict[str, Any], prefix: str) -> Problem:
    found = document.get("type")
    if found is None:
        return Problem("type", "is required", "name one of the message types of the catalogue")
    hint = nearest(found, event_models(prefix)) if isinstance(found, str) else None
    return Problem(
        "type",
        "is not in the catalogue of message types",
        f"did you mean {hint}?" if hint else "see the list in docs/reference/messages.md",
    )


def _envelope_problems(document: dict[str, Any]) -> list[Problem]:
    """Look at the attributes by themselves when the type, and so the data, is not known."""
    try:
        Envelope.model_validate_json(json.dumps(document), strict=True)
    except ValidationError as error:
        return [
            _problem(details, details["loc"], document, Envelope)
            for details in error.errors(include_url=False, include_input=False)
            if details["loc"][:1] != ("type",)
        ]
    return []


def _across_document(document: dict[str, Any]) -> list[Problem]:
    """As `across`, as far as what is needed for it is right."""
    data = document.get("data")
    sender = data.get("verzender") if isinstance(data, dict) else None
    source, oin = document.get("source"), sender.get("oin") if isinstance(sender, dict) else None
    if not (isinstance(source, str) and isinstance(oin, str) and isinstance(data, dict)):
        return []
    if not source.startswith("urn:nld:oin:"):
        return []
    try:
        time = datetime.fromisoformat(document["time"])
        retain_until = date.fromisoformat(data["bewarenTot"])
    except (KeyError, TypeError, ValueError):
        return across(source, oin, None, None)
    return across(source, oin, time if time.tzinfo else None, retain_until)


def _nearest_word(
    document: Mapping[str, Any], path: Sequence[str | int], allowed: Sequence[str]
) -> str | None:
    value: Any = document
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return nearest(value, allowed) if isinstance(value, str) else None


@cache
def _all_names() -> frozenset[str]:
    models = (model for row in CATALOGUE.values() for model in row.variants)
    return names_below(Envelope).union(*map(names_below, models))
