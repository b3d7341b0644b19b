"""The life of a delivery: every act of the catalogue, every state."""

from handlers.deliveries import TRANSITIONS, State
from schemas.catalogue import ACTS


def test_every_act_of_the_catalogue_has_its_transition():
    assert ACTS == set(TRANSITIONS)


def test_every_state_but_the_first_is_reached_by_an_act():
    assert set(State) - {State.DELIVERED} == {t.to for t in TRANSITIONS.values()}


def test_what_was_refused_is_over():
    """Nothing is allowed after a refusal; the sender has it back."""
    assert not any(State.REFUSED in t.allowed_from for t in TRANSITIONS.values())


def test_feedback_may_be_given_more_than_once():
    feedback = TRANSITIONS["berichten.terugkoppeling-gegeven"]

    assert State.FED_BACK in feedback.allowed_from
