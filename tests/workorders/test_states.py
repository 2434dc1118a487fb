"""The life of an order as a table: what can never happen is not in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hes.domain.errors import IllegalMove
from workorders.activities.orders.breakers import MOVERS
from workorders.activities.orders.registry import ACTIVITIES
from workorders.states import FINAL, IN_FLIGHT, TRANSITIONS, Cause, OrderState, after, sources

S, C = OrderState, Cause


def test_final_states_are_those_that_nothing_leaves():
    assert {S.DONE, S.FAILED, S.CANCELLED, S.EXPIRED, S.PREEMPTED} == FINAL


def test_only_a_read_or_a_person_leads_out_of_unknown_or_a_reconnection_over_it():
    assert {cause for state, cause in TRANSITIONS if state is S.UNKNOWN} == {
        C.FOUND_DONE, C.FOUND_UNDONE, C.FOUND_FAILED, C.RESOLVED_DONE, C.RESOLVED_FAILED,
        C.SUPERSEDED, C.EXECUTED_LOCALLY,
    }  # fmt: skip


def test_what_is_being_sent_is_neither_cancelled_nor_expired():
    causes = {cause for state, cause in TRANSITIONS if state is S.SENDING}
    assert causes == {C.ANSWERED, C.DENIED, C.LOST, C.CONTINUED}


def test_every_road_to_a_second_sending_leads_through_a_read_or_an_answer():
    """What goes on after an answer is an order of many steps, never a breaker or money."""
    roads = [
        (state, cause)
        for (state, cause), target in TRANSITIONS.items()
        if state in IN_FLIGHT and target not in FINAL | IN_FLIGHT
    ]
    assert set(roads) == {(S.UNKNOWN, C.FOUND_UNDONE), (S.SENDING, C.CONTINUED)}
    long = [activity for activity in ACTIVITIES.values() if activity.is_long]
    assert not any(one.guarded or one.needs_transaction or one.kind in MOVERS for one in long)


@given(st.sampled_from(S), st.lists(st.sampled_from(C), max_size=30))
def test_whatever_happens_a_final_state_stays(state, causes):
    for cause in causes:
        was = state
        try:
            state = after(state, cause)
        except IllegalMove as refused:
            assert str(was) in str(refused)  # noqa: PT017 - each of many
        assert was not in FINAL or state is was


def test_the_sources_of_a_cause_are_where_it_may_happen():
    assert set(sources(C.CANCELLED)) == {S.HELD, S.QUEUED, S.LEASED}
    with pytest.raises(IllegalMove, match="done cannot be begun"):
        after(S.DONE, C.BEGUN)
