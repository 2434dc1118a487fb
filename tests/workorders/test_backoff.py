"""What a failed visit costs; a device's year in a second."""

import random

import pytest

from workorders.backoff import RetryRules, Verdict, after

RULES = RetryRules(base=60, cap=3600, attempts=3, breaker=5)


def seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - a seed must give the same again


def longest(_: float, high: float) -> float:
    return high


def test_a_success_starts_afresh():
    assert after("", 4, RULES, longest) == Verdict(0, 0.0, retry=True)


def test_pauses_double_up_to_the_cap():
    rules = RetryRules(base=60, cap=3600, breaker=99)
    pauses = [after("unreachable", n, rules, longest).pause for n in range(9)]
    assert pauses == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


@pytest.mark.parametrize("family", ["unreachable", "timeout", "garbled", "fault"])
def test_pauses_are_spread_over_their_upper_half(family):
    dice = seeded(7).uniform
    pauses = [after(family, 1, RULES, dice).pause for _ in range(1000)]
    assert 60 <= min(pauses) < 62
    assert 118 < max(pauses) <= 120


def test_a_busy_device_is_asked_again_in_one_to_five_minutes():
    dice = seeded(7).uniform
    pauses = [after("busy", n % 4, RULES, dice).pause for n in range(1000)]
    assert 60 <= min(pauses) < 62
    assert 298 < max(pauses) <= 300


@pytest.mark.parametrize("family", ["locked", "refused"])
def test_what_a_person_must_solve_is_not_tried_again(family):
    assert after(family, 0, RULES, longest) == Verdict(1, 0.0, retry=False)


def test_our_own_stop_costs_the_device_nothing():
    verdict = after("cancelled", 2, RULES, longest)
    assert (verdict.failures, verdict.retry) == (2, True)


def test_an_open_breaker_neither_retries_nor_waits():
    assert after("unreachable", 4, RULES, longest) == Verdict(5, 0.0, retry=False)


def visits_of_a_year(seed: int, reachable: float, per_day: int = 4) -> tuple[int, int, int]:
    """(slots, slots without any attempt, visits) of one device, by virtual clock."""
    dice = seeded(seed)
    failures, not_before, visits, untried, slots = 0, 0.0, 0, 0, 365 * per_day
    for slot in range(slots):
        due, following = slot * 86_400 / per_day, (slot + 1) * 86_400 / per_day
        now, attempts = max(due, not_before), 0
        while now < following and attempts < RULES.attempts:
            visits, attempts = visits + 1, attempts + 1
            family = "" if dice.random() < reachable else "unreachable"
            verdict = after(family, failures, RULES, dice.uniform)
            failures, not_before = verdict.failures, now + verdict.pause
            if not family or not verdict.retry:
                break
            now = not_before
        untried += attempts == 0
    return slots, untried, visits


@pytest.mark.parametrize("seed", range(200))
def test_every_scheduled_slot_gets_a_real_attempt_whatever_the_device_does(seed):
    reachable = seeded(seed).choice([0.0, 0.05, 0.5, 0.9, 1.0])
    slots, untried, visits = visits_of_a_year(seed, reachable)
    assert untried == 0
    assert slots <= visits <= slots * RULES.attempts


def test_a_dead_device_is_called_once_per_slot():
    slots, _, visits = visits_of_a_year(1, reachable=0.0)
    assert visits == slots + 3  # two retries of the first slot, one of the second
