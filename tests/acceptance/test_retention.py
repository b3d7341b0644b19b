"""Retention: what must go at its term goes, is on record, and never silently."""

import json
from zoneinfo import ZoneInfo

import pytest

from hub.errors import BrokerError, Unavailable
from hub.retention.due import What, arrival
from schemas.identifiers import message_ref
from schemas.reading import parse
from schemas.record_words import out_of_vocabulary
from schemas.records import Record
from tests.audit_ledger import an_act, the_signal
from tests.config_builders import NOW
from tests.harness import Crash, DyingStore
from tests.retaining import LONG, Retained, another_signal, in_days

SIGNAL = the_signal()
REF = message_ref(SIGNAL["source"], SIGNAL["id"])
ALL = {"retention-passed", "erased", "person-erased"}


@pytest.fixture
def it(tmp_path):
    """A hub with its ledger: a signal goes to gemeente Amsterdam and the LRO, kept for 90 days."""
    found = Retained(tmp_path / "data")
    yield found
    found.close()


async def acknowledged(it, event=SIGNAL):
    """Deliver an event, and let the gemeente acknowledge its copy; the LRO does not."""
    await it.hub.send(event)
    await it.hub.send(an_act("ontvangst-bevestigd", event, f"ack-{event['id']}"))


@pytest.mark.parametrize(("days", "left"), [(30, [REF]), (31, [])])
async def test_content_goes_a_set_number_of_days_after_the_recipient_finished_it(it, days, left):
    """The thirtieth day is the last; who did not finish it keeps it."""
    await acknowledged(it)

    await it.run(days)

    assert left == await it.messages("gm0363")
    assert [REF] == await it.messages("lro")
    erased = [] if left else [("erased", "finished", "delivery")]
    assert erased == await it.said(*ALL)


@pytest.mark.parametrize(("days", "left"), [(90, [REF]), (91, [])])
async def test_what_nobody_read_is_there_until_its_last_day_and_goes_with_an_alarm(it, days, left):
    """The ninetieth day is the last. Then: alarm, record, notice to the sender, erasure."""
    await it.hub.send(SIGNAL)

    report = await it.run(days)

    assert left == await it.messages("gm0363")
    if left:
        assert [] == it.alarms("retention.unread")
        assert [] == await it.said(*ALL)
        return
    assert 2 == report.totals()[What.UNREAD][0]
    assert 2 == sum(alarm["copies"] for alarm in it.alarms("retention.unread"))
    assert [("retention-passed", "unread", "delivery"), ("erased", "unread", "delivery")] * 2 == (
        await it.said(*ALL)
    )
    told = [data for name, data in await it.hub.notices("ind") if "verstreken" in name]
    about = {"shard": "ind", "bericht": REF}
    assert [("gm0363", about), ("lro", about)] == [(n["partij"], n["betreft"]) for n in told]


async def test_what_was_opened_and_not_finished_is_told_so(it):
    await it.hub.send(SIGNAL)
    await it.hub.send(an_act("ingezien", SIGNAL, "open-1"))

    await it.run()

    assert ("retention-passed", "unfinished", "delivery") in await it.said("retention-passed")


async def test_what_was_finished_late_goes_at_the_end_of_its_term(it):
    """The term of the copy comes before thirty days after receipt."""
    await it.hub.send(SIGNAL)
    it.hub.later(days=89)
    await it.hub.send(an_act("ontvangst-bevestigd", SIGNAL, "late"))

    report = await it.run()

    assert [] == await it.messages("gm0363")
    assert (1, 1) == (report.totals()[What.TERM][0], report.totals()[What.UNREAD][0])
    assert ("erased", "term", "delivery") in await it.said("erased")


async def test_before_the_end_of_a_term_is_a_warning_and_nothing_goes(it):
    """Seven days before, of what nobody finished; not of what somebody did."""
    await acknowledged(it)

    early = await it.run(83)
    assert {} == early.soon
    assert [] == it.alarms("retention.soon")

    late = await it.run(84)
    assert {(What.SOON, "ind", "lro"): 1} == late.soon
    assert [("ind", "lro", 1)] == [
        (each["shard"], each["party"], each["copies"]) for each in it.alarms("retention.soon")
    ]
    assert [REF] == await it.messages("lro")


async def test_a_notice_to_a_sender_goes_after_its_own_term(it):
    await acknowledged(it)
    assert 1 == len(await it.hub.notices("ind"))

    await it.run(90)
    assert 1 == len(await it.hub.notices("ind"))

    report = await it.run(91)
    assert {(What.NOTICE, "ind", "ind"): 1} == {
        place: count for place, count in report.due.items() if place[0] is What.NOTICE
    }
    assert ["gegevens.bewaartermijn-verstreken"] == [n for n, _ in await it.hub.notices("ind")]


