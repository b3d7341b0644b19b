"""`seinhuis audit report processing`: the register is what the role config says, each version."""

import asyncio
import json
import zlib

import pytest
from sqlalchemy import select, update
from typer.testing import CliRunner

from hub.cli.app import app
from hub.cli.exits import Exit
from hub.ledger.database import reading, writing
from hub.ledger.projections import ldv
from hub.ledger.reports.processing import register_of
from hub.ledger.tables import configs, notes
from hub.roles import default_folder, load
from schemas.catalogue import CATALOGUE
from schemas.vocabulary import Sensitivity
from tests.audit_ledger import SealedHub, the_book, the_signal


@pytest.fixture(scope="module")
def config():
    """The role config that comes with this installation."""
    return load(default_folder())


@pytest.fixture(scope="module")
def register(config):
    """Its register."""
    return register_of(config)


def report(data, *words, environment=None):
    """Run the command."""
    arguments = ["audit", "report", "processing", *map(str, words), "--data", str(data)]
    return CliRunner(env=environment).invoke(app, arguments)


def test_every_rule_is_in_the_activity_of_its_purpose(config, register):
    """Each provision of each rule and each passing on, once, and nothing else."""
    expected = {
        (rule.purpose, rule.id, rule.message, recipient.to, recipient.fields)
        for partner in config.partners
        for rule in partner.rules
        for recipient in rule.recipients
    } | {
        (rule.purpose, rule.id, message, role, rule.fields)
        for partner in config.partners
        for rule in partner.passing_on
        for message in rule.messages
        for role in rule.to
    }

    assert expected == {
        (activity.id, one.rule, one.message, one.role, one.fields)
        for activity in register.activities
        for one in activity.provisions
    }


def test_what_article_30_asks_for_is_there_for_every_activity(config, register):
    """Purpose, categories of persons and data, recipients, terms; measures for all of them."""
    texts = {purpose.id: purpose.text for purpose in config.purposes}
    for activity in register.activities:
        if activity.id == ldv.GENERAL_ACTIVITY:
            continue
        assert texts[activity.id] == activity.purpose
        assert all((activity.legal_bases, activity.senders, activity.recipients, activity.fields))
        days = [one.retention_days for one in activity.provisions]
        assert (min(days), max(days)) == activity.retention_days
        types = {one.message for one in activity.provisions}
        levels = {CATALOGUE[name].sensitivity for name in types}
        assert activity.about_persons == bool(levels - {Sensitivity.NO_PERSON})
        assert activity.about_persons == bool(activity.subjects)


def test_every_recipient_and_sender_has_a_name(register):
    """A privacy officer reads names, not roles."""
    for activity in register.activities:
        assert set(activity.recipients) <= set(register.roles)
        assert set(activity.senders) <= set(register.senders)


def test_what_a_line_of_the_logboek_dataverwerkingen_names_is_in_the_register(config, register):
    """The activity of the hub itself, and that of every rule: no line names another."""
    purposes = {rule.purpose for partner in config.partners for rule in partner.rules}

    assert {ldv.GENERAL_ACTIVITY} | purposes <= {one.id for one in register.activities}


def test_it_needs_no_ledger_and_fits_the_page(tmp_path, config):
    """The role config alone is enough."""
    done = report(tmp_path / "nothing", environment={"COLUMNS": "80"})

    assert Exit.DONE == done.exit_code, done.output
    assert config.digest[:12] in done.stdout
    assert [] == [line for line in done.stdout.splitlines() if len(line) > 80]
    for purpose in config.purposes:
        assert f"\n{purpose.id}\n" in done.stdout
    assert not (tmp_path / "nothing").exists()


def test_one_activity_is_shown_with_its_rules_and_an_unknown_one_gets_the_nearest(tmp_path):
    """`duidn` is perhaps `duiden`."""
    done = report(tmp_path, "--activity", "duiden", "--json")
    said = json.loads(done.stdout)

    assert ["duiden"] == [one["id"] for one in said["activities"]]
    assert {"gemeente-vraag-duiding"} <= {x["rule"] for x in said["activities"][0]["provisions"]}
    wrong = report(tmp_path, "--activity", "duidn")
    assert Exit.NOT_USABLE == wrong.exit_code
    assert "duiden" in wrong.stderr


