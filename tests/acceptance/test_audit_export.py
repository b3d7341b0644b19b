"""`seinhuis audit export`: what leaves the log is complete, checkable, on record, and no more."""

import asyncio
import csv
import hashlib
import json
import stat
import subprocess
import sys

import pyarrow.parquet as pq
import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from hub.cli.app import app
from hub.cli.exits import Exit
from hub.ledger import exporting
from hub.ledger.columns import COLUMNS, PERSON_COLUMNS
from hub.ledger.database import reading
from hub.ledger.export_files import guarded
from hub.ledger.tables import notes, records
from hub.proof.leaves import commit, leaf_hash
from tests.audit_ledger import SealedHub, an_act, the_signal
from tests.builders import BSNS, NAMES

VERIFY = (sys.executable, "-m", "hub.proof.command")


@pytest.fixture
def sealed(tmp_path):
    """A log of two signals, three acts and what the sealer adds."""
    made = SealedHub(tmp_path / "data")

    async def flow():
        first, second = the_signal("a-1"), the_signal("a-2")
        await made.hub.send(first, second)
        await made.hub.send(
            an_act("ingezien", first, "act-1"),
            an_act("ontvangst-bevestigd", first, "act-2"),
            an_act("geweigerd", second, "act-3", redencode="dubbel"),
        )
        await made.seal()

    asyncio.run(flow())
    yield made
    made.close()


def export(sealed, *words):
    """Run the command on that ledger; as a program would see it."""
    arguments = ["audit", "export", *map(str, words), "--data", str(sealed.data)]
    return CliRunner(env=sealed.environment()).invoke(app, arguments)