@pytest.mark.parametrize("queue", ["held", "dead"])
async def test_what_waits_for_a_person_is_there_until_its_last_day_and_goes_with_an_alarm(
    it, queue
):
    """Held: the term of the rule that holds it. Dead: that of the settings, a hundred days."""
    wrong = {"gemeentecode": "0788"} if queue == "held" else {"doel": "onbekend"}
    await it.hub.send(another_signal("w-1", **wrong))
    (entry,) = await it.waiting(queue)
    came, days = arrival(entry.id), 90 if queue == "held" else 100
    noon = came.astimezone(ZoneInfo("Europe/Amsterdam")).replace(hour=12)  # of the Dutch day
    last, after = (noon + (in_days(n) - NOW) for n in (days, days + 1))

    report = await it.run(at=last)
    assert [entry.id] == [each.id for each in await it.waiting(queue)]
    assert [] == [alarm for alarm in it.alarms("retention.unread") if alarm["queue"] == queue]
    assert 1 == report.soon[What.SOON, "ind", "ind"]

    await it.run(at=after)
    assert [] == await it.waiting(queue)
    assert queue in {alarm["queue"] for alarm in it.alarms("retention.unread")}
    said = [each for each in await it.said(*ALL) if each[2] == "entry"]
    assert [("retention-passed", "waiting", "entry"), ("erased", "unread", "entry")] == said
    told = [data for _, data in await it.hub.notices("ind") if data.get("redencode") == "vervallen"]
    assert [message_ref(SIGNAL["source"], "w-1")] == [data["betreft"]["bericht"] for data in told]


async def test_the_sender_may_ask_for_a_shorter_term_also_of_what_is_held(it):
    """`bewarenTot` of the event comes before the term of the rule."""
    day = in_days(20).date().isoformat()
    await it.hub.send(another_signal("w-1", gemeentecode="0788", bewarenTot=day))

    await it.run(20)
    assert 1 == len(await it.waiting())

    await it.run(21)
    assert [] == await it.waiting()


async def test_a_stuck_intake_is_told_and_never_touched(it):
    """An entry that waits for more than an hour; one of a moment ago is no news."""
    now = int(in_days(LONG).timestamp() * 1_000)
    it.files.stuck = {("ind", ""): f"{now - 3_600_001}-0", ("liv", ""): f"{now - 60_000}-0"}
    entry = await it.hub.submit(SIGNAL)

    report = await it.run(LONG)

    assert ["ind"] == [one.shard for one in report.stuck]
    assert ["ind"] == [each["shard"] for each in it.alarms("retention.intake")]
    assert [entry] == [each.id for each in await it.hub.store.take("ind", [""], "w", 9, 0)]


async def test_the_person_leaves_the_log_at_its_term_and_the_records_stay(it):
    """Five years: salt and pseudonyms of the old records, not of the new."""
    await acknowledged(it)
    await it.seal()
    before, tokens = it.persons()
    assert before
    assert tokens

    await it.run(1_824)
    assert tokens == it.persons()[1]

    report = await it.run(1_826)
    salted, tokens = it.persons()
    assert set() == tokens
    assert len(before) <= report.persons.due
    assert not set(before) & set(salted)
    found = await it.hub.store.records("ind", count=1_000)
    assert "decided" in [json.loads(entry.record)["event"] for entry in found]


async def test_the_log_says_of_which_records_the_person_was_erased(it):
    """One record a batch, with the range and the count; a second run finds nothing."""
    await acknowledged(it)
    first = await it.run(LONG)
    (line,) = [json.loads(raw) for raw in it.sealed() if b'"person-erased"' in raw]

    again = await it.run(LONG)

    assert str(first.persons.due) == line["result"]
    start, end = map(int, line["object"]["id"].split("-"))
    assert (0, first.persons.due) == (start, end - start + 1)
    assert 0 == again.persons.due
    assert set() == it.persons()[1]


async def test_records_of_retention_are_as_the_vocabulary_says(it):
    """Every record of a run, of every kind that there is, fits the model and the table."""
    await acknowledged(it)
    await it.hub.send(another_signal("w-1", gemeentecode="0788"), another_signal("b-1"))
    await it.run(LONG)

    said = [json.loads(raw) for raw in it.sealed()]
    ours = [record for record in said if record["event"] in ALL]
    assert ALL == {record["event"] for record in ours}
    assert [] == [word for record in ours for word in out_of_vocabulary(record)]
    for record in ours:
        Record.model_validate(record)


async def test_a_notice_of_a_term_that_passed_is_a_valid_event(it):
    await it.hub.send(SIGNAL)
    await it.run()

    (first, _) = [e for e in await it.hub.inbox("ind") if "verstreken" in e.type]

    assert parse(first.content, it.hub.book.prefix).data.about.ref == REF


