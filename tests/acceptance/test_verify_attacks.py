"""Every attack on the log that an auditor must see, and what the verifier says about it.

The log is made with `hub.proof` alone. Who attacks has the folder, and not the key of the log.
"""

import json
from pathlib import Path

import pytest

from hub.proof.bundle import opened
from hub.proof.notes import WITNESS, VerifierKey
from hub.proof.report import Fault, Outcome, Report
from hub.proof.verifying import Evidence, verify
from hub.proof.witnessing import make_witness_key, witness
from tests.proof_log import KEY, ORIGIN, ALog, a_log, a_signer, changed, exported

OTHER = a_signer(2)
"""Another key under the same name, as who attacks would make."""


def report_on(folder: Path, *keys: VerifierKey, **evidence) -> Report:
    with opened(folder) as bundle:
        return verify(bundle, keys or (KEY.verifier,), Evidence(**evidence))


@pytest.fixture
def log() -> ALog:
    """Six hundred records of four shards: two full tiles and a part of one; twelve checkpoints."""
    return a_log(600)


def records_of(folder: Path) -> list[str]:
    return (folder / "records-000000000000.jsonl").read_text(encoding="utf-8").splitlines()


def write_records(folder: Path, lines: list[str]) -> None:
    (folder / "records-000000000000.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_an_honest_log_is_sound(log, tmp_path):
    """Nothing is found where nothing is wrong; and everything was looked at."""
    report = report_on(log.export(tmp_path / "log", persons=True))

    assert Outcome.SOUND == report.outcome
    assert [] == report.faults == report.limits
    assert 600 == report.checked["records"] == report.checked["persons under a commitment"]
    assert len(log.sizes) == report.checked["checkpoints"]
    assert 600 == report.proven == report.size


@pytest.mark.parametrize(
    "attack",
    [
        {"record": b'{"event":"decided","object":{"kind":"message","id":"ff"}}'},
        {"shard": "liv"},
        {"seq": 1000},
        {"commitment": bytes(32)},
    ],
    ids=["record", "shard", "seq", "commitment"],
)
def test_a_changed_field_is_found_in_its_record(log, tmp_path, attack):
    """Text, shard, seq or commitment: the tree of the signed checkpoint has another leaf there."""
    log_was, line = log.copy(), log.lines[123]
    folder = log_was.export(tmp_path / "log", a_file=1000)
    lines = records_of(folder)
    lines[123] = exported(changed(line, **attack))
    write_records(folder, lines)

    report = report_on(folder)

    assert Outcome.FAULT == report.outcome
    found = [finding for finding in report.faults if finding.code is Fault.CHANGED]
    assert [123] == [finding.position for finding in found]


def test_a_removed_record_is_missing_by_position_and_by_number(log, tmp_path):
    """The report names the position in the log, and the shard and seq that are not there."""
    folder = log.export(tmp_path / "log", a_file=1000)
    lines = records_of(folder)
    gone = log.lines[300]
    write_records(folder, lines[:300] + lines[301:])

    report = report_on(folder)

    assert {"missing", "gap"} == report.codes()
    missing, gap = report.faults[1], report.faults[0]
    assert 300 == missing.position
    assert (gone.shard, gone.seq) == (gap.shard, gap.seq)


def test_a_removed_record_is_found_when_the_others_are_numbered_anew(log, tmp_path):
    """Each later record stands a place too early, and the report says so once."""
    folder = log.export(tmp_path / "log", a_file=1000)
    rest = [
        changed(line, position=line.position - 1) if line.position > 300 else line
        for line in log.lines
        if line.position != 300
    ]
    write_records(folder, [exported(line) for line in rest])

    report = report_on(folder)

    assert {"moved", "gap", "tail"} == report.codes()
    moved = [finding for finding in report.faults if finding.code is Fault.MOVED]
    assert 300 == moved[0].position
    assert "sealed at position 301" in moved[0].what


def test_a_removed_tail_is_found(log, tmp_path):
    """The checkpoint promises more than is there."""
    folder = log.export(tmp_path / "log", a_file=1000)
    write_records(folder, records_of(folder)[:575])

    report = report_on(folder)

    assert {"tail"} == report.codes()
    assert 575 == report.faults[0].position
    assert "25 records, positions 575 to 599" in report.faults[0].what


def test_two_swapped_lines_are_found(log, tmp_path):
    """They still say where they belong, and do not stand there."""
    folder = log.export(tmp_path / "log", a_file=1000)
    lines = records_of(folder)
    lines[40], lines[41] = lines[41], lines[40]
    write_records(folder, lines)

    report = report_on(folder)

    assert "order" in report.codes()
    order = next(finding for finding in report.faults if finding.code is Fault.ORDER)
    assert 40 == order.position


def test_two_swapped_records_are_found_with_where_they_belong(log, tmp_path):
    """Their positions were exchanged too, so that the file looks right."""
    folder = log.export(tmp_path / "log", a_file=1000)
    lines = records_of(folder)
    lines[40] = exported(changed(log.lines[41], position=40))
    lines[41] = exported(changed(log.lines[40], position=41))
    write_records(folder, lines)

    report = report_on(folder)

    moved = {
        finding.position: finding.what for finding in report.faults if finding.code is Fault.MOVED
    }
    assert {40, 41} == set(moved)
    assert "sealed at position 41" in moved[40]
    assert "sealed at position 40" in moved[41]


@pytest.mark.parametrize("renumbered", [False, True])
def test_an_inserted_record_is_found(log, tmp_path, renumbered):
    """Between others, with its own position or with all that follow numbered anew."""
    folder = log.export(tmp_path / "log", a_file=1000)
    forged = changed(log.lines[200], record=b'{"event":"decided","result":"forged"}')
    rest = log.lines[200:]
    if renumbered:
        rest = [changed(line, position=line.position + 1) for line in rest]
    lines = [exported(line) for line in [*log.lines[:200], forged, *rest]]
    write_records(folder, lines)

    report = report_on(folder)

    assert Outcome.FAULT == report.outcome
    assert 200 in {finding.position for finding in report.faults if finding.code is Fault.CHANGED}
    assert ("moved" if renumbered else "order") in report.codes()


def test_a_number_that_a_shard_had_before_is_found_also_when_it_was_signed(log, tmp_path):
    """The shard was set back and the log took what came: all hashes fit, the numbers do not."""
    log.add_numbered("ind", 3, {"event": "decided"})

    report = report_on(log.seal().export(tmp_path / "log"))

    assert {"seq"} == report.codes()
    assert (600, "ind", 3) == (
        report.faults[0].position,
        report.faults[0].shard,
        report.faults[0].seq,
    )


def test_a_record_added_behind_the_last_checkpoint_is_not_believed(log, tmp_path):
    """No checkpoint covers it, so anybody can have written it."""
    folder = log.export(tmp_path / "log", a_file=1000)
    last = [line for line in log.lines if line.shard == "ind"][-1]
    forged = changed(last, position=600, seq=last.seq + 1)
    write_records(folder, [*records_of(folder), exported(forged)])

    report = report_on(folder)

    assert {"beyond"} == report.codes()
    assert 600 == report.faults[0].position


def rewritten(log: ALog, at: int, signer) -> ALog:
    """Return the log as who attacks would write it: one record changed, all hashes made anew."""
    forged = log.copy()
    forged.lines[at] = changed(forged.lines[at], record=b'{"event":"decided","result":"withheld"}')
    forged.signer = signer
    return forged


def test_a_rewritten_history_does_not_fit_the_signed_checkpoints(log, tmp_path):
    """Records and tiles were made to fit each other; the checkpoints are the honest ones."""
    honest = log.publish(tmp_path / "honest")
    folder = rewritten(log, 123, KEY).export(tmp_path / "log")
    for name in ("checkpoint", "checkpoints.jsonl"):
        (folder / name).write_bytes((honest / name).read_bytes())

    report = report_on(folder)

    assert {"root"} == report.codes()
    assert (100, 150) == (report.faults[0].position, report.faults[0].checkpoint)


def test_a_rewritten_history_signed_by_another_key_is_not_the_log(log, tmp_path):
    """Everything fits, and nothing is signed by the key that the auditor has."""
    report = report_on(rewritten(log, 123, OTHER).export(tmp_path / "log"))

    assert {"key"} == report.codes()
    assert 0 == report.proven


def test_a_changed_record_with_its_lowest_tile_is_found_by_the_tile_above(log, tmp_path):
    """Who makes only the lowest tile fit leaves the hash of that tile as it was."""
    folder = log.export(tmp_path / "log", a_file=1000)
    forged = rewritten(log, 123, KEY).publish(tmp_path / "forged")
    (folder / "tile/0/000").write_bytes((forged / "tile/0/000").read_bytes())
    lines = records_of(folder)
    lines[123] = exported(rewritten(log, 123, KEY).lines[123])
    write_records(folder, lines)

    report = report_on(folder)

    assert Outcome.FAULT == report.outcome
    assert {"changed", "root"} & report.codes()


def test_a_checkpoint_with_another_key_is_told_from_the_others(log, tmp_path):
    """One checkpoint is replaced by one of another key; the later ones tell which one lies."""
    folder = log.export(tmp_path / "log")
    lines = (folder / "checkpoints.jsonl").read_text(encoding="utf-8").splitlines()
    forged = rewritten(log, 123, OTHER)
    lines[4] = json.dumps({"size": 250, "note": forged.note(250)})
    (folder / "checkpoints.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")

    report = report_on(folder)

    assert {"checkpoint"} == report.codes()
    assert 250 == report.faults[0].checkpoint
    assert OTHER.verifier.label in report.faults[0].what


def test_a_checkpoint_of_the_key_itself_that_does_not_fit_the_others_is_a_fork(log, tmp_path):
    """The log signed two histories, and one of them stands in its own list."""
    folder = log.export(tmp_path / "log")
    lines = (folder / "checkpoints.jsonl").read_text(encoding="utf-8").splitlines()
    lines[4] = json.dumps({"size": 250, "note": rewritten(log, 123, KEY).note(250)})
    (folder / "checkpoints.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")

    report = report_on(folder)

    assert {"forked"} == report.codes()
    assert 250 == report.faults[0].checkpoint


def test_a_last_checkpoint_with_another_key_leaves_the_end_unproven(log, tmp_path):
    """The records up to the last checkpoint of the known key are proven, and no further."""
    folder = log.export(tmp_path / "log")
    lines = (folder / "checkpoints.jsonl").read_text(encoding="utf-8").splitlines()
    by_other = ALog(log.lines, log.sizes, OTHER)
    lines[-1] = json.dumps({"size": 600, "note": by_other.note(600)})
    (folder / "checkpoints.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "checkpoint").write_text(by_other.note(600), encoding="utf-8")

    report = report_on(folder)

    assert Outcome.AS_FAR_AS_IT_GOES == report.outcome
    assert 550 == report.proven
    assert 600 == report.limits[0].checkpoint
    assert OTHER.verifier.label in report.limits[0].what


def test_a_forged_signature_of_the_known_key_is_found(log, tmp_path):
    """The line names the key that is trusted, over a root that it did not sign."""
    folder = log.export(tmp_path / "log")
    honest, forged = log.note(600), rewritten(log, 123, KEY).note(600)
    body, line = forged.rsplit("\n\n", 1)[0], honest.rsplit("\n\n", 1)[1]
    (folder / "checkpoint").write_text(f"{body}\n\n{line}", encoding="utf-8")

    report = report_on(folder)

    assert {"signature"} == report.codes()


def rolled_back(log: ALog) -> ALog:
    """Return the log as a backup of before has it: sound in itself."""
    return ALog(log.lines[:400], [size for size in log.sizes if size <= 400])


def test_a_rolled_back_log_is_sound_to_who_never_saw_more(log, tmp_path):
    """Which is why an auditor remembers, and partners keep copies."""
    assert Outcome.SOUND == report_on(rolled_back(log).export(tmp_path / "log")).outcome


def test_a_rolled_back_log_is_found_with_a_copy_of_a_partner(log, tmp_path):
    """The copy continues this log: nothing was changed, the end is gone."""
    copy = log.publish(tmp_path / "copy")
    folder = rolled_back(log).export(tmp_path / "log")

    report = report_on(folder, seen=(copy,))

    assert {"rolled-back"} == report.codes()
    assert "200 records are gone" in report.faults[0].what


def test_a_rolled_back_log_is_found_with_a_checkpoint_alone(log, tmp_path):
    """One note in a mail is enough; but it cannot say what else was changed."""
    note = tmp_path / "mail.txt"
    note.write_text(log.note(600), encoding="utf-8")

    report = report_on(rolled_back(log).export(tmp_path / "log"), seen=(note,))

    assert {"rolled-back"} == report.codes()
    assert 600 == report.faults[0].checkpoint


def test_a_rolled_back_log_is_found_by_who_remembers(log, tmp_path):
    """And the memory is not overwritten by the older log."""
    memory = tmp_path / "seen"
    assert Outcome.SOUND == report_on(log.export(tmp_path / "log"), remembered=memory).outcome
    was = memory.read_text(encoding="utf-8")

    report = report_on(rolled_back(log).export(tmp_path / "back"), remembered=memory)

    assert {"rolled-back"} == report.codes()
    assert was == memory.read_text(encoding="utf-8")


def test_a_log_that_was_set_back_and_went_on_differently_is_a_fork_to_who_remembers(log, tmp_path):
    """It is longer than what was seen, and does not contain it."""
    memory = tmp_path / "seen"
    report_on(rolled_back(log).export(tmp_path / "log"), remembered=memory)
    was = memory.read_text(encoding="utf-8")
    other = rewritten(log, 123, KEY)

    report = report_on(other.export(tmp_path / "other"), remembered=memory)

    assert {"forked"} == report.codes()
    assert was == memory.read_text(encoding="utf-8")


@pytest.mark.parametrize("ours", [400, 600])
def test_a_forked_log_is_found_with_a_copy_of_a_partner(log, tmp_path, ours):
    """Both are signed by the key of the log. Also when the fork is shorter than the copy.

    Told is where it begins, once: after it every checkpoint differs.
    """
    fork = rewritten(log, 123, KEY)
    if ours == 400:
        fork = rolled_back(fork)

    report = report_on(fork.export(tmp_path / "log"), seen=(log.publish(tmp_path / "copy"),))

    assert {"forked"} == report.codes()
    assert [150] == [fault.checkpoint for fault in report.faults]
    assert f"{ours // 50 - 3} of its later checkpoints differ" in report.faults[0].what


def test_a_forked_log_gets_no_signature_of_a_witness(log, tmp_path):
    """The witness signed one history and is shown another: it refuses and keeps both notes."""
    key, state, out = tmp_path / "key", tmp_path / "state", tmp_path / "out"
    make_witness_key(key, "zvh.example/witness")
    first = rolled_back(log).publish(tmp_path / "first")
    assert Outcome.SOUND == witness(first, [KEY.verifier], key, state, out).outcome
    signed = (out / "zvh.example_witness").read_bytes()

    fork = rewritten(log, 123, KEY).publish(tmp_path / "fork")
    done = witness(fork, [KEY.verifier], key, state, out)

    assert Outcome.FAULT == done.outcome
    assert "forked" in done.what
    kept = done.evidence.read_text(encoding="utf-8")
    assert rolled_back(log).note(400) in kept
    assert rewritten(log, 123, KEY).note(600) in kept
    assert signed == (out / "zvh.example_witness").read_bytes()


def test_a_forked_log_is_found_with_the_signature_of_a_witness(log, tmp_path):
    """The witness' note stands in the folder of the log itself, for the other history."""
    key = tmp_path / "key"
    public = make_witness_key(key, "zvh.example/witness")
    honest = log.publish(tmp_path / "honest")
    witness(honest, [KEY.verifier], key, tmp_path / "state", tmp_path / "log" / "witness")

    report = report_on(rewritten(log, 123, KEY).export(tmp_path / "log"), KEY.verifier, public)

    assert WITNESS == public.algorithm
    assert {"forked"} == report.codes()


def test_a_log_that_signed_two_roots_of_one_size_convicts_itself(log, tmp_path):
    """Both checkpoints in one folder: no copy of anybody else is needed."""
    folder = log.export(tmp_path / "log")
    with (folder / "checkpoints.jsonl").open("a", encoding="utf-8") as file:
        forged = rewritten(log, 123, KEY).note(600)
        file.write(json.dumps({"size": 600, "note": forged}) + "\n")

    assert {"forked"} == report_on(folder).codes()


@pytest.mark.parametrize("tile", ["tile/0/000", "tile/0/002.p/88", "tile/1/000.p/2"])
def test_a_tampered_tile_is_told_from_a_tampered_record(log, tmp_path, tile):
    """The records and the checkpoint agree, so it is the tree that was touched."""
    folder = log.export(tmp_path / "log")
    file = folder / tile
    hashes = bytearray(file.read_bytes())
    hashes[40] ^= 1
    file.write_bytes(hashes)

    report = report_on(folder)

    assert {"tile"} == report.codes()


def test_a_missing_tile_is_named(log, tmp_path):
    """Whoever copies the folder would not be able to prove anything with it."""
    folder = log.export(tmp_path / "log")
    (folder / "tile/0/001").unlink()

    report = report_on(folder)

    assert {"tile"} == report.codes()
    assert "tile/0/001 is not there" in report.faults[0].what


def test_a_wrong_person_under_a_commitment_is_found(log, tmp_path):
    """The record is right; it is somebody else who stands with it."""
    folder = log.export(tmp_path / "log", persons=True, a_file=1000)
    lines = records_of(folder)
    lines[77] = exported(changed(log.lines[77], person=log.lines[78].person), persons=True)
    write_records(folder, lines)

    report = report_on(folder)

    assert {"person"} == report.codes()
    assert 77 == report.faults[0].position


def test_a_checkpoint_of_another_log_is_not_one_of_this(log, tmp_path):
    """The same key may not sign for another name."""
    folder = log.export(tmp_path / "log")
    other = ALog(log.lines, [600], a_signer(1, "seinhuis.example/other"), "seinhuis.example/other")
    (folder / "checkpoint").write_text(other.note(600), encoding="utf-8")

    report = report_on(folder, KEY.verifier, other.signer.verifier)

    assert {"checkpoint"} == report.codes()
    assert ORIGIN == report.origin


def test_a_list_that_says_another_size_than_its_note_is_refused(log, tmp_path):
    """A program that reads only the size would be led astray."""
    folder = log.export(tmp_path / "log")
    file = folder / "checkpoints.jsonl"
    text = file.read_text(encoding="utf-8").replace('{"size": 250,', '{"size": 251,')
    file.write_text(text, encoding="utf-8")

    report = report_on(folder)

    assert {"checkpoint"} == report.codes()
    assert "checkpoints.jsonl:5 says another size" in report.faults[0].what


def test_a_size_that_no_log_has_does_not_keep_the_verifier_busy(log, tmp_path):
    """A stranger's checkpoint of 10¹⁸ records: the tree ends, and so does the work."""
    folder = log.export(tmp_path / "log")
    note = (
        log.note(600)
        .replace("\n600\n", f"\n{10**18}\n")
        .replace(KEY.verifier.label, OTHER.verifier.label)
    )
    stranger = note.replace("— seinhuis.example/test", "— stranger.example")
    with (folder / "checkpoints.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({"size": 10**18, "note": stranger}) + "\n")

    assert Outcome.FAULT == report_on(folder).outcome
