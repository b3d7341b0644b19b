"""A legal hold keeps a case, and nothing but that case, until a person lifts it."""

import json

import pytest

from hub.errors import NotFound
from hub.ledger import holds
from hub.ledger.database import reading
from hub.retention.due import What
from schemas.identifiers import message_ref
from schemas.messages.berichten import MessageLink
from tests.acceptance.test_pipeline import a_correction
from tests.audit_ledger import an_act, the_signal
from tests.config_builders import NOW
from tests.retaining import LONG, Retained, another_signal

SIGNAL = the_signal()
OTHER = another_signal("b-1")


def ref(event):
    return message_ref(event["source"], event["id"])


@pytest.fixture
async def it(tmp_path):
    """A hub with a signal about one person and one about another, and both sealed."""
    found = Retained(tmp_path / "data")
    await found.hub.send(SIGNAL, OTHER)
    await found.seal()
    yield found
    found.close()


def place(it, event=SIGNAL):
    return holds.place(it.engine, ref(event), "zaak-12", "fg", NOW)


async def test_a_hold_keeps_its_case_and_the_other_goes(it):
    """Content, and whom the log is about; what is kept is counted."""
    place(it)

    report = await it.run(LONG)

    assert [ref(SIGNAL)] == await it.messages("gm0363")
    assert {What.UNREAD: (2, 2)} == {
        what: counts for what, counts in report.totals().items() if any(counts)
    }
    assert it.persons()[1]
    assert report.persons.kept >= 1
    assert ref(OTHER) not in {
        str(entry.message) for entry in await it.hub.inbox("lro") if not entry.notice
    }


async def test_what_comes_later_in_the_case_is_kept_too(it):
    """By the same person at another sender's reference, and by that reference again."""
    place(it)
    bsn = {"bsn": "999990342"}
    near = another_signal("n-1", betrokkeneRef="btr-later-01", betrokkene=bsn)
    far = another_signal("n-2", betrokkeneRef="btr-later-01", betrokkene={"bsn": "111222333"})
    far["correlationid"] = "something-else"
    await it.hub.send(near, far)

    await it.run(LONG)

    assert {ref(SIGNAL), ref(near), ref(far)} == set(await it.messages("gm0363"))


async def test_a_correction_and_a_notice_of_the_case_are_kept_too(it):
    """The correction names nobody; it is about a message of the case."""
    correction = a_correction(SIGNAL)
    for name in ("correlationid", "causationid"):
        correction.pop(name, None)
    await it.hub.send(correction)
    act = an_act("ontvangst-bevestigd", SIGNAL, "ack-1")
    other = an_act("ontvangst-bevestigd", OTHER, "ack-2")
    await it.hub.send(act, {**other, "causationid": OTHER["id"]})
    await it.seal()
    place(it)

    await it.run(LONG)

    assert ref(correction) in await it.messages("gm0363")
    left = [e for e in await it.hub.inbox("ind") if e.type == "berichten.ontvangst-bevestigd"]
    about = [json.loads(entry.content)["data"]["betreft"] for entry in left]
    (link,) = (MessageLink.model_validate(each) for each in about)
    assert ref(SIGNAL) == link.message


async def test_what_is_held_for_a_person_is_kept_with_its_case(it):
    waits = the_signal("a-held", gemeentecode="0788")
    await it.hub.send(waits, another_signal("b-held", gemeentecode="0788"))
    await it.seal()
    place(it)

    await it.run(LONG)

    assert [ref(waits)] == [entry.parked.message for entry in await it.waiting()]


async def test_while_there_is_a_hold_what_the_log_does_not_know_yet_is_kept(it):
    """Nobody can tell of which case it is; without any hold it goes."""
    await it.hub.send(another_signal("b-2"))
    place(it)
    it.hub.now = NOW.replace(year=2037)

    report = await it.job().run(it.hub.now)

    assert 4 == report.kept.total()  # two copies of the case, two of what is not sealed
    assert {ref(SIGNAL), ref(another_signal("b-2"))} == set(await it.messages("gm0363"))
    await it.run(LONG)
    assert [ref(SIGNAL)] == await it.messages("gm0363")


async def test_a_hold_that_is_lifted_lets_everything_go_at_the_next_run(it):
    """Also whom old records are about, though later ones were erased before."""
    made = place(it)
    await it.run(LONG)
    assert it.persons()[1]

    holds.lift(it.engine, made.id, "klaar", "fg", NOW)
    report = await it.run(LONG + 1)

    assert [] == await it.messages("gm0363")
    assert (set(), 0) == (it.persons()[1], report.persons.kept)


async def test_a_hold_is_on_record_with_who_and_why(it):
    made = place(it)
    holds.lift(it.engine, made.id, "klaar", "fg", NOW)
    await it.seal()

    said = [json.loads(raw) for raw in it.sealed()]
    assert [("hold-placed", "zaak-12", ref(SIGNAL)), ("hold-lifted", "klaar", ref(SIGNAL))] == [
        (r["event"], r["reason"], r["about"]) for r in said if r["object"]["kind"] == "hold"
    ]
    assert {"operator"} == {r["actor"]["kind"] for r in said if r["object"]["kind"] == "hold"}


async def test_a_hold_needs_a_message_that_is_known_and_is_lifted_once(it):
    with pytest.raises(NotFound, match="does not know"):
        holds.place(it.engine, "0" * 32, "zaak-12", "fg", NOW)
    made = place(it)
    holds.lift(it.engine, made.id, "klaar", "fg", NOW)
    with pytest.raises(NotFound, match="in force"):
        holds.lift(it.engine, made.id, "klaar", "fg", NOW)

    assert [] == holds.listed(it.engine)
    assert [made.id] == [each.id for each in holds.listed(it.engine, lifted=True)]


async def test_what_names_a_message_is_of_its_case_also_when_the_pseudonyms_are_gone(it):
    """Corrections and acts name it by its ref, which no term erases."""
    correction = a_correction(SIGNAL)
    act = an_act("ontvangst-bevestigd", SIGNAL, "ack-1")
    await it.hub.send(correction)
    await it.hub.send(act)
    await it.run(LONG)
    assert set() == it.persons()[1]

    with reading(it.engine) as connection:
        case = holds.case_of(connection, [ref(SIGNAL)])

    assert ({ref(SIGNAL), ref(correction), ref(act)}, frozenset()) == (case.messages, case.tokens)