async def test_a_plan_is_what_a_run_does_and_changes_nothing(it):
    await acknowledged(it)
    await it.hub.send(another_signal("w-1", gemeentecode="0788"), another_signal("b-1"))

    plan = await it.plan(LONG)
    assert not plan.is_empty
    assert 2 == len(await it.messages("gm0363"))
    assert 1 == len(await it.waiting())
    assert it.persons()[1]

    report = await it.run(LONG)
    assert plan.due == report.due
    assert plan.persons.due == report.persons.due
    assert (await it.plan(LONG)).due.keys() <= {
        (What.NOTICE, "ind", "ind")  # nothing but what the run itself wrote
    }


async def test_what_a_party_left_behind_goes_too_when_the_config_knows_it_no_more(tmp_path):
    """The ledger remembers every party that ever got something."""
    it = Retained(tmp_path / "data")
    await it.hub.send(SIGNAL)
    await it.seal()
    del it.hub.book.parties["lro"]

    await it.run()

    assert [] == await it.messages("lro")
    it.close()


async def test_a_step_that_fails_is_an_alarm_and_does_not_stop_the_others(it, monkeypatch):
    """One inbox of which a key is broken: the others, the log and the files are done."""
    await it.hub.send(SIGNAL)
    erase = it.hub.store.erase

    async def broken(shard, erasures):
        if erasures[0].party == "gm0363":
            raise BrokerError("the key of this inbox has the wrong type")
        return await erase(shard, erasures)

    monkeypatch.setattr(it.hub.store, "erase", broken)
    report = await it.run(LONG)

    assert ["the inbox of gm0363 in ind"] == [failure.step for failure in report.failures]
    assert 1 == len(it.alarms("retention.failed"))
    assert ([REF], []) == (await it.messages("gm0363"), await it.messages("lro"))
    assert (set(), 1) == (it.persons()[1], it.files.rewrites)

    monkeypatch.undo()
    assert [] == (await it.run(LONG)).failures
    assert [] == await it.messages("gm0363")


async def test_a_broker_that_is_away_is_told_once_and_each_shard_is_asked_once(it, monkeypatch):
    async def away(*_, **__):
        raise Unavailable("the broker did not answer")

    await it.hub.send(SIGNAL)
    await it.seal()
    monkeypatch.setattr(it.hub.store, "inbox", away)
    monkeypatch.setattr(it.hub.store, "parked", away)

    report = await it.run(LONG)

    assert len(it.hub.book.shards()) == len(report.failures)  # the others may be elsewhere
    assert 1 == len(it.alarms("retention.failed"))
    assert all(failure.passing for failure in report.failures)
    assert set() == it.persons()[1]


async def fill(it):
    """One of everything that can be due."""
    await acknowledged(it)
    await it.hub.send(
        another_signal("b-1"),
        another_signal("w-1", gemeentecode="0788"),
        another_signal("d-1", urgentie="morgen"),
    )
    await it.hub.submit(b"no event", shard="ind")
    await it.hub.send(an_act("ingezien", another_signal("b-1"), "open-1"))
    await it.seal()


async def outcome(it):
    """What anybody can see in the end. A term that passed may be on record once more."""
    said = await it.said("erased")
    passed = set(await it.said("retention-passed"))
    return {
        "inboxes": [await it.messages(party) for party in ("gm0363", "lro")],
        "waiting": [[p.id for p in await it.waiting(queue)] for queue in ("held", "dead")],
        "told": sorted(name for name, _ in await it.hub.notices("ind")),
        "records": (sorted(said), sorted(passed)),
        "persons": it.persons()[1],
    }


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_wherever_a_run_dies_the_next_one_ends_the_same(tmp_path, after):
    """At each call of the store; and nothing goes without its record."""
    whole = Retained(tmp_path / "whole")
    await fill(whole)
    counting = DyingStore(whole.hub.store, -1, after=False)
    await whole.run(LONG, counting)
    expected = await outcome(whole)
    whole.close()
    # Most calls look into an inbox where nothing is. Those that change something, and their like:
    changing = await changes(tmp_path / "changes")
    assert 8 <= len(changing)

    for number in changing:
        it = Retained(tmp_path / f"{number}-{after}")
        await fill(it)
        with pytest.raises(Crash):
            await it.run(LONG, DyingStore(it.hub.store, number, after=after))
        await it.run(LONG)

        assert expected == await outcome(it), f"died {number}"
        it.close()


async def changes(folder):
    """Return the numbers of the calls that change the store, and of one that reads before each."""
    it = Retained(folder)
    await fill(it)
    names = []

    class Listening(DyingStore):
        def __getattr__(self, name):
            method = super().__getattr__(name)

            async def call(*args, **kwargs):
                names.append(name)
                return await method(*args, **kwargs)

            return call

    await it.run(LONG, Listening(it.hub.store, -1, after=False))
    it.close()
    writes = [n for n, name in enumerate(names, 1) if name in {"note", "erase", "route"}]
    assert {"note", "erase", "route"} == {names[n - 1] for n in writes}
    return sorted({*writes, *(n - 1 for n in writes)})
