"""Which of two ends of an interruption is the true one."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listeners.outages.corrections import Noted, true_end
from listeners.outages.episodes import Change

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
SECONDS = st.integers(-100, 300)
SOURCES = st.sampled_from(["gasp", "answer", "order"])
RETURNS = st.lists(st.builds(lambda s, by: on(s, by), SECONDS, SOURCES))
NOTED = st.builds(
    lambda began, lasts, by: noted(began, began + lasts, by),
    st.integers(0, 100), st.integers(0, 200), SOURCES,
)  # fmt: skip


def at(seconds: int) -> datetime:
    return NOON + timedelta(seconds=seconds)


def on(seconds: int, by: str = "gasp") -> Change:
    return Change(at(seconds), False, by)


def noted(began: int, ended: int, by: str = "order") -> Noted:
    return Noted(at(began), at(ended), by)


@pytest.mark.parametrize(
    ("end", "returns", "expected"),
    [
        (noted(0, 600), [on(500)], on(500)),
        (noted(0, 600, "answer"), [on(500)], on(500)),
        (noted(0, 600, "gasp"), [on(500)], None),  # its own word stands
        (noted(0, 600), [on(600)], None),
        (noted(0, 600), [on(601)], None),
        (noted(0, 600), [on(0)], on(0)),
        (noted(0, 600), [on(-1)], None),  # of an earlier loss
        (noted(0, 600), [on(550), on(500, "answer"), on(-5)], on(500, "answer")),
        (noted(0, 600), [Change(at(500), True, "gasp")], None),
        (noted(0, 600), [], None),
    ],
)
def test_the_earliest_return_since_the_loss_is_the_end(
    end: Noted, returns: list[Change], expected: Change | None
) -> None:
    assert true_end(end, returns) == expected


@given(NOTED, RETURNS)
def test_an_end_never_moves_later_nor_before_the_loss(end: Noted, returns: list[Change]) -> None:
    found = true_end(end, returns)
    assert found is None or (end.began <= found.at < end.ended and found in returns)


@given(NOTED, RETURNS)
def test_a_corrected_end_is_not_corrected_by_the_same_again(
    end: Noted, returns: list[Change]
) -> None:
    found = true_end(end, returns)
    if found:
        assert true_end(Noted(end.began, found.at, found.source), returns) is None


@given(NOTED, RETURNS, st.randoms(use_true_random=False))
def test_the_order_in_which_it_is_heard_decides_nothing(
    end: Noted, returns: list[Change], chance
) -> None:
    mixed = list(returns)
    chance.shuffle(mixed)
    one, other = true_end(end, returns), true_end(end, mixed)
    assert (one and one.at) == (other and other.at)
