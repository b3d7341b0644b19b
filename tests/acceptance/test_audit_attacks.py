"""A real ledger under attack by who has its database or its folder, seen through the commands.

What the hub exports of it must not vouch for what was done to it: `seinhuis-verify` finds it in the
export, or `seinhuis audit verify` finds it in the ledger.
"""

import asyncio
import contextlib
import io
import json
from datetime import timedelta

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from hub.cli.app import app
from hub.cli.exits import Exit
from hub.ledger import erasing
from hub.ledger.database import writing
from hub.proof import command
from hub.proof.report import Outcome
from tests.audit_ledger import SealedHub, an_act, the_signal
from tests.ledger import a_record


@pytest.fixture
def sealed(tmp_path):
    """Signals of two persons and what was done with one, under two checkpoints."""
    made = SealedHub(tmp_path / "data")

    async def flow():
        first = the_signal("a-1")
        await made.load(made.hub.book)
        await made.hub.send(first, the_signal("a-2", gemeentecode="0788"))
        await made.seal()
        await made.hub.send(an_act("ingezien", first, "act-1"), an_act("opgepakt", first, "act-2"))
        await made.seal()

    asyncio.run(flow())
    yield made
    made.close()


def change(sealed, *statements):
    """Do what somebody with the password of the database could do."""
    with writing(sealed.engine) as connection:
        for statement in statements:
            connection.execute(text(statement))


def audit(sealed, *words):
    arguments = ["audit", *map(str, words), "--data", str(sealed.data)]
    return CliRunner(env=sealed.environment()).invoke(app, arguments)


def live(sealed):
    """Return the exit code of `audit verify`, the codes of its faults, and what is beside."""
    result = audit(sealed, "verify", "--json")
    found = json.loads(result.stdout)
    return result.exit_code, {fault["code"] for fault in found["faults"]}, " ".join(found["live"])


def exported(sealed, tmp_path):
    """Export the whole log and verify that; return what the command said, exit code and codes."""
    folder = tmp_path / "export"
    result = audit(sealed, "export", folder)
    said = io.StringIO()
    with pytest.raises(SystemExit) as ended, contextlib.redirect_stdout(said):
        command.main([str(folder), "--key", str(sealed.key_file), "--json"])
    faults = json.loads(said.getvalue())["faults"]
    return result, ended.value.code, {fault["code"] for fault in faults}


@pytest.mark.parametrize(
    ("where", "codes"),
    [("position = 2", {"missing", "gap"}), ("position > 4", {"tail"})],
    ids=["one", "tail"],
)
@pytest.mark.parametrize("also", [True, False], ids=["thorough", "hasty"])
def test_an_export_of_all_lacks_no_record_unnoticed(sealed, tmp_path, where, codes, also):
    """It claims to be whole, so that what was removed is a fault and no part that was asked for."""
    tables = ("records", "acts") if also else ("records",)
    change(sealed, *(f"DELETE FROM {table} WHERE {where}" for table in tables))  # noqa: S608  (ours)

    result, code, found = exported(sealed, tmp_path)

    assert (Outcome.FAULT, codes) == (code, found)
    assert "not in the ledger any more" in result.stderr


def test_who_hides_a_record_from_questions_does_not_hide_it_from_an_export(sealed, tmp_path):
    """Questions go by the read model; the export of all goes by the records."""
    change(sealed, "DELETE FROM acts WHERE position = 2")

    _, code, found = exported(sealed, tmp_path)

    assert (Outcome.SOUND, set()) == (code, found)
    assert (Outcome.FAULT, True) == (live(sealed)[0], "read model" in live(sealed)[2])


@pytest.mark.parametrize("column", ["record", "person", "salt", "commitment"])
def test_bytes_that_were_stored_as_another_type_stop_no_reader(sealed, tmp_path, column):
    """SQLite takes a text where bytes belong; then the same bytes are the same record."""
    change(sealed, f"UPDATE records SET {column} = hex({column}) WHERE position = 2")  # noqa: S608  (ours)

    code, found, _ = live(sealed)

    assert code == Outcome.FAULT
    assert found & {"changed", "form", "person"}
    assert Exit.DONE == exported(sealed, tmp_path)[0].exit_code


