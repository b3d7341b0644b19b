"""Steps: applied as a whole or not at all, once, in order, with a gapless record."""

import asyncio
from dataclasses import replace

import pytest

from hub.ports import Store
from hub.steps import Correction, Outcome, Queue, StepResult
from tests.contract.steps import (
    a_copy,
    a_step,
    delivered,
    inbox,
    message,
    parked,
    received_by,
    records,
    taken,
)

DONE = StepResult(Outcome.DONE)
GONE = StepResult(Outcome.GONE)
CHANGED = StepResult(Outcome.CHANGED)
DUPLICATE = StepResult(Outcome.DUPLICATE)


class TestDone:
    async def test_a_step_delivers_records_and_finishes_its_entry(self, store: Store):
        """After one step the copies are in the inboxes, the record is there, the entry is gone."""
        (entry,) = await taken(store, b'{"id":"1"}')

        results = await store.route("ind", [a_step(entry.id)])

        assert results == [DONE]
        assert await inbox(store, "gm0363") == await inbox(store, "lro") == [message("m1")]
        assert await records(store) == [b"decided m1"]
        assert await store.depths("ind", [""]) == {
            "intake": 0,
            "pending": 0,
            "held": 0,
            "dead": 0,
            "records": 1,
        }

    async def test_a_copy_arrives_with_every_field(self, store: Store):
        """What the recipient reads is what the copy said."""
        (entry,) = await taken(store, b"{}")
        copy = a_copy("lro", urgency="spoed", rule="r-1", content='{"é":1}'.encode())
        await store.route("ind", [a_step(entry.id, copies=(copy,))])

        (found,) = await store.inbox("ind", "lro")

        assert (found.shard, found.party, found.message) == ("ind", "lro", copy.message)
        assert (found.type, found.rule, found.sender) == (copy.type, copy.rule, copy.sender)
        assert (found.urgency, found.retain_until) == (copy.urgency, copy.retain_until)
        assert found.deadline == "2026-11-23T12:00:00+00:00"
        assert (found.content, found.notice) == (copy.content, False)

    async def test_the_steps_of_a_batch_are_applied_in_order(self, store: Store):
        """One call, many steps: results, records and copies keep the order."""
        entries = await taken(store, *[b"{}"] * 5)
        steps = [a_step(e.id, f"m{n}", ["gm0363"]) for n, e in enumerate(entries)]

        assert await store.route("ind", steps) == [DONE] * 5
        assert await records(store) == [f"decided m{n}".encode() for n in range(5)]
        assert await inbox(store, "gm0363") == [message(f"m{n}") for n in range(5)]

    async def test_an_empty_batch_is_no_batch(self, store: Store):
        assert await store.route("ind", []) == []

    async def test_a_step_without_copies_is_on_record_all_the_same(self, store: Store):
        """Nobody receives it, and that is written down."""
        (entry,) = await taken(store, b"{}")
        assert await store.route("ind", [a_step(entry.id, to=())]) == [DONE]
        assert await records(store) == [b"decided m1"]
        assert await received_by(store) == ()

    async def test_a_notice_reaches_the_sender_and_does_not_count_as_received(self, store: Store):
        (entry,) = await taken(store, b"{}")
        step = a_step(entry.id, to=["lro"], notices=(a_copy("ind", "notice"),))
        await store.route("ind", [step])

        (notice,) = await store.inbox("ind", "ind")
        assert (notice.notice, notice.message) == (True, message("notice"))
        assert await received_by(store) == ("lro",)

    async def test_what_is_refused_goes_to_dead_with_its_reasons(self, store: Store):
        """No message, no duplicate check: the bytes are no event."""
        (entry,) = await taken(store, b"not json")
        dead = replace(parked(), event=b"not json", message="", type="", sender="ind")
        step = a_step(entry.id, message="", to=(), dead=dead)

        assert await store.route("ind", [step]) == [DONE]
        (found,) = await store.parked("ind", Queue.DEAD)
        assert found.parked == dead

    async def test_a_shard_knows_nothing_of_another(self, store: Store):
        """The same message in two shards is two messages, each with its own records."""
        await delivered(store)
        (entry,) = await taken(store, b"{}", shard="politie.3")
        assert await store.route("politie.3", [a_step(entry.id)]) == [DONE]
        assert [r.seq for r in await store.records("politie.3")] == [1]


