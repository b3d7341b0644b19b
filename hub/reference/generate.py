"""Write every reference to a folder; the same code and role config give the same bytes."""

import json
from pathlib import Path
from typing import Any

from handlers.rulebook import Rulebook
from hub.reference.asyncapi import document
from hub.reference.json_schema import schema
from hub.reference.pages import messages_page
from hub.roles import default_folder, load
from schemas.catalogue import CATALOGUE


def generate(folder: Path, book: Rulebook | None = None) -> list[Path]:
    """Write all references below `folder`, and return their paths, sorted.

    Without `book` the role config of this installation is read. Files that are already there are
    overwritten; others are left alone. Raises ConfigError when the role config cannot be used.
    """
    book = book or Rulebook(load(default_folder()))
    prefix = book.config.settings.prefix
    texts = {f"schemas/{name}.json": _as_json(schema(name, prefix)) for name in CATALOGUE}
    texts["asyncapi.json"] = _as_json(document(book))
    texts["messages.md"] = messages_page(book)
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return sorted(folder / name for name in texts)


def _as_json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"
