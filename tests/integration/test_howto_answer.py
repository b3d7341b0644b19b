"""docs/howto/answer-a-question.md, run from top to bottom on a ledger with a signal in it."""

import asyncio
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from handlers.rulebook import Rulebook
from hub.roles import default_folder, load
from tests.audit_ledger import SealedHub, an_act
from tests.builders import a_signal
from tests.integration.howto import blocks_of, run_shell
from tests.integration.hub_process import SEINHUIS

PAGE = Path("docs/howto/answer-a-question.md").absolute()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A ledger with the signal of the page: sent, opened and taken up; under the real config."""
    made = SealedHub(tmp_path_factory.mktemp("page") / "data", Rulebook(load(default_folder())))

    async def flow():
        signal = a_signal(id="a-1")
        await made.load(made.hub.book)
        await made.hub.send(signal)
        await made.hub.send(an_act("ingezien", signal, "act-1"))
        await made.hub.send(an_act("opgepakt", signal, "act-2"))
        await made.seal()

    asyncio.run(flow())
    shutil.copy(made.key_file, made.data.parent / "hub.pub")
    made.close()
    return made.data.parent


@pytest.fixture(scope="module")
def printed(folder):
    """Run every shell block in order; return what each printed, by its line in the page."""
    commands = folder / "bin"
    commands.mkdir()
    verify = commands / "seinhuis-verify"  # also where this checkout was installed before it
    verify.write_text(f'#!/bin/sh\nexec {sys.executable} -m hub.proof.command "$@"\n')
    verify.chmod(0o755)
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("SEINHUIS_")},
        "PATH": f"{SEINHUIS.parent}{os.pathsep}{commands}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(PAGE.parents[2]),
        "SEINHUIS_DATA": str(folder / "data"),
        "COLUMNS": "80",
    }
    return {
        block.line: run_shell(block, folder, environment)
        for block in blocks_of(PAGE)
        if block.language == "sh"
    }


def test_every_line_that_the_page_shows_is_printed_by_the_command_above_it(printed):
    """With anything where the page has `…`; nothing on the page is invented."""
    shown, last = 0, None
    for block in blocks_of(PAGE):
        if block.language == "sh":
            last = printed[block.line].splitlines()
            continue
        assert ("text", True) == (block.language, last is not None)
        for line in filter(str.strip, block.text.splitlines()):
            pattern = ".*".join(map(re.escape, line.split("…")))
            assert any(re.fullmatch(f".*{pattern}", actual) for actual in last), line
            shown += 1
    assert shown > 25


def test_what_the_page_exports_is_there_and_the_receipts_hold(folder, printed):
    """The blocks stop at the first command that fails; so these were made by them."""
    for name in ("november.csv", "november.parquet", "decisions.jsonl", "ldv.jsonl"):
        assert (folder / name).stat().st_size > 0
    assert 5 == len(list((folder / "receipts").iterdir()))
    assert printed


def test_every_command_of_the_table_is_one_of_ours():
    """A question that is answered by a command that is not there is not answered."""
    from hub.cli import audit, audit_report

    named = re.findall(r"`(?:seinhuis audit|…) (\w+)(?: (\w+))?", PAGE.read_text(encoding="utf-8"))
    commands = {first for first, _ in named} - set(audit_report.COMMANDS)
    reports = {second for first, second in named if first == "report"}
    assert commands <= set(audit.COMMANDS)
    assert set(audit_report.COMMANDS) == reports
