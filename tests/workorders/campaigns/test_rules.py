"""What counts say is next: canary first, wave by wave, stop at an error share, wait for devices."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hes.domain.errors import IllegalMove
from workorders.campaigns.rules import (
    MOVES,
    Act,
    CampaignState,
    Next,
    Rules,
    Wave,
    after,
    next_step,
)

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
RULES = Rules(stop_permille=50, patience=timedelta(hours=24))
BEFORE = NOW - timedelta(hours=1)


def waves(*counts: tuple[int, ...], size: int = 100) -> list[Wave]:
    """A canary of 10, and as many submitted waves as have counts (done, failed, left); then one."""
    pairs = enumerate(zip([10, *[size] * len(counts)][: len(counts)], counts, strict=True))
    made = [Wave(number, of, BEFORE, *told) for number, (of, told) in pairs]
    return [*made, Wave(len(counts), size if counts else 10)]


@pytest.mark.parametrize(
    ("counts", "step"),
    [
        ((), Next(Act.SUBMIT, 0)),
        (((9, 0, 0),), Next()),
        (((10, 0, 0),), Next(Act.SUBMIT, 1)),
        (((8, 0, 2),), Next(Act.SUBMIT, 1)),
        (((9, 1, 0),), Next(Act.FAIL, 0, "1 of 10 in the canary group failed")),
        (((10, 0, 0), (50, 5, 0)), Next()),
        (((10, 0, 0), (95, 5, 0)), Next(Act.SUBMIT, 2)),
        (((10, 0, 0), (50, 6, 0)), Next(Act.FAIL, 1, "6 of 100 in wave 1 failed")),
    ],
    ids=[
        "nothing ordered", "the canary waits", "the canary is through", "two were cancelled",
        "the canary failed", "a wave waits", "just enough", "too many, before its end",
    ],
)  # fmt: skip
def test_the_next_wave_comes_when_the_one_before_is_through_and_good(counts, step):
    assert next_step(waves(*counts), RULES, NOW) == step


@pytest.mark.parametrize(
    ("done", "hours", "goes_on"), [(6, 23, False), (6, 24, True), (5, 24, True), (4, 99, False)]
)
def test_devices_out_of_reach_hold_the_next_wave_for_the_patience_if_half_was_done(
    done, hours, goes_on
):
    canary = Wave(0, 10, NOW - timedelta(hours=hours), done)
    step = next_step([canary, Wave(1, 100)], RULES, NOW)
    assert (step.act is Act.SUBMIT) is goes_on


def test_a_campaign_is_over_when_the_last_device_has_ended():
    last = Wave(1, 100, BEFORE, 99)
    first = Wave(0, 10, BEFORE, 10)
    assert next_step([first, last], RULES, NOW) == Next()
    assert next_step([first, replace(last, done=100)], RULES, NOW) == Next(Act.FINISH)


def test_a_late_wave_before_the_last_may_still_stop_the_campaign():
    first = Wave(0, 10, BEFORE - RULES.patience, 8, 1)
    assert next_step([first, Wave(1, 100, BEFORE)], RULES, NOW).act is Act.FAIL


@given(
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=6),
    share=st.integers(0, 1000),
    seed=st.integers(0, 2**32),
)
def test_whatever_ends_how_waves_come_in_order_none_after_too_many_errors_and_all_end(
    sizes, share, seed
):
    dice = random.Random(seed)  # noqa: S311
    rules, now = Rules(share, timedelta(hours=24)), NOW
    found = [Wave(number, size) for number, size in enumerate(sizes)]
    for _ in range(sum(sizes) + len(sizes) + 1):
        step = next_step(found, rules, now)
        submitted = [wave for wave in found if wave.submitted_at]
        too_many = any(wave.failed * 1000 > share * wave.size for wave in submitted)
        assert (step.act is Act.FAIL) == too_many
        if step.act is Act.SUBMIT:
            assert step.wave == len(submitted)
            assert all(not wave.open or 2 * wave.done >= wave.size for wave in submitted)
            found[step.wave] = replace(found[step.wave], submitted_at=now)
        elif step.act is not None:
            assert too_many or all(not wave.open for wave in found)
            return
        else:
            place = dice.choice([n for n, w in enumerate(found) if w.submitted_at and w.open])
            what = dice.choice(["done"] * 8 + ["failed", "left"])
            found[place] = replace(found[place], **{what: getattr(found[place], what) + 1})
        now += timedelta(hours=1)
    raise AssertionError("it never ended")


def test_every_state_but_the_last_two_can_be_stopped_and_nothing_leads_out_of_those():
    stoppable = {was for was, act in MOVES if act is Act.STOP}
    assert set(CampaignState) - stoppable == {CampaignState.STOPPED, CampaignState.DONE}
    assert {was for was, _ in MOVES} == stoppable


def test_an_act_that_is_not_possible_names_those_that_are():
    with pytest.raises(IllegalMove, match="is draft takes no start; it takes approve, stop"):
        after(CampaignState.DRAFT, Act.START)
    with pytest.raises(IllegalMove, match="it takes nothing"):
        after(CampaignState.DONE, Act.STOP)