class TestFence:
    async def test_a_step_that_was_done_is_gone_and_writes_nothing(self, store: Store):
        """The reply got lost and the worker repeats the call: safe."""
        (entry,) = await taken(store, b"{}")
        step = a_step(entry.id, message="")  # without the help of the duplicate check
        await store.route("ind", [step])

        assert await store.route("ind", [step]) == [GONE]
        assert await records(store) == [b"decided m1"]
        assert len(await inbox(store, "lro")) == 1

    async def test_a_repeated_step_is_gone_and_not_a_duplicate(self, store: Store):
        """A duplicate is on record; the repeat of a call is not an event that came twice."""
        (entry,) = await taken(store, b"{}")
        await store.route("ind", [a_step(entry.id)])

        assert await store.route("ind", [a_step(entry.id)]) == [GONE]
        assert await records(store) == [b"decided m1"]

    async def test_an_entry_that_nobody_took_cannot_be_done(self, store: Store):
        entry = await store.submit("ind", b"{}")
        assert await store.route("ind", [a_step(entry)]) == [GONE]
        assert (await store.depths("ind", [""]))["intake"] == 1

    @pytest.mark.parametrize("queue", [Queue.HELD, Queue.DEAD])
    @pytest.mark.parametrize("entry", ["1-1", "nonsense"])
    async def test_a_parked_entry_that_is_not_there_is_gone(self, store: Store, queue, entry):
        assert await store.route("ind", [a_step(entry, queue=queue)]) == [GONE]
        assert await records(store) == []

    async def test_two_workers_with_the_same_entry_do_it_once(self, store: Store):
        """One of them stalled, the other took over: whoever comes second finds it gone."""
        entries = await taken(store, *[b"{}"] * 20)
        steps = [a_step(e.id, f"m{n}") for n, e in enumerate(entries)]

        both = await asyncio.gather(*(store.route("ind", [s]) for s in (*steps, *steps)))

        outcomes = [result.outcome for (result,) in both]
        assert outcomes.count(Outcome.DONE) == outcomes.count(Outcome.GONE) == 20
        assert len(await inbox(store, "lro")) == 20


class TestDuplicate:
    async def test_the_same_event_again_is_one_delivery_and_two_records(self, store: Store):
        first, second = await taken(store, b"{}", b"{}")

        results = await store.route("ind", [a_step(first.id), a_step(second.id)])

        assert results == [DONE, DUPLICATE]
        assert await records(store) == [b"decided m1", b"duplicate m1"]
        assert await inbox(store, "gm0363") == [message("m1")]
        assert (await store.depths("ind", [""]))["intake"] == 0

    async def test_a_duplicate_sends_no_notice_and_parks_nothing(self, store: Store):
        await delivered(store)
        (entry,) = await taken(store, b"{}")
        step = a_step(entry.id, notices=(a_copy("ind", "n"),), held=parked())

        assert await store.route("ind", [step]) == [DUPLICATE]
        assert await store.inbox("ind", "ind") == []
        assert await store.parked("ind", Queue.HELD) == []

    async def test_a_message_is_forgotten_after_its_time(self, make_store):
        """The duplicate check has a limited memory: then the event counts as new."""
        store = make_store(duplicate_ms=40)
        await store.prepare({"ind": ("",)})
        await delivered(store, to=["lro"])
        await asyncio.sleep(0.08)
        (entry,) = await taken(store, b"{}")

        assert await store.known("ind", [message("m1")]) == [None]
        assert await store.route("ind", [a_step(entry.id, to=["gm0363"])]) == [DONE]


