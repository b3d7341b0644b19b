"""The server-side functions: their text, and the version that is in their names."""

import hashlib
from importlib import resources
from typing import Final

_PARTS: Final = (
    "functions.lua",
    "route.lua",
    "act.lua",
    "erase.lua",
    "lease.lua",
)  # one text; first what they share
_TEMPLATE: Final = "\n".join(
    resources.files("hub.stores").joinpath(part).read_text("utf-8") for part in _PARTS
)

VERSION: Final = hashlib.sha256(_TEMPLATE.encode()).hexdigest()[:12]
"""Made from the text: workers of two versions side by side each call their own functions."""

CODE: Final = _TEMPLATE.replace("@VERSION@", VERSION)
LIBRARY: Final = f"seinhuis_{VERSION}"
ROUTE: Final = f"seinhuis_route_{VERSION}"
ACT: Final = f"seinhuis_act_{VERSION}"
NOTE: Final = f"seinhuis_note_{VERSION}"
EXCUSE: Final = f"seinhuis_excuse_{VERSION}"
ERASE: Final = f"seinhuis_erase_{VERSION}"
REPLACE_KEY: Final = f"seinhuis_replace_key_{VERSION}"
LEASE: Final = f"seinhuis_lease_{VERSION}"
RELEASE: Final = f"seinhuis_release_{VERSION}"
WORKERS: Final = f"seinhuis_workers_{VERSION}"
