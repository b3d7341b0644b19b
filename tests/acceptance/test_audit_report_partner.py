"""`seinhuis audit report partner`: what one party sent and received, and how fast it answered."""

import asyncio
import json
from datetime import timedelta

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from hub.cli.app import app
from hub.cli.exits import Exit
from hub.ledger.database import reading
from hub.ledger.tables import notes
from tests.audit_ledger import SealedHub, an_act, the_signal
from tests.builders import BSNS, NAMES

PERIOD = ("--since", "2026-11-23", "--until", "2026-12-31")


@pytest.fixture
def sealed(tmp_path):
    """Ten signals; the gemeente answers nine, after 1 to 9 days, one twice, and passes one on.

    One signal is refused by the hub, one came twice, one is held for the gemeente.
    """
    made = SealedHub(tmp_path / "data")

    async def flow():
        signals = [the_signal(f"a-{n}") for n in range(10)]
        await made.hub.send(*signals, signals[0], the_signal("bad", fase="later"))
        await made.hub.send(the_signal("held", gemeentecode="0788"))
        await made.hub.send(
            an_act("doorgezonden", signals[0], "p-1", aan="zvh-amsterdam", reden="procesregie")
        )
        for number, signal in enumerate(signals[1:], 1):
            made.hub.now += timedelta(days=1)
            name = "geweigerd" if number == 9 else "ontvangst-bevestigd"
            more = {"redencode": "dubbel"} if number == 9 else {}
            await made.hub.send(an_act(name, signal, f"act-{number}", **more))
        await made.hub.send(an_act("opgepakt", signals[1], "late"))
        await made.seal()

    asyncio.run(flow())
    yield made
    made.close()


def report(sealed, *words):
    """Run the command."""
    arguments = ["audit", "report", "partner", *words, "--data", str(sealed.data)]
    return CliRunner(env=sealed.environment()).invoke(app, arguments)


def of(sealed, party, *words):
    """Return the report on a party, as programs read it."""
    return json.loads(report(sealed, party, *(words or PERIOD), "--json").stdout)


def test_what_a_sender_sent_is_counted_with_what_came_of_it(sealed):
    """By type, recipient, basis and reason; refused and doubles apart."""
    sent = of(sealed, "ind")["sent"]

    assert (11, 21, 1) == (sent["messages"], sent["copies"], sent["duplicates"])
    assert {"signalen.signaal-gemeld": 11} == sent["by_type"]
    assert {"delivered": 10, "delivered+held": 1} == sent["results"]
    assert {"gm0363": 10, "lro": 11} == sent["by_recipient"]
    assert {"wet-pga": 21} == sent["by_legal_basis"]
    assert {"gemeente-split": 1} == sent["held"]
    assert {"ongeldig": 1} == sent["refused"]


def test_what_a_recipient_received_and_did_is_counted(sealed):
    """Answered is acknowledged, taken up or refused; passing on is not an answer."""
    received = of(sealed, "gm0363")["received"]

    assert (10, 9, 1) == (received["copies"], received["answered"], received["open"])
    assert {"ind": 10} == received["by_sender"]
    assert {"acknowledged": 8, "forwarded": 1, "refused": 1, "taken-up": 1} == received["acts"]


def test_the_time_to_answer_is_that_from_delivered_to_the_first_answer(sealed):
    """1 to 9 days: the median is 5, and nine of ten (rounded up: all nine) took 9."""
    received = of(sealed, "gm0363")["received"]

    day = 86_400.0
    assert (5 * day, 9 * day) == (received["median"], received["p90"])


def test_late_is_what_was_answered_or_is_still_open_after_its_deadline(sealed):
    """The term is a day (hoog): all but the first answer are late, and so is the one still open."""
    assert 9 == of(sealed, "gm0363")["received"]["overdue"]
    early = of(sealed, "gm0363", "--since", "2026-11-23", "--until", "2026-11-23T20:00:00+01:00")
    assert 8 == early["received"]["overdue"]  # the open one is not late yet


def test_what_was_passed_on_is_received_too(sealed):
    """The house got one copy, and not from the sender."""
    received = of(sealed, "zvh-amsterdam")["received"]

    assert (1, 1, {"ind": 1}) == (
        received["copies"],
        received["passed_on"],
        received["by_sender"],
    )


def test_what_lies_outside_the_period_is_not_counted(sealed):
    """Of what is delivered within it, later answers do count."""
    later = of(sealed, "gm0363", "--since", "2026-11-24", "--until", "2026-12-31")
    first = of(sealed, "gm0363", "--since", "2026-11-23", "--until", "2026-11-23")

    assert (0, 8) == (later["received"]["copies"], later["received"]["acts"]["acknowledged"])
    assert (10, 9) == (first["received"]["copies"], first["received"]["answered"])
    assert {"forwarded": 1} == first["received"]["acts"]


def test_a_party_without_any_traffic_has_an_empty_report(sealed):
    """No error: it is known, and nothing happened."""
    done = report(sealed, "rvdk", *PERIOD)

    assert Exit.DONE == done.exit_code
    assert "0 messages" in done.stdout
    assert "0 copies" in done.stdout


def test_a_party_that_nobody_knows_is_refused_with_the_nearest(sealed):
    """And it is not on record, because nothing was asked."""
    done = report(sealed, "gm0636", *PERIOD)

    assert Exit.NOT_USABLE == done.exit_code
    assert "gm0" in done.stderr
    with reading(sealed.engine) as connection:
        assert [] == list(connection.scalars(select(notes.c.record)))


def test_the_question_is_on_record_with_party_and_period(sealed):
    """And the answer is for people: counts, no persons, 80 columns."""
    done = report(sealed, "gm0363", *PERIOD)

    with reading(sealed.engine) as connection:
        (record,) = map(json.loads, connection.scalars(select(notes.c.record)))
    assert ("log-read", "audit report partner") == (record["event"], record["object"]["id"])
    assert "party=gm0363" in record["reason"].split()
    assert "median 5.0 d" in done.stdout
    assert not [word for word in (*BSNS, *NAMES) if word in done.stdout]
    assert [] == [line for line in done.stdout.splitlines() if len(line) > 80]
