"""A folder of YAML files becomes one RoleConfig, or a list of everything that is wrong with it.

Nothing is taken halfway: a config with a problem is not used at all.
"""

import hashlib
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import partners_config
from handlers.checks import check
from hub.errors import ConfigError
from hub.roles.reader import Reader
from hub.roles.tree import Document, KeyPath
from schemas.problems import Problem
from schemas.roles import Partner, RoleConfig


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of reading a folder. Places name it as it was given, so that they can be opened."""

    config: RoleConfig | None  #: None: there are problems, and it may not be used
    problems: tuple[Problem, ...]
    folder: str
    _read: RoleConfig  #: what could be read, also with problems
    _unread: frozenset[str]  #: the parts that are missing from it, or not whole
    _partners: tuple[Document, ...]
    _parts: dict[str, tuple[Document, tuple[str, ...]]]

    def check(self) -> list[Problem]:
        """Return what is wrong with each file, and with what they say together; sorted by place."""
        found = check(self._read, self._unread)
        problems = (Problem(self.place(one.path), one.rule, one.way_out) for one in found)
        return _in_order([*self.problems, *problems])

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
            document, model = self._partners[rest[0]], self._read.partners[rest[0]]
            rest = rest[1:]
        else:
            document, under = self._parts[str(part)]
            model = getattr(self._read, str(part))
        return document.place((*under, *_as_written(model, rest)))


def default_folder() -> Path:
    """Return the folder of the role config that comes with this installation."""
    return Path(partners_config.__path__[0])


def load(folder: Path) -> RoleConfig:
    """Return the role config in `folder`, checked. Raises ConfigError with all its problems."""
    loaded = read(folder)
    problems = loaded.check()
    if problems or loaded.config is None:
        raise ConfigError(problems)
    return loaded.config


def check_folder(folder: Path) -> list[Problem]:
    """Return every problem of every file, by file and line; empty: the config can be used.

    What the files say together is checked once each of them fits its model: before that, a rule
    that cannot be read would make everything that names it look wrong. What the rules of one
    partner say is checked at once, as far as the registers that they name could be read.
    """
    return read(folder).check()


def read(folder: Path) -> Loaded:
    """Read `folder` without checking what the files say together. Never raises."""
    reader = Reader(folder)
    partners = reader.partners()
    parts = reader.registers()
    found = _assemble([partner for _, partner in partners], parts, reader.unread)
    return Loaded(
        config=None if reader.problems else found,
        problems=tuple(_in_order(reader.problems)),
        folder=str(folder),
        _read=found,
        _unread=frozenset(reader.unread),
        _partners=tuple(document for document, _ in partners),
        _parts=reader.places,
    )


def _assemble(
    partners: list[Partner], parts: dict[str, Any], unread: Collection[str]
) -> RoleConfig:
    if unread:
        rest = dict.fromkeys(RoleConfig.model_fields, ())
        read = {part: value for part, value in parts.items() if value is not None}
        return RoleConfig.model_construct(**{**rest, **read, "partners": tuple(partners)})
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
