"""What `docs/howto/verify-the-log.md` tells an auditor to type gives what it says it gives."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from hub.proof.report import Fault, Limit
from tests.proof_log import a_log

PAGE = (Path(__file__).parents[2] / "docs/howto/verify-the-log.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```\n\nIt (?:prints|ends in) `([0-9a-f]{64})`", PAGE, re.DOTALL)


def needed(*commands):
    """Absent, it is a skip on a laptop and a failure in CI."""
    absent = [command for command in commands if shutil.which(command) is None]
    if absent and os.environ.get("CI"):
        pytest.fail(f"not on PATH: {absent}")
    if absent:
        pytest.skip(f"not on PATH: {absent}")


def typed(block, folder="."):
    return subprocess.run(
        ["sh", "-c", block], cwd=folder, capture_output=True, text=True, check=True, timeout=60
    ).stdout


@pytest.mark.parametrize(("block", "says"), BLOCKS, ids=["leaf", "commitment"])
def test_a_hash_by_hand_is_what_the_page_says(block, says):
    """With the commands that every system has."""
    needed("sha256sum", "openssl")

    assert says in typed(block)


def test_a_tile_by_hand_has_the_leaf_of_the_record(tmp_path):
    """The command on the page, in the folder of a log."""
    needed("dd", "od", "tr")
    (command,) = re.findall(r"```\n(dd .*)\n```", PAGE)
    log = a_log(300)
    log.publish(tmp_path)

    assert log.lines[5].leaf_hash().hex() == typed(command, tmp_path)
    assert log.lines[300 - 5].leaf_hash().hex() == typed(
        command.replace("0/000", "0/001.p/44").replace("skip=5", "skip=39"), tmp_path
    )


def test_the_page_names_faults_and_limits_that_there_are():
    """Of the words in the table of attacks, each is one that the verifier says."""
    table = PAGE.partition("## 4")[2].partition("## 5")[0]
    words = {word for word in re.findall(r"`([a-z-]+)`", table) if not word.startswith("--")}

    assert words <= {*(fault.value for fault in Fault), *(limit.value for limit in Limit)}
    assert {"changed", "missing", "tail", "forked", "rolled-back", "root", "key"} <= words
