from contextlib import closing
from datetime import UTC, date
from ipaddress import ip_address

import pytest
from django.db import OperationalError, ProgrammingError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hes.lib.copy_binary import (
    address,
    bigint,
    bigints,
    boolean,
    copy_binary,
    day,
    instant,
    integer,
    integers,
    octets,
    row,
    smallint,
    text,
    truth,
)

TYPES = "a smallint, b int, c bigint, d bool, e date, f bytea, g varchar(90), h int[], i bigint[]"
FIELDS = (smallint, integer, bigint, boolean, day, octets, text, integers, bigints)

small, whole, large = (st.integers(-(2**bits), 2**bits - 1) for bits in (15, 31, 63))
rows = st.lists(
    st.tuples(
        st.none() | small,
        st.none() | whole,
        st.none() | large,
        st.booleans(),
        st.dates(),
        st.binary(max_size=90),
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20),
        st.lists(whole, min_size=1, max_size=5),
        st.lists(large, min_size=1, max_size=5),
    ),
    max_size=10,
)


@pytest.mark.django_db
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows)
def test_whatever_is_copied_stands_in_the_table(given_rows):
    packed = [
        row(*(field(value) for field, value in zip(FIELDS, values, strict=True)))
        for values in given_rows
    ]
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS pg_temp.packed; CREATE TEMP TABLE packed ({TYPES})")
        copy_binary(cursor, "packed", list("abcdefghi"), packed)
        cursor.execute("SELECT * FROM packed")
        found = [tuple(map(_plain, values)) for values in cursor]
    assert found == given_rows


def _plain(value: object) -> object:
    return bytes(value) if isinstance(value, memoryview) else value


@pytest.mark.django_db
def test_a_day_before_the_year_2000_is_that_day():
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE days (at date)")
        copy_binary(cursor, "days", ["at"], [row(day(date(1999, 12, 31)))])
        cursor.execute("SELECT at FROM days")
        assert cursor.fetchone() == (date(1999, 12, 31),)


@pytest.mark.django_db
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.none() | st.datetimes(timezones=st.just(UTC)).filter(lambda at: 1900 < at.year < 2200),
    st.none() | st.booleans(),
    st.ip_addresses(),
)
def test_instants_truths_and_addresses_are_copied_as_they_are(at, is_true, host):
    fields = (instant(at and at.timestamp()), truth(is_true), address(host.packed))
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.others")
        cursor.execute("CREATE TEMP TABLE others (a timestamptz, b bool, c inet)")
        copy_binary(cursor, "others", list("abc"), [row(*fields)])
        cursor.execute("SELECT a, b, host(c) FROM others")
        [(found_at, found_truth, found_host)] = cursor.fetchall()
    assert (found_truth, ip_address(found_host)) == (is_true, host)
    assert (found_at is None) == (at is None)
    assert at is None or abs((found_at - at).total_seconds()) < 1e-4


@pytest.mark.django_db
def test_what_cannot_be_copied_is_an_error_of_django_and_a_lost_session_an_outage():
    with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
        copy_binary(cursor, "no_such_table", ["at"], [])
    with closing(connection.copy()) as other, other.cursor() as cursor:
        with connection.cursor() as killer:
            killer.execute("SELECT pg_terminate_backend(%s)", [other.connection.info.backend_pid])
        with pytest.raises(OperationalError):
            copy_binary(cursor, "meter", ["id"], [])
