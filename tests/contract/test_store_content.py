"""Beside a copy lies its key, beside a record its person; and how far a delivery is."""

import asyncio
from dataclasses import replace

import pytest

from hub.ports import Progress, Store
from hub.steps import ActOutcome, ActResult, Correction, Outcome, Queue
from tests.contract.conftest import answered
from tests.contract.steps import (
    AT,
    a_copy,
    a_step,
    an_act,
    delivered,
    message,
    parked,
    progress,
    records,
    sealed_copy,
    taken,
)


class TestKeys:
    async def test_the_key_of_a_copy_lies_beside_it_and_each_party_has_its_own(self, store: Store):
        """Notices too; a copy without a key has none."""
        copies = (a_copy("gm0363", key=b"for gm0363"), a_copy("lro", key=b"for lro\x00\xff"))
        notices = (a_copy("ind", "n", key=b"for ind"), a_copy("ind", "bare"))
        await delivered(store, copies=copies, notices=notices)

        assert await store.copy_key("ind", "gm0363", message("m1")) == b"for gm0363"
        assert await store.copy_key("ind", "lro", message("m1")) == b"for lro\x00\xff"
        assert await store.copy_key("ind", "ind", message("n")) == b"for ind"
        assert await store.copy_key("ind", "ind", message("bare")) is None
        assert await store.copy_key("ind", "zvh-haaglanden", message("m1")) is None

    async def test_a_copy_that_is_left_out_leaves_the_key_of_the_first(self, store: Store):
        """The first copy was sealed with the first key: another key would make it unreadable."""
        await delivered(store, copies=(a_copy(key=b"first"),), held=parked())
        (held,) = await store.parked("ind", Queue.HELD)
        copies = (a_copy(key=b"second"), a_copy("lro", key=b"of lro"))
        step = a_step(held.id, queue=Queue.HELD, copies=copies)
        assert (await store.route("ind", [step]))[0].outcome == Outcome.DONE
        await store.act("ind", an_act(to_state="", copy=a_copy(key=b"third")))

        assert await store.copy_key("ind", "gm0363", message("m1")) == b"first"
        assert await store.copy_key("ind", "lro", message("m1")) == b"of lro"

    async def test_a_step_that_is_not_done_leaves_no_key(self, make_store):
        """Blocked, a duplicate, or gone: keys come with copies, or not at all."""
        store = make_store(inbox_cap=1)
        await store.prepare({"ind": ("",)})
        await delivered(store, "m0", ["full"])
        first, second = await taken(store, b"{}", b"{}")
        copies = (a_copy("lro", key=b"no"), a_copy("full", key=b"no"))
        steps = [
            a_step(second.id, "m0", copies=(a_copy("lro", "m0", key=b"no"),)),
            a_step("1-1", "m2", copies=(a_copy("lro", "m2", key=b"no"),)),
            a_step(first.id, "m1", copies=copies),
        ]

        results = await store.route("ind", steps)

        assert [result.outcome for result in results] == ["duplicate", "gone", "blocked"]
        for name in ("m0", "m1", "m2"):
            assert await store.copy_key("ind", "lro", message(name)) is None

    async def test_a_notice_that_is_left_out_leaves_no_key(self, make_store):
        """Nobody would ever erase it."""
        store = make_store(inbox_cap=1)
        await store.prepare({"ind": ("",)})
        notices = tuple(a_copy("ind", name, key=b"k") for name in ("n1", "n2", "n3"))
        await delivered(store, notices=notices)
        found = [await store.copy_key("ind", "ind", n.message) for n in notices]
        assert found == [b"k", b"k", None]

    async def test_acts_bring_keys_with_their_notice_and_their_copy(self, store: Store):
        await delivered(store)
        act = an_act(
            to_state="",
            notice=a_copy("ind", "n", key=b"of the notice"),
            copy=a_copy("zvh-haaglanden", key=b"of the copy"),
        )
        assert (await store.act("ind", act)).outcome == ActOutcome.DONE
        assert await store.copy_key("ind", "ind", message("n")) == b"of the notice"
        assert await store.copy_key("ind", "zvh-haaglanden", message("m1")) == b"of the copy"

    async def test_a_key_is_replaced_only_when_it_is_still_what_it_was(self, store: Store):
        """Rotation of a party's key while others erase or rotate."""
        await sealed_copy(store)
        place = ("ind", "gm0363", message("m1"))

        assert await store.replace_key(*place, b"another", b"new") is False
        assert await store.copy_key(*place) == b"key of m1"
        assert await store.replace_key(*place, b"key of m1", b"new") is True
        assert await store.copy_key(*place) == b"new"

    async def test_a_key_that_is_not_there_is_not_made_by_replacing_it(self, store: Store):
        """An erased copy stays erased, also when its key is on the way to be rotated."""
        place = ("ind", "gm0363", message("never"))
        for old in (b"", b"key of never"):
            assert await store.replace_key(*place, old, b"new") is False
        assert await store.copy_key(*place) is None

    @pytest.mark.parametrize("key", [b"", b"wrapped\x00\xff"])
    async def test_a_parked_event_keeps_its_key(self, store: Store, key: bytes):
        """In both queues, and empty when it was not sealed."""
        event = replace(parked(), key=key)
        await delivered(store, to=(), held=event, dead=event)
        for queue in (Queue.HELD, Queue.DEAD):
            (found,) = await store.parked("ind", queue)
            assert found.parked == event


