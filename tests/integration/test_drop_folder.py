"""The command `seinhuis watch` on a real hub: killed in the middle of a file, and begun again."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.builders import BSNS, NAMES, a_signal, as_bytes
from tests.integration.howto import blocks_of, run_shell
from tests.integration.hub_process import SEINHUIS, environment, hub_process, until

pytestmark = pytest.mark.broker

EXAMPLES = Path("examples/drop-folder")
MAPPING = EXAMPLES / "indigo-signalen.yaml"


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    with hub_process(tmp_path_factory.mktemp("hub") / "data") as hub:
        yield hub


def watch(hub, folder, *words, party="ind"):
    return hub.command(
        "watch", str(folder), "--party", party, "--settle", "0.1", "--interval", "0.1", *words
    )


def delivered(hub, party, beginning):
    """How often each id that begins so lies in the inbox of a party."""
    ids = [copy["id"] for copy in hub.opened(party, "ind")]
    return Counter(each for each in ids if each.startswith(beginning))


def test_the_example_export_reaches_the_inboxes(hub, tmp_path):
    """CSV in, minimised copies out; the row that the mapping skips goes nowhere."""
    shutil.copy(EXAMPLES / "indigo-week-47.csv", tmp_path)

    done = watch(hub, tmp_path, "--mapping", str(MAPPING), "--once", "--json")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "files": 1,
        "events": 3,
        "skipped": 1,
        "refused": 0,
        "stuck": 0,
    }
    assert [json.loads(line)["event"] for line in done.stderr.splitlines()] == ["file.taken"]
    assert (tmp_path / "done" / "indigo-week-47.csv").exists()
    until(lambda: len(delivered(hub, "lro", "indigo-")) == 3)
    assert set(delivered(hub, "gm0363", "indigo-")) == {"indigo-IND-2026-005101/1"}


def test_the_page_about_the_drop_folder_does_what_it_says(hub, tmp_path):
    """docs/howto/drop-folder.md: its files, and its commands as they stand there."""
    (tmp_path / "export").mkdir()
    for block in blocks_of(Path("docs/howto/drop-folder.md")):
        if block.language == "sh":
            path = f"{SEINHUIS.parent}{os.pathsep}{os.environ['PATH']}"
            settings = {**environment(), "PATH": path, "SEINHUIS_DATA": str(hub.data)}
            printed = run_shell(block, tmp_path, settings)
        else:
            folder = tmp_path / ("export" if block.language == "csv" else "")
            (folder / block.file).write_text(block.text, encoding="utf-8")

    assert "1 file taken, 1 event published" in printed
    until(lambda: delivered(hub, "gm0363", "week-") == {"week-IND-2026-005101/1": 1})


def test_cloudevents_need_no_mapping(hub, tmp_path):
    """A partner whose system writes the native format only needs a folder."""
    shutil.copy(EXAMPLES / "liv-cloudevents.ndjson", tmp_path)

    done = watch(hub, tmp_path, "--once", party="liv")

    assert done.returncode == 0, done.stderr
    assert "1 file taken, 1 event published" in done.stdout


def test_on_another_machine_the_account_of_the_party_is_enough(hub, tmp_path):
    """The partner runs the watch beside its own system, without the hub's data or its user."""
    (tmp_path / "los.ndjson").write_bytes(as_bytes(a_signal(id="elders-1")))

    done = subprocess.run(
        [SEINHUIS, "watch", tmp_path, "--party", "ind", "--broker", hub.url, "--once"],
        env={
            **environment(),
            "SEINHUIS_BROKER_USER": "ind",
            "SEINHUIS_BROKER_PASSWORD": hub.passwords["ind"],
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    until(lambda: delivered(hub, "gm0363", "elders-") == {"elders-1": 1})


def test_killed_in_the_middle_of_a_file_everything_comes_once(hub, tmp_path):
    """Kill -9 at a moment that nobody chose, twice; then a run to the end."""
    count = 300
    lines = [as_bytes(a_signal(id=f"kill-{n}")) + b"\n" for n in range(count)]
    (tmp_path / "groot.ndjson").write_bytes(b"".join(lines))
    words = ["--party", "ind", "--settle", "0.05", "--interval", "0.05", "--data", hub.data]
    seen = 0
    for _ in range(2):
        process = subprocess.Popen(
            [SEINHUIS, "watch", tmp_path, *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment(),
        )
        while len(delivered(hub, "lro", "kill-")) <= seen and process.poll() is None:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
        seen = len(delivered(hub, "lro", "kill-"))
    assert 0 < seen < count, "the kill came too early or too late to prove anything"
    assert (tmp_path / "groot.ndjson").exists()

    done = watch(hub, tmp_path, "--once")

    assert done.returncode == 0, done.stderr
    until(lambda: len(delivered(hub, "lro", "kill-")) == count)
    assert set(delivered(hub, "lro", "kill-").values()) == {1}
    assert set(delivered(hub, "gm0363", "kill-").values()) == {1}
    assert [path.name for path in (tmp_path / "done").iterdir()] == ["groot.ndjson"]


def test_refused_rows_end_with_code_3_and_leave_no_name_behind(hub, tmp_path):
    """Nothing of a person in what the command writes, also when the file is named after one."""
    text = (EXAMPLES / "indigo-week-47.csv").read_text(encoding="utf-8")
    (tmp_path / f"{NAMES[0]} {BSNS[0]}.csv").write_text(text.replace(";PGA;", ";P;"))

    done = watch(hub, tmp_path, "--mapping", str(MAPPING), "--once")

    assert done.returncode == 3
    assert "2 rows refused" in done.stderr
    problems = next((tmp_path / "refused").glob("*.problems.json")).read_text(encoding="utf-8")
    for written in (done.stdout, done.stderr, problems):
        assert not [word for word in (*NAMES, *BSNS) if word in written]
