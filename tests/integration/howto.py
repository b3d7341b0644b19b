"""The code blocks of a how-to, to be run: a page that is run cannot rot."""

import ast
import asyncio
import inspect
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One code block: its language, the file that it is to be saved as, its text and its line."""

    language: str
    file: str
    text: str
    line: int


def blocks_of(page: Path) -> list[Block]:
    """Return the code blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(match[1], match[2] or "", match[3], text.count("\n", 0, match.start()) + 2)
        for match in _BLOCK.finditer(text)
    ]


def run_python(block: Block, page: Path, names: dict[str, Any]) -> None:
    """Run a block in `names`; one with `await` as the inside of a coroutine."""
    source = "\n" * (block.line - 1) + block.text  # so that a traceback has the line of the page
    code = compile(source, str(page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = eval(code, names)  # noqa: S307 - our own page
    if inspect.iscoroutine(result):
        asyncio.run(result)


def run_shell(block: Block, folder: Path, environment: dict[str, str]) -> str:
    """Run a block as a script that stops at its first mistake, and return what it printed."""
    shell = shutil.which("bash") or "sh"
    done = subprocess.run(
        [shell, "-eu", "-c", block.text],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if done.returncode:
        raise RuntimeError(f"line {block.line} ended with {done.returncode}: {done.stderr}")
    return done.stdout
