"""Dates as a Dutch export writes them: `dd-mm-jjjj uu:mm:ss`, in Dutch local time."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

_LOCAL: Final = ZoneInfo("Europe/Amsterdam")
_TOKEN: Final = re.compile(r"jjjj|dd|mm|uu|ss|%")
_CODES: Final = {"jjjj": "%Y", "dd": "%d", "mm": "%m", "uu": "%H", "ss": "%S", "%": "%%"}
ISO: Final = "iso"
"""As a form: whatever ISO 8601 allows, with or without an offset."""


@dataclass(frozen=True, slots=True)
class DateForm:
    """A form of dates; `mm` is the month, and after `uu` the minute. Days may lack their zero.

    >>> DateForm("dd-mm-jjjj").day("3-11-2026")
    datetime.date(2026, 11, 3)
    """

    form: str

    @staticmethod
    def mistake(form: str, *, with_time: bool) -> str | None:
        """Return what is wrong with a form; None: nothing."""
        if form == ISO:
            return None
        tokens = _TOKEN.findall(form)
        if tokens.count("jjjj") != 1 or tokens.count("dd") != 1 or "mm" not in tokens:
            return "a date has dd, mm and jjjj, each once"
        if with_time != ("uu" in tokens):
            return "a time has uu" if with_time else "a day has no uu; use tijdstip for a time"
        if tokens.count("mm") != (2 if with_time else 1):
            return "mm is the month, and after uu the minute; each stands once"
        return None

    def day(self, text: str) -> date:
        """Return the day that `text` says. Raises ValueError when it says none."""
        if self.form == ISO:
            return date.fromisoformat(text)
        return datetime.strptime(text, self._codes()).date()  # noqa: DTZ007  (a day has no zone)

    def moment(self, text: str) -> datetime:
        """Return the moment that `text` says, aware; without an offset it is Dutch local time.

        In the hour that comes twice in October, the first. Raises ValueError when it says none.
        """
        if self.form == ISO:
            found = datetime.fromisoformat(text)
        else:
            found = datetime.strptime(text, self._codes())  # noqa: DTZ007  (zone follows below)
        return found if found.tzinfo is not None else found.replace(tzinfo=_LOCAL)

    def _codes(self) -> str:
        hours_seen = False

        def code(match: re.Match[str]) -> str:
            nonlocal hours_seen
            token = match[0]
            hours_seen = hours_seen or token == "uu"  # noqa: S105  (a token of a date)
            return "%M" if token == "mm" and hours_seen else _CODES[token]  # noqa: S105

        return _TOKEN.sub(code, self.form)
