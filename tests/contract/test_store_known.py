"""What is remembered of a message: who sent and received it, and that it is known to be wrong."""

import pytest

from hub.ports import Store
from hub.steps import ActOutcome, Correction, Known, Outcome, Queue, StepResult
from tests.contract.steps import (
    a_copy,
    a_step,
    an_act,
    delivered,
    inbox,
    message,
    parked,
    records,
    taken,
)

DONE = StepResult(Outcome.DONE)
WRONG = pytest.mark.parametrize(
    ("withdraws", "detail"), [(True, "withdrawn"), (False, "corrected")]
)
QUEUES = pytest.mark.parametrize("queue", [Queue.HELD, Queue.DEAD])


async def known(store: Store, name: str = "m1") -> Known | None:
    (found,) = await store.known("ind", [message(name)])
    return found


async def correct(store: Store, *had_it: str, withdraws: bool, name: str = "c1") -> None:
    """Correct or withdraw m1, which the parties `had_it` received."""
    (entry,) = await taken(store, b"{}")
    corrects = Correction(message("m1"), had_it, withdraws)
    step = a_step(entry.id, name, had_it, corrects=corrects, sender="dji")
    assert await store.route("ind", [step]) == [DONE]


async def waiting(store: Store, queue: Queue) -> str:
    """Let m1 wait for a person in `queue`, known and delivered to nobody; return its entry."""
    (entry,) = await taken(store, b"{}")
    place = {"held": parked()} if queue is Queue.HELD else {"dead": parked()}
    assert await store.route("ind", [a_step(entry.id, to=(), **place)]) == [DONE]
    return (await store.parked("ind", queue))[0].id


class TestSender:
    async def test_who_published_a_message_is_remembered(self, store: Store):
        """A unit, say, that has an intake of its own in the shard of its partner."""
        (entry,) = await taken(store, b"{}")
        await store.route("ind", [a_step(entry.id, to=["lro"], sender="ind-unit-9")])
        assert await known(store) == Known(("lro",), "ind-unit-9")

    async def test_a_duplicate_does_not_change_who_published_it(self, store: Store):
        """Nobody takes over the message of another by sending it again."""
        await delivered(store)
        (entry,) = await taken(store, b"{}")
        (result,) = await store.route("ind", [a_step(entry.id, sender="dji")])
        assert result.outcome == "duplicate"
        assert await known(store) == Known(("gm0363", "lro"), "ind")

    async def test_a_release_does_not_change_who_published_it(self, store: Store):
        held = await waiting(store, Queue.HELD)
        step = a_step(held, queue=Queue.HELD, to=["lro"], sender="somebody")
        assert await store.route("ind", [step]) == [DONE]
        assert await known(store) == Known(("lro",), "ind")

    async def test_what_was_no_message_when_it_was_refused_gets_its_sender_later(self, store):
        """Refused, so without a duplicate check; then decided again."""
        (entry,) = await taken(store, b"{}")
        await store.route("ind", [a_step(entry.id, message="", to=(), dead=parked())])
        assert await known(store) is None
        (dead,) = await store.parked("ind", Queue.DEAD)

        step = a_step(dead.id, queue=Queue.DEAD, to=["lro"], sender="ind")
        assert await store.route("ind", [step]) == [DONE]
        assert await known(store) == Known(("lro",), "ind")

    async def test_passing_on_keeps_who_published_it(self, store: Store):
        """Who passes it on is not its sender."""
        await delivered(store, to=["lro"])
        act = an_act(party="lro", to_state="", copy=a_copy("gm0363", sender="lro"))
        assert (await store.act("ind", act)).outcome == ActOutcome.DONE
        assert await known(store) == Known(("lro", "gm0363"), "ind")


class TestKnownToBeWrong:
    async def test_a_correction_is_remembered_with_the_original(self, store: Store):
        """Who sent and received the original stays: a second correction must reach everybody."""
        await delivered(store)
        await correct(store, "gm0363", "lro", withdraws=False)
        assert await known(store) == Known(("gm0363", "lro"), "ind", corrected=True)
        assert await known(store, "c1") == Known(("gm0363", "lro"), "dji")

    async def test_a_withdrawal_is_remembered_with_the_original(self, store: Store):
        await delivered(store)
        await correct(store, "gm0363", "lro", withdraws=True)
        assert await known(store) == Known(("gm0363", "lro"), "ind", withdrawn=True)

    @pytest.mark.parametrize("first", [True, False])
    async def test_corrected_and_withdrawn_are_both_remembered(self, store: Store, first):
        """In whatever order they came."""
        await delivered(store, to=["lro"])
        await correct(store, "lro", withdraws=first)
        await correct(store, "lro", withdraws=not first, name="c2")
        assert await known(store) == Known(("lro",), "ind", withdrawn=True, corrected=True)

    async def test_a_correction_that_was_not_applied_is_not_remembered(self, store: Store):
        await delivered(store)
        (entry,) = await taken(store, b"{}")
        corrects = Correction(message("m1"), ("lro",), withdraws=False)
        (result,) = await store.route("ind", [a_step(entry.id, "c1", corrects=corrects)])
        assert result.outcome == "changed"
        assert await known(store) == Known(("gm0363", "lro"), "ind")

    @WRONG
    @QUEUES
    async def test_nobody_gets_a_further_copy(self, store: Store, queue, withdraws, detail):
        """A person releases it unaware: nothing is written, and the detail says why."""
        place = await waiting(store, queue)
        await correct(store, withdraws=withdraws)
        before = await records(store)

        step = a_step(place, queue=queue, to=["lro"], notices=(a_copy("ind", "n"),))
        assert await store.route("ind", [step]) == [StepResult(Outcome.BLOCKED, detail)]

        assert await records(store) == before
        assert await inbox(store, "lro") == []
        assert await store.inbox("ind", "ind") == []
        assert len(await store.parked("ind", queue)) == 1

    @WRONG
    async def test_what_stays_held_stays_wrong(self, store: Store, withdraws, detail):
        """Decided again to nobody, and held anew."""
        place = await waiting(store, Queue.HELD)
        await correct(store, withdraws=withdraws)
        again = a_step(place, queue=Queue.HELD, to=(), held=parked())
        assert await store.route("ind", [again]) == [DONE]
        (held,) = await store.parked("ind", Queue.HELD)

        step = a_step(held.id, queue=Queue.HELD, to=["lro"])
        assert await store.route("ind", [step]) == [StepResult(Outcome.BLOCKED, detail)]

    @QUEUES
    @pytest.mark.parametrize("withdraws", [True, False])
    @pytest.mark.parametrize("name", [message("m1"), ""], ids=["its message", "no message"])
    async def test_what_is_wrong_can_be_put_aside(self, store: Store, queue, withdraws, name):
        """A step without copies is no further copy, and its sender is told."""
        place = await waiting(store, queue)
        await correct(store, withdraws=withdraws)

        notices = (a_copy("ind", "n"),)
        step = a_step(place, queue=queue, to=(), message=name, record=b"aside", notices=notices)
        assert await store.route("ind", [step]) == [DONE]

        assert (await records(store))[-1] == b"aside"
        assert [notice.message for notice in await store.inbox("ind", "ind")] == [message("n")]
        assert await store.parked("ind", queue) == []
