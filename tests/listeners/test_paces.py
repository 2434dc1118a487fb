"""So many a second of one name; what a failed transaction counted does not count."""

from listeners import paces
from listeners.paces import Pace


def taken(pace: Pace, count: int, name: str = "a", second: int = 1) -> int:
    return sum(pace.takes(name, second) for _ in range(count))


def test_a_name_is_taken_so_often_in_a_second() -> None:
    pace = Pace(3)
    assert (taken(pace, 5), taken(pace, 5, second=2), taken(pace, 2, name="b")) == (3, 3, 2)


def test_counts_are_kept_over_batches() -> None:
    pace = Pace(3)
    taken(pace, 2)
    pace.keep()
    pace.begin()
    assert taken(pace, 5) == 1


def test_what_is_repeated_counts_the_same() -> None:
    pace = Pace(3)
    taken(pace, 3)
    pace.begin()  # the transaction failed
    assert taken(pace, 5) == 3


def test_seconds_that_are_over_are_forgotten(monkeypatch) -> None:
    pace = Pace(1)
    taken(pace, 1, second=1)
    pace.keep()
    pace.begin()
    taken(pace, 1, second=9)
    pace.keep()
    pace.begin()
    assert taken(pace, 1, second=1) == 1


def test_memory_is_bounded(monkeypatch) -> None:
    monkeypatch.setattr(paces, "KEPT_AT_MOST", 10)
    pace = Pace(1)
    for number in range(11):
        pace.takes(number, 1)
    pace.keep()
    assert pace._kept == {}
