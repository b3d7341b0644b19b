"""What `seinhuis doctor` finds around the ledger: each with its way out, and nothing is changed."""

import asyncio
import json

import pytest
from sqlalchemy import update
from typer.testing import CliRunner

from hub.cli import symptoms_ledger
from hub.cli.app import app
from hub.cli.exits import Exit
from hub.ledger.database import writing
from hub.ledger.tables import tiles
from tests.audit_ledger import SealedHub

CHECKS = ("keyring", "disk", "ledger", "sealer", "published", "retention")


@pytest.fixture
def sealed(tmp_path):
    """A hub with a record, sealed; nothing of it runs."""
    made = SealedHub(tmp_path / "data")

    async def fill():
        await made.hub.store.note("hub", b'{"no":"record"}')
        await made.seal()

    asyncio.run(fill())
    yield made
    made.close()


def doctor(sealed) -> tuple[int, dict[str, dict]]:
    """Return the exit code, and what was found by check."""
    done = CliRunner().invoke(app, ["doctor", "--json"], env=sealed.environment())
    return done.exit_code, {d["check"]: d for d in map(json.loads, done.stdout.splitlines())}


def test_all_is_well_and_stays_as_it_is(sealed):
    before = sorted((path, path.stat().st_mtime_ns) for path in sealed.data.parent.rglob("*.json"))
    code, found = doctor(sealed)

    assert Exit.DONE == code
    # No hub runs here: what waits on its broker is not known, and not known is not well.
    expected = dict.fromkeys(CHECKS, "ok") | {"sealer": "warn"}
    assert expected == {check: found[check]["status"] for check in CHECKS}
    after = sorted((path, path.stat().st_mtime_ns) for path in sealed.data.parent.rglob("*.json"))
    assert before == after


def test_without_a_ledger_there_is_nothing_wrong_and_none_is_made(tmp_path):
    env = {"SEINHUIS_DATA": str(tmp_path / "data")}
    done = CliRunner().invoke(app, ["doctor", "--json"], env=env)
    found = {d["check"]: d for d in map(json.loads, done.stdout.splitlines())}

    assert Exit.DONE == done.exit_code
    assert ("ok", "ok") == (found["ledger"]["status"], found["keyring"]["status"])
    assert [] == list(tmp_path.iterdir())


def test_a_ledger_that_is_lost_or_begun_anew_is_told_by_what_was_published(sealed):
    """The folder shows a record: that there is no ledger, or an empty one, is not all well."""
    sealed.close()
    for file in sealed.data.glob("ledger.db*"):
        file.unlink()
    lost_code, lost = doctor(sealed)
    CliRunner().invoke(app, ["ledger", "migrate"], env=sealed.environment())
    empty_code, empty = doctor(sealed)
    checked = CliRunner().invoke(app, ["ledger", "check"], env=sealed.environment())

    assert ("fail", "fail") == (lost["ledger"]["status"], empty["published"]["status"])
    assert (Exit.NOT_USABLE, Exit.NOT_USABLE) == (lost_code, empty_code)
    assert Exit.REFUSED == checked.exit_code
    assert "shows 1 record and the database has 0" in checked.stdout


def test_a_keyring_that_others_can_read_is_told_with_the_command_that_mends_it(sealed):
    keys = sealed.data.with_name("data.keys")
    (keys / "keyring.json").chmod(0o644)

    code, found = doctor(sealed)

    assert Exit.NOT_USABLE == code
    assert "fail" == found["keyring"]["status"]
    assert f"chmod 600 {keys / 'keyring.json'}" in found["keyring"]["what"]


def test_another_keyring_than_that_of_the_log_is_told(sealed):
    (sealed.data.with_name("data.keys") / "keyring.json").unlink()

    _, found = doctor(sealed)

    assert "fail" == found["keyring"]["status"]
    assert "keys adopt" in found["keyring"]["what"]


def test_a_folder_and_a_tree_that_somebody_changed_are_told(sealed):
    note = (sealed.data / "log" / "checkpoint").read_text()
    (sealed.data / "log" / "checkpoint").write_text(note.replace("\n1\n", "\n2\n"))
    with writing(sealed.engine) as connection:
        connection.execute(update(tiles).values(hashes=bytes(32)))

    code, found = doctor(sealed)

    assert Exit.NOT_USABLE == code
    assert ("fail", "fail") == (found["published"]["status"], found["ledger"]["status"])
    assert "audit verify" in found["ledger"]["way_out"]


def test_a_gap_and_a_full_disk_and_files_that_keep_what_was_erased_are_told(sealed, monkeypatch):
    sealed.source.append("hub", b"{}")
    sealed.source.heads["hub"] += 1
    while sealed.sealer.round():
        pass
    (sealed.data / "retention.json").write_text('{"pending": true}')
    monkeypatch.setattr(symptoms_ledger, "_LEAST_FREE", 2**60)

    _, found = doctor(sealed)

    assert ("fail", "fail", "warn") == tuple(
        found[check]["status"] for check in ("sealer", "disk", "retention")
    )
    assert "ledger accept-gap hub" in found["sealer"]["way_out"]
    assert "retention.failed" in found["retention"]["way_out"]