class TestAnswers:
    async def test_an_answer_is_there_for_a_while(self, store: Store):
        await store.answer("ind", "gm0363", message("act1"), b"sealed \x00", 60_000)
        assert await answered(store, "ind", "gm0363", message("act1")) == b"sealed \x00"
        assert await answered(store, "ind", "lro", message("act1")) is None

        await store.answer("ind", "gm0363", message("act1"), b"again", 1)
        while await answered(store, "ind", "gm0363", message("act1")):
            await asyncio.sleep(0.001)

    async def test_a_store_that_does_not_seal_has_nothing_to_hand_over(self, store: Store):
        await delivered(store)
        place = ("ind", "gm0363", message("m1"), message("act1"))
        assert await store.hand_over(*place, b"p" * 32) is True
        assert await answered(store, "ind", "gm0363", message("act1")) is None


class TestPerson:
    async def test_the_person_of_a_record_stands_beside_it(self, store: Store):
        """In a field of its own, so that it can go while the record stays."""
        first, second = await taken(store, b"{}", b"{}")
        await store.route("ind", [a_step(first.id, person=b"p1"), a_step(second.id, person=b"p2")])
        await store.act("ind", an_act(person=b"p3"))
        await store.act("ind", an_act(ref="again", person=b"p4"))  # not allowed any more
        await store.act("ind", an_act("never", person=b"p5"))
        await store.note("ind", b"noted", b"p6")

        found = [(r.record, r.person) for r in await store.records("ind")]
        assert found == [
            (b"decided m1", b"p1"),
            (b"duplicate m1", b"p2"),
            (b"act act1", b"p3"),
            (b"refused again", b"p4"),
            (b"refused act1", b"p5"),
            (b"noted", b"p6"),
        ]

    async def test_a_record_about_nobody_has_no_person(self, store: Store):
        await delivered(store)
        await store.act("ind", an_act())
        await store.note("ind", b"noted")
        assert [r.person for r in await store.records("ind")] == [b"", b"", b""]


