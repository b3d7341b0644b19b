"""What the reports call parties, types, legal bases and purposes: by the role config of today.

A name that it does not know any more stays as the records have it.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from handlers.rulebook import Rulebook
from hub.bootstrap import rulebook
from hub.cli import output
from hub.config import Settings
from hub.errors import ConfigError
from hub.ledger import exporting
from schemas.catalogue import CATALOGUE


@dataclass(frozen=True, slots=True)
class Names:
    """Id -> how people call it."""

    parties: dict[str, str] = field(default_factory=dict)
    legal_bases: dict[str, str] = field(default_factory=dict)
    purposes: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, book: Rulebook | None) -> Self:
        """Take them from a role config; None: there is none that can be used."""
        if book is None:
            return cls()
        return cls(
            {party.id: party.name for party in book.parties.values()},
            {basis.id: basis.title for basis in book.config.legal_bases},
            {purpose.id: purpose.text for purpose in book.config.purposes},
        )

    def party(self, name: str) -> str:
        """Return `Dienst Justitiële Inrichtingen (dji)`."""
        return _both(self.parties.get(name), name)

    def legal_basis(self, name: str) -> str:
        """Return its title, with its id."""
        return _both(self.legal_bases.get(name), name)

    def purpose(self, name: str) -> str:
        """Return what it says, with its id."""
        return _both(self.purposes.get(name), name)

    @staticmethod
    def type(name: str) -> str:
        """Return the title of a message type, with its name."""
        known = CATALOGUE.get(name)
        return _both(known.title if known else None, name or "onbekend")


def book_of(settings: Settings) -> Rulebook | None:
    """Return the role config of today; None when it cannot be used: the log goes without."""
    try:
        return rulebook(settings)
    except ConfigError:
        return None


def deliver(text: str, out: Path | None) -> None:
    """Write a report to the terminal, or to a file that only you can read (0600).

    Raises:
        NotUsable: the file is there already, or cannot be made.

    """
    if out is None:
        output.line(text.rstrip("\n"))
        return
    with exporting.unfinished(out) as work:
        made = work / "report"
        made.write_text(text, encoding="utf-8")
        made.chmod(0o600)
        exporting.put(made, out)
    output.note(f"written to {out}, for you only")


def _both(called: str | None, name: str) -> str:
    return f"{called} ({name})" if called and called != name else name
