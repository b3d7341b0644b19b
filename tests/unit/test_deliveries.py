"""The life of a delivery: every act of the catalogue, every state."""

import pytest

from handlers.deliveries import TRANSITIONS, State
from schemas.catalogue import ACTS


def test_every_act_of_the_catalogue_has_its_transition():
    assert ACTS == set(TRANSITIONS)


def test_every_state_but_the_first_is_reached_by_an_act():
    assert set(State) - {State.DELIVERED} == {t.to for t in TRANSITIONS.values()} - {None}


def test_what_was_refused_is_over():
    """Nothing is allowed after a refusal; the sender has it back."""
    assert not any(State.REFUSED in t.allowed_from for t in TRANSITIONS.values())


@pytest.mark.parametrize("act", ["berichten.terugkoppeling-gegeven", "berichten.doorgezonden"])
def test_feedback_and_passing_on_leave_the_state_as_it_is(act):
    """So that who gave feedback can still take it up, and who passed it on can acknowledge."""
    assert TRANSITIONS[act].to is None
    assert set(State) - {State.REFUSED} == set(TRANSITIONS[act].allowed_from)


def test_what_is_behind_already_is_no_mistake():
    """A system that acknowledges after somebody took it up does nothing wrong."""
    acknowledge = TRANSITIONS["berichten.ontvangst-bevestigd"]

    assert {State.ACKNOWLEDGED, State.TAKEN_UP} == set(acknowledge.no_op_from)
