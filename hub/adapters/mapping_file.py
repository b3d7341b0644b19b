"""Read a mapping file: every problem at once, each with its line."""

from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from hub.adapters.mapping import Column, Mapping, PerType
from hub.adapters.mapping_checks import Mistake, mistakes
from hub.errors import ConfigError
from hub.roles.tree import Document, read_document
from hub.roles.wording import problem_of
from schemas.problems import Problem

_UNDER: Final[dict[str, Any]] = {"velden": Column, "per_type": PerType}
"""Keys whose own keys are free: what stands below such a key."""


def load_mapping(path: Path) -> Mapping:
    """Return the mapping in `path`, checked against the message types.

    Raises:
        ConfigError: with every problem, each with its file and line.

    """
    try:
        document = read_document(path.name, path.read_bytes())
    except OSError as error:
        reason = error.strerror or "unreadable"
        problem = Problem(path.name, f"cannot be read: {reason}", "name the mapping file")
        raise ConfigError([problem]) from None
    if document.problems:
        raise ConfigError(document.problems)
    try:
        mapping = Mapping.model_validate(document.value)
    except ValidationError as invalid:
        raise ConfigError([_in_words(error, document) for error in invalid.errors()]) from None
    problems = [_placed(mistake, document) for mistake in mistakes(mapping)]
    if problems:
        raise ConfigError(problems)
    return mapping


def _in_words(error: ErrorDetails, document: Document) -> Problem:
    """Say what is wrong in terms of the part of the file in which it stands."""
    loc, start = error["loc"], 0
    model: Any = Mapping
    for index, step in enumerate(loc[:-2]):
        if step in _UNDER:
            model, start = _UNDER[step], index + 2
    error["loc"] = loc[start:]
    return problem_of(error, model, document, tuple(map(str, loc[:start])))


def _placed(mistake: Mistake, document: Document) -> Problem:
    return Problem(document.place(mistake.path), mistake.rule, mistake.way_out)
