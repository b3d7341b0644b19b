"""The reference pages that are made from the code: `python -m hub.cli.pages docs/reference`.

The help of every command, the exit codes, the settings, the events of the log, and the reason
words of a decision. A test compares them with what is committed.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from hub.cli import verdicts
from hub.cli.app import app
from hub.cli.exits import MEANINGS
from hub.config import SETTINGS
from hub.log import EVENTS
from schemas.decisions import HoldReason, WithholdReason

_WIDTH = 80


def pages() -> dict[str, str]:
    """Return file name -> text of every page; the same code gives the same text."""
    made = {
        "cli.md": _cli(),
        "settings.md": _settings(),
        "log-events.md": _log_events(),
        "reasons.md": _reasons(),
    }
    return {name: "\n".join(lines) + "\n" for name, lines in made.items()}


def write(folder: Path) -> list[Path]:
    """Write every page in `folder`, which is made when absent; return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in pages()]


def _cli() -> Iterator[str]:
    yield from (
        "# The command `seinhuis`",
        "",
        "Made from the help texts by `python -m hub.cli.pages docs/reference`.",
        "",
        "With `--json` stdout holds JSON and nothing else: one document, or one on each line for",
        "a list. An error is then a JSON object on stderr: `error`, and `problems` with `place`,",
        "`rule` and `way_out`.",
        "",
        "## Exit codes",
        "",
        "| code | meaning |",
        "| ---: | --- |",
    )
    for code, meaning in MEANINGS.items():
        yield f"| {code.value} | {meaning} |"
    for title, text in helps():
        depth = "##" if title.count(" ") < 2 else "###"
        yield from ("", f"{depth} {title}", "", "```", text, "```")


def helps() -> Iterator[tuple[str, str]]:
    """Yield every command, subcommands too, with its help at 80 columns. Imports them all."""
    root = get_command(app)
    settings = {**root.context_settings, "terminal_width": _WIDTH}
    yield from _helps(root, root.context_class(root, info_name="seinhuis", **settings))


def _helps(command: Any, context: Any) -> Iterator[tuple[str, str]]:
    yield context.command_path.replace(" {PARTY}", " PARTY"), command.get_help(context).rstrip()
    if not hasattr(command, "list_commands"):
        return
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        if not inner.hidden:
            below = inner.context_class(inner, info_name=name, parent=context)
            yield from _helps(inner, below)


def _settings() -> Iterator[str]:
    yield from (
        "# Settings",
        "",
        "From the environment; a flag of the command goes before them. Made from `hub.config` by",
        "`python -m hub.cli.pages docs/reference`.",
        "",
        "| variable | default | meaning |",
        "| --- | --- | --- |",
    )
    for setting in SETTINGS:
        default = f"`{setting.default}`" if setting.default else ""
        yield f"| `{setting.variable}` | {default} | {setting.meaning} |"


def _log_events() -> Iterator[str]:
    yield from (
        "# Events of the operational log",
        "",
        "A closed list: an event or a field that is not in it is not written. No personal data",
        "stands in it, and it may be lost; what may not be lost is in the audit records. Beside",
        "these fields every line has `event`, `level` and `timestamp`. Made from `hub.log` by",
        "`python -m hub.cli.pages docs/reference`.",
        "",
        "| event | fields |",
        "| --- | --- |",
    )
    for event, fields in EVENTS.items():
        yield f"| `{event}` | {', '.join(f'`{field}`' for field in sorted(fields))} |"


def _reasons() -> Iterator[str]:
    yield from (
        "# Reasons of a decision",
        "",
        "Every party that a rule names gets a verdict: *forward*, *withhold* or *hold*. Each no",
        "has one of these words, in the record and in `seinhuis explain`. Auditors count on them:",
        "a word is added, never changed or used for something else. Made from `schemas.decisions`",
        "by `python -m hub.cli.pages docs/reference`.",
    )
    groups: tuple[tuple[str, str, Any], ...] = (
        ("Withhold", "The party gets no copy, and need not.", WithholdReason),
        ("Hold", "A person looks first: `seinhuis held`.", HoldReason),
    )
    for title, meaning, words in groups:
        yield from ("", f"## {title}", "", meaning, "", "| word | meaning |", "| --- | --- |")
        for word in words:
            yield f"| `{word.value}` | {verdicts.MEANINGS[word]} |"


if __name__ == "__main__":
    for path in write(Path(sys.argv[1])):
        sys.stdout.write(f"{path}\n")
