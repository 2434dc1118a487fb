"""Indices of a day."""

from listeners.outages.figures import DayFigures


def test_the_indices_of_a_day() -> None:
    day = DayFigures(customers=1000, interruptions=100, momentaries=50, customer_seconds=360_000)
    assert (day.customer_minutes, day.saidi, day.saifi) == (6000.0, 6.0, 0.1)
    assert (day.caidi, day.maifi) == (60.0, 0.05)


def test_a_company_without_customers_has_no_indices() -> None:
    day = DayFigures(0, 0, 0, 0)
    assert (day.saidi, day.saifi, day.caidi, day.maifi) == (0.0, 0.0, 0.0, 0.0)
