"""What the demo puts on the screen: plain text in 80 columns, coloured when somebody looks."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from hub.client import Delivery
from schemas.envelope import Envelope
from schemas.records import Record, VerdictLine

WIDTH: Final = 80
_LONGEST: Final = 30


class Show:
    """Writes to one console, in order."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._width = min(WIDTH, console.width)

    def title(self, text: str, dutch: str) -> None:
        """Begin a scene; `dutch` says in one line what it is about."""
        self._console.print()
        if self._console.is_terminal:
            body = Text.assemble((text, "bold"), "\n", (dutch, "italic"))
            self._console.print(Panel(body, border_style="blue", width=self._width))
        else:
            self.say(f"=== {text}")
            self.say(f"    {dutch}")

    def say(self, text: str, style: str = "") -> None:
        """Write a line of the story, folded at 80 columns under its own beginning."""
        indent = " " * (len(text) - len(text.lstrip()) + 2)
        lines = textwrap.wrap(text, self._width, subsequent_indent=indent, break_on_hyphens=False)
        self._console.print(Text("\n".join(lines), style=style), soft_wrap=True)

    def step(self, text: str) -> None:
        """Write what somebody does."""
        self.say(f"-> {text}", "bold")

    def check(self, text: str, *, holds: bool) -> None:
        """Write the outcome of a check."""
        self.say(f"  {'ok    ' if holds else 'NOT OK'} {text}", "green" if holds else "bold red")

    def sent(self, event: Mapping[str, Any]) -> None:
        """Show an event as it was sent, short."""
        data = event["data"]
        words = [f"type {str(event['type']).rpartition('aanpak.')[2]}", f"id {event['id']}"]
        words += [
            f"{key} {data[key]}"
            for key in ("fase", "gemeentecode", "gemeentegrondslag", "urgentie")
            if key in data
        ]
        self.say("   " + " · ".join(words))

    def fields(self, event: Envelope, copies: Mapping[str, Delivery]) -> None:
        """Show which fields each recipient sees, side by side; what all see is one line."""
        full = event.model_dump(mode="json", by_alias=True, exclude_none=True)["data"]
        sent = {name: value for name, value in flat(full).items() if value != []}
        seen = {party: flat(copy.event["data"]) for party, copy in copies.items()}
        everybody = [name for name in sent if all(name in fields for fields in seen.values())]
        others = [name for name in sent if name not in everybody]
        if len(seen) > 1:
            self._side_by_side({name: sent[name] for name in others}, seen)
            self.say(f"   all see: {', '.join(everybody)}", "dim")
        else:
            who = next(iter(seen), "nobody")
            self.say(f"   {who} sees: {', '.join(everybody)}", "dim")
            self.say(f"   {who} does not see: {', '.join(others) or 'nothing is left out'}")
        for party, fields in seen.items():
            if foreign := sorted(set(fields) - set(flat(full))):
                self.say(f"   {party} sees what was not sent: {', '.join(foreign)}", "bold red")

    def _side_by_side(self, sent: Mapping[str, Any], seen: Mapping[str, Mapping[str, Any]]) -> None:
        table = Table(box=box.SIMPLE_HEAD, width=self._width, pad_edge=False)
        table.add_column("   field, as sent", ratio=1, overflow="fold")
        for party in seen:
            table.add_column(party, justify="center", no_wrap=True)
        for name, value in sent.items():
            marks = ["sees" if name in fields else "-" for fields in seen.values()]
            table.add_row(Padding(f"{name}: {_short(value)}", (0, 0, 0, 3)), *marks)
        if table.row_count:
            self._console.print(table)

    def received(self, copies: Mapping[str, Delivery]) -> None:
        """Show who has a copy, under which rule, and until when it may wait."""
        for party, copy in copies.items():
            until = datetime.fromisoformat(copy.deadline)
            wait = round((until - copy.received_at).total_seconds() / 60)
            self.say(
                f"   {party} got a copy by rule {copy.rule};"
                f" {copy.urgency}: to acknowledge within {_minutes(wait)}"
            )

    def verdicts(self, record: Record) -> None:
        """Show why others got nothing: the reasons of the record, grouped."""
        others = [line for line in record.verdicts or () if line.outcome != "forward"]
        if not others:
            self.say("   The rules name nobody else for this message.")
            return
        for (outcome, reason), lines in grouped(others).items():
            who = ", ".join(sorted({_who(line) for line in lines}))
            word = "held, a person must look" if outcome == "hold" else "no copy"
            self.say(f"   {word} ({reason}): {who}")

    def table(self, title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Write a table; numbers to the right."""
        table = Table(
            title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, min_width=40
        )
        table.add_column(columns[0], overflow="fold")
        for column in columns[1:]:
            table.add_column(column, justify="right", no_wrap=True)
        for row in rows:
            table.add_row(*(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row))
        self._console.print(table)


def flat(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return wire names with dots, one level deep."""
    found: dict[str, Any] = {}
    for name, value in data.items():
        if isinstance(value, dict):
            found |= {f"{name}.{part}": inner for part, inner in value.items()}
        else:
            found[name] = value
    return found


def grouped(
    lines: Iterable[VerdictLine],
) -> dict[tuple[str, str], list[VerdictLine]]:
    """Return verdicts by outcome and reason, in order of reason."""
    found: dict[tuple[str, str], list[VerdictLine]] = {}
    for line in sorted(lines, key=lambda line: (line.outcome, line.reason or "", line.rule)):
        reason = f"{line.reason}: {line.detail}" if line.detail else line.reason or ""
        found.setdefault((line.outcome, reason), []).append(line)
    return found


def _who(line: VerdictLine) -> str:
    return f"{line.party or line.role} by rule {line.rule}"


def _short(value: Any) -> str:
    text = "ja" if value is True else "nee" if value is False else str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _minutes(count: int) -> str:
    return f"{count} minutes" if count < 180 else f"{round(count / 60)} hours"
