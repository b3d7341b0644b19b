"""Acts: allowed transitions only, once each, on record, and the sender is told."""

import pytest

from hub.ports import Store
from hub.steps import ActOutcome, ActResult, Correction
from tests.contract.steps import (
    a_copy,
    a_step,
    an_act,
    delivered,
    inbox,
    message,
    received_by,
    records,
    taken,
)

OPENED = ActResult(ActOutcome.DONE, "opened")


def passing_on(to: str = "zvh-haaglanden", ref: str = "pass1", **changes):
    return an_act(ref=ref, to_state="", copy=a_copy(to, rule="pass"), **changes)


async def correct(store: Store, *had_it: str, withdraws: bool) -> None:
    (entry,) = await taken(store, b"{}")
    corrects = Correction(message("m1"), had_it, withdraws=withdraws)
    (result,) = await store.route("ind", [a_step(entry.id, "w", had_it, corrects=corrects)])
    assert result.outcome == "done"


async def test_an_act_changes_the_state_and_tells_the_sender(store: Store):
    """State, record and notice in one step."""
    await delivered(store)
    assert await store.states("ind", "gm0363", [message("m1")]) == ["delivered"]

    assert await store.act("ind", an_act()) == OPENED

    assert await store.states("ind", "gm0363", [message("m1"), message("m2")]) == [
        "opened",
        "delivered",
    ]
    assert await records(store) == [b"decided m1", b"act act1"]
    (notice,) = await store.inbox("ind", "ind")
    assert (notice.type, notice.notice) == ("berichten.ingezien", True)


async def test_an_act_of_one_recipient_leaves_the_other_alone(store: Store):
    await delivered(store)
    await store.act("ind", an_act())
    assert await store.states("ind", "lro", [message("m1")]) == ["delivered"]


async def test_the_same_act_again_changes_and_writes_nothing(store: Store):
    """A retry after a lost reply: the answer tells where the delivery is now."""
    await delivered(store)
    await store.act("ind", an_act())
    later = an_act(ref="act2", allowed_from=("opened",), to_state="acknowledged")
    await store.act("ind", later)

    assert await store.act("ind", an_act()) == ActResult(ActOutcome.ALREADY, "acknowledged")
    assert len(await records(store)) == 3
    assert len(await store.inbox("ind", "ind")) == 2


async def test_an_act_that_the_state_does_not_allow_is_refused_on_record(store: Store):
    await delivered(store)
    act = an_act(allowed_from=("acknowledged", "opened"), to_state="taken-up")

    assert await store.act("ind", act) == ActResult(ActOutcome.NOT_ALLOWED, "delivered")
    assert await records(store) == [b"decided m1", b"refused act1"]
    assert await store.inbox("ind", "ind") == []


async def test_a_refused_act_may_be_done_later(store: Store):
    """Refused is not done: the same act counts once the state allows it."""
    await delivered(store)
    act = an_act(ref="early", allowed_from=("opened",), to_state="acknowledged")
    await store.act("ind", act)
    await store.act("ind", an_act())

    assert await store.act("ind", act) == ActResult(ActOutcome.DONE, "acknowledged")


async def test_what_is_behind_already_is_no_act_and_no_mistake(store: Store):
    """Acknowledging what was taken up: told where it is, nothing written, nobody disturbed."""
    await delivered(store)
    await store.act("ind", an_act(to_state="taken-up"))
    before = await records(store), await store.inbox("ind", "ind")
    late = an_act(
        ref="late",
        allowed_from=("delivered", "opened"),
        no_op_from=("acknowledged", "taken-up"),
        to_state="acknowledged",
    )

    assert await store.act("ind", late) == ActResult(ActOutcome.ALREADY, "taken-up")

    assert (await records(store), await store.inbox("ind", "ind")) == before
    assert await store.states("ind", "gm0363", [message("m1")]) == ["taken-up"]


async def test_who_never_received_it_has_nothing_behind_it(store: Store):
    """Unknown, and not done already."""
    await delivered(store)
    act = an_act(party="zvh-haaglanden", no_op_from=("delivered", "opened"))
    assert await store.act("ind", act) == ActResult(ActOutcome.UNKNOWN, "")


