"""`seinhuis ledger` on a ledger of which something is wrong: it says what, and the way out."""

import json

import pytest
from sqlalchemy import delete, select, text, update
from typer.testing import CliRunner

from hub.cli.app import app
from hub.cli.exits import Exit
from hub.cli.key_changes import _made_with
from hub.ledger.bulk import insert_rows
from hub.ledger.database import reading, writing
from hub.ledger.tables import acts, records, tiles
from schemas.records import RecordEvent
from tests.audit_ledger import SealedHub
from tests.ledger_fixtures import ledger, ledger_url, postgresql, postgresql_url

__all__ = ["ledger", "ledger_url", "postgresql", "postgresql_url"]


@pytest.fixture
async def sealed(tmp_path):
    """A hub with a signal in it, sealed."""
    made = SealedHub(tmp_path / "data")
    for number in range(3):
        await made.hub.store.note("hub", b'{"no":"record %d"}' % number)
    await made.seal()
    yield made
    made.close()


def invoke(sealed, *words):
    return CliRunner().invoke(app, ["ledger", *words], env=sealed.environment())


def status(sealed) -> dict:
    return json.loads(invoke(sealed, "status", "--json").stdout)


def gap(sealed):
    """Let a record of the hub go missing before it is sealed."""
    sealed.source.append("hub", b'{"lost":1}')
    sealed.source.append("hub", b'{"kept":1}')
    sealed.source.streams["hub"] = [
        e for e in sealed.source.streams["hub"] if b"lost" not in e.record
    ]
    while sealed.sealer.round():
        pass


async def test_without_a_broker_the_status_says_what_it_knows(sealed):
    """What waits there is not known, and that is no fault."""
    told = status(sealed)

    assert (3, "test", None, []) == (
        told["size"], told["holder"], told["unsealed"], told["problems"],
    )  # fmt: skip
    assert "no broker answers here" in invoke(sealed, "status").stdout
    assert Exit.DONE == invoke(sealed, "status").exit_code


async def test_a_stopped_shard_is_told_until_a_person_accepts_it_with_a_reason(sealed):
    """The exit code is for a monitor; the reason is sealed."""
    gap(sealed)
    told = invoke(sealed, "status")
    assert Exit.UNEXPECTED == told.exit_code
    assert "ledger accept-gap hub" in told.stdout
    (stopped,) = status(sealed)["stopped"]
    assert ("hub", "gap-found") == (stopped["shard"], stopped["kind"])

    unasked = invoke(sealed, "accept-gap", "hub", "--reason", "INC-1")
    accepted = invoke(sealed, "accept-gap", "hub", "--reason", "INC-1", "--yes")
    while sealed.sealer.round():
        pass

    assert (Exit.NOT_USABLE, Exit.DONE) == (unasked.exit_code, accepted.exit_code)
    assert [] == status(sealed)["stopped"]
    with reading(sealed.engine) as connection:
        query = select(acts.c.reason, acts.c.actor_kind).where(
            acts.c.event == RecordEvent.GAP_ACCEPTED.value
        )
        assert [("INC-1", "operator")] == [tuple(row) for row in connection.execute(query)]


async def test_a_shard_that_is_not_stopped_has_nothing_to_accept(sealed):
    done = invoke(sealed, "accept-gap", "hub", "--reason", "INC-1", "--yes")

    assert Exit.NOT_FOUND == done.exit_code
    with reading(sealed.engine) as connection:
        assert 0 == connection.scalar(text("SELECT count(*) FROM notes"))


async def test_a_changed_tree_and_a_folder_that_is_ahead_are_faults(sealed):
    assert Exit.DONE == invoke(sealed, "check").exit_code
    note = (sealed.data / "log" / "checkpoint").read_text()
    (sealed.data / "log" / "checkpoint").write_text(note.replace("\n3\n", "\n4\n"))
    ahead = invoke(sealed, "check")
    with writing(sealed.engine) as connection:
        connection.execute(update(tiles).values(hashes=bytes(96)))
    changed = invoke(sealed, "check", "--json")

    assert (Exit.REFUSED, Exit.REFUSED) == (ahead.exit_code, changed.exit_code)
    assert "the database was set back" in ahead.stdout
    assert any("does not give the root" in each for each in json.loads(changed.stdout)["faults"])


async def test_the_read_model_is_made_anew_from_the_records(sealed):
    """Rows that somebody removed are there again."""
    with reading(sealed.engine) as connection:
        before = connection.execute(select(acts).order_by(acts.c.position)).all()
    with writing(sealed.engine) as connection:
        connection.execute(delete(acts))

    assert Exit.DONE == invoke(sealed, "rebuild").exit_code
    with reading(sealed.engine) as connection:
        assert before == connection.execute(select(acts).order_by(acts.c.position)).all()


def test_a_ledger_is_made_beforehand(tmp_path):
    """And only by `migrate`: to ask makes nothing."""
    env = {"SEINHUIS_DATA": str(tmp_path / "data")}
    asked = CliRunner().invoke(app, ["ledger", "status"], env=env)
    assert Exit.NOT_FOUND == asked.exit_code
    assert not (tmp_path / "data").exists()

    made = CliRunner().invoke(app, ["ledger", "migrate"], env=env)
    again = CliRunner().invoke(app, ["ledger", "migrate"], env=env)

    assert (Exit.DONE, Exit.DONE) == (made.exit_code, again.exit_code)
    assert Exit.DONE == CliRunner().invoke(app, ["ledger", "status"], env=env).exit_code


def test_the_records_of_a_pseudonym_key_are_counted_on_both_databases(ledger):
    """`pseudonym.1` is not `pseudonym.11`, and what was erased does not count."""
    people = [b'{"bsn":"00","key":"pseudonym.1"}', b'{"bsn":"00","key":"pseudonym.11"}', None]
    rows = [
        {
            "position": n, "shard": "ind", "seq": n + 1, "record": b"{}", "commitment": bytes(32),
            "salt": bytes(16), "person": person,
        }
        for n, person in enumerate(people)
    ]  # fmt: skip
    with writing(ledger) as connection:
        insert_rows(connection, records, rows)

    with reading(ledger) as connection:
        counts = [_made_with(connection, f"pseudonym.{n}") for n in (1, 11, 2)]
    assert [1, 1, 0] == counts
