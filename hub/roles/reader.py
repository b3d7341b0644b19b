"""Which file of the folder is what, and each file against its model.

partners_config/<partner>.yaml           one row of the table each
partners_config/register/<name>.yaml     what all rules use: places, laws, groups, settings
"""

from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from hub.roles.tree import Document, read_document
from hub.roles.wording import problem_of, unknown_key
from schemas.problems import Problem, nearest
from schemas.roles import Partner, RoleConfig

_REGISTER: Final = "register"
_LISTS: Final = {
    "gemeenten": {"gemeenten": "gemeente_register"},
    "zorg-en-veiligheidshuizen": {"huizen": "houses"},
    "regios": {"veiligheidsregios": "regions", "politie_eenheden": "police_units"},
    "mandaten": {"mandaten": "mandates"},
    "bevoegdheden": {"bevoegdheden": "competences"},
    "groepen": {"groepen": "groups"},
    "grondslagen": {"grondslagen": "legal_bases"},
    "doelen": {"doelen": "purposes"},
    "tabel": {"tabel": "table"},
}
"""File -> key in that file -> part of RoleConfig."""

_SETTINGS: Final = "instellingen"
_FILES: Final = (*_LISTS, _SETTINGS)
_IGNORED: Final = frozenset({"__init__.py", "__pycache__", "README.md"})

_MODELS: Final[dict[str, Any]] = {
    **{part: info.annotation for part, info in RoleConfig.model_fields.items()},
    "partner": Partner,
}
_ADAPTERS: Final = {part: TypeAdapter(model) for part, model in _MODELS.items()}


class Reader:
    """Reads a folder once; `problems` and `places` fill up on the way."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems: list[Problem] = []
        self.unread: set[str] = set()  #: parts of RoleConfig that are missing, or not whole
        self.places: dict[str, tuple[Document, tuple[str, ...]]] = {}

    def partners(self) -> list[tuple[Document, Partner]]:
        """Read one partner from each file; sorted by id."""
        if not self.folder.is_dir():
            self._add(str(self.folder), "there is no such folder", "name the folder of the config")
            self.unread |= RoleConfig.model_fields.keys()
            return []
        found = []
        for path in sorted(self.folder.iterdir()):
            if path.name in _IGNORED or path.name.startswith(".") or path.name == _REGISTER:
                continue
            name = str(path)
            if path.is_dir() or path.suffix != ".yaml":
                self._add(
                    name, "not a file of the role config", "name it <partner>.yaml, or move it"
                )
            elif path.stem in _FILES:
                self._add(name, "this is a register", f"move it to {self.folder}/{_REGISTER}/")
            else:
                document = self._document(path, name)
                partner = self._validated("partner", document, document.value, ())
                if partner is not None:
                    self._same_name(partner, path.stem, document)
                    found.append((document, partner))
        return sorted(found, key=lambda pair: pair[1].id)

    def registers(self) -> dict[str, Any]:
        """Read every register; the parts of RoleConfig by name."""
        if not self.folder.is_dir():
            return {}
        folder = self.folder / _REGISTER
        present = {path.name: path for path in sorted(folder.iterdir())} if folder.is_dir() else {}
        under = str(folder)
        for name in present:
            if (
                name not in _IGNORED
                and not name.startswith(".")
                and name.removesuffix(".yaml") not in _FILES
            ):
                near = nearest(name.removesuffix(".yaml"), _FILES)
                known = f"perhaps `{near}.yaml`" if near else f"known: {', '.join(_FILES)}"
                self._add(f"{under}/{name}", "not a register of the role config", known)
        parts: dict[str, Any] = {}
        for stem in _FILES:
            path = present.get(f"{stem}.yaml")
            if path is None:
                self._add(f"{under}/{stem}.yaml", "this register is missing", "add the file")
                self.unread |= _parts_in(stem)
            elif stem == _SETTINGS:
                document = self._document(path, f"{under}/{path.name}")
                self.places["settings"] = (document, ())
                parts["settings"] = self._validated("settings", document, document.value, ())
            else:
                self._lists(stem, self._document(path, f"{under}/{path.name}"), parts)
        return parts

    def _lists(self, stem: str, document: Document, parts: dict[str, Any]) -> None:
        keys = _LISTS[stem]
        if document.value is None:
            self.unread |= _parts_in(stem)
            return
        value = document.value if isinstance(document.value, dict) else {}
        for key in value:
            if key not in keys:
                rule, way_out = unknown_key(key, list(keys))
                self._add(document.place((key,)), rule, way_out)
        for key, part in keys.items():
            self.places[part] = (document, (key,))
            if key in value:
                parts[part] = self._validated(part, document, value[key], (key,))
            else:
                self._add(document.place(()), f"`{key}` is missing here", f"add a line {key}: …")
                self.unread.add(part)

    def _document(self, path: Path, name: str) -> Document:
        try:
            data = path.read_bytes()
        except OSError as error:
            reason = error.strerror or "unreadable"
            problem = Problem(name, f"cannot be read: {reason}", "mend the rights of the file")
            document = Document(name, None, (problem,), None)
        else:
            document = read_document(name, data)
        self.problems += document.problems
        return document

    def _validated(self, part: str, document: Document, value: Any, under: tuple[str, ...]) -> Any:
        here = "partners" if part == "partner" else part
        if value is None and document.problems:
            self.unread.add(here)
            return None
        try:
            return _ADAPTERS[part].validate_python(value)
        except ValidationError as invalid:
            for error in _first_causes(invalid.errors(include_url=False)):
                self.problems.append(problem_of(error, _MODELS[part], document, under))
            self.unread.add(here)
            return None

    def _same_name(self, partner: Partner, stem: str, document: Document) -> None:
        if partner.id != stem:
            self._add(
                document.place(("id",)),
                f"the file is called {stem}.yaml and the partner `{partner.id}`",
                "give both the same name",
            )
            self.unread.add("partners")

    def _add(self, place: str, rule: str, way_out: str) -> None:
        self.problems.append(Problem(place, rule, way_out))


def _parts_in(stem: str) -> set[str]:
    return {"settings"} if stem == _SETTINGS else set(_LISTS[stem].values())


def _first_causes(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """Leave out that a list is too short where only its wrong items made it so."""
    places = [error["loc"] for error in errors]
    return [
        error
        for error in errors
        if error["type"] != "too_short"
        or not any(
            len(place) > len(error["loc"]) and place[: len(error["loc"])] == error["loc"]
            for place in places
        )
    ]