@pytest.mark.parametrize("state", ["delivered", "acknowledged"])
async def test_an_act_may_leave_the_state_as_it_is(store: Store, state):
    """Feedback: on record and told to the sender, once for each act."""
    await delivered(store)
    if state != "delivered":
        await store.act("ind", an_act(to_state=state))
    before = len(await records(store))
    first, second = (an_act(ref=ref, allowed_from=(state,), to_state="") for ref in ("f1", "f2"))

    for act, outcome in (
        (first, ActOutcome.DONE),
        (first, ActOutcome.ALREADY),
        (second, ActOutcome.DONE),
    ):
        assert await store.act("ind", act) == ActResult(outcome, state)

    assert (await records(store))[before:] == [b"act f1", b"act f2"]
    told = [notice.message for notice in await store.inbox("ind", "ind")]
    assert told[-2:] == [message("notice f1"), message("notice f2")]
    assert await store.states("ind", "gm0363", [message("m1")]) == [state]


@pytest.mark.parametrize("party", ["zvh-haaglanden", "gm036", "gm03631", "lro,gm0363"])
async def test_who_never_received_it_cannot_act_on_it(store: Store, party):
    """Also not a party whose name looks like that of a recipient."""
    await delivered(store)
    result = await store.act("ind", an_act(party=party))

    assert result == ActResult(ActOutcome.UNKNOWN, "")
    assert await records(store) == [b"decided m1", b"refused act1"]


async def test_nobody_can_act_on_an_unknown_message(store: Store):
    assert (await store.act("ind", an_act("never"))).outcome == ActOutcome.UNKNOWN


async def test_passing_on_delivers_a_copy_and_counts_as_received(store: Store):
    """The new recipient can act, and a correction will find it."""
    await delivered(store)

    assert await store.act("ind", passing_on()) == ActResult(ActOutcome.DONE, "delivered")

    assert await inbox(store, "zvh-haaglanden") == [message("m1")]
    assert await received_by(store) == ("gm0363", "lro", "zvh-haaglanden")
    assert await store.act("ind", an_act(party="zvh-haaglanden", ref="a2")) == OPENED


async def test_passing_on_to_who_has_it_already_delivers_nothing(store: Store):
    await delivered(store)
    assert (await store.act("ind", passing_on("lro"))).outcome == ActOutcome.DONE
    assert await inbox(store, "lro") == [message("m1")]


@pytest.mark.parametrize(
    ("withdraws", "outcome"), [(True, ActOutcome.WITHDRAWN), (False, ActOutcome.CORRECTED)]
)
async def test_what_is_known_to_be_wrong_is_not_passed_on(store: Store, withdraws, outcome):
    """The refusal is on record; every other act is still possible."""
    await delivered(store)
    await correct(store, "gm0363", "lro", withdraws=withdraws)

    result = await store.act("ind", passing_on())

    assert result == ActResult(outcome, "delivered")
    assert await inbox(store, "zvh-haaglanden") == []
    assert (await records(store))[-1] == b"refused pass1"
    assert await store.act("ind", an_act()) == OPENED


async def test_passing_on_between_decision_and_correction_makes_it_changed(store: Store):
    """The race that CHANGED is for: nobody who has the original is left out."""
    await delivered(store)
    received = await received_by(store)
    await store.act("ind", passing_on())
    (entry,) = await taken(store, b"{}")

    corrects = Correction(message("m1"), received, withdraws=False)
    (result,) = await store.route("ind", [a_step(entry.id, "c", received, corrects=corrects)])
    assert result.outcome == "changed"


async def test_passing_on_to_a_full_inbox_is_refused_on_record(make_store):
    """An answer, not an outage; the act can be done when the party has finished something."""
    store = make_store(inbox_cap=1)
    await store.prepare({"ind": ("",)})
    await delivered(store, "m0", ["full"])
    await delivered(store, "m1", ["gm0363"])

    result = await store.act("ind", passing_on("full"))

    assert result == ActResult(ActOutcome.FULL, "delivered")
    assert await inbox(store, "full") == [message("m0")]
    assert await received_by(store) == ("gm0363",)
    assert (await records(store))[2:] == [b"refused pass1"]
    assert await store.inbox("ind", "ind") == []

    finished = an_act("m0", "full", "a1", to_state="acknowledged")
    assert (await store.act("ind", finished)).outcome == ActOutcome.DONE
    assert (await store.act("ind", passing_on("full"))).outcome == ActOutcome.DONE
    assert await inbox(store, "full") == [message("m0"), message("m1")]


async def test_a_full_inbox_of_the_sender_stops_no_recipient(make_store):
    """A recipient must always be able to act; the notices that do not fit are left out."""
    store = make_store(inbox_cap=1)
    await store.prepare({"ind": ("",)})
    await delivered(store)
    for n in range(4):
        act = an_act(ref=f"a{n}", allowed_from=("delivered", "opened"))
        assert await store.act("ind", act) == OPENED
    assert len(await store.inbox("ind", "ind")) == 2
    assert len(await records(store)) == 5
