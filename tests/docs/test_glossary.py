"""The glossary against the code: English grammar, Dutch names, and only those in the table."""

import ast
import re
from pathlib import Path

from pydantic import BaseModel

from schemas.catalogue import CATALOGUE
from schemas.roles import RoleConfig

REPO = Path(__file__).parents[2]
PAGE = (REPO / "docs" / "glossary.md").read_text(encoding="utf-8")
SAME_IN_ENGLISH = {"id", "status", "agenda", "url"}


def in_code():
    """Return the words of the first table that may be identifiers."""
    table = PAGE.partition("## Dutch names in the code")[2].partition("\n## ")[0]
    return set(re.findall(r"^\|[^|]+\| `([a-z]+)` \|", table, re.MULTILINE))


def identifiers():
    """Return every word of every identifier of ours."""
    words = set()
    for folder in ("schemas", "handlers", "hub"):
        for file in (REPO / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                names = [
                    getattr(node, attribute, None) for attribute in ("id", "attr", "name", "arg")
                ]
                for name in names:
                    if isinstance(name, str):
                        parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)
                        words |= {part.lower() for part in parts}
    return words


def wire_names():
    """Return every alias that stands on the wire or in the role config."""
    found, queue = set(), [RoleConfig, *(m for row in CATALOGUE.values() for m in row.variants)]
    seen = set()
    while queue:
        model = queue.pop()
        if model in seen:
            continue
        seen.add(model)
        for name, info in model.model_fields.items():
            if info.alias and info.alias != name:
                found.add(info.alias)
            queue += [
                kind
                for kind in _models(info.annotation)
                if isinstance(kind, type) and issubclass(kind, BaseModel)
            ]
    return found


def _models(annotation):
    yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _models(argument)


def test_every_word_in_the_glossary_is_used():
    """A word that nobody uses is a word that nobody checks."""
    assert len(in_code()) >= 8
    assert set() == in_code() - identifiers()


def test_a_dutch_word_on_the_wire_is_not_also_a_python_name():
    """The alias is Dutch and the attribute is English, unless the word is in the glossary."""
    single = {name for name in wire_names() if name.islower() and name.isalpha()}
    attributes = {
        name for row in CATALOGUE.values() for model in row.variants for name in model.model_fields
    }

    assert len(single) > 40
    assert set() == (single & attributes) - in_code() - SAME_IN_ENGLISH