def test_a_record_as_text_is_the_same_record(sealed, tmp_path):
    change(sealed, "UPDATE records SET record = CAST(record AS TEXT) WHERE position = 2")

    assert (Outcome.SOUND, set(), "") == live(sealed)
    assert Outcome.SOUND == exported(sealed, tmp_path)[1]


def test_who_makes_a_person_unfindable_is_found_out(sealed):
    """Every leaf is right without salt and person; but no record says that they were erased."""
    change(
        sealed,
        "UPDATE records SET salt = NULL, person = NULL WHERE position = 2",
        "DELETE FROM subjects WHERE position = 2",
    )

    code, found, beside = live(sealed)

    assert (Outcome.FAULT, set()) == (code, found)
    assert "at positions 2:" in beside


@pytest.mark.parametrize("is_sealed", [True, False], ids=["sealed", "noted"])
def test_what_was_erased_at_its_time_is_sound(sealed, is_sealed):
    """Also before the record of it is sealed; and one more than was said is one too many."""
    later = sealed.hub.clock() + timedelta(days=1)
    assert [done.due for done in erasing.erase(sealed.engine, later, later)]
    if is_sealed:
        asyncio.run(sealed.seal())

    assert (Outcome.SOUND, set(), "") == live(sealed)

    change(sealed, "UPDATE records SET salt = x'00' WHERE position = 1")
    asyncio.run(sealed.seal())
    change(sealed, "UPDATE records SET salt = NULL WHERE position > 1")
    assert "are gone" in live(sealed)[2]


def test_a_role_config_that_was_changed_afterwards_is_found_out(sealed):
    """No leaf holds it, and its digest stands in records that do."""
    assert (Outcome.SOUND, set(), "") == live(sealed)
    change(sealed, "UPDATE configs SET document = x'789c030000000001'")

    code, found, beside = live(sealed)

    assert (Outcome.FAULT, set()) == (code, found)
    assert sealed.hub.book.digest[:12] in beside


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM subjects", "DELETE FROM records", "UPDATE configs SET document = x''"],
    ids=["subjects", "records", "configs"],
)
def test_what_verify_says_fits_the_page(sealed, statement):
    change(sealed, statement)

    said = audit(sealed, "verify").stdout

    assert "NOT SOUND" in said
    assert [] == [line for line in said.splitlines() if len(line) > 80 and " " in line.strip()]


def test_a_role_config_that_is_not_kept_is_told(sealed):
    """The broker may have lost it before it was sealed: no fault, and good to know."""
    change(sealed, "DELETE FROM configs")

    result = audit(sealed, "verify")

    assert Outcome.SOUND == result.exit_code
    assert f"does not keep the role configs {sealed.hub.book.digest[:12]}" in " ".join(
        result.stdout.split()
    )


def test_a_published_tile_that_was_changed_is_found_out(sealed):
    """Others copy that folder: a wrong tile there would make the hub look like a liar."""
    tiles = (sealed.data / "log" / "tile" / "0").rglob("*.p/*")
    tile = max(tiles, key=lambda file: int(file.name))
    tile.write_bytes(bytes(len(tile.read_bytes())))

    code, found, beside = live(sealed)

    assert (Outcome.FAULT, set()) == (code, found)
    assert "published folder" in beside


def test_a_tree_that_was_taken_away_from_the_published_folder_is_found_out(sealed):
    (sealed.data / "log" / "tile").rename(sealed.data / "elsewhere")

    code, _, beside = live(sealed)

    assert (Outcome.FAULT, True) == (code, "cannot be verified" in beside)


@pytest.mark.parametrize(
    "words",
    [["show", "--limit", "0"], ["export", "OUT", "--format", "csv"], ["trace", f"{9:032x}"]],
    ids=lambda words: words[0],
)
def test_what_is_no_record_is_sealed_and_told_as_such(sealed, tmp_path, words):
    """Who can write on the broker cannot make the log unreadable."""
    sealed.source.append("ind", b'{"event":"decided","object":"x"}')
    sealed.source.append("ind", a_record(9, reason="\x1b[2Jcleared\u202e"))
    asyncio.run(sealed.seal())

    result = audit(sealed, *(str(tmp_path / "x.csv") if w == "OUT" else w for w in words))

    assert Exit.DONE == result.exit_code
    assert [] == [c for c in result.stdout if not c.isprintable() and c != "\n"]
    assert (Outcome.SOUND, set()) == live(sealed)[:2]