class TestHeld:
    async def test_a_held_event_is_delivered_once_to_each_party(self, store: Store):
        """Released to two parties of which one has it already: only the other gets a copy."""
        (entry,) = await taken(store, b"{}")
        await store.route("ind", [a_step(entry.id, to=["lro"], held=parked())])
        (held,) = await store.parked("ind", Queue.HELD)

        step = a_step(held.id, queue=Queue.HELD, record=b"released", to=["lro", "gm0363"])
        assert await store.route("ind", [step]) == [DONE]

        assert await inbox(store, "lro") == await inbox(store, "gm0363") == [message("m1")]
        assert await received_by(store) == ("lro", "gm0363")
        assert await store.parked("ind", Queue.HELD) == []

    async def test_two_operators_cannot_both_release_it(self, store: Store):
        (entry,) = await taken(store, b"{}")
        await store.route("ind", [a_step(entry.id, to=(), held=parked())])
        (held,) = await store.parked("ind", Queue.HELD)
        step = a_step(held.id, queue=Queue.HELD, record=b"released")

        assert await store.route("ind", [step]) == [DONE]
        assert await store.route("ind", [step]) == [GONE]
        assert await records(store) == [b"decided m1", b"released"]

    async def test_what_stays_held_is_held_anew(self, store: Store):
        """Part of it released: the rest waits under a new entry."""
        (entry,) = await taken(store, b"{}")
        await store.route("ind", [a_step(entry.id, to=(), held=parked())])
        (held,) = await store.parked("ind", Queue.HELD)
        rest = parked(reasons=b'[{"reason":"zvh-unknown"}]')

        await store.route("ind", [a_step(held.id, queue=Queue.HELD, to=["lro"], held=rest)])

        (again,) = await store.parked("ind", Queue.HELD)
        assert again.id != held.id
        assert again.parked == rest

    async def test_a_held_event_counts_as_seen(self, store: Store):
        """Sent again while it waits for a person: a duplicate."""
        first, second = await taken(store, b"{}", b"{}")
        await store.route("ind", [a_step(first.id, to=(), held=parked())])
        assert await store.route("ind", [a_step(second.id)]) == [DUPLICATE]

    async def test_a_dead_event_is_decided_again_like_any_other(self, store: Store):
        (entry,) = await taken(store, b"{}")
        await store.route("ind", [a_step(entry.id, message="", to=(), dead=parked())])
        (dead,) = await store.parked("ind", Queue.DEAD)
        assert await store.route("ind", [a_step(dead.id, queue=Queue.DEAD)]) == [DONE]
        assert await inbox(store, "gm0363") == [message("m1")]
        assert await store.parked("ind", Queue.DEAD) == []


class TestCorrection:
    async def test_a_correction_for_who_received_the_original_is_applied(self, store: Store):
        await delivered(store, to=["gm0363", "lro"])
        (entry,) = await taken(store, b"{}")
        # The order in which they received it does not matter.
        corrects = Correction(message("m1"), ("lro", "gm0363"), withdraws=False)

        step = a_step(entry.id, "c1", corrects=corrects)
        assert await store.route("ind", [step]) == [DONE]
        assert await inbox(store, "lro") == [message("m1"), message("c1")]

    @pytest.mark.parametrize("expected", [(), ("lro",), ("gm0363", "lro", "zvh-haaglanden")])
    async def test_a_correction_for_others_than_received_it_is_changed(self, store, expected):
        """Nothing is written and the entry stays: decide again with who has it now."""
        await delivered(store, to=["gm0363", "lro"])
        (entry,) = await taken(store, b"{}")
        corrects = Correction(message("m1"), expected, withdraws=True)

        step = a_step(entry.id, "c1", expected, corrects=corrects)
        assert await store.route("ind", [step]) == [CHANGED]
        assert await records(store) == [b"decided m1"]
        assert await inbox(store, "lro") == [message("m1")]
        assert (await store.depths("ind", [""]))["pending"] == 1

    async def test_a_correction_of_an_unknown_message_is_changed(self, store: Store):
        (entry,) = await taken(store, b"{}")
        corrects = Correction(message("never"), (), withdraws=False)
        assert await store.route("ind", [a_step(entry.id, "c1", corrects=corrects)]) == [CHANGED]

    async def test_the_same_correction_again_is_a_duplicate(self, store: Store):
        await delivered(store)
        first, second = await taken(store, b"{}", b"{}")
        corrects = Correction(message("m1"), ("gm0363", "lro"), withdraws=True)
        steps = [a_step(e.id, "c1", corrects=corrects) for e in (first, second)]
        assert await store.route("ind", steps) == [DONE, DUPLICATE]
