"""`seinhuis audit verify`: the verifier on the live ledger, and what is beside the log."""

import asyncio
import contextlib
import json
import shutil
import sqlite3

import pytest
from sqlalchemy import insert, text, update
from typer.testing import CliRunner

from hub.cli.app import app
from hub.cli.exits import Exit
from hub.ledger import live
from hub.ledger.database import writing
from hub.ledger.tables import acts, positions, records, subjects, verdicts
from hub.proof.report import Outcome
from tests.audit_ledger import SealedHub, an_act, the_signal


@pytest.fixture
def sealed(tmp_path):
    """Ten records or so, of a signal and what became of it."""
    made = SealedHub(tmp_path / "data")

    async def flow():
        first = the_signal("a-1")
        await made.hub.send(first, the_signal("a-2", gemeentecode="0788"))
        await made.seal()
        await made.hub.send(an_act("ingezien", first, "act-1"), an_act("opgepakt", first, "act-2"))
        await made.seal()

    asyncio.run(flow())
    yield made
    made.close()


@pytest.fixture
def verify(sealed):
    """Run the command on it; return the exit code, and the document or the text."""

    def call(*words, as_json=True):
        options = ["--json"] if as_json else []
        arguments = ["audit", "verify", *map(str, words), "--data", str(sealed.data), *options]
        result = CliRunner(env=sealed.environment()).invoke(app, arguments)
        return result.exit_code, json.loads(result.stdout) if as_json else result.stdout

    return call


def change(sealed, statement):
    """Do what somebody with the password of the database could do."""
    with writing(sealed.engine) as connection:
        connection.execute(statement)


def test_a_log_that_is_right_is_sound_by_the_keys_of_this_hub(verify):
    code, found = verify()

    assert (Outcome.SOUND, "sound", []) == (code, found["result"], found["live"])
    assert (
        found["size"]
        == found["checked"]["records"]
        == found["checked"]["records in the read model"]
    )
    assert found["checked"]["checkpoints of other copies"] > 0
    assert "keyring" in found["keys_from"]


def test_the_text_is_that_of_the_verifier(verify):
    code, told = verify(as_json=False)

    assert Outcome.SOUND == code
    assert "SOUND: complete, unchanged" in told
    assert "published: agrees with this log" in told


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        (update(records).where(records.c.position == 1).values(commitment=b"\0" * 32), "changed"),
        (
            update(records)
            .where(records.c.position == 1)
            .values(record=text("CAST(replace(record, 'delivered', 'withheld') AS BLOB)")),
            "changed",
        ),
        (records.delete().where(records.c.position == 1), "missing"),
        (update(records).where(records.c.position == 1).values(person=b"{}"), "person"),
    ],
    ids=["commitment", "record", "removed", "person"],
)
def test_a_changed_record_is_a_fault_as_in_an_export(sealed, verify, statement, fault):
    change(sealed, statement)
    code, found = verify()

    assert Outcome.FAULT == code
    assert fault in {each["code"] for each in found["faults"]}


@pytest.mark.parametrize(
    "statement",
    [
        update(acts).where(acts.c.position == 1).values(sender="rvdk"),
        acts.delete().where(acts.c.position == 1),
        verdicts.delete().where(verdicts.c.position == 1, verdicts.c.number == 0),
        update(verdicts).where(verdicts.c.position == 1).values(outcome="withhold"),
        insert(subjects).values(position=1, kind="x", token="0" * 32),
        subjects.delete().where(subjects.c.position == 1, subjects.c.kind == "bsn"),
        insert(verdicts).values(position=10**6, number=0, rule="r", role="r", outcome="forward"),
    ],
    ids=["act", "no act", "no verdict", "verdict", "subject", "no subject", "beyond"],
)
def test_a_read_model_that_does_not_say_what_the_records_say_is_found(sealed, verify, statement):
    """Else `show` and the reports could be made to lie about a log whose proofs all hold."""
    at = 10**6 if "1000000" in str(statement.compile(compile_kwargs={"literal_binds": True})) else 1
    change(sealed, statement)
    code, found = verify()

    assert (Outcome.FAULT, []) == (code, found["faults"])
    assert f"read model does not say what the records say, at positions {at}:" in found["live"][0]
    assert "seinhuis ledger rebuild" in found["live"][0]


def test_many_changed_rows_are_counted_and_the_first_are_named():
    model = live.ReadModel()
    for position in (*range(30), 3):
        model._tell(position)

    assert (list(range(20)), 10) == (model.wrong, model.more)


def test_a_position_of_the_sealer_that_was_set_back_is_found(sealed, verify):
    change(sealed, update(positions).where(positions.c.shard == "ind").values(seq=0))
    code, found = verify()

    assert Outcome.FAULT == code
    assert "positions of the sealer do not agree with the records of ind" in found["live"][0]


def test_a_database_that_was_set_back_is_found_by_the_published_folder(sealed, verify):
    """An older copy of the database is consistent in itself: the folder knows of more."""
    older = sealed.data / "older.db"
    with contextlib.closing(sqlite3.connect(sealed.data / "ledger.db")) as connection:
        connection.execute("VACUUM INTO ?", (str(older),))
    asyncio.run(_one_more(sealed))
    sealed.sealer.close()
    sealed.engine.dispose()
    for name in ("ledger.db-wal", "ledger.db-shm"):
        (sealed.data / name).unlink(missing_ok=True)
    older.replace(sealed.data / "ledger.db")
    code, found = verify()

    assert Outcome.FAULT == code
    assert "rolled-back" in {each["code"] for each in found["faults"]}


async def _one_more(sealed):
    await sealed.hub.send(the_signal("a-9"))
    await sealed.seal()


def test_the_key_that_is_given_counts_and_not_that_of_the_hub(sealed, verify, tmp_path):
    other = SealedHub(tmp_path / "other")
    try:
        asyncio.run(_one_more(other))
        wrong, _ = verify("--key", other.key_file)
        right, found = verify("--key", sealed.key_file)
    finally:
        other.close()

    assert (Outcome.FAULT, Outcome.SOUND) == (wrong, right)
    assert "given" in found["keys_from"]


def test_without_a_keyring_the_published_key_is_used_and_that_is_told(sealed, verify):
    shutil.rmtree(f"{sealed.data}.keys")
    code, found = verify()

    assert (Outcome.SOUND, True) == (code, "published folder itself" in found["keys_from"])


def test_without_any_key_nothing_is_concluded(sealed, verify):
    shutil.rmtree(f"{sealed.data}.keys")
    sealed.key_file.unlink()
    arguments = ["audit", "verify", "--data", str(sealed.data)]
    result = CliRunner(env=sealed.environment()).invoke(app, arguments)

    assert (Exit.NOT_USABLE, "") == (result.exit_code, result.stdout)
    assert "--key FILE" in result.stderr