def verify(place, sealed, *words):
    """Run the verifier of the auditor, in a process of its own."""
    return subprocess.run(
        [*VERIFY, place, "--key", sealed.key_file, "--json", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def rows_of(sealed):
    """Return the records of the ledger."""
    with reading(sealed.engine) as connection:
        return connection.execute(select(records).order_by(records.c.position)).all()


def noted(sealed):
    """Return what was put on record and waits to be sealed."""
    with reading(sealed.engine) as connection:
        return [
            (json.loads(row.record), row.person)
            for row in connection.execute(select(notes).order_by(notes.c.id))
        ]


def lines_of(place):
    """Return the lines of the record files of an export folder."""
    return [
        json.loads(line)
        for file in sorted(place.glob("records-*.jsonl"))
        for line in file.read_text(encoding="utf-8").splitlines()
    ]


def test_the_whole_log_is_found_sound_by_the_verifier(sealed, tmp_path):
    """Every record byte for byte, the tree, every checkpoint; and the export says it is whole."""
    done = export(sealed, tmp_path / "out")

    assert (Exit.DONE, "") == (done.exit_code, "" if not done.exception else repr(done.exception))
    assert [row.record.decode() for row in rows_of(sealed)] == [
        line["record"] for line in lines_of(tmp_path / "out")
    ]
    assert json.loads((tmp_path / "out" / "export.json").read_text())["whole"] is True
    found = verify(tmp_path / "out", sealed)
    assert 0 == found.returncode, found.stdout + found.stderr


def test_a_part_of_the_log_is_found_sound_as_far_as_it_goes(sealed, tmp_path):
    """With a filter: each record is checked against the tree, and it is said to be a part."""
    done = export(sealed, tmp_path / "out", "--event", "opened")

    assert Exit.DONE == done.exit_code
    assert ["opened"] == [json.loads(x["record"])["event"] for x in lines_of(tmp_path / "out")]
    assert json.loads((tmp_path / "out" / "export.json").read_text())["whole"] is False
    assert 4 == verify(tmp_path / "out", sealed).returncode


def test_a_changed_export_is_found_out(sealed, tmp_path):
    """So that the two tests above can fail."""
    export(sealed, tmp_path / "out")
    (file,) = (tmp_path / "out").glob("records-*.jsonl")
    file.write_text(file.read_text().replace("acknowledged", "acknowledgee"))

    assert 3 == verify(tmp_path / "out", sealed).returncode


def test_the_sums_in_the_folder_are_right_and_the_last_word_is_on_record(sealed, tmp_path):
    """Begun before, done after: with format, filters, count, positions and SHA-256."""
    done = export(sealed, tmp_path / "out", "--sender", "ind", "--json")

    sums = tmp_path / "out" / exporting.SUMS
    for line in sums.read_text().splitlines():
        digest, _, name = line.partition("  ")
        assert digest == hashlib.sha256((tmp_path / "out" / name).read_bytes()).hexdigest()
    digest = hashlib.sha256(sums.read_bytes()).hexdigest()
    assert digest == json.loads(done.stdout)["sha256"]
    (begun, _), (end, _) = noted(sealed)
    assert ["log-exported"] * 2 == [begun["event"], end["event"]]
    assert ["begun", "done"] == [begun["result"], end["result"]]
    assert "format=jsonl sender=ind" == begun["reason"]
    count = len(lines_of(tmp_path / "out"))
    assert f"records={count}" in end["reason"].split()
    assert f"sha256={digest}" in end["reason"].split()
    places = [line["position"] for line in lines_of(tmp_path / "out")]
    assert f"positions={places[0]}-{places[-1]}" in end["reason"].split()


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_no_pseudonym_leaves_unless_asked_and_then_it_is_on_record(sealed, tmp_path, form):
    """Without: not one token in any byte. With: each can be held against its commitment."""
    tokens = [
        token
        for row in rows_of(sealed)
        if row.person
        for kind, token in json.loads(row.person).items()
        if kind != "key"
    ]
    export(sealed, tmp_path / "plain", "--format", form)
    done = export(sealed, tmp_path / "full", "--format", form, "--with-persons")

    plain = _bytes_of(tmp_path / "plain", form)
    assert tokens
    assert not [token for token in tokens if token.encode() in plain]
    assert Exit.DONE == done.exit_code
    full = _bytes_of(tmp_path / "full", form)
    assert all(token.encode() in full for token in tokens)
    assert not [word for word in (*BSNS, *NAMES) if word.encode() in full]
    reasons = [record["reason"] for record, _ in noted(sealed)]
    assert ["persons=yes" in reason for reason in reasons] == [False, False, True, True]


def test_salt_and_person_of_a_full_export_belong_to_their_commitments(sealed, tmp_path):
    """The verifier checks them too."""
    export(sealed, tmp_path / "out", "--with-persons")

    lines = lines_of(tmp_path / "out")
    assert lines
    for line in lines:
        person = line["person"].encode()
        assert line["commitment"] == commit(bytes.fromhex(line["salt"]), person).hex()
    assert 0 == verify(tmp_path / "out", sealed).returncode


def test_csv_and_parquet_hold_the_same_rows_and_each_can_be_verified(sealed, tmp_path):
    """The columns of `hub.ledger.columns`, the record and its commitment as they were hashed."""
    export(sealed, tmp_path / "out.csv", "--format", "csv")
    export(sealed, tmp_path / "out.parquet", "--format", "parquet")

    raw = (tmp_path / "out.csv").read_bytes()
    assert raw.count(b"\r\n") == raw.count(b"\n")
    flat = list(csv.DictReader(raw.decode().splitlines()))
    table = pq.read_table(tmp_path / "out.parquet").to_pylist()
    names = [column.name for column in COLUMNS]
    assert names == list(flat[0]) == list(table[0])
    expected = rows_of(sealed)
    assert len(expected) == len(flat) == len(table)
    for row, one, other in zip(expected, flat, table, strict=True):
        assert (row.record, row.commitment) == (other["record"], other["commitment"])
        assert (row.record.decode(), row.commitment.hex()) == (one["record"], one["commitment"])
        assert leaf_hash(row.shard, row.seq, row.commitment, row.record) == leaf_hash(
            other["shard"], other["seq"], other["commitment"], other["record"]
        )
        assert one["time"].replace("Z", "+00:00") == other["time"].isoformat()
        for name in ("event", "object", "actor", "result", "provided_to", "legal_bases"):
            assert one[name] == (other[name] or "")
    assert "gm0363 lro" in {row["provided_to"] for row in flat}


def test_pseudonyms_are_in_columns_of_their_own(sealed, tmp_path):
    """So that they can be taken out again."""
    export(sealed, tmp_path / "out.csv", "--format", "csv", "--with-persons")

    (head, *_) = csv.reader((tmp_path / "out.csv").read_text().splitlines())
    assert [column.name for column in (*COLUMNS, *PERSON_COLUMNS)] == head


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula_to_a_spreadsheet(start):
    """What begins as one gets an apostrophe."""
    assert f"'{start}HYPERLINK(1)" == guarded(f"{start}HYPERLINK(1)")
    assert "ind" == guarded("ind")


def test_an_export_is_for_its_owner_only(sealed, tmp_path):
    """0700 for folders and 0600 for files, all of them."""
    export(sealed, tmp_path / "out")
    export(sealed, tmp_path / "out.csv", "--format", "csv")

    modes = {
        stat.S_IMODE(path.stat().st_mode)
        for path in (tmp_path / "out", *(tmp_path / "out").rglob("*"))
        if path.is_dir()
    }
    assert {0o700} == modes
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert {0o600} == {stat.S_IMODE(path.stat().st_mode) for path in (*files, tmp_path / "out.csv")}


def test_nothing_is_overwritten(sealed, tmp_path):
    """Neither a file nor a folder, and nothing is left beside it."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out.csv").write_text("mine")

    assert Exit.NOT_USABLE == export(sealed, tmp_path / "out").exit_code
    done = export(sealed, tmp_path / "out.csv", "--format", "csv")
    assert Exit.NOT_USABLE == done.exit_code
    assert "mine" == (tmp_path / "out.csv").read_text()
    assert [] == noted(sealed)
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_half_an_export_never_has_its_name(sealed, tmp_path, form, monkeypatch):
    """Stopped in the middle: no file, no folder, nothing beside it; only that it was begun."""
    whole = exporting.matching

    def half(*args, **kwargs):
        found = whole(*args, **kwargs)
        yield next(found)
        assert list(tmp_path.glob(".out.*.part")), "it is made beside its place"
        raise KeyboardInterrupt

    monkeypatch.setattr(exporting, "matching", half)
    export(sealed, tmp_path / "out", "--format", form)

    assert {"data", "data.keys"} == {path.name for path in tmp_path.iterdir()}
    assert ["begun"] == [record["result"] for record, _ in noted(sealed)]


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_a_disk_that_is_full_is_said_and_nothing_is_left(sealed, tmp_path, form, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exporting, "sha256", full)

    result = export(sealed, tmp_path / "out", "--format", form)

    assert (Exit.NOT_USABLE, True) == (result.exit_code, "no space left" in result.stderr)
    assert [] == [path.name for path in tmp_path.iterdir() if "out" in path.name]


def test_what_cannot_be_put_on_record_does_not_leave(sealed, tmp_path, monkeypatch):
    """Fail closed: the last word is written before the export gets its name."""
    from hub.errors import Unavailable
    from hub.ledger import reading as log_reading

    add, calls = log_reading.add_note, []

    def second_time(*args):
        calls.append(1)
        if len(calls) == 2:
            raise Unavailable("the disk is full")
        add(*args)

    monkeypatch.setattr(log_reading, "add_note", second_time)
    done = export(sealed, tmp_path / "out")

    assert Exit.NO_HUB == done.exit_code
    assert not (tmp_path / "out").exists()


def test_the_logboek_dataverwerkingen_names_whom_and_asks_for_it(sealed, tmp_path):
    """It may not go without pseudonyms, so it does not go by accident."""
    assert Exit.NOT_USABLE == export(sealed, tmp_path / "ldv", "--as", "ldv").exit_code
    assert [] == noted(sealed)

    export(sealed, tmp_path / "ldv", "--as", "ldv", "--with-persons")
    lines = [json.loads(x) for x in (tmp_path / "ldv").read_text().splitlines()]
    assert len(lines) > len([r for r in rows_of(sealed) if b'"verdicts"' in r.record])
    assert [line for line in lines if "dpl.core.data_subject_id" in line["attributes"]]
    assert "format=ldv" in noted(sealed)[0][0]["reason"].split()


def test_the_decision_log_is_about_organisations_only(sealed, tmp_path):
    """And the same export twice is the same file."""
    words = ("--as", "decisions")
    refused = export(sealed, tmp_path / "x", *words, "--with-persons")
    assert Exit.NOT_USABLE == refused.exit_code

    export(sealed, tmp_path / "one", *words)
    export(sealed, tmp_path / "two", *words)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    lines = [json.loads(x) for x in (tmp_path / "one").read_text().splitlines()]
    assert {"adl.access_evaluation"} == {line["event_name"] for line in lines}


def test_a_long_log_is_cut_into_files_named_by_their_first_position(sealed, tmp_path, monkeypatch):
    """And read a page at a time; the verifier finds it whole."""
    monkeypatch.setattr(exporting, "LINES", 3)
    monkeypatch.setattr(exporting, "_PAGE", 2)
    export(sealed, tmp_path / "out")

    names = sorted(path.name for path in (tmp_path / "out").glob("records-*"))
    size = len(rows_of(sealed))
    assert [f"records-{at:012d}.jsonl" for at in range(0, size, 3)] == names
    assert list(range(size)) == [line["position"] for line in lines_of(tmp_path / "out")]
    assert 0 == verify(tmp_path / "out", sealed).returncode


def _bytes_of(place, form):
    """Return every byte of an export; of Parquet what stands in its cells, unpacked."""
    if form == "parquet":
        return repr(pq.read_table(place).to_pylist()).encode()
    if place.is_file():
        return place.read_bytes().replace(b'""', b'"')
    return b"".join(path.read_bytes() for path in place.rglob("*") if path.is_file())
