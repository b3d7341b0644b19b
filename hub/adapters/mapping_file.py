"""Read a mapping file: every problem at once, each with its line."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from hub.adapters.mapping import Column, Mapping, PerType
from hub.adapters.mapping_checks import Mistake, mistakes
from hub.adapters.mapping_parts import Spoilt, without_errors
from hub.errors import ConfigError
from hub.roles.tree import Document, read_document
from hub.roles.wording import problem_of
from schemas.problems import Problem
from schemas.rules_in_words import pattern_in_words

_UNDER: Final[dict[str, Any]] = {"velden": Column, "per_type": PerType}
"""Keys whose own keys are free: what stands below such a key."""

_VALUE_TYPES: Final = frozenset({"str", "int", "bool"})
"""How the validator calls the kinds of a value that may be of several."""


def load_mapping(
    path: Path, look: Callable[[Mapping], Iterable[Mistake]] = lambda _: ()
) -> Mapping:
    """Return the mapping in `path`, checked against the message types.

    `look`: what else must be right, asked of every mapping that can be read.

    Raises:
        ConfigError: with every problem, each with its file and line. What depends on a part that
            is wrong itself is not looked at.

    """
    try:
        document = read_document(str(path), path.read_bytes())
    except OSError as error:
        reason = error.strerror or "unreadable"
        problem = Problem(str(path), f"cannot be read: {reason}", "name the mapping file")
        raise ConfigError([problem]) from None
    if document.value is None:
        raise ConfigError(document.problems)
    problems = list(document.problems)
    spoilt: Spoilt = set()
    try:
        mapping = Mapping.model_validate(document.value)
    except ValidationError as invalid:
        errors = invalid.errors()
        sound, spoilt = without_errors(document.value, [error["loc"] for error in errors])
        problems += [_in_words(error, document) for error in errors]
        try:
            mapping = Mapping.model_validate(sound)
        except ValidationError:
            raise ConfigError(_in_order(problems)) from None
    found = [*mistakes(mapping), *look(mapping)]
    problems += [
        _placed(mistake, document)
        for mistake in found
        if not any(mistake.path[: len(part)] == part for part in spoilt)
    ]
    if problems:
        raise ConfigError(_in_order(problems))
    return mapping


def _in_words(error: ErrorDetails, document: Document) -> Problem:
    """Say what is wrong in terms of the part of the file in which it stands."""
    loc, start = error["loc"], 0
    if loc == ("bron",) and error["type"] != "missing":
        rule, way_out = pattern_in_words("^urn:nld:oin:")
        return Problem(document.place(loc), f"`bron` {rule}", way_out)
    if loc[-1] in _VALUE_TYPES:
        rule = f"`{loc[-2]}` is one value, and not a list or an object"
        return Problem(document.place(loc[:-1]), rule, "write text, a number, true or false")
    model: Any = Mapping
    for index, step in enumerate(loc[:-2]):
        if step in _UNDER:
            model, start = _UNDER[step], index + 2
    error["loc"] = loc[start:]
    return problem_of(error, model, document, tuple(map(str, loc[:start])))


def _placed(mistake: Mistake, document: Document) -> Problem:
    return Problem(document.place(mistake.path), mistake.rule, mistake.way_out)


def _in_order(problems: Iterable[Problem]) -> list[Problem]:
    return sorted(dict.fromkeys(problems), key=lambda one: int(one.place.rpartition(":")[2]))
