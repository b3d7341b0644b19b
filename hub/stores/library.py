"""The server-side functions: their text, and the version that is in their names."""

import hashlib
from importlib import resources
from typing import Final

_TEMPLATE: Final = resources.files("hub.stores").joinpath("functions.lua").read_text("utf-8")

VERSION: Final = hashlib.sha256(_TEMPLATE.encode()).hexdigest()[:12]
"""Made from the text: workers of two versions side by side each call their own functions."""

CODE: Final = _TEMPLATE.replace("@VERSION@", VERSION)
LIBRARY: Final = f"seinhuis_{VERSION}"
ROUTE: Final = f"seinhuis_route_{VERSION}"
ACT: Final = f"seinhuis_act_{VERSION}"
NOTE: Final = f"seinhuis_note_{VERSION}"
EXCUSE: Final = f"seinhuis_excuse_{VERSION}"