@pytest.fixture
def sealed(tmp_path):
    """A ledger in which one role config gave way to another two hours later."""
    made = SealedHub(tmp_path / "data")
    old = made.hub.book
    new = the_book(purposes=[{"id": "duiden", "omschrijving": "Anders gezegd."}])

    async def flow():
        await made.load(old)
        await made.load(old, old)  # a restart
        await made.hub.send(the_signal())
        made.hub.later(hours=2)
        await made.load(new, old)
        await made.seal()

    asyncio.run(flow())
    made.versions = (old, new)
    yield made
    made.close()


def noted(sealed):
    """Return what was put on record."""
    with reading(sealed.engine) as connection:
        return [json.loads(raw) for raw in connection.scalars(select(notes.c.record))]


def test_the_history_says_which_version_was_in_force_and_what_changed(sealed):
    """A restart is no new version."""
    done = report(sealed.data, "--history", "--json", environment=sealed.environment())
    found = [json.loads(line) for line in done.stdout.splitlines()]

    old, new = sealed.versions
    assert [old.digest, new.digest] == [one["digest"] for one in found]
    assert ["2026-11-23T10:00:00Z", "2026-11-23T12:00:00Z"] == [one["since"] for one in found]
    assert ["2026-11-23T12:00:00Z", None] == [one["until"] for one in found]
    assert [True, True] == [one["kept"] for one in found]
    assert found[1]["difference"]["registers"]
    text = report(sealed.data, "--history", environment=sealed.environment()).stdout
    assert old.digest[:12] in text
    assert ["log-read", "log-read"] == [record["event"] for record in noted(sealed)]


def test_the_register_of_then_is_made_from_the_config_of_then(sealed):
    """By the beginning of its digest, by a moment, by a day; as a line of the log names it."""
    old, new = sealed.versions

    def purpose(*words):
        done = report(sealed.data, *words, "--json", environment=sealed.environment())
        assert Exit.DONE == done.exit_code, done.output
        return json.loads(done.stdout)["activities"][1]["purpose"]

    assert "Signalen duiden." == purpose("--version", old.digest[:12])
    assert "Anders gezegd." == purpose("--version", new.digest)
    assert "Signalen duiden." == purpose("--at", "2026-11-23T11:00:00+00:00")
    assert "Anders gezegd." == purpose("--at", "2026-11-23")
    assert ["audit report processing"] * 4 == [x["object"]["id"] for x in noted(sealed)]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--at", "2020-01-01"], Exit.NOT_FOUND),
        (["--version", "0000aaaa"], Exit.NOT_FOUND),
        (["--version", "xyz"], Exit.NOT_USABLE),
        (["--version", "aaaa", "--history"], Exit.NOT_USABLE),
    ],
)
def test_a_version_that_is_not_there_is_said_not_to_be(sealed, words, code):
    """And what is no version is refused."""
    assert code == report(sealed.data, *words, environment=sealed.environment()).exit_code


def test_a_config_that_was_changed_in_the_ledger_is_not_used(sealed):
    """Its digest stands in the sealed records, and follows from what it says."""
    old = sealed.versions[0]
    with writing(sealed.engine) as connection:
        (raw,) = connection.scalars(
            select(configs.c.document).where(configs.c.digest == old.digest)
        )
        changed = zlib.compress(zlib.decompress(raw).replace(b"Signalen duiden.", b"Iets anders."))
        connection.execute(
            update(configs).where(configs.c.digest == old.digest).values(document=changed)
        )
    done = report(sealed.data, "--version", old.digest, environment=sealed.environment())

    assert Exit.NOT_USABLE == done.exit_code
    assert "changed afterwards" in done.stderr
