"""The rule of missed contacts, as SQL, against the same rule in plain words."""

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.reachability import Outcome, assignments


def expected(missed: int, reachable: bool, outcome: int | None, maximum: int) -> tuple[object, ...]:
    if outcome is None:
        return missed, reachable, 0
    if outcome == Outcome.MADE:
        return 0, True, 0 if reachable else 1
    is_lost = missed + 1 > maximum
    return missed + 1, reachable and not is_lost, -1 if reachable and is_lost else 0


@pytest.mark.django_db
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    missed=st.integers(0, 50),
    reachable=st.booleans(),
    outcome=st.sampled_from([None, Outcome.MADE, Outcome.MISSED]),
    maximum=st.sampled_from([0, 1, 40, 49]),
)
def test_the_rule_holds_for_every_standing(
    missed: int, reachable: bool, outcome: Outcome | None, maximum: int
) -> None:
    number = None if outcome is None else int(outcome)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE IF NOT EXISTS standing"
            " (missed_contacts int, is_reachable boolean, flipped smallint) ON COMMIT DROP;"
            " TRUNCATE standing; INSERT INTO standing VALUES (%s, %s, 9)",
            [missed, reachable],
        )
        cursor.execute(
            "UPDATE standing AS known SET"
            + assignments("known", "said.outcome", str(maximum))
            + " FROM (SELECT %s::int AS outcome) AS said"
            " RETURNING missed_contacts, is_reachable, flipped",
            [number],
        )
        assert cursor.fetchone() == expected(missed, reachable, number, maximum)
