"""The audit takes rows and gives none back, whoever asks."""

import pytest
from django.db import DatabaseError, connection, transaction

from devices import audit
from devices.audit import Act
from devices.models import AuditRow
from tests.database import owner_cursor, worker_database

pytestmark = pytest.mark.django_db


def noted(row: int | None = None, **facts) -> AuditRow:
    with connection.cursor() as cursor:
        audit.note(cursor, Act(**{"act": "freeze.on", "who": "ada", "company_id": 1} | facts), row)
    return AuditRow.objects.latest("id")


def test_an_act_is_written_with_its_moment_and_transaction():
    row = noted(target="company", text="odd rate", orders=[9, 7], count=2)
    assert (row.act, row.who, row.company_id, row.target) == ("freeze.on", "ada", 1, "company")
    assert (row.text, row.count, row.is_refused) == ("odd rate", 2, False)
    assert (row.orders.lower, row.orders.upper) == (7, 10)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM audit_row WHERE xid = pg_current_xact_id()"
            " AND at BETWEEN now() AND clock_timestamp()"
        )
        assert cursor.fetchone() == (1,)


def test_an_act_about_no_order_is_found_with_none():
    assert noted().orders is None


def test_a_row_may_be_drawn_before_it_is_written():
    with connection.cursor() as cursor:
        drawn = audit.draw(cursor)
    noted()
    assert noted(drawn).act == "freeze.on"
    assert AuditRow.objects.filter(pk=drawn).exists()


def test_long_texts_are_cut_and_refused_by_nobody():
    row = noted(who="w" * 999, target="t" * 999, text="x" * 9_999)
    assert (len(row.who), len(row.target), len(row.text)) == (150, 100, 400)


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_row SET who = 'eve'", "DELETE FROM audit_row", "TRUNCATE audit_row"]
)
def test_the_application_may_neither_change_nor_delete(statement):
    noted()
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert AuditRow.objects.get().who == "ada"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("statement", ["UPDATE audit_row SET who = 'eve'", "DELETE FROM audit_row"])
def test_not_even_the_owner_does_it_by_accident(statement):
    noted()
    with (
        owner_cursor(worker_database()) as cursor,
        pytest.raises(Exception, match="audit rows are never changed"),
    ):
        cursor.execute(statement)


def test_the_hash_of_a_list_tells_its_items_and_their_order():
    assert audit.hash_of(["a", "b"]) != audit.hash_of(["b", "a"])
    assert audit.hash_of(["ab"]) != audit.hash_of(["a", "b"])
    assert len(audit.hash_of([])) == 64
