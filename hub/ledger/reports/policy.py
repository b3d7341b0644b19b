"""What the role config of a day said: terms, and bases of passing on. From the ledger's configs."""

from functools import lru_cache

from sqlalchemy import Connection

from handlers.rulebook import Rulebook
from hub.errors import NotFound, NotUsable
from hub.ledger.reports.versions import config_of
from schemas.roles import PassingOn

_SHARED = frozenset({"gemeente", "zvh"})


class LedgerPolicy:
    """Reads each config once. What the ledger does not keep is not known, and no error."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._book = lru_cache(maxsize=8)(self._read)

    def retention(self, digest: str, rule: str) -> int | None:
        """Return the days that a rule lets content be kept, or None."""
        book = self._book(digest)
        if book is None:
            return None
        for partner in book.config.partners:
            for one in partner.rules:
                if one.id == rule:
                    return one.retention_days or book.config.settings.retention_days
        return None

    def passing_on(self, digest: str, by: str, to: str, type_: str) -> PassingOn | None:
        """Return the only rule that fits; None when there is none, or several could be meant."""
        book = self._book(digest)
        sender, target = (book.parties.get(by), book.parties.get(to)) if book else (None, None)
        if book is None or sender is None or target is None:
            return None
        roles = {f"partij:{to}", f"groep:{to}"}
        if target.partner in _SHARED:
            roles.add(target.partner)
        fitting = [
            each.rule
            for each in book.passing_on_of(sender.partner)
            if type_ in each.rule.messages and roles & set(each.rule.to)
        ]
        return fitting[0] if len(fitting) == 1 else None

    def _read(self, digest: str) -> Rulebook | None:
        try:
            return Rulebook(config_of(self._connection, digest)) if digest else None
        except (NotFound, NotUsable):
            return None
