"""Tests run with the rights of every running process, no more."""

import pytest
from django.contrib.auth.models import Group
from django.db import DatabaseError, connection, transaction


def _one(sql: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


@pytest.mark.django_db
def test_tests_talk_to_postgresql_as_hes_app():
    assert connection.vendor == "postgresql"
    assert _one("SELECT current_user") == "hes_app"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    ["CREATE TABLE intruder (a int)", "DROP TABLE auth_group", "TRUNCATE auth_group CASCADE"],
)
def test_hes_app_cannot_change_the_schema(statement):
    with (
        pytest.raises(DatabaseError, match=r"permission denied|must be owner"),
        transaction.atomic(),
    ):
        _one(statement)


@pytest.mark.django_db
def test_hes_app_may_use_temporary_tables_and_rows():
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE staging (a int) ON COMMIT DROP")
    Group.objects.create(name="readers")
    assert Group.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_a_test_that_commits_leaves_nothing_for_the_next(turn):
    assert not Group.objects.exists()
    Group.objects.create(name=f"turn {turn}")
