"""Whoever follows the ends of orders misses none, however late it was committed."""

import psycopg2
import pytest
from django.db import connection

from tests.factories import fleets
from tests.factories.order_kinds import kinds  # noqa: F401
from tests.factories.ordered import fleet, submit
from workorders import decisions, order_ends
from workorders.order_ends import Position, UnknownPosition, after, here, position_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]

BEGIN = Position(0, 0)
ENDED = """
INSERT INTO order_event (order_id, cause, state) VALUES (%s, 'cancelled', 'cancelled')
"""


@pytest.fixture
def other():
    """A second session of the database."""
    session = psycopg2.connect(**connection.get_connection_params())
    yield session
    session.close()


def told(position, td) -> list[int]:
    return [end.facts["order"] for end in after(position, td.company_id)[0]]


def test_every_end_is_told_once_with_its_result():
    td = fleet()
    order, open_one = submit(td, outer_id="7", correlation_id="C-7"), submit(td, number=2)
    decisions.cancel(order.pk, "bob")
    [end], position = after(BEGIN, td.company_id)
    facts = end.facts
    assert (facts["order"], facts["state"], facts["cause"]) == (order.pk, "cancelled", "cancelled")
    assert (facts["outer_id"], facts["correlation_id"]) == ("7", "C-7")
    assert (facts["result_code"], facts["pod"]) == ("3.31.17.1", "POD101")
    assert after(position, td.company_id) == ([], position)
    decisions.cancel(open_one.pk, "bob")
    assert told(position, td) == [open_one.pk]


def test_one_that_drew_its_id_first_and_committed_last_is_not_lost(other):
    td = fleet()
    late, early = submit(td), submit(td, number=2)
    position = here()
    other.cursor().execute(ENDED, [late.pk])  # has its id, and is not committed
    decisions.cancel(early.pk, "bob")
    assert told(position, td) == []  # they wait for the late one
    begins_now = here()
    other.commit()
    assert told(position, td) == told(begins_now, td) == [late.pk, early.pk]


def test_one_that_draws_its_id_last_in_an_older_transaction_is_not_lost(other):
    td = fleet()
    late, early = submit(td), submit(td, number=2)
    position = here()
    other.cursor().execute("SELECT pg_current_xact_id()")
    decisions.cancel(early.pk, "bob")
    other.cursor().execute(ENDED, [late.pk])
    other.commit()
    assert told(position, td) == [late.pk, early.pk]


def test_ends_of_other_companies_are_passed_and_not_told():
    td = fleet()
    other = fleets.company(code="other")
    decisions.cancel(submit(td).pk, "bob")
    ends, position = after(BEGIN, other.pk)
    assert ends == []
    assert position > BEGIN


def test_long_absences_are_told_in_pages():
    td = fleet()
    made = [submit(td, number=1 + number % 3).pk for number in range(7)]
    for pk in made:
        decisions.cancel(pk, "bob")
    found, position = [], BEGIN
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(order_ends, "_PAGE", order_ends._PAGE.replace("LIMIT 500", "LIMIT 3"))
        while True:
            ends, position = after(position, td.company_id)
            found += [end.facts["order"] for end in ends]
            if not ends:
                break
    assert found == made


def test_a_position_is_taken_back_as_it_was_given():
    fleet()
    position = here()
    assert position_of(str(position)) == position
    assert position_of("0-0") == BEGIN


@pytest.mark.parametrize("text", ["", "7", "a-b", "-1-2", "1-2-3", "9" * 30 + "-1"])
def test_what_is_no_position_is_refused(text):
    with pytest.raises(UnknownPosition, match="is no position"):
        position_of(text)


def test_a_position_of_another_cluster_is_refused():
    with pytest.raises(UnknownPosition, match="another database"):
        position_of("999999999999999999-1")


def test_the_next_ends_are_found_by_their_index():
    td = fleet()
    for number in range(1, 4):
        decisions.cancel(submit(td, number=number).pk, "bob")
    values = {"xid": 0, "id": 0, "company": td.company_id}
    with connection.cursor() as cursor:
        for way in ("seqscan", "sort", "bitmapscan"):  # what is possible, not what is cheap today
            cursor.execute(f"SET enable_{way} = off")
        cursor.execute(f"EXPLAIN {order_ends._PAGE}", values)
        plan = "\n".join(line for (line,) in cursor.fetchall())
        cursor.execute("RESET enable_seqscan; RESET enable_sort; RESET enable_bitmapscan")
    assert "xid_id_idx" in plan
    assert "Merge Append" in plan
