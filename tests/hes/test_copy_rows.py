import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hes.lib.copy_rows import RowStream, copy_rows

text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
rows = st.lists(
    st.tuples(
        st.integers(-(2**31), 2**31 - 1),
        st.none() | text,
        st.none() | st.binary(max_size=20),
        st.booleans(),
    ),
    max_size=20,
)


@pytest.mark.django_db
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows)
def test_whatever_is_copied_stands_in_the_table(given_rows):
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.copied")
        cursor.execute("CREATE TEMP TABLE copied (n int, t text, b bytea, f bool)")
        assert copy_rows(cursor, "copied", ["n", "t", "b", "f"], given_rows) == len(given_rows)
        cursor.execute("SELECT * FROM copied")
        found = [(n, t, b if b is None else bytes(b), f) for n, t, b, f in cursor]
    assert found == given_rows


def test_rows_are_read_in_pieces_of_the_asked_size():
    stream = RowStream((number, "x" * 100) for number in range(1_000))
    pieces = list(iter(lambda: stream.read(1_000), b""))
    assert {len(piece) for piece in pieces[:-1]} == {1_000}
    assert b"".join(pieces).count(b"\n") == stream.rows == 1_000
