"""Reports, exports and receipts on SQLite and on PostgreSQL: the same answers."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import delete, event, text, update

from hub.errors import NotFound
from hub.ledger import exporting, proving
from hub.ledger.database import reading, writing
from hub.ledger.filters import Filters
from hub.ledger.reports import finding, partner, versions
from hub.ledger.reports.person import report_of
from hub.ledger.reports.policy import LedgerPolicy
from hub.ledger.tables import records, subjects
from hub.proof.notes import VerifierKey
from hub.proof.receipts import read_receipt, verify_receipt
from schemas.identifiers import message_ref
from tests.audit_ledger import SealedHub, an_act, the_book, the_signal
from tests.builders import BSNS
from tests.ledger_fixtures import (  # noqa: F401 - fixtures that pytest finds by name
    ledger,
    ledger_url,
    postgresql,
    postgresql_url,
)

REF = the_signal()["data"]["betrokkeneRef"]
MESSAGE = message_ref(the_signal()["source"], "a-1")


@pytest.fixture
async def sealed(ledger, tmp_path):  # noqa: F811 - the fixture
    """Two signals about one person and one about another, answers, and two role configs."""
    made = SealedHub(tmp_path / "data", engine=ledger)
    old = made.hub.book
    new = the_book(purposes=[{"id": "duiden", "omschrijving": "Anders gezegd."}])
    first = the_signal("a-1")
    other = {"betrokkene": {"bsn": BSNS[1]}, "betrokkeneRef": "btr-iemand-anders"}
    await made.load(old)
    await made.hub.send(first, the_signal("a-2"), the_signal("b-1", **other))
    made.hub.later(hours=3)
    await made.hub.send(an_act("ontvangst-bevestigd", first, "act-1"))
    await made.load(new, old)
    await made.seal()
    made.versions = (old, new)
    yield made
    made.sealer.close()


def tokens(sealed, number=0):
    """The pseudonyms of a synthetic person."""
    return sealed.hub.pseudonyms.tokens("bsn", BSNS[number])


async def test_a_person_is_found_with_everything_that_follows(sealed):
    """And what was read from the configs of that day."""
    with reading(sealed.engine) as connection:
        found = finding.find(connection, tokens(sealed))
        report = report_of(found, LedgerPolicy(connection))
        unknown = finding.unknown(connection)

    assert {(MESSAGE, "gm0363"), (MESSAGE, "lro")} <= {
        (one.message, one.party) for one in report.receipts
    }
    assert 4 == len(report.receipts)
    assert {90} == {one.retention_days for one in report.receipts}
    assert 1 == sum(one.acknowledged is not None for one in report.receipts)
    assert finding.Unknown(0, None, None) == unknown


async def test_what_is_erased_is_counted(sealed):
    """With the time of the first and the last."""
    with writing(sealed.engine) as connection:
        connection.execute(
            update(records).where(records.c.shard == "ind").values(salt=None, person=None)
        )
        connection.execute(delete(subjects))
    with reading(sealed.engine) as connection:
        unknown = finding.unknown(connection)
        found = finding.find(connection, tokens(sealed))

    now = sealed.hub.now
    assert (4, now - timedelta(hours=3), now) == (unknown.count, unknown.first, unknown.last)
    assert () == found.sealed


async def test_more_pseudonyms_than_one_question_takes_are_asked_in_turn(sealed, monkeypatch):
    """A person with many messages is found whole."""
    monkeypatch.setattr(finding, "_CHUNK", 1)
    with reading(sealed.engine) as connection:
        few = finding.find(connection, [*tokens(sealed), *tokens(sealed, 1)])
    monkeypatch.setattr(finding, "_CHUNK", 500)
    with reading(sealed.engine) as connection:
        many = finding.find(connection, [*tokens(sealed), *tokens(sealed, 1)])

    assert few == many
    assert 3 == len(many.messages)


async def test_a_partner_is_counted(sealed):
    """Sent and received, and three hours to answer one of three."""
    since = sealed.hub.now - timedelta(days=1)
    with reading(sealed.engine) as connection:
        sent = partner.report_of(connection, "ind", since, sealed.hub.now + timedelta(days=1)).sent
        got = partner.report_of(connection, "gm0363", since, sealed.hub.now).received

    assert (3, 6, {"gm0363": 3, "lro": 3}) == (sent.messages, sent.copies, sent.by_recipient)
    assert (3, 1, 2, timedelta(hours=3)) == (got.copies, got.answered, got.open, got.median)


async def test_every_version_of_the_role_config_can_be_had(sealed):
    """By its digest or by a moment; and its history."""
    old, new = sealed.versions
    with reading(sealed.engine) as connection:
        history = versions.history(connection)
        assert [old.digest, new.digest] == [one.digest for one in history]
        assert old.config == versions.config_of(connection, old.digest[:12])
        assert new.digest == versions.digest_at(connection, sealed.hub.now)
        before = sealed.hub.now - timedelta(hours=1)
        assert old.digest == versions.digest_at(connection, before)
        with pytest.raises(NotFound):
            versions.digest_at(connection, sealed.hub.now - timedelta(days=1))


async def test_an_export_reads_every_record_once_whatever_the_page(sealed, monkeypatch):
    """Whole, and by a filter; and a record that came later is not in it."""

    def positions(filters, size):
        found = exporting.matching(
            sealed.engine, filters, size, persons=True, progress=lambda *_: None
        )
        return [each.position for each in found]

    with reading(sealed.engine) as connection:
        size = connection.scalar(text("SELECT count(*) FROM records"))
    whole = positions(Filters(), size)
    some = positions(Filters(recipient="lro"), size)
    monkeypatch.setattr(exporting, "_PAGE", 1)

    assert list(range(size)) == whole == positions(Filters(), size)
    assert 3 == len(some)
    assert some == positions(Filters(recipient="lro"), size)
    assert whole[:-1] == positions(Filters(), size - 1)


async def test_a_receipt_from_the_tiles_of_the_database_holds(sealed):
    """With the key of the log alone."""
    keys = [VerifierKey.parse(line) for line in sealed.key_file.read_text().split()]
    with reading(sealed.engine) as connection:
        found = list(proving.receipts(connection, proving.about(MESSAGE), keys))

    assert ["decided", "act-accepted", "acknowledged"] == sorted(
        (json.loads(each.line.record)["event"] for each in found),
        key=["decided", "act-accepted", "acknowledged"].index,
    )
    for each in found:
        checkpoint, signers = verify_receipt(read_receipt(each.receipt), keys)
        assert (each.size, tuple(keys)) == (checkpoint.size, signers)


async def test_nobody_walks_through_the_whole_log_to_find_one_person(sealed):
    """Every question of `find` goes by an index (SQLite says how it would go)."""
    if sealed.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL chooses by the size of the tables, and these are small")
    asked = []

    def listen(*given):
        asked.append((given[2], given[3]))

    event.listen(sealed.engine, "before_cursor_execute", listen)
    with reading(sealed.engine) as connection:
        finding.find(connection, tokens(sealed))
    event.remove(sealed.engine, "before_cursor_execute", listen)
    with reading(sealed.engine) as connection:
        plans = [
            row[3]
            for statement, given in asked
            if statement.startswith("SELECT")
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)
        ]

    assert plans
    assert [] == [plan for plan in plans if plan.startswith("SCAN")]