class TestAgain:
    AGAIN = an_act(ref="second", no_op_from=("opened",), again_record=b"again", person=b"p")

    async def test_what_is_done_already_is_on_record_once_for_each_act(self, store: Store):
        """Opening a copy again: who looked, and how often. A repeated call is no second look."""
        await delivered(store)
        await store.act("ind", an_act())
        told = await store.inbox("ind", "ind")

        for _ in range(2):
            assert await store.act("ind", self.AGAIN) == ActResult(ActOutcome.ALREADY, "opened")
        third = replace(self.AGAIN, act=message("third"))
        assert await store.act("ind", third) == ActResult(ActOutcome.ALREADY, "opened")

        assert (await records(store))[2:] == [b"again", b"again"]
        assert (await store.records("ind"))[-1].person == b"p"
        assert await store.inbox("ind", "ind") == told
        assert (await progress(store)).state == "opened"

    async def test_a_state_that_was_never_written_is_written_then(self, store: Store):
        """So that the same act again is known, and who acted on it stays known."""
        await delivered(store)
        act = replace(self.AGAIN, no_op_from=("delivered",))
        for _ in range(2):
            assert await store.act("ind", act) == ActResult(ActOutcome.ALREADY, "delivered")
        assert await records(store) == [b"decided m1", b"again"]
        assert await progress(store) == Progress("delivered", "", "")

    async def test_without_such_a_record_nothing_is_written_or_remembered(self, store: Store):
        await delivered(store)
        await store.act("ind", an_act())
        act = replace(self.AGAIN, again_record=b"")
        assert await store.act("ind", act) == ActResult(ActOutcome.ALREADY, "opened")
        assert await store.act("ind", self.AGAIN) == ActResult(ActOutcome.ALREADY, "opened")
        assert await records(store) == [b"decided m1", b"act act1", b"again"]


class TestProgress:
    @pytest.mark.parametrize("state", ["acknowledged", "taken-up", "refused"])
    async def test_a_delivery_is_finished_by_the_first_act_that_leaves_nothing_to_do(
        self, store: Store, state: str
    ):
        """Later acts do not move that moment: the days until erasure count from it."""
        await delivered(store)
        await store.act("ind", an_act())
        assert await progress(store) == Progress("opened", "", "")
        await store.act("ind", an_act(ref="a2", allowed_from=("opened",), to_state=state))
        later = AT.replace(day=24)
        act = an_act(ref="a3", allowed_from=(state,), to_state="taken-up", at=later)
        assert (await store.act("ind", act)).outcome == ActOutcome.DONE

        assert await progress(store) == Progress("taken-up", "2026-11-23T12:00:00+00:00", "")

    async def test_what_is_opened_anew_and_finished_again_was_finished_the_first_time(
        self, store: Store
    ):
        await delivered(store)
        for day, (before, after) in enumerate(
            (("delivered", "acknowledged"), ("acknowledged", "opened"), ("opened", "refused")), 1
        ):
            at = AT.replace(day=day)
            act = an_act(ref=after, allowed_from=(before,), to_state=after, at=at)
            assert (await store.act("ind", act)).outcome == ActOutcome.DONE
        assert await progress(store) == Progress("refused", "2026-11-01T12:00:00+00:00", "")

    async def test_feedback_finishes_nothing(self, store: Store):
        await delivered(store)
        await store.act("ind", an_act(to_state=""))
        assert await progress(store) == Progress("delivered", "", "")

    async def test_progress_is_told_for_each_message_in_order(self, store: Store):
        await delivered(store, "m1")
        await delivered(store, "m2")
        await store.act("ind", an_act("m2"))
        asked = [message(name) for name in ("m1", "m2", "never")]
        found = await store.progress("ind", "gm0363", asked)
        assert [each.state for each in found] == ["delivered", "opened", "delivered"]
        assert await store.progress("ind", "gm0363", []) == []

    async def test_a_correction_leaves_the_progress_of_its_original_alone(self, store: Store):
        await delivered(store, to=["gm0363"])
        await store.act("ind", an_act(to_state="acknowledged"))
        before = await progress(store)
        corrects = Correction(message("m1"), ("gm0363",), withdraws=False)
        await delivered(store, "c1", ["gm0363"], corrects=corrects)
        assert await progress(store) == before
