"""The arithmetic behind every promise."""

import json

import pytest

from benchmarks.race import Result, measured, race, table, timed


def seconds(*values: float):
    """A run that took so long each time it was called."""
    left = list(values)
    return lambda: left.pop(0)


def test_a_candidate_that_needs_twice_the_time_of_its_limit_has_half_its_speed():
    result = race("x", lambda: 2.0, lambda: 1.0, rounds=3)
    assert (result.value, result.low, result.high) == (0.5, 0.5, 0.5)


def test_each_pair_is_compared_with_itself_and_the_first_one_only_warms_up():
    candidate, limit = seconds(100, 1, 4, 10), seconds(1, 1, 1, 1)
    result = race("x", candidate, limit, rounds=3)
    assert (result.low, result.value, result.high) == (0.1, 0.25, 1.0)


def test_a_limit_that_did_less_work_is_scaled():
    result = race("x", lambda: 1.0, lambda: 1.0, rounds=1, scale=10, items=500)
    assert result.value == 10
    assert result.notes["per s"] == 500
    assert result.notes["limit per s"] == 50


def test_the_times_of_both_sides_are_noted_in_milliseconds():
    notes = race("x", lambda: 0.002, lambda: 0.001, rounds=1).notes
    assert notes == {"candidate ms": 2.0, "limit ms": 1.0}


def test_a_run_without_seconds_of_its_own_is_measured():
    assert 0 <= timed(lambda: None) < 1


def test_a_run_with_seconds_of_its_own_is_believed():
    assert timed(lambda: 42.0) == 42.0


@pytest.mark.parametrize(
    ("value", "promise", "at_most", "kept"),
    [
        (0.55, 0.55, False, True),
        (0.54, 0.55, False, False),
        (0.9, 1.0, True, True),
        (1.1, 1.0, True, False),
        (7.0, None, False, None),
    ],
)
def test_a_promise_is_kept_at_its_bound_and_broken_beyond(value, promise, at_most, kept):
    result = Result("x", value, value, value, "ratio", promise, at_most)
    assert result.is_kept is kept


def test_a_figure_is_the_median_of_its_values():
    result = measured("x", [3.0, 1.0, 2.0], "ms", 2.5, at_most=True)
    assert (result.value, result.low, result.high, result.is_kept) == (2.0, 1.0, 3.0, True)


def test_the_report_says_which_promise_is_broken():
    kept = measured("fast", [2.0], "ratio", 1.0)
    broken = measured("slow", [0.5], "ratio", 1.0)
    told = measured("told", [5.0], "M/s", notes={"rows": 1234.0})
    lines = table([kept, broken, told]).splitlines()
    assert lines[2].endswith(">= 1  yes")
    assert lines[3].endswith(">= 1  NO")
    assert lines[4].endswith("-")
    assert lines[5].strip() == "rows 1,234"


def test_a_line_is_json():
    line = measured("x", [1.0], "ms", 1.0, at_most=True, notes={"n": 1.0}).as_json()
    assert json.loads(json.dumps(line)) == {
        "name": "x", "median": 1.0, "min": 1.0, "max": 1.0, "unit": "ms",
        "promise": 1.0, "at_most": True, "kept": True, "notes": {"n": 1.0},
    }  # fmt: skip
