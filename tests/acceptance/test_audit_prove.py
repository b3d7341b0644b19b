"""`seinhuis audit prove`: what is handed out can be checked without this hub, and is."""

import asyncio
import json
import stat
import subprocess
import sys

import pytest
from sqlalchemy import select, update
from typer.testing import CliRunner

from hub.cli.app import app
from hub.cli.exits import Exit
from hub.ledger.database import reading, writing
from hub.ledger.tables import notes, records, tiles
from schemas.identifiers import message_ref
from tests.audit_ledger import SealedHub, an_act, the_signal
from tests.builders import BSNS, NAMES


@pytest.fixture
def sealed(tmp_path):
    """A log of two signals, and two acts on the first."""
    made = SealedHub(tmp_path / "data")

    async def flow():
        first = the_signal("a-1")
        await made.hub.send(first, the_signal("a-2"))
        await made.hub.send(
            an_act("ingezien", first, "act-1"), an_act("ontvangst-bevestigd", first, "act-2")
        )
        await made.seal()

    asyncio.run(flow())
    yield made
    made.close()


MESSAGE = message_ref(the_signal("a-1")["source"], "a-1")


def prove(sealed, *words):
    """Run the command on that ledger."""
    arguments = ["audit", "prove", *map(str, words), "--data", str(sealed.data)]
    return CliRunner(env=sealed.environment()).invoke(app, arguments)


def verify(receipt, sealed):
    """Run the verifier of the partner, in a process of its own; return its exit code."""
    command = [sys.executable, "-m", "hub.proof.command", receipt, "--key", sealed.key_file]
    return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode


def noted(sealed):
    """Return what was put on record and waits to be sealed."""
    with reading(sealed.engine) as connection:
        return [json.loads(raw) for raw in connection.scalars(select(notes.c.record))]


def test_a_message_has_a_receipt_for_every_record_about_it(sealed, tmp_path):
    """Decided, opened, acknowledged; and both acts in the shard of who acted. Each one holds."""
    done = prove(sealed, MESSAGE[:8], "--out", tmp_path / "out")

    assert Exit.DONE == done.exit_code, done.output
    files = sorted((tmp_path / "out").iterdir())
    said = [json.loads(json.loads(file.read_text())["record"]["record"]) for file in files]
    assert ["act-accepted", "act-accepted", "acknowledged", "decided", "opened"] == sorted(
        (record["event"] for record in said), key=lambda event: (event != "act-accepted", event)
    )
    assert [0] * len(files) == [verify(file, sealed) for file in files]
    assert "signature: signed" in done.stdout
    assert {0o600} == {stat.S_IMODE(file.stat().st_mode) for file in files}
    assert 0o700 == stat.S_IMODE((tmp_path / "out").stat().st_mode)


def test_a_receipt_that_was_changed_does_not_hold(sealed, tmp_path):
    """So that the test above can fail."""
    prove(sealed, "--position", "0", "--out", tmp_path / "one.json")
    text = (tmp_path / "one.json").read_text()
    (tmp_path / "one.json").write_text(text.replace("2026-11-23", "2026-11-24", 1))

    assert 3 == verify(tmp_path / "one.json", sealed)


def test_one_record_has_one_receipt_and_it_can_be_piped(sealed, tmp_path):
    """By its place as `show` names it, or by its leaf: the same receipt."""
    with reading(sealed.engine) as connection:
        row = connection.execute(select(records).where(records.c.position == 1)).one()

    by_place = prove(sealed, "--record", f"{row.shard}/{row.seq}")
    by_leaf = prove(sealed, "--position", "1")
    assert by_place.stdout == by_leaf.stdout
    (tmp_path / "piped.json").write_text(by_leaf.stdout)
    assert 0 == verify(tmp_path / "piped.json", sealed)


def test_a_receipt_holds_no_person(sealed):
    """Neither salt nor pseudonym: it may go to anybody."""
    done = prove(sealed, MESSAGE, "--json")

    with reading(sealed.engine) as connection:
        persons = [row for row in connection.scalars(select(records.c.person)) if row]
        salts = list(connection.scalars(select(records.c.salt)))
    tokens = {t for person in persons for k, t in json.loads(person).items() if k != "key"}
    assert tokens
    assert not [secret for secret in (*BSNS, *NAMES, *tokens) if secret in done.stdout]
    assert not [salt for salt in salts if salt.hex() in done.stdout]


def test_who_asked_is_on_record_under_the_name_of_the_message(sealed):
    """Also when there is no such record; and not when it was not clear what was meant."""
    prove(sealed, MESSAGE[:8])
    missing = prove(sealed, "--position", "9999")
    unclear = prove(sealed)

    assert (Exit.NOT_FOUND, Exit.NOT_USABLE) == (missing.exit_code, unclear.exit_code)
    assert [("log-read", MESSAGE), ("log-read", None)] == [
        (record["event"], record.get("about")) for record in noted(sealed)
    ]
    assert ["audit prove"] * 2 == [record["object"]["id"] for record in noted(sealed)]


@pytest.mark.parametrize("what", ["record", "tile", "key"])
def test_what_cannot_be_proven_is_not_handed_out(sealed, tmp_path, what):
    """A record that was changed in the database, a tile, a key that is not the log's."""
    with writing(sealed.engine) as connection:
        if what == "record":
            (raw,) = connection.scalars(select(records.c.record).where(records.c.position == 0))
            changed = raw.replace(b"2026-11-23", b"2026-11-24")
            connection.execute(
                update(records).where(records.c.position == 0).values(record=changed)
            )
        elif what == "tile":
            (row,) = connection.scalars(select(tiles.c.hashes).where(tiles.c.level == 0))
            connection.execute(update(tiles).values(hashes=row[:32] + bytes(32) + row[64:]))
    if what == "key":
        other = SealedHub(tmp_path / "other")
        asyncio.run(other.seal())
        keys = other.keyring.log_keys("seinhuis.example/lokale-aanpak")
        other.close()
        from hub.proof.notes import LOG, VerifierKey

        sealed.key_file.write_text(f"{VerifierKey('seinhuis.example/lokale-aanpak', LOG, keys[0])}")
    done = prove(sealed, "--position", "0", "--out", tmp_path / "one.json")

    assert Exit.UNEXPECTED == done.exit_code
    assert "incident" in done.stderr
    assert not (tmp_path / "one.json").exists()


def test_a_beginning_of_several_messages_is_refused_with_their_names(sealed):
    """And what is no name at all says how to write one."""
    assert Exit.NOT_USABLE == prove(sealed, "999990342x").exit_code
    assert Exit.NOT_FOUND == prove(sealed, "0" * 32).exit_code
    assert Exit.NOT_USABLE == prove(sealed, "--record", "ind").exit_code
    assert [] == noted(sealed)
