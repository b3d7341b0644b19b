"""A folder of YAML files becomes one RoleConfig, or a list of everything that is wrong with it.

Nothing is taken halfway: a config with a problem is not used at all.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import partners_config
from handlers.checks import Finding, check
from hub.errors import ConfigError
from hub.roles.reader import Reader
from hub.roles.tree import Document, KeyPath
from schemas.problems import Problem
from schemas.roles import Partner, RoleConfig


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of reading a folder: a config, or None and the problems."""

    config: RoleConfig | None
    problems: tuple[Problem, ...]
    folder: str
    _partners: tuple[Document, ...]
    _parts: dict[str, tuple[Document, tuple[str, ...]]]

    def place(self, path: KeyPath) -> str:
        """Return `file:line` of a path in the config: `("partners", 3, "rules", 0, "id")`."""
        if not path:
            return self.folder
        part, rest = path[0], path[1:]
        model: Any
        under: tuple[str, ...] = ()
        if part == "partners":
            if not rest or not isinstance(rest[0], int):
                return self.folder
            document, model = self._partners[rest[0]], None
            if self.config is not None:
                model = self.config.partners[rest[0]]
            rest = rest[1:]
        else:
            document, under = self._parts[str(part)]
            model = getattr(self.config, str(part), None)
        return document.place((*under, *_as_written(model, rest)))


def default_folder() -> Path:
    """Return the folder of the role config that comes with this installation."""
    return Path(partners_config.__path__[0])


def load(folder: Path) -> RoleConfig:
    """Return the role config in `folder`, checked. Raises ConfigError with all its problems."""
    loaded = read(folder)
    problems = _checked(loaded)
    if problems or loaded.config is None:
        raise ConfigError(problems)
    return loaded.config


def check_folder(folder: Path) -> list[Problem]:
    """Return every problem of every file, by file and line; empty: the config can be used.

    What the files say together is checked once each of them can be read.
    """
    return _checked(read(folder))


def read(folder: Path) -> Loaded:
    """Read `folder` without checking what the files say together. Never raises."""
    reader = Reader(folder)
    partners = reader.partners()
    parts = reader.registers()
    config = None if reader.problems else _assemble([p for _, p in partners], parts)
    return Loaded(
        config=config,
        problems=tuple(_in_order(reader.problems)),
        folder=folder.name,
        _partners=tuple(document for document, _ in partners),
        _parts=reader.places,
    )


def _checked(loaded: Loaded) -> list[Problem]:
    if loaded.config is None:
        return list(loaded.problems)
    return _in_order(_problem(loaded, finding) for finding in check(loaded.config))


def _problem(loaded: Loaded, finding: Finding) -> Problem:
    return Problem(loaded.place(finding.path), finding.rule, finding.way_out)


def _assemble(partners: list[Partner], parts: dict[str, Any]) -> RoleConfig:
    config = RoleConfig(digest="", partners=tuple(partners), **parts)
    return config.model_copy(update={"digest": _digest(config)})


def _digest(config: RoleConfig) -> str:
    """SHA-256 over what the config says: not over comments, layout, or the order of files."""
    content = config.model_dump(mode="json", by_alias=True, exclude={"digest"})
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _as_written(model: Any, path: KeyPath) -> KeyPath:
    """Translate attribute names to the Dutch keys of the file."""
    written: list[str | int] = []
    for step in path:
        fields = getattr(type(model), "model_fields", None)
        if isinstance(step, str) and fields is not None and step in fields:
            written.append(fields[step].alias or step)
            model = getattr(model, step)
        else:
            written.append(step)
            model = model[step] if isinstance(model, tuple | dict) else None  # type: ignore[index]  # a position in a list, or a key
    return tuple(written)


def _in_order(problems: Iterable[Problem]) -> list[Problem]:
    def key(problem: Problem) -> tuple[str, int, str]:
        file, _, line = problem.place.rpartition(":")
        if not line.isdigit():
            return problem.place, 0, problem.rule
        return file, int(line), problem.rule

    return sorted(set(problems), key=key)
