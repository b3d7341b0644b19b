"""What is handed to the verifier may be made to stop, to fill or to mislead the auditor's machine.

It then says that it cannot be used, or where the fault is: never a traceback, and never a word to
the terminal that whoever made the log chose.
"""

import json
import zipfile

import pytest

from hub.proof import bundle, command
from hub.proof.report import Outcome
from tests.proof_log import PUBLIC, a_log

DEEP = b"[" * 100_000
FLAGS, METHOD = 8, 10
"""Where the directory of a zip has them, after `PK 01 02`."""


@pytest.fixture
def verify(capsys):
    """Run `seinhuis-verify`; return the exit code, stdout and stderr."""

    def call(path, *words):
        with pytest.raises(SystemExit) as ended:
            command.main([str(path), "--key", PUBLIC, *words])
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return call


@pytest.fixture
def folder(tmp_path):
    return a_log(300).export(tmp_path / "log")


def packed(folder, place, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(place, "w", method) as archive:
        for file in folder.rglob("*"):
            archive.write(file, file.relative_to(folder.parent))
    return place


def damaged(place, offset, value):
    """Change a field of the first file in the directory of a zip, and of that file itself."""
    content = bytearray(place.read_bytes())
    content[content.find(b"PK\x01\x02") + offset] = value
    content[content.find(b"PK\x03\x04") + offset - 2] = value
    place.write_bytes(content)


@pytest.mark.parametrize(
    ("offset", "value"), [(FLAGS, 1), (METHOD, 97), (METHOD, 14)], ids=["password", "?", "lzma"]
)
def test_an_archive_that_cannot_be_unpacked_is_unusable(verify, folder, tmp_path, offset, value):
    place = packed(folder, tmp_path / "log.zip", zipfile.ZIP_STORED)
    damaged(place, offset, value)

    code, _, err = verify(place)

    assert (Outcome.UNUSABLE, True) == (code, "unpack it yourself" in err)


def test_a_damaged_archive_is_unusable(verify, folder, tmp_path):
    place = packed(folder, tmp_path / "log.zip")
    content = bytearray(place.read_bytes())
    middle = content.find(b"records-") + 60
    content[middle : middle + 40] = b"\xff" * 40
    place.write_bytes(content)

    code, _, err = verify(place)

    assert (Outcome.UNUSABLE, True) == (code, "unpack it yourself" in err)


def test_an_archive_that_would_fill_the_disk_is_not_unpacked(verify, folder, tmp_path, monkeypatch):
    """A few kilobytes of zip can hold terabytes; the announced size is refused beforehand."""
    place = packed(folder, tmp_path / "log.zip")
    small = type("Disk", (), {"free": 1_000})
    monkeypatch.setattr(bundle.shutil, "disk_usage", lambda _: small)

    code, _, err = verify(place)

    assert (Outcome.UNUSABLE, True) == (code, "no room" in err)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("records-000000000000.jsonl", Outcome.FAULT),
        ("checkpoints.jsonl", Outcome.FAULT),
        ("export.json", Outcome.UNUSABLE),
    ],
)
def test_json_that_is_nested_too_deep_stops_nothing(verify, folder, name, expected):
    (folder / name).write_bytes(DEEP)

    code, _, err = verify(folder)

    assert (expected, False) == (code, "Traceback" in err)


def test_a_record_that_is_nested_too_deep_is_only_a_record(verify, folder):
    """Also one that looks as if it were about gaps, which is read: its leaf is wrong, no more."""
    file = folder / "records-000000000000.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines()
    line = json.loads(lines[7])
    line |= {"shard": "ledger", "record": '{"gap-accepted":' * 50_000}
    lines[7] = json.dumps(line)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")

    code, out, _ = verify(folder)

    assert (Outcome.FAULT, True) == (code, "FAULT (changed)" in out)


def test_a_receipt_that_is_nested_too_deep_is_unusable(verify, tmp_path):
    (tmp_path / "receipt.json").write_bytes(DEEP)

    code, _, err = verify(tmp_path / "receipt.json")

    assert (Outcome.UNUSABLE, True) == (code, "a receipt is JSON" in err)


def test_a_receipt_says_nothing_twice(verify, tmp_path):
    """Another program would show the first record, and the proof is of the second."""
    receipt = a_log(10).receipt(3)
    twice = receipt.replace('"position": 3,', '"position": 3, "record": "{\\"event\\":\\"x\\"}",')
    (tmp_path / "receipt.json").write_text(twice, encoding="utf-8")

    code, _, err = verify(tmp_path / "receipt.json")

    assert receipt != twice
    assert (Outcome.UNUSABLE, True) == (code, "twice" in err)


def test_no_name_in_a_log_steers_the_terminal(verify, folder):
    """A file may be called so that a terminal clears itself, or turns a word around."""
    (folder / "records-\x1b[2J\x9b1m\u202e.jsonl").write_text("no record\n", encoding="utf-8")

    code, out, _ = verify(folder)

    assert (Outcome.FAULT, True) == (code, "FAULT (form)" in out)
    assert [] == [c for c in out if not c.isprintable() and c != "\n"]
