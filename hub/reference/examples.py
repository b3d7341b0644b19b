"""The examples of the message types, as they lie beside the tests."""

import json
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parents[2] / "tests" / "examples"
"""In a checkout. An installed package has none, and its references go without."""


def examples_of(name: str) -> dict[str, dict[str, Any]]:
    """Return the examples of a type without prefix, by variant; `""` where there are none.

    Sorted by variant. Empty when this is not a checkout.
    """
    found = [FOLDER / f"{name}.json", *FOLDER.glob(f"{name}--*.json")]
    return {
        path.stem.partition("--")[2]: json.loads(path.read_bytes())
        for path in sorted(found, key=lambda path: path.stem)
        if path.exists()
    }
