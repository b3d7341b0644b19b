"""One YAML file as plain values, and the line of everything in it.

Written here instead of with yaml.safe_load for three reasons: every problem must name its line,
a key that stands twice must be reported instead of the first being lost, and text must stay text
(YAML 1.1 reads `on` as a boolean and `0363` as a number in base 8).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from schemas.problems import Problem

KeyPath = tuple[str | int, ...]
"""Keys and list positions, from the top of a file: `("regels", 2, "ontvangers", 0, "velden")`."""

_TAG: Final = "tag:yaml.org,2002:"
_WHOLE_NUMBER: Final = re.compile(r"[-+]?[0-9]+")

_SETS: Final = frozenset({
    "regels", "doorzenden", "gemeenten", "huizen", "groepen", "grondslagen", "doelen", "mandaten",
    "bevoegdheden", "veiligheidsregios", "politie_eenheden", "rijen", "tabel",
})  # fmt: skip
"""Lists in which the order means nothing: sorted, so that moving a row changes no digest."""


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read. Its sets are sorted; lines are those of the file.

    `value` is None when it could not be read; then `problems` says why. A problem that leaves the
    value whole, such as a key that stands twice, does not keep the rest from being checked.
    """

    file: str  #: as problems name it: `partners_config/ind.yaml`
    value: Any
    problems: tuple[Problem, ...]
    _root: Node | None

    def place(self, path: KeyPath) -> str:
        """Return `file:line` of `path`, or of the nearest part of it that stands in the file."""
        return f"{self.file}:{self._line(path)}"

    def _line(self, path: KeyPath) -> int:
        node = self._root
        if node is None:
            return 1
        line: int = node.start_mark.line
        for step in path:
            if isinstance(node, MappingNode):
                pair = next((p for p in node.value if p[0].value == step), None)
                if pair is None:
                    break
                line, node = pair[0].start_mark.line, pair[1]
            elif (
                isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value)
            ):
                node = node.value[step]
                line = node.start_mark.line
            else:
                break
        return line + 1


def read_document(file: str, data: bytes) -> Document:
    """Read the bytes of a file. Never raises: what cannot be read is a problem with its line."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problem = Problem(f"{file}:{line}", "the file is not UTF-8 text", "save it as UTF-8")
        return Document(file, None, (problem,), None)
    try:
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        return Document(file, None, (_unreadable(file, data, error),), None)
    if root is None:
        problem = Problem(f"{file}:1", "the file is empty", "fill it in, or remove it")
        return Document(file, None, (problem,), None)
    builder = _Builder(file)
    value = builder.build(root)
    return Document(file, None if builder.endless else value, tuple(builder.problems), root)


def _unreadable(file: str, data: bytes, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is not None:
        line = mark.line + 1
    else:  # a character that YAML does not allow has an offset instead
        line = data.count(b"\n", 0, getattr(error, "position", None) or 0) + 1
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
    return Problem(
        f"{file}:{line}",
        f"this is not YAML: {what}",
        "look at the indentation, the colons and the quotes on this line and the one before it",
    )


@dataclass(slots=True)
class _Builder:
    file: str
    problems: list[Problem] = field(default_factory=list)
    endless: bool = False
    _open: set[int] = field(default_factory=set)

    def build(self, node: Node) -> Any:
        if isinstance(node, ScalarNode):
            return _scalar(node)
        if id(node) in self._open:
            self._add(node, "this refers to itself (`*`)", "write it out")
            self.endless = True
            return None
        self._open.add(id(node))
        try:
            if isinstance(node, MappingNode):
                return dict(self._pairs(node))
            return [self.build(item) for item in node.value]
        finally:
            self._open.discard(id(node))

    def _pairs(self, node: MappingNode) -> Iterator[tuple[str, Any]]:
        seen: dict[str, int] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                self._add(key_node, "a key is one word", "write `key: value`")
                continue
            key: str = key_node.value
            if key in seen:
                self._add(
                    key_node,
                    f"`{key}` stands twice here: first on line {seen[key]}",
                    "keep one of the two",
                )
                continue
            seen[key] = key_node.start_mark.line + 1
            if key in _SETS:
                _sort(value_node)
            yield key, self.build(value_node)

    def _add(self, node: Node, rule: str, way_out: str) -> None:
        place = f"{self.file}:{node.start_mark.line + 1}"
        self.problems.append(Problem(place, rule, way_out))


def _sort(node: Node) -> None:
    if isinstance(node, SequenceNode) and all(isinstance(i, MappingNode) for i in node.value):
        node.value.sort(key=_sort_key)


def _sort_key(item: MappingNode) -> list[tuple[str, str]]:
    pairs = {
        key.value: value.value
        for key, value in item.value
        if isinstance(key, ScalarNode) and isinstance(value, ScalarNode)
    }
    name = pairs.get("id") or pairs.get("code")
    return [("", name)] if name else sorted(pairs.items())


def _scalar(node: ScalarNode) -> Any:
    text: str = node.value
    match node.tag.removeprefix(_TAG):
        case "null":
            return None
        case "int" if _WHOLE_NUMBER.fullmatch(text):
            return int(text, 10)
        case "bool" if text.lower() in {"true", "false"}:
            return text.lower() == "true"
        case "timestamp":
            try:
                return date.fromisoformat(text)
            except ValueError:
                return text
        case _:
            return text
