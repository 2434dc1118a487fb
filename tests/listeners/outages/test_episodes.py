"""Losses and returns of power, paired."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listeners.outages.episodes import Change, Episode, episodes

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def at(seconds: int) -> datetime:
    return NOON + timedelta(seconds=seconds)


def off(seconds: int) -> Change:
    return Change(at(seconds), True, "gasp")


def on(seconds: int, source: str = "gasp") -> Change:
    return Change(at(seconds), False, source)


def lasting(began: int, ended: int | None, by: str = "gasp", is_known: bool = False) -> Episode:
    return Episode(at(began), None if ended is None else at(ended), by, is_known)


@pytest.mark.parametrize(
    ("changes", "since", "expected"),
    [
        ([off(0)], None, [lasting(0, None, "")]),
        ([off(0), on(90)], None, [lasting(0, 90)]),
        ([off(0), off(5), on(90), on(95)], None, [lasting(0, 90)]),
        ([on(90)], 0, [lasting(0, 90, is_known=True)]),
        ([on(90)], None, []),
        ([off(50)], 0, []),  # it is dark already
        ([on(90), off(100)], 0, [lasting(0, 90, is_known=True), lasting(100, None, "")]),
        ([off(10), on(8, "answer")], None, [lasting(10, 10, "answer")]),
        ([off(0), on(9), off(20), on(30)], None, [lasting(0, 9), lasting(20, 30)]),
    ],
)
def test_episodes(changes: list[Change], since: int | None, expected: list[Episode]) -> None:
    began = None if since is None else at(since)
    assert list(episodes(changes, began)) == expected


@given(
    st.lists(st.builds(lambda s, d: Change(at(s), d, "gasp"), st.integers(0, 99), st.booleans()))
)
def test_time_never_runs_backwards_and_one_at_most_is_open(changes: list[Change]) -> None:
    found = list(episodes(changes, None))
    assert all(episode.ended is None or episode.ended >= episode.began for episode in found)
    assert [episode.ended for episode in found].count(None) == (
        1 if changes and changes[-1].is_dark else 0
    )
